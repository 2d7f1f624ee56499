/** UploadPart: one part of an object, in one request. */
import { limits } from '../../../model/limits.ts'
import type { UploadPartOutput } from '../../../model/shapes.gen.ts'
import { requirePartNumber } from '../../../rules/uploads.ts'
import type { Operation } from '../../operation.ts'
import { bodyUpTo } from '../body-size.ts'
import { tellValue } from '../checksums.ts'
import { requireNoEncryption } from '../refusals.ts'
import type { Unfrozen } from '../unfrozen.ts'

export const uploadPart: Operation<'UploadPart'> = {
  action: 's3:PutObject',
  async run(input, context) {
    requirePartNumber(input.PartNumber)
    requireNoEncryption(input)
    const body = bodyUpTo(context.body, limits.part_bytes_max)
    const part = await context.keyspace.putPart({
      key: input.Key,
      uploadId: input.UploadId,
      number: input.PartNumber,
      body,
    })
    const output: Unfrozen<UploadPartOutput> = { ETag: `"${part.etag}"` }
    if (part.checksum !== undefined) {
      tellValue(output, part.checksum.algorithm, part.checksum.value)
    }
    return { output }
  },
}
