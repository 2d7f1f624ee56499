/** GetObjectAttributes: what is known of an object, its parts and checksums included, in one document. */
import { S3Error } from '../../../model/errors.ts'
import { limits } from '../../../model/limits.ts'
import type {
  Checksum,
  GetObjectAttributesOutput,
  GetObjectAttributesParts,
  GetObjectAttributesRequest,
  ObjectPart,
} from '../../../model/shapes.gen.ts'
import type { ObjectInfo, OpenObject } from '../../../ports/keyspace.ts'
import { resolveLimit } from '../../../rules/listing.ts'
import { requireVersionId } from '../../../rules/versions.ts'
import type { Operation } from '../../operation.ts'
import { tellChecksum, tellValue } from '../checksums.ts'
import { partMarker } from '../part-marker.ts'
import { requireNoEncryption } from '../refusals.ts'
import type { Unfrozen } from '../unfrozen.ts'
import { readFailure, versionRef } from './read.ts'

const known: ReadonlySet<string> = new Set([
  'ETag',
  'Checksum',
  'ObjectParts',
  'StorageClass',
  'ObjectSize',
])

function requireAttributes(names: readonly string[]): void {
  if (names.length === 0) {
    throw new S3Error(
      'InvalidRequest',
      {},
      'The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty',
    )
  }
  for (const name of names) {
    if (!known.has(name)) {
      throw new S3Error(
        'InvalidArgument',
        { ArgumentName: 'x-amz-object-attributes', ArgumentValue: name },
        'Invalid attribute name specified.',
      )
    }
  }
}

async function partsOf(
  input: GetObjectAttributesRequest,
  opened: OpenObject,
): Promise<GetObjectAttributesParts> {
  const { info } = opened
  const marker = partMarker(input.PartNumberMarker, 'x-amz-part-number-marker')
  const limit = resolveLimit(input.MaxParts, 'x-amz-max-parts', limits.list_parts_max)
  const page = limit === 0 ? { parts: [], more: false } : await opened.parts(marker, limit)
  const algorithm = info.checksum?.algorithm
  const parts = page.parts.map(part => {
    const told: Unfrozen<ObjectPart> = { PartNumber: part.number, Size: part.size }
    if (algorithm !== undefined && part.checksum !== undefined) {
      tellValue(told, algorithm, part.checksum)
    }
    return told
  })
  return {
    TotalPartsCount: info.partCount,
    PartNumberMarker: String(marker),
    NextPartNumberMarker: String(page.parts.at(-1)?.number ?? 0),
    MaxParts: limit,
    IsTruncated: page.more,
    Parts: parts,
  }
}

function checksumOf(info: ObjectInfo): Checksum | undefined {
  if (info.checksum === undefined) return undefined
  const told: Unfrozen<Checksum> = {}
  tellChecksum(told, info.checksum)
  return told
}

export const getObjectAttributes: Operation<'GetObjectAttributes'> = {
  action: 's3:GetObjectAttributes',
  versionAction: 's3:GetObjectVersionAttributes',
  async run(input, context) {
    requireAttributes(input.ObjectAttributes)
    if (input.VersionId !== undefined) requireVersionId(input.VersionId)
    requireNoEncryption(input)
    const read = input.VersionId === undefined ? 's3:GetObject' : 's3:GetObjectVersion'
    await context.authorize(read, {
      bucket: context.bucket,
      via: context.via,
      key: input.Key,
      versionId: input.VersionId,
    })
    const wanted = new Set(input.ObjectAttributes)
    let opened: OpenObject
    try {
      opened = await context.keyspace.open(versionRef(input))
    } catch (thrown) {
      throw readFailure(thrown)
    }
    const { info } = opened
    const output: Unfrozen<GetObjectAttributesOutput> = {
      LastModified: new Date(info.modified),
      VersionId: info.versionId,
    }
    if (wanted.has('ETag')) output.ETag = info.etag
    if (wanted.has('Checksum')) output.Checksum = checksumOf(info)
    if (wanted.has('StorageClass')) output.StorageClass = info.storageClass ?? 'STANDARD'
    if (wanted.has('ObjectSize')) output.ObjectSize = info.size
    if (wanted.has('ObjectParts') && info.partCount !== undefined) {
      output.ObjectParts = await partsOf(input, opened)
    }
    return { output }
  },
}
