/** CreateMultipartUpload: begins an object that will come in parts. */
import { initiatorOf } from '../../../access/initiator.ts'
import { resolveChecksum } from '../../../rules/uploads.ts'
import type { Operation } from '../../operation.ts'
import { newObject } from '../acls.ts'
import { authorizeTags, readAttributes } from '../attributes.ts'
import { requireNoEncryption, requireNoLock } from '../refusals.ts'

export const createMultipartUpload: Operation<'CreateMultipartUpload'> = {
  action: 's3:PutObject',
  async run(input, context) {
    requireNoEncryption(input)
    requireNoLock(input)
    await authorizeTags(input, context)
    const { owner, writer, acl } = await newObject(input, context)
    const checksum = resolveChecksum(input.ChecksumAlgorithm, input.ChecksumType)
    const upload = await context.keyspace.createUpload({
      ...readAttributes(input, context),
      key: input.Key,
      owner,
      writer,
      acl,
      initiator: initiatorOf(context.principal),
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
