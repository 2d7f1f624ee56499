/** What a bucket refuses to share with everybody, whatever its policy and ACLs say: get, put, delete. */
import { accessSettings, bucketAccess } from '../../../access/bucket-access.ts'
import { S3Error } from '../../../model/errors.ts'
import type { Operation } from '../../operation.ts'

export const getPublicAccessBlock: Operation<'GetPublicAccessBlock'> = {
  action: 's3:GetBucketPublicAccessBlock',
  async run(input, context) {
    const { block } = bucketAccess(context.bucket)
    if (block !== undefined) return { output: { PublicAccessBlockConfiguration: block } }
    throw new S3Error('NoSuchPublicAccessBlockConfiguration', { BucketName: input.Bucket })
  },
}

export const putPublicAccessBlock: Operation<'PutPublicAccessBlock'> = {
  action: 's3:PutBucketPublicAccessBlock',
  async run(input, context) {
    const written = input.PublicAccessBlockConfiguration
    const block = {
      BlockPublicAcls: written.BlockPublicAcls === true,
      IgnorePublicAcls: written.IgnorePublicAcls === true,
      BlockPublicPolicy: written.BlockPublicPolicy === true,
      RestrictPublicBuckets: written.RestrictPublicBuckets === true,
    }
    await context.buckets.setSetting(context.bucket, accessSettings.block, block)
    return { output: {} }
  },
}

export const deletePublicAccessBlock: Operation<'DeletePublicAccessBlock'> = {
  action: 's3:PutBucketPublicAccessBlock',
  async run(_input, context) {
    await context.buckets.setSetting(context.bucket, accessSettings.block, undefined)
    return { output: {} }
  },
}
