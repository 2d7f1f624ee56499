/** ListBuckets: a page of the requester's buckets, in the order of their names. */
import { S3Error } from '../../../model/errors.ts'
import { limits } from '../../../model/limits.ts'
import { decodeToken, encodeToken } from '../../../rules/listing.ts'
import type { Operation } from '../../operation.ts'

function limitOf(written: number | undefined): number {
  if (written === undefined) return limits.list_buckets_max
  if (Number.isInteger(written) && written >= 1 && written <= limits.list_buckets_max) {
    return written
  }
  throw new S3Error(
    'InvalidArgument',
    { ArgumentName: 'max-buckets', ArgumentValue: String(written) },
    `Argument max-buckets must be an integer between 1 and ${limits.list_buckets_max}`,
  )
}

export const listBuckets: Operation<'ListBuckets'> = {
  action: 's3:ListAllMyBuckets',
  async run(input, context) {
    const { principal } = context
    const { buckets, more } = await context.buckets.list({
      volume: principal.volume,
      owner: principal.canonicalId,
      prefix: input.Prefix ?? '',
      after: decodeToken(input.ContinuationToken ?? ''),
      region: input.BucketRegion === '' ? undefined : input.BucketRegion,
      limit: limitOf(input.MaxBuckets),
    })
    const last = buckets.at(-1)
    return {
      output: {
        Owner: { ID: principal.canonicalId, DisplayName: principal.displayName },
        Buckets: buckets.map(bucket => ({
          Name: bucket.name,
          CreationDate: new Date(bucket.created),
          BucketRegion: bucket.region,
        })),
        ContinuationToken: more && last !== undefined ? encodeToken(last.name) : undefined,
        Prefix: input.Prefix,
      },
    }
  },
}
