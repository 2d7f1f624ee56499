/** AbortMultipartUpload: forgets an upload and its parts. */
import type { Operation } from '../../operation.ts'
import { notImplemented } from '../refusals.ts'

export const abortMultipartUpload: Operation<'AbortMultipartUpload'> = {
  action: 's3:AbortMultipartUpload',
  async run(input, context) {
    if (input.IfMatchInitiatedTime !== undefined) {
      throw notImplemented('x-amz-if-match-initiated-time')
    }
    await context.keyspace.abort({ key: input.Key, uploadId: input.UploadId })
    return { output: {} }
  },
}
