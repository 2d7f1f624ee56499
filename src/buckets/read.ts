/** Finding a version and reading its bytes. */
import { BlobMissing, type BlobStore } from '../ports/blob-store.ts'
import type { ObjectInfo, ObjectPart, OpenObject, Span, VersionRef } from '../ports/keyspace.ts'
import { get, getFollowing, type Stored, scan } from '../ports/meta-store.ts'
import { requireVersionId } from '../rules/versions.ts'
import { cut, slicesOf } from './content.ts'
import type { Core, Space } from './core.ts'
import type { CachedObject } from './object-cache.ts'
import { hiddenByMarker, infoOf, markerAsked, noSuchKey, noSuchVersion } from './records.ts'
import {
  bodiesTable,
  type ContentPart,
  headsTable,
  manifestRowsTable,
  type NoncurrentRecord,
  objectsTable,
  type Slice,
  type VersionRecord,
  versionsTable,
} from './tables.ts'

/** Rows of a manifest hold so many parts. */
export const partsPerRow = 500

/** A version that is there and is no delete marker, with its body if that is small. */
export async function find(space: Space, ref: VersionRef): Promise<CachedObject> {
  if (ref.versionId !== undefined) return findVersion(space, ref.key, ref.versionId)
  const { core, bucket } = space
  const cached = core.cache.get(bucket.id, ref.key)
  if (cached !== undefined) return cached
  const generation = core.cache.generation(bucket.id, ref.key)
  const current = getFollowing(objectsTable, [bucket.id, ref.key], 'body', bodiesTable)
  if (bucket.versioning === 'off') {
    const { gets } = await core.store.read({ gets: [current] })
    return keep(space, ref.key, generation, gets[0].record, gets[0].followed?.bytes)
  }
  const { gets } = await core.store.read({
    gets: [current, get(headsTable, [bucket.id, ref.key])],
  })
  const head = gets[1].record
  if (gets[0].record === undefined && head?.marker === 1) {
    const id = head.nullVersion === head.newest ? 'null' : head.newest
    throw hiddenByMarker(ref.key, id)
  }
  return keep(space, ref.key, generation, gets[0].record, gets[0].followed?.bytes)
}

function keep(
  space: Space,
  key: string,
  generation: number,
  ...[record, bytes]: [Stored<VersionRecord> | undefined, Uint8Array | undefined]
): CachedObject {
  if (record === undefined) throw noSuchKey(key)
  const found = { record, bytes: wholeBody(record, bytes) }
  space.core.cache.set(space.bucket.id, key, generation, found)
  return found
}

function wholeBody(record: VersionRecord, bytes: Uint8Array | undefined): Uint8Array | undefined {
  if (record.size === 0) return new Uint8Array(0)
  if (bytes === undefined || bytes.byteLength === record.size) return bytes
  return bytes.subarray(0, record.size)
}

async function findVersion(space: Space, key: string, versionId: string): Promise<CachedObject> {
  requireVersionId(versionId)
  const { core, bucket } = space
  const version = versionId === 'null' ? await nullVersion(space, key) : versionId
  const { gets } = await core.store.read({
    gets: [
      getFollowing(objectsTable, [bucket.id, key], 'body', bodiesTable),
      getFollowing(versionsTable, [bucket.id, key, version], 'body', bodiesTable),
    ],
  })
  const [current, noncurrent] = gets
  if (current.record !== undefined && isVersion(current.record, versionId)) {
    return { record: current.record, bytes: wholeBody(current.record, current.followed?.bytes) }
  }
  if (noncurrent.record === undefined) throw noSuchVersion(key, versionId)
  if (noncurrent.record.marker === 1) throw markerAsked(noncurrent.record, 'GET')
  return {
    record: noncurrent.record,
    bytes: wholeBody(noncurrent.record, noncurrent.followed?.bytes),
  }
}

/** Whether the current record is what a version id names; before versioning every object is the null version. */
export function isVersion(record: VersionRecord, versionId: string): boolean {
  return versionId === 'null' ? record.isNull === 1 : record.version === versionId
}

/** The id that the null version has among the noncurrent ones, or one that no version has. */
async function nullVersion(space: Space, key: string): Promise<string> {
  const { gets } = await space.core.store.read({ gets: [get(headsTable, [space.bucket.id, key])] })
  return gets[0].record?.nullVersion ?? '-'
}

export async function head(space: Space, ref: VersionRef): Promise<ObjectInfo> {
  return infoOf(space.bucket, (await find(space, ref)).record)
}

export async function open(space: Space, ref: VersionRef): Promise<OpenObject> {
  const found = await find(space, ref)
  return new OpenRecord(space, found)
}

