/** CreateBucket: a bucket of the requester's, in this gateway's region. */
import { isDeepStrictEqual } from 'node:util'
import { accessSettings, blockOfNew, type ObjectOwnership } from '../../../access/bucket-access.ts'
import { S3Error } from '../../../model/errors.ts'
import { limits } from '../../../model/limits.ts'
import type { CreateBucketRequest } from '../../../model/shapes.gen.ts'
import { hasGrantHeaders, isPublic, requireNoBucketAcl } from '../../../rules/acl.ts'
import { requireBucketName } from '../../../rules/names.ts'
import { requireTags } from '../../../rules/tags.ts'
import type { Context, Operation } from '../../operation.ts'
import { writtenGrants } from '../acls.ts'
import { notImplemented } from '../refusals.ts'
import { isOwnership } from './ownership-controls.ts'
import { tagSetting } from './tagging.ts'

/** Under this name a bucket keeps the location that it was asked for with. */
export const locationSetting = 'location'

const regionForm = /^[a-z]{2,8}(?:-[a-z]{2,12}){1,3}-\d{1,2}$/
/** The region whose endpoint lets an owner create a bucket again: AWS keeps its first region as it was. */
const firstRegion = 'us-east-1'

/**
 * Throws unless a bucket may be asked for with this `LocationConstraint` here. None is taken everywhere, also where AWS
 * wants one, since a gateway has but one region.
 */
export function requireLocation(constraint: string | undefined, region: string): void {
  if (constraint === undefined || constraint === '' || constraint === region) return
  if (constraint === 'EU' && region === 'eu-west-1') return
  if (!regionForm.test(constraint)) {
    throw new S3Error('InvalidLocationConstraint', { LocationConstraint: constraint })
  }
  throw new S3Error(
    'IllegalLocationConstraintException',
    {},
    `The ${constraint} location constraint is incompatible for the region specific endpoint this request was sent to.`,
  )
}

function ownershipOf(written: string | undefined, context: Context): ObjectOwnership {
  if (written === undefined) return context.newBuckets.ownership
  if (isOwnership(written)) return written
  throw new S3Error(
    'InvalidArgument',
    { ArgumentName: 'x-amz-object-ownership', ArgumentValue: written },
    'Invalid x-amz-object-ownership header.',
  )
}

/** What the bucket keeps of who owns its objects and who may do what in it, beside what holds for every bucket. */
async function accessOf(
  input: CreateBucketRequest,
  context: Context,
): Promise<Readonly<Record<string, unknown>>> {
  const ownership = ownershipOf(input.ObjectOwnership, context)
  if (ownership === 'BucketOwnerEnforced') {
    requireNoBucketAcl({ canned: input.ACL, grants: hasGrantHeaders(input) })
    return input.ObjectOwnership === undefined ? {} : { [accessSettings.ownership]: ownership }
  }
  const owner = context.principal.canonicalId
  const acl = await writtenGrants(input, { owner, bucketOwner: owner }, context)
  if (context.newBuckets.blocked && acl !== undefined && isPublic(acl)) {
    throw new S3Error('InvalidBucketAclWithBlockPublicAccessError')
  }
  return {
    [accessSettings.ownership]: ownership,
    ...(acl === undefined ? {} : { [accessSettings.acl]: acl }),
  }
}

function requirePlain(input: CreateBucketRequest): void {
  if (input.ObjectLockEnabledForBucket === true) {
    throw notImplemented('x-amz-bucket-object-lock-enabled', 'true')
  }
  const space = input.BucketNamespace
  if (space !== undefined && space !== 'global')
    throw notImplemented('x-amz-bucket-namespace', space)
  const configuration = input.CreateBucketConfiguration
  if (configuration?.Location !== undefined || configuration?.Bucket !== undefined) {
    throw new S3Error('NotImplemented', {}, 'Directory buckets are not implemented.')
  }
}

async function create(input: CreateBucketRequest, context: Context): Promise<void> {
  const { principal, region, volume } = context
  const tags = input.CreateBucketConfiguration?.Tags
  const location = input.CreateBucketConfiguration?.LocationConstraint
  const settings = {
    ...(tags === undefined || tags.length === 0
      ? {}
      : { [tagSetting]: requireTags(tags, limits.bucket_tags_max) }),
    ...(location === undefined ? {} : { [locationSetting]: location }),
    ...(await accessOf(input, context)),
    ...blockOfNew(context.newBuckets),
  }
  try {
    await context.buckets.create({
      volume,
      name: input.Bucket,
      owner: principal.canonicalId,
      region,
      settings,
      inOtherVolume: volume !== principal.volume,
    })
  } catch (thrown) {
    const again = thrown instanceof S3Error && thrown.code === 'BucketAlreadyOwnedByYou'
    if (!again || region !== firstRegion) throw thrown
    const there = await context.buckets.find(volume, input.Bucket)
    // What is there is not shared as this request asks, and neither of the two may win without a word.
    if (!sameAccess(there.settings, settings)) {
      throw new S3Error('BucketAlreadyExists', { BucketName: input.Bucket })
    }
  }
}

function sameAccess(
  a: Readonly<Record<string, unknown>>,
  b: Readonly<Record<string, unknown>>,
): boolean {
  const { acl, ownership } = accessSettings
  return isDeepStrictEqual([a[acl], a[ownership]], [b[acl], b[ownership]])
}

export const createBucket: Operation<'CreateBucket'> = {
  action: 's3:CreateBucket',
  createsBucket: true,
  async run(input, context) {
    requireBucketName(input.Bucket)
    requirePlain(input)
    requireLocation(input.CreateBucketConfiguration?.LocationConstraint, context.region)
    await create(input, context)
    return { output: { Location: `/${input.Bucket}` } }
  },
}
