/** UploadPartCopy: a part whose bytes are those of an object that is there, or a range of them. */
import type { CopyPartResult } from '../../../model/shapes.gen.ts'
import { parseSourceRange } from '../../../rules/range.ts'
import { requirePartNumber } from '../../../rules/uploads.ts'
import type { Operation } from '../../operation.ts'
import { tellValue } from '../checksums.ts'
import { parseCopySource, resolveSource } from '../copy-source.ts'
import { sourceConditions } from '../preconditions.ts'
import { requireNoEncryption } from '../refusals.ts'
import type { Unfrozen } from '../unfrozen.ts'

export const uploadPartCopy: Operation<'UploadPartCopy'> = {
  action: 's3:PutObject',
  async run(input, context) {
    requirePartNumber(input.PartNumber)
    requireNoEncryption(input)
    const source = parseCopySource(input.CopySource)
    const range = input.CopySourceRange
    const span = range === undefined ? undefined : parseSourceRange(range)
    const from = await resolveSource(source, context, input.ExpectedSourceBucketOwner)
    const part = await context.keyspace.copyPart({
      key: input.Key,
      uploadId: input.UploadId,
      number: input.PartNumber,
      source: from.keyspace,
      from: { key: source.key, versionId: source.versionId },
      sourceConditions: sourceConditions(input),
      range: span,
      abandoned: context.abandoned,
    })
    const told: Unfrozen<CopyPartResult> = {
      ETag: `"${part.etag}"`,
      LastModified: new Date(part.modified),
    }
    if (part.checksum !== undefined) tellValue(told, part.checksum.algorithm, part.checksum.value)
    return { output: { CopyPartResult: told, CopySourceVersionId: part.sourceVersionId } }
  },
}
