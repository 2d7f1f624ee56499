/** Finding a version and reading its bytes. */
import { S3Error } from '../model/errors.ts'
import { BlobMissing, type BlobStore } from '../ports/blob-store.ts'
import type {
  ObjectInfo,
  ObjectPart,
  OpenObject,
  Patience,
  Span,
  VersionRef,
} from '../ports/keyspace.ts'
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
  type ManifestRows,
  manifestRowsTable,
  type NoncurrentRecord,
  objectsTable,
  type Slice,
  type VersionRecord,
  versionsTable,
} from './tables.ts'

/** The version, if it is in the cache. */
const cached = ({ core, bucket }: Space, { key, versionId }: VersionRef) =>
  versionId === undefined ? core.cache.get(bucket.id, key) : undefined

/** A version that is there and is no delete marker, with its body if that is small. */
export async function find(space: Space, ref: VersionRef): Promise<CachedObject> {
  return cached(space, ref) ?? (await findStored(space, ref))
}

async function findStored(space: Space, ref: VersionRef): Promise<CachedObject> {
  if (ref.versionId !== undefined) return findVersion(space, ref.key, ref.versionId)
  const { core, bucket } = space
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
    throw hiddenByMarker(ref.key, head)
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
  // The head names the null version, so for that one it is asked again whenever the two do not belong together.
  let version = versionId === 'null' ? notYetKnown : versionId
  for (;;) {
    const { gets } = await core.store.read({
      gets: [
        getFollowing(objectsTable, [bucket.id, key], 'body', bodiesTable),
        getFollowing(versionsTable, [bucket.id, key, version], 'body', bodiesTable),
        get(headsTable, [bucket.id, key]),
      ],
    })
    const [current, noncurrent, { record: head }] = gets
    if (current.record !== undefined && isVersion(current.record, versionId)) {
      return foundBody(current.record, current.followed?.bytes)
    }
    const nullVersion = head?.nullVersion ?? undefined
    if (versionId === 'null' && nullVersion !== undefined && nullVersion !== version) {
      version = nullVersion
      continue
    }
    if (noncurrent.record === undefined) throw noSuchVersion(key, versionId)
    if (noncurrent.record.marker === 1) throw markerAsked(noncurrent.record, 'GET')
    return foundBody(noncurrent.record, noncurrent.followed?.bytes)
  }
}

/** An id that no version has. */
const notYetKnown = '-'

function foundBody(record: Stored<VersionRecord>, bytes: Uint8Array | undefined): CachedObject {
  return { record, bytes: wholeBody(record, bytes) }
}

/** Whether the current record is what a version id names; before versioning every object is the null version. */
export function isVersion(record: VersionRecord, versionId: string): boolean {
  return versionId === 'null' ? record.isNull === 1 : record.version === versionId
}

export async function head(space: Space, ref: VersionRef): Promise<ObjectInfo> {
  return infoOf(space.bucket, (await find(space, ref)).record)
}

export function open(space: Space, ref: VersionRef): Promise<OpenObject> {
  const found = cached(space, ref)
  return found === undefined
    ? openStored(space, ref)
    : Promise.resolve(new OpenRecord(space, found))
}

async function openStored(space: Space, ref: VersionRef): Promise<OpenObject> {
  return new OpenRecord(space, await findStored(space, ref))
}

/** An object version opened for reading. */
export class OpenRecord implements OpenObject {
  readonly info: ObjectInfo
  readonly bytes: CachedObject['bytes']
  readonly record: Stored<VersionRecord> | NoncurrentRecord
  readonly #core: Core
  /** From then on its blobs may be condemned; the sweep spares them while they are read. */
  readonly #since: number

  constructor(space: Space, found: CachedObject) {
    this.#core = space.core
    this.#since = space.core.clock.now()
    this.record = found.record
    this.bytes = found.bytes
    this.info = infoOf(space.bucket, found.record)
  }

