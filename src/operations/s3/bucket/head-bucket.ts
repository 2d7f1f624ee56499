/** HeadBucket: whether a bucket is there and the requester may list it, and where it is. */
import type { Operation } from '../../operation.ts'

export const headBucket: Operation<'HeadBucket'> = {
  action: 's3:ListBucket',
  run(_input, context) {
    const { region } = context.bucket
    return Promise.resolve({ output: { BucketRegion: region, AccessPointAlias: false } })
  },
}
