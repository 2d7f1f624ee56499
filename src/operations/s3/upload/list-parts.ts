/** ListParts: the parts of an upload that were received. */
import { limits } from '../../../model/limits.ts'
import type { Part } from '../../../model/shapes.gen.ts'
import type { PartInfo } from '../../../ports/keyspace.ts'
import { resolveLimit } from '../../../rules/listing.ts'
import type { Operation } from '../../operation.ts'
import { tellValue } from '../checksums.ts'
import { ownerOf, toldInitiator } from '../owners.ts'
import { partMarker } from '../part-marker.ts'
import { requireNoEncryption } from '../refusals.ts'
import type { Unfrozen } from '../unfrozen.ts'

function toldPart(part: PartInfo): Part {
  const told: Unfrozen<Part> = {
    PartNumber: part.number,
    LastModified: new Date(part.modified),
    ETag: `"${part.etag}"`,
    Size: part.size,
  }
  if (part.checksum !== undefined) tellValue(told, part.checksum.algorithm, part.checksum.value)
  return told
}

export const listParts: Operation<'ListParts'> = {
  action: 's3:ListMultipartUploadParts',
  async run(input, context) {
    requireNoEncryption(input)
    const marker = partMarker(input.PartNumberMarker, 'part-number-marker')
    const limit = resolveLimit(input.MaxParts, 'max-parts', limits.list_parts_max)
    const { upload, parts, more } = await context.keyspace.listParts({
      key: input.Key,
      uploadId: input.UploadId,
      marker,
      limit,
    })
    return {
      output: {
        Bucket: input.Bucket,
        Key: input.Key,
        UploadId: input.UploadId,
        Initiator: await toldInitiator(upload.initiator, context),
        Owner: await ownerOf(upload.owner, context),
        StorageClass: upload.storageClass ?? 'STANDARD',
        PartNumberMarker: String(marker),
        NextPartNumberMarker: String(parts.at(-1)?.number ?? 0),
        MaxParts: limit,
        IsTruncated: more,
        Parts: parts.map(toldPart),
        ChecksumAlgorithm: upload.checksumAlgorithm,
        ChecksumType: upload.checksumType,
      },
    }
  },
}
