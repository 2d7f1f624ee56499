/** CreateMultipartUpload: begins an object that will come in parts. */
import { resolveChecksum } from '../../../rules/uploads.ts'
import type { Operation } from '../../operation.ts'
import { authorizeHeaders, readAttributes, requireUnshared } from '../attributes.ts'
import { requireNoEncryption, requireNoLock } from '../refusals.ts'

export const createMultipartUpload: Operation<'CreateMultipartUpload'> = {
  action: 's3:PutObject',
  async run(input, context) {
    requireNoEncryption(input)
    requireNoLock(input)
    requireUnshared(input)
    authorizeHeaders(input, context)
    const checksum = resolveChecksum(input.ChecksumAlgorithm, input.ChecksumType)
    const upload = await context.keyspace.createUpload({
      ...readAttributes(input),
      key: input.Key,
      owner: context.bucket.owner,
      initiator: context.principal.canonicalId,
      checksumAlgorithm: checksum?.algorithm,
      checksumType: checksum?.type,
    })
    return {
      output: {
        Bucket: input.Bucket,
        Key: input.Key,
        UploadId: upload.uploadId,
        ChecksumAlgorithm: checksum?.algorithm,
        ChecksumType: checksum?.type,
      },
    }
  },
}
