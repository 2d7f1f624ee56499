/** Routes of buckets and links. */
import { newSettings } from '../../access/bucket-access.ts'
import { S3Error } from '../../model/errors.ts'
import { type BucketInfo, isLink } from '../../ports/keyspace.ts'
import { hasLimit } from '../../ports/volumes.ts'
import { isBucketName, isPossibleBucket } from '../../rules/names.ts'
import { AdminError } from '../errors.ts'
import { type AdminContext, type Route, route, type Scope } from '../route.ts'
import { requireAccount } from './accounts.ts'
import {
  bucketField,
  iso,
  ownerField,
  pageFields,
  pageLimit,
  quotaFields,
  quotaOf,
  standing,
  volumeField,
  volumeNamed,
} from './names.ts'

export interface NamedBucket {
  readonly volume: string
  readonly bucket: string
}

const resource = ({ volume, bucket }: NamedBucket) => `bucket/${volume}/${bucket}`

const fields = { volume: volumeField, bucket: bucketField }

function shown({ name, volume, owner, region, created, versioning, link }: BucketInfo) {
  return {
    name,
    volume,
    owner,
    created: iso(created),
    ...(link === null || link === undefined ? { region, versioning } : { link }),
  }
}

export const findBucket = (
  { volume, bucket }: NamedBucket,
  context: AdminContext,
): Promise<BucketInfo> => {
  if (!isPossibleBucket(bucket)) throw new S3Error('NoSuchBucket')
  return context.buckets.find(volumeNamed(volume, context), bucket)
}

/** A bucket is also the affair of the account that owns it. */
async function scopeOf(input: NamedBucket, context: AdminContext): Promise<Scope> {
  const volume = volumeNamed(input.volume, context)
  const { owner } = await findBucket(input, context).catch((error: unknown) => {
    if (error instanceof S3Error && error.code === 'NoSuchBucket') return { owner: undefined }
    throw error
  })
  return { of: 'volume', volume, owner }
}

/** What routes of a bucket that is there have in common. */
export const bucketPlace = { fields, scope: scopeOf, resource } as const

const nameRule =
  '3 to 63 lower-case letters, digits, hyphens and single dots, a letter or digit at both ends; not an IP address, nor reserved by AWS'

function requireName(name: string): void {
  if (isBucketName(name)) return
  const message = `${name} cannot be a bucket's name: ${nameRule}.`
  throw new S3Error('InvalidBucketName', { BucketName: name }, message)
}

/** S3's own sentence would say that the request had succeeded. Where a link leads is not told: who asks may not know. */
function otherwiseThere(there: BucketInfo, wanted: 'bucket' | 'link'): S3Error {
  const { volume, name } = there
  const isOne = isLink(there) ? 'link' : 'bucket'
  const more = isOne === 'link' && wanted === 'link' ? ' and leads elsewhere' : ''
  const message = `/${volume}/${name} is a ${isOne} already${more}.`
  return new S3Error('BucketAlreadyOwnedByYou', { BucketName: name }, message)
}

/** Answers whether it was made now; the same once more is well. */
async function make(
  input: NamedBucket & { readonly owner?: string | undefined },
  context: AdminContext,
  link?: { readonly volume: string; readonly name: string },
): Promise<{ readonly bucket: BucketInfo; readonly created: boolean }> {
  const { buckets, principal, region, access, newBuckets } = context
  const volume = volumeNamed(input.volume, context)
  requireName(input.bucket)
  const owner = input.owner ?? principal.canonicalId
  await requireAccount(owner, access)
  const inOtherVolume = volume !== principal.volume
  const settings = link === undefined ? newSettings(newBuckets) : {}
  const at = { volume, name: input.bucket, owner, region, settings, inOtherVolume }
  try {
    const request = link === undefined ? at : { ...at, link }
    return { bucket: await buckets.create(request), created: true }
  } catch (error) {
    if (!(error instanceof S3Error) || error.code !== 'BucketAlreadyOwnedByYou') throw error
    const bucket = await buckets.find(volume, input.bucket)
    if (bucket.link?.volume !== link?.volume || bucket.link?.name !== link?.name)
      throw otherwiseThere(bucket, link === undefined ? 'bucket' : 'link')
    return { bucket, created: false }
  }
}

const creation = {
  scope: (
    { volume, owner }: NamedBucket & { owner?: string | undefined },
    context: AdminContext,
  ) => ({
    of: 'volume' as const,
    volume: volumeNamed(volume, context),
    owner: owner ?? context.principal.canonicalId,
  }),
  resource,
}