  async stream(span: Span): Promise<AsyncIterable<Uint8Array>> {
    const { bytes } = this
    if (bytes !== undefined) {
      const whole = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
      return chunks([whole.subarray(span.start, span.end)])
    }
    const slices = await this.slices(span)
    const source = readSlices(this.#core, slices)
    // An open file keeps its bytes: only what is opened later must be kept from the sweep.
    return started(slices.length > 1 ? registered(this.#core, this.#since, source) : source)
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

/** The parts of a completed upload, in order. Throws BlobMissing when their manifest went meanwhile. */
export async function* contentParts(
  core: Core,
  record: Pick<VersionRecord, 'content' | 'partCount'>,
): AsyncGenerator<ContentPart> {
  const { content, partCount } = record
  if (content === null || 'slices' in content) return
  if ('parts' in content) {
    yield* content.parts
    return
  }
  let seen = 0
  for await (const row of manifestRows(core, content.manifest, -1)) {
    seen += row.parts.length
    yield* row.parts
  }
  if (partCount !== null && seen < partCount) throw new BlobMissing(content.manifest)
}

/** Rows of a manifest read in one call. */
const rowsPage = 20

/** The rows of a manifest that begin behind an offset. */
async function* manifestRows(
  core: Core,
  manifest: string,
  behind: number,
): AsyncGenerator<ManifestRows> {
  let after = behind
  for (let more = true; more; ) {
    const { scans } = await core.store.read({
      scans: [scan(manifestRowsTable, { at: [manifest], after: [after], limit: rowsPage })],
    })
    for (const row of scans[0].entries) {
      if (typeof row === 'string') continue
      after = row.offset
      yield row
    }
    more = scans[0].more
  }
}

/** The slices that hold a span of a record, from its manifest if need be. Throws BlobMissing when that went meanwhile. */
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
  const { manifest } = content
  const { scans } = await core.store.read({
    scans: [
      scan(manifestRowsTable, {
        at: [manifest],
        before: [span.start + 1],
        reverse: true,
        limit: 1,
      }),
    ],
  })
  const first = scans[0].entries[0]
  if (first === undefined || typeof first === 'string') throw new BlobMissing(manifest)
  const found: Slice[] = slicesIn(first, span)
  for await (const row of manifestRows(core, manifest, first.offset)) {
    if (row.offset >= span.end) break
    found.push(...slicesIn(row, span))
  }
  const length = found.reduce((sum, slice) => sum + slice.length, 0)
  if (length < span.end - span.start) throw new BlobMissing(manifest)
  return found
}

function slicesIn(row: ManifestRows, span: Span): Slice[] {
  const slices = row.parts.flatMap(part => part.slices)
  const start = Math.max(span.start - row.offset, 0)
  return cut(slices, { start, end: span.end - row.offset })
}

/** Small bodies of one object that are fetched before its first byte is told; the rest, if any, when it is their turn. */
const fetchedAheadMax = 64

/**
 * The bytes of some slices, in order. Small bodies go with the record that holds them, so they are fetched first: an
 * overwrite then does not cut short what is being read. Throws BlobMissing for bytes that went before.
 */
export async function* readSlices(
  core: Core,
  slices: readonly Slice[],
): AsyncGenerator<Uint8Array> {
  const bodies = await fetchBodies(core, slices)
  for (const slice of slices) {
    if (slice.body !== undefined) yield await bodyBytes(core, slice, bodies)
    else if (slice.blob !== undefined) yield* readBlob(core.blobs, slice.blob, slice)
  }
}

/** A source that is read for somebody who may go away: it fails when he has. */
export async function* whileAwaited(
  source: AsyncIterable<Uint8Array>,
  { abandoned }: Patience,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    if (abandoned?.() === true) throw new S3Error('ConnectionClosedByRequester')
    yield chunk
  }
}

type Bodies = Map<number, Uint8Array>

async function fetchBodies(core: Core, slices: readonly Slice[]): Promise<Bodies> {
  const bodies: Bodies = new Map()
  const ids = new Set<number>()
  for (const { body } of slices) {
    if (body !== undefined && ids.size < fetchedAheadMax) ids.add(body)
  }
  if (ids.size === 0) return bodies
  const gets = Array.from(ids, id => get(bodiesTable, [id]))
  const read = await core.store.read({ gets })
  for (const { record } of read.gets) if (record !== undefined) bodies.set(record.id, record.bytes)
  for (const id of ids) if (!bodies.has(id)) throw new BlobMissing(String(id))
  return bodies
}

async function bodyBytes(core: Core, slice: Slice, bodies: Bodies): Promise<Uint8Array> {
  const fetched =
    bodies.get(slice.body ?? 0) ?? (await fetchBodies(core, [slice])).get(slice.body ?? 0)
  if (fetched === undefined) throw new BlobMissing(String(slice.body))
  return fetched.subarray(slice.offset, slice.offset + slice.length)
}

function readBlob(blobs: BlobStore, id: string, slice: Slice): AsyncIterable<Uint8Array> {
  return blobs.get(id, { start: slice.offset, end: slice.offset + slice.length })
}

async function* chunks(list: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of list) if (chunk.byteLength > 0) yield chunk
}

async function* registered(
  core: Core,
  since: number,
  source: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const end = core.reads.begin(since)
  try {
    yield* source
  } finally {
    end()
  }
}

/** Waits for the first chunk, so that what is missing is found before anything was told. */
async function started(source: AsyncGenerator<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const first = await source.next()
  return first.done ? chunks([]) : new Started(first.value, source)
}

/** A source whose first chunk is here. Unlike a generator it lets go of its source also when nobody began to read. */
class Started implements AsyncIterableIterator<Uint8Array> {
  #first: Uint8Array | undefined
  readonly #source: AsyncGenerator<Uint8Array>

  constructor(first: Uint8Array, source: AsyncGenerator<Uint8Array>) {
    this.#first = first
    this.#source = source
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    const value = this.#first
    if (value === undefined) return this.#source.next()
    this.#first = undefined
    return Promise.resolve({ done: false, value })
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    this.#first = undefined
    return this.#source.return(undefined)
  }
}
