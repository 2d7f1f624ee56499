/** GetBucketLocation: the region of a bucket, which S3 does not spell out where it is the first one. */
import type { Operation } from '../../operation.ts'

export const getBucketLocation: Operation<'GetBucketLocation'> = {
  action: 's3:GetBucketLocation',
  run(_input, context) {
    const { region } = context.bucket
    const told = region === 'us-east-1' ? undefined : region
    return Promise.resolve({ output: { LocationConstraint: told } })
  },
}