/** An object version opened for reading. */
export class OpenRecord implements OpenObject {
  readonly info: ObjectInfo
  readonly bytes: Uint8Array | undefined
  readonly record: Stored<VersionRecord> | NoncurrentRecord
  readonly #core: Core

  constructor(space: Space, found: CachedObject) {
    this.#core = space.core
    this.record = found.record
    this.bytes = found.bytes
    this.info = infoOf(space.bucket, found.record)
  }

  async stream(span: Span): Promise<AsyncIterable<Uint8Array>> {
    if (this.bytes !== undefined) return chunks([this.bytes.subarray(span.start, span.end)])
    return started(readSlices(this.#core, await this.slices(span)))
  }

  /** The slices that hold a span. */
  async slices(span: Span): Promise<readonly Slice[]> {
    return locate(this.#core, this.record, span)
  }

  async part(number: number): Promise<Span | undefined> {
    const { content, size } = this.record
    if (content === null || 'slices' in content) {
      return number === 1 ? { start: 0, end: size } : undefined
    }
    let start = 0
    for await (const part of contentParts(this.#core, this.record)) {
      if (part.number === number) return { start, end: start + part.size }
      start += part.size
    }
    return undefined
  }

  async parts(marker: number, limit: number) {
    const parts: ObjectPart[] = []
    let more = false
    for await (const part of contentParts(this.#core, this.record)) {
      if (part.number <= marker) continue
      if (parts.length === limit) {
        more = true
        break
      }
      parts.push({ number: part.number, size: part.size, checksum: part.checksum })
    }
    return { parts, more }
  }
}

/** The parts of a completed upload, in order. */
export async function* contentParts(
  core: Core,
  record: Pick<VersionRecord, 'content'>,
): AsyncGenerator<ContentPart> {
  const { content } = record
  if (content === null || 'slices' in content) return
  if ('parts' in content) {
    yield* content.parts
    return
  }
  for (let first = 0; ; first += partsPerRow) {
    const { gets } = await core.store.read({
      gets: [get(manifestRowsTable, [content.manifest, first])],
    })
    const parts = gets[0].record?.parts
    if (parts === undefined) return
    yield* parts
    if (parts.length < partsPerRow) return
  }
}

/** The slices that hold a span of a record, from its manifest if need be. */
export async function locate(
  core: Core,
  record: Pick<VersionRecord, 'body' | 'content' | 'size'>,
  span: Span,
): Promise<readonly Slice[]> {
  const slices = slicesOf(record)
  if (slices !== undefined) {
    return span.start === 0 && span.end === record.size ? slices : cut(slices, span)
  }
  const { content } = record
  if (content === null || !('manifest' in content)) return []
  const found: Slice[] = []
  const { scans } = await core.store.read({
    scans: [scan(manifestRowsTable, { at: [content.manifest], limit: 1000 })],
  })
  for (const row of scans[0].entries) {
    if (typeof row === 'string' || row.offset >= span.end) break
    const inRow = row.parts.flatMap(part => part.slices)
    const start = Math.max(span.start - row.offset, 0)
    found.push(...cut(inRow, { start, end: span.end - row.offset }))
  }
  return found
}

/** The bytes of some slices, in order. */
export async function* readSlices(
  core: Core,
  slices: readonly Slice[],
): AsyncGenerator<Uint8Array> {
  for (const slice of slices) {
    if (slice.body !== undefined) yield await readBody(core, slice)
    else if (slice.blob !== undefined) yield* readBlob(core.blobs, slice.blob, slice)
  }
}

async function readBody(core: Core, slice: Slice): Promise<Uint8Array> {
  const { gets } = await core.store.read({ gets: [get(bodiesTable, [slice.body ?? 0])] })
  const bytes = gets[0].record?.bytes
  // Gone since the record was read: whoever opens the object again finds what took its place.
  if (bytes === undefined) throw new BlobMissing(String(slice.body))
  return bytes.subarray(slice.offset, slice.offset + slice.length)
}

function readBlob(blobs: BlobStore, id: string, slice: Slice): AsyncIterable<Uint8Array> {
  return blobs.get(id, { start: slice.offset, end: slice.offset + slice.length })
}

async function* chunks(list: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of list) if (chunk.byteLength > 0) yield chunk
}

/** Waits for the first chunk, so that what is missing is found before anything was told. */
async function started(source: AsyncGenerator<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const first = await source.next()
  if (first.done) return chunks([])
  return {
    async *[Symbol.asyncIterator]() {
      try {
        yield first.value
        yield* source
      } finally {
        await source.return(undefined)
      }
    },
  }
}
