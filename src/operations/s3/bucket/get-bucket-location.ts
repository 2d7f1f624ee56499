/**
 * GetBucketLocation: the region of a bucket, which S3 does not spell out where it is the first one, unless the bucket was
 * asked for with it (which AWS refuses, so that no client can tell).
 */
import type { Operation } from '../../operation.ts'
import { locationSetting } from './create-bucket.ts'

export const getBucketLocation: Operation<'GetBucketLocation'> = {
  action: 's3:GetBucketLocation',
  run(_input, context) {
    const { region, settings } = context.bucket
    const asked = settings[locationSetting]
    const first = typeof asked === 'string' && asked !== '' ? asked : undefined
    const told = region === 'us-east-1' ? first : region
    return Promise.resolve({ output: { LocationConstraint: told } })
  },
}