const making: readonly Route[] = [
  route({
    name: 'CreateBucket',
    method: 'PUT',
    path: '/volumes/{volume}/buckets/{bucket}',
    summary:
      'Make a bucket; one that the same owner has already is answered with 200 and stays as it is',
    fields: { ...fields, owner: ownerField, ...quotaFields },
    ...creation,
    async run(input, context) {
      const { bucket, created } = await make(input, context)
      const quota = quotaOf(input)
      // Who may make a bucket may not change the quota of one that is there.
      if (created && hasLimit(quota)) {
        await context.buckets.setQuota(bucket, quota)
      }
      return { status: created ? 201 : 200, data: { bucket: shown(bucket), created } }
    },
  }),
  route({
    name: 'LinkBucket',
    method: 'PUT',
    path: '/volumes/{volume}/links/{bucket}',
    summary: 'Make a name that leads to a bucket, mostly of another volume, there already or not',
    fields: {
      ...fields,
      owner: ownerField,
      sourceVolume: { is: 'text', in: 'body', required: true, doc: 'Volume of the bucket' },
      sourceBucket: { is: 'text', in: 'body', required: true, doc: 'Its name' },
    },
    ...creation,
    async run(input, context) {
      const volume = volumeNamed(input.sourceVolume, context)
      const name = input.sourceBucket
      if (!isPossibleBucket(name)) throw new AdminError('InvalidInput', 'sourceBucket is no name.')
      const { bucket, created } = await make(input, context, { volume, name })
      return { status: created ? 201 : 200, data: { bucket: shown(bucket), created } }
    },
  }),
]

/** What a link leads to, or why that is nothing. */
async function wayOf(bucket: BucketInfo, { buckets }: AdminContext) {
  if (bucket.link === null || bucket.link === undefined) return {}
  try {
    const { bucket: target } = await buckets.resolve(bucket.volume, bucket.name)
    return { leadsTo: { volume: target.volume, name: target.name } }
  } catch (error) {
    if (!(error instanceof S3Error)) throw error
    return { leadsTo: null, broken: error.code }
  }
}

export const bucketRoutes: readonly Route[] = [
  ...making,
  route({
    name: 'ListBuckets',
    method: 'GET',
    path: '/volumes/{volume}/buckets',
    summary: 'Buckets and links of a volume in the order of their names',
    fields: {
      volume: volumeField,
      prefix: { is: 'text', in: 'query', doc: 'Only names that begin so' },
      ...pageFields,
    },
    scope: ({ volume }, context) => ({ of: 'volume', volume: volumeNamed(volume, context) }),
    resource: ({ volume }) => `bucket/${volume}/*`,
    async run({ volume, prefix = '', after = '', limit = pageLimit }, context) {
      const named = volumeNamed(volume, context)
      // That of the caller is made with its first bucket.
      if (named !== context.principal.volume) await context.buckets.volumes.find(named)
      const page = { volume: named, owner: undefined, prefix, after, region: undefined, limit }
      const { buckets, more } = await context.buckets.list(page)
      const next = more ? buckets.at(-1)?.name : undefined
      return { data: { buckets: buckets.map(shown), next } }
    },
  }),
  route({
    name: 'GetBucket',
    method: 'GET',
    path: '/volumes/{volume}/buckets/{bucket}',
    summary: 'A bucket with its quota, or a link with the bucket that it leads to',
    fields,
    scope: scopeOf,
    resource,
    async run(input, context) {
      const bucket = await findBucket(input, context)
      const usage = await context.buckets.usage(bucket)
      const way = await wayOf(bucket, context)
      return { data: { bucket: { ...shown(bucket), ...way }, usage: usage ?? null } }
    },
  }),
  route({
    name: 'PutBucketQuota',
    method: 'PUT',
    path: '/volumes/{volume}/buckets/{bucket}/quota',
    summary:
      'Set the quota of a bucket; answers when what is in it has been counted, and with which limits that exceeds',
    fields: { ...fields, ...quotaFields },
    scope: ({ volume }, context) => ({ of: 'volume', volume: volumeNamed(volume, context) }),
    resource,
    async run({ bytes, objects, ...named }, context) {
      const bucket = await findBucket(named, context)
      if (isLink(bucket)) {
        throw new AdminError('InvalidInput', 'A link holds nothing; set the quota of its bucket.')
      }
      const quota = quotaOf({ bytes, objects })
      const { counted } = await context.buckets.setQuota(bucket, quota)
      const used = await context.buckets.usage(await findBucket(named, context))
      return { data: { ...standing(quota, used), counted } }
    },
  }),
  route({
    name: 'DeleteBucket',
    method: 'DELETE',
    path: '/volumes/{volume}/buckets/{bucket}',
    summary: 'Delete a bucket that holds nothing, or a link and only the link',
    fields,
    scope: scopeOf,
    resource,
    async run(input, context) {
      await context.buckets.remove(await findBucket(input, context))
      return { status: 204, data: undefined }
    },
  }),
]
