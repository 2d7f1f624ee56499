/**
 * Routes of links' own policies: what other accounts may do on the way through a link. S3's PutBucketPolicy goes through
 * to the bucket, whose policy is asked at the end of the way as well.
 */
import { accessSettings } from '../../access/bucket-access.ts'
import { principalIdsIn } from '../../access/identities/principal-ids.ts'
import { S3Error } from '../../model/errors.ts'
import {
  parseBucketPolicy,
  policySettings,
  withoutPolicy,
} from '../../operations/s3/bucket/policy.ts'
import { type BucketInfo, isLink } from '../../ports/keyspace.ts'
import { mentionsCondition, type Policy } from '../../rules/policy/policy.ts'
import { AdminError } from '../errors.ts'
import { type AdminContext, type Route, route } from '../route.ts'
import { bucketPlace, findBucket, type NamedBucket } from './buckets.ts'

const path = '/volumes/{volume}/links/{bucket}/policy'

async function findLink(input: NamedBucket, context: AdminContext): Promise<BucketInfo> {
  const found = await findBucket(input, context)
  if (isLink(found)) return found
  throw new AdminError('InvalidInput', 'This is no link; its policy is put with PutBucketPolicy.')
}

const textOf = ({ settings }: BucketInfo) => settings[accessSettings.policy] as string | undefined

/** Throws MalformedPolicy; InvalidInput for what nobody knows on the way, where a Deny would be passed by. */
function readPolicy(text: string, name: string): Policy {
  const policy = parseBucketPolicy(text, name)
  if (!mentionsCondition(policy, 's3:existingobjecttag/')) return policy
  const why = 'It is asked of the object, which is not looked at on the way to its bucket.'
  throw new AdminError('InvalidInput', `A link has no s3:ExistingObjectTag. ${why}`)
}

export const linkPolicyRoutes: readonly Route[] = [
  route({
    name: 'GetLinkPolicy',
    method: 'GET',
    path,
    summary: 'The policy of a link: what other accounts may do through it',
    ...bucketPlace,
    async run(input, context) {
      const text = textOf(await findLink(input, context))
      if (text === undefined) throw new S3Error('NoSuchBucketPolicy')
      const document: unknown = JSON.parse(text)
      return { data: { document } }
    },
  }),
  route({
    name: 'PutLinkPolicy',
    method: 'PUT',
    path,
    summary: 'Let others through a link; what they may do in its bucket, that one’s policy says',
    ...bucketPlace,
    fields: {
      ...bucketPlace.fields,
      document: {
        is: 'record',
        in: 'body',
        required: true,
        doc: 'Bucket policy, whose resources are those of the link',
      },
    },
    async run({ document, ...input }, context) {
      const link = await findLink(input, context)
      const text = JSON.stringify(document)
      const { records } = context.access.iam
      const named = principalIdsIn(readPolicy(text, link.name), link.volume, records)
      await context.buckets.setSettings(link, await policySettings(text, named))
      return { status: 204, data: undefined }
    },
  }),
  route({
    name: 'DeleteLinkPolicy',
    method: 'DELETE',
    path,
    summary: 'Leave a link to its owner’s account',
    ...bucketPlace,
    async run(input, context) {
      const link = await findLink(input, context)
      await context.buckets.setSettings(link, withoutPolicy)
      return { status: 204, data: undefined }
    },
  }),
]
