/** CompleteMultipartUpload: makes an object of the parts that the client lists. */
import { S3Error } from '../../../model/errors.ts'
import { limits } from '../../../model/limits.ts'
import type {
  CompletedPart,
  CompleteMultipartUploadOutput,
  CompleteMultipartUploadRequest,
} from '../../../model/shapes.gen.ts'
import type { CompleteRequest } from '../../../ports/keyspace.ts'
import { parseEtags } from '../../../rules/conditions.ts'
import { requirePartOrder } from '../../../rules/uploads.ts'
import type { Operation } from '../../operation.ts'
import { tellChecksum, writtenChecksum } from '../checksums.ts'
import { toldVersion } from '../object/version.ts'
import { writeConditions } from '../preconditions.ts'
import { requireNoEncryption } from '../refusals.ts'
import type { Unfrozen } from '../unfrozen.ts'

type ListedPart = CompleteRequest['parts'][number]

function listedPart(part: CompletedPart): ListedPart {
  const etag = part.ETag === undefined ? undefined : parseEtags(part.ETag)[0]
  if (part.PartNumber === undefined || etag === undefined) throw new S3Error('MalformedXML')
  return { number: part.PartNumber, etag, checksum: writtenChecksum(part) }
}

/** The parts as the client lists them. Throws MalformedXML, InvalidPartOrder, InvalidArgument. */
export function listedParts(input: CompleteMultipartUploadRequest): readonly ListedPart[] {
  const written = input.MultipartUpload?.Parts ?? []
  if (written.length === 0 || written.length > limits.part_number_max) {
    throw new S3Error('MalformedXML')
  }
  return requirePartOrder(written.map(listedPart), input.UploadId)
}

function typeOf(written: string | undefined): CompleteRequest['checksumType'] {
  if (written === undefined || written === 'FULL_OBJECT' || written === 'COMPOSITE') return written
  throw new S3Error('InvalidRequest', {}, 'Value for x-amz-checksum-type header is invalid.')
}

export const completeMultipartUpload: Operation<'CompleteMultipartUpload'> = {
  action: 's3:PutObject',
  async run(input, context) {
    requireNoEncryption(input)
    const result = await context.keyspace.complete({
      key: input.Key,
      uploadId: input.UploadId,
      parts: listedParts(input),
      conditions: writeConditions(input),
      size: input.MpuObjectSize,
      checksum: writtenChecksum(input),
      checksumType: typeOf(input.ChecksumType),
    })
    const output: Unfrozen<CompleteMultipartUploadOutput> = {
      Location: context.objectUrl(input.Key),
      Bucket: input.Bucket,
      Key: input.Key,
      ETag: `"${result.etag}"`,
      VersionId: toldVersion(result.versionId),
    }
    tellChecksum(output, result.checksum)
    return { output }
  },
}
