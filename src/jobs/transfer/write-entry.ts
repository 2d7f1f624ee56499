/** One file as an object, in as many parts as it had, so that its ETag and checksum come out as they were. */
import type { Digester } from '../../buckets/core.ts'
import { checksumTypes } from '../../model/checksums.ts'
import { limits } from '../../model/limits.ts'
import type { ByteRange } from '../../ports/blob-store.ts'
import type { FileTree, TreeFile } from '../../ports/file-tree.ts'
import type { Body, Checksum, Keyspace } from '../../ports/keyspace.ts'
import type { ManifestEntry } from './manifest.ts'

export interface Source {
  readonly tree: FileTree
  readonly digester: Digester
  /** Canonical id of whom the objects will belong to. */
  readonly owner: string
}

export interface Written {
  readonly size: number
  readonly etag: string
}

interface FromFile {
  readonly entry: ManifestEntry
  readonly file: TreeFile
}

/** Throws S3's errors, and the system's for a file that cannot be read. */
export function writeEntry(space: Keyspace, source: Source, from: FromFile): Promise<Written> {
  return inParts(from) ? writeParts(space, source, from) : writeWhole(space, source, from)
}

/** Whether the same parts can be put again. */
function inParts({ entry, file }: FromFile): boolean {
  const { parts } = entry
  if (parts === null || parts.length === 0 || !entry.etag.endsWith(`-${parts.length}`)) return false
  if (parts.reduce((sum, [, size]) => sum + size, 0) !== file.size) return false
  return parts.slice(0, -1).every(([, size]) => size >= limits.part_bytes_min)
}

function bodyOf(source: Source, file: TreeFile, range: ByteRange): Body {
  const { digester, tree } = source
  const length = range.end - range.start
  return {
    length,
    announced: undefined,
    receive: (algorithms, inlineMax) =>
      digester.receive(tree.read(file.path, range), { size: length, algorithms, inlineMax }),
  }
}

function attributesOf(entry: ManifestEntry, owner: string) {
  const { key, headers, metadata, tags, storageClass } = entry
  return { key, owner, headers, metadata, tags, storageClass }
}

function writeWhole(space: Keyspace, source: Source, { entry, file }: FromFile): Promise<Written> {
  return space.put({
    ...attributesOf(entry, source.owner),
    body: bodyOf(source, file, { start: 0, end: file.size }),
    checksumAlgorithm: entry.checksum?.algorithm ?? 'CRC64NVME',
    conditions: {},
  })
}

/** A checksum of the whole that was made for a copy cannot be had of parts. */
const ofParts = (checksum: Checksum | null): Checksum | undefined =>
  checksum !== null && checksumTypes[checksum.algorithm].includes(checksum.type)
    ? checksum
    : undefined

async function writeParts(
  space: Keyspace,
  source: Source,
  { entry, file }: FromFile,
): Promise<Written> {
  const { key } = entry
  const checksum = ofParts(entry.checksum)
  const { uploadId } = await space.createUpload({
    ...attributesOf(entry, source.owner),
    initiator: source.owner,
    checksumAlgorithm: checksum?.algorithm,
    checksumType: checksum?.type,
  })
  try {
    const parts = []
    let start = 0
    for (const [number, size] of entry.parts ?? []) {
      const body = bodyOf(source, file, { start, end: start + size })
      const { etag } = await space.putPart({ key, uploadId, number, body })
      parts.push({ number, etag, checksum: undefined })
      start += size
    }
    const unsaid = { size: undefined, checksum: undefined, checksumType: undefined }
    return await space.complete({ key, uploadId, parts, conditions: {}, ...unsaid })
  } catch (error) {
    await space.abort({ key, uploadId }).catch(() => undefined)
    throw error
  }
}
