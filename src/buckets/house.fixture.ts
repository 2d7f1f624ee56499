/** What the tests of this room share: a house on stores in memory or on disk, bodies from bytes, and a clock that is set by hand. */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { ChecksumAlgorithm } from '../model/checksums.ts'
import type { BlobStore } from '../ports/blob-store.ts'
import type {
  Body,
  CompleteRequest,
  CopyRequest,
  Keyspace,
  PutRequest,
  Received,
  UploadRequest,
} from '../ports/keyspace.ts'
import {
  type Batch,
  decideThenCommit,
  type MetaStore,
  scan,
  type Table,
  type TableShape,
} from '../ports/meta-store.ts'
import { openFileBlobs } from '../stores/files/blob-store.ts'
import { openMemoryBlobs } from '../stores/memory/blob-store.ts'
import { openMemoryMetaStore } from '../stores/memory/meta-store.ts'
import { createShared } from '../stores/sqlite/shared.ts'
import { openSqlite } from '../stores/sqlite/store.ts'
import { BodyIds } from './body-ids.ts'
import { PlainBuckets } from './buckets.ts'
import { type Core, type Thresholds, usualThresholds } from './core.ts'
import { digester } from './digester.ts'
import { KeyQueue } from './key-queue.ts'
import { ObjectCache } from './object-cache.ts'
import { OpenReads, openReadsWords } from './open-reads.ts'
import { bucketTables } from './tables.ts'

export const volume = 's3v'
export const owner = 'owner'
const hour = 3_600_000
export const day = 24 * hour

/** Starts at some moment of 2026 and stands still unless it is moved. */
export class HandClock {
  time = 1_790_000_000_000
  now(): number {
    return this.time
  }
}

export interface House {
  readonly core: Core
  readonly buckets: PlainBuckets
  readonly clock: HandClock
  readonly store: MetaStore
  readonly blobs: BlobStore
  close(): Promise<void>
}

export interface HouseOptions {
  readonly thresholds?: Partial<Thresholds>
  readonly inlineMax?: number
  readonly cacheBytes?: number
  readonly worker?: number
  readonly ownsBlobs?: boolean
  /** Shared by the workers. */
  readonly reads?: BigInt64Array
  /** How long who lost a race waits; not at all, unless another worker must be given the time. */
  readonly wait?: Core['wait']
}

export function houseOn(
  store: MetaStore,
  blobs: BlobStore,
  clock: HandClock,
  options: HouseOptions = {},
): House {
  const { thresholds, inlineMax = 16, cacheBytes = 1 << 20, worker = 0 } = options
  let chance = worker * 1000
  const core: Core = {
    store,
    blobs,
    clock,
    digester,
    bodyIds: new BodyIds(worker, clock),
    queue: new KeyQueue(),
    reads: new OpenReads(worker, options.reads ?? new BigInt64Array(openReadsWords)),
    cache: new ObjectCache(store, cacheBytes),
    inlineMax,
    thresholds: { ...usualThresholds, ...thresholds },
    started: clock.now(),
    ownsBlobs: options.ownsBlobs ?? true,
    wait: options.wait ?? (() => Promise.resolve()),
    random(bytes) {
      chance += 1
      return createHash('sha512').update(String(chance)).digest().subarray(0, bytes)
    },
  }
  const close = async () => {
    await store.close()
    await blobs.close()
  }
  return { core, buckets: new PlainBuckets(core), clock, store, blobs, close }
}

export function memoryHouse(options: HouseOptions = {}): House {
  const clock = new HandClock()
  return houseOn(openMemoryMetaStore(bucketTables), openMemoryBlobs(clock), clock, options)
}

/** Two workers on one database and one folder of blobs: each has caches and queues of its own. */
export async function twoWorkers(options: HouseOptions = {}): Promise<readonly [House, House]> {
  const folder = mkdtempSync(join(tmpdir(), 'moongate-buckets-'))
  const clock = new HandClock()
  const shared = createShared()
  const path = join(folder, 'meta.db')
  const blobs = await openFileBlobs({ folder })
  const reads = new BigInt64Array(new SharedArrayBuffer(openReadsWords * 8))
  const [first, second] = [0, 1].map(worker =>
    houseOn(openSqlite({ path, tables: bucketTables, shared, durability: 'none' }), blobs, clock, {
      ...options,
      reads,
      worker,
      wait,
    }),
  )
  if (first === undefined || second === undefined) throw new Error('two were made')
  const close = async () => {
    await second.store.close()
    await first.close()
    rmSync(folder, { recursive: true })
  }
  return [{ ...first, close }, second]
}

/** A new bucket, with the Keyspace of a request. */
export async function bucketOf(
  { buckets }: House,
  name = 'bucket',
  versioning?: 'Enabled' | 'Suspended',
): Promise<Keyspace> {
  const made = await buckets.create({ volume, name, owner, region: 'us-east-1', settings: {} })
  if (versioning !== undefined) await buckets.setVersioning(made, versioning)
  return keyspaceOf(buckets, name)
}

/** As each request does: the bucket by its name, then what it can do. */
export async function keyspaceOf(buckets: PlainBuckets, name = 'bucket'): Promise<Keyspace> {
  return buckets.keyspace(await buckets.find(volume, name))
}

export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

/** A body as the gateway receives it: whole if it is small, else in pieces with digests at the end. */
export function bodyOf(content: string | Uint8Array): Body {
  const bytes = Buffer.from(content)
  return {
    length: bytes.length,
    announced: undefined,
    async receive(algorithms, inlineMax): Promise<Received> {
      const digests = await digester.digest(pieces(bytes), algorithms)
      const whole = bytes.length <= inlineMax ? bytes : undefined
      return { bytes: whole, source: pieces(bytes), digests: () => digests }
    },
  }
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  const half = bytes.length >> 1
  if (half > 0) yield bytes.subarray(0, half)
  if (bytes.length > half) yield bytes.subarray(half)
}

const plain = { headers: {}, metadata: {}, tags: [], storageClass: null }

export function putOf(
  key: string,
  content: string | Uint8Array,
  more: Partial<PutRequest> = {},
): PutRequest {
  const checksumAlgorithm: ChecksumAlgorithm = 'CRC64NVME'
  return { key, owner, ...plain, body: bodyOf(content), checksumAlgorithm, conditions: {}, ...more }
}

export function copyOf(
  source: Keyspace,
  from: string,
  key: string,
  more: Partial<CopyRequest> = {},
): CopyRequest {
  const { headers, metadata, storageClass } = plain
  return {
    source,
    from: { key: from },
    sourceConditions: {},
    key,
    owner,
    conditions: {},
    headers,
    metadata,
    storageClass,
    replaceMetadata: false,
    tags: undefined,
    checksumAlgorithm: undefined,
    ...more,
  }
}

export function uploadOf(key: string, more: Partial<UploadRequest> = {}): UploadRequest {
  const checksum = { checksumAlgorithm: undefined, checksumType: undefined }
  return { key, owner, initiator: owner, ...plain, ...checksum, ...more }
}

export function completeOf(
  key: string,
  uploadId: string,
  parts: readonly { readonly number: number; readonly etag: string }[],
  more: Partial<CompleteRequest> = {},
): CompleteRequest {
  const listed = parts.map(({ number, etag }) => ({ number, etag, checksum: undefined }))
  const unsaid = { size: undefined, checksum: undefined, checksumType: undefined }
  return { key, uploadId, parts: listed, conditions: {}, ...unsaid, ...more }
}

/** The whole object, as a GET reads it. */
export async function bytesOf(space: Keyspace, key: string, versionId?: string): Promise<string> {
  const object = await space.open({ key, versionId })
  return collect(await object.stream({ start: 0, end: object.info.size }))
}

export async function collect(source: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of source) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString()
}

/** An upload of these parts, up to but without its completion. */
export async function partsOf(
  space: Keyspace,
  key: string,
  contents: readonly (string | Uint8Array)[],
): Promise<{ uploadId: string; parts: { number: number; etag: string }[] }> {
  const { uploadId } = await space.createUpload(uploadOf(key))
  const parts: { number: number; etag: string }[] = []
  for (const [index, content] of contents.entries()) {
    const number = index + 1
    const { etag } = await space.putPart({ key, uploadId, number, body: bodyOf(content) })
    parts.push({ number, etag })
  }
  return { uploadId, parts }
}

/** All records of a table. */
export async function rowsOf<R extends object>(store: MetaStore, table: Table<R>): Promise<R[]> {
  const { scans } = await store.read({ scans: [scan(table, { at: [], limit: 1_000_000 })] })
  return scans[0].entries.filter(entry => typeof entry !== 'string')
}

export async function blobIds(blobs: BlobStore): Promise<string[]> {
  const ids: string[] = []
  for await (const { id } of blobs.list()) ids.push(id)
  return ids.toSorted()
}

/** How many calls a store had. */
export interface Counts {
  reads: number
  commits: number
}

type ReadRequest = Parameters<MetaStore['read']>[0]

export interface Hooks {
  /** A read, or a commit, goes on when its hook has ended, and fails with what it throws. */
  readonly read?: (request: ReadRequest) => Promise<void>
  readonly commit?: (batch: Batch) => Promise<void>
  /** What was read is told when this has ended. */
  readonly answered?: () => Promise<void>
  readonly counts?: Counts
}

/** Another view of a store, which may stop requests on their way, fail them, or count them. */
export function hooked(store: MetaStore, hooks: Hooks): MetaStore {
  const view: MetaStore = {
    async read(request, options) {
      if (hooks.counts !== undefined) hooks.counts.reads += 1
      await hooks.read?.(request)
      const answer = await store.read(request, options)
      await hooks.answered?.()
      return answer
    },
    async commit(batch, options) {
      if (hooks.counts !== undefined) hooks.counts.commits += 1
      await hooks.commit?.(batch)
      return store.commit(batch, options)
    },
    // As a store does it that is far away, so that there is a moment between what is read and what is written.
    commitOn: (gets, decide) => decideThenCommit(view, gets, decide),
    settle: () => store.settle(),
    generation: (table, key) => store.generation(table, key),
    watch: (table, key) => store.watch(table, key),
    changes: listener => store.changes(listener),
    close: () => store.close(),
  }
  return view
}

/** The same stores seen by another worker, whose every step can be stopped. */
export function hookedHouse(house: House, hooks: Hooks, worker = 1): House {
  const { thresholds, inlineMax } = house.core
  const options = { thresholds, inlineMax, worker }
  return houseOn(hooked(house.store, hooks), house.blobs, house.clock, options)
}

/** A worker for whom something happens, once, between what a request decides and its commit. */
export function interrupted(
  house: House,
  act: () => Promise<unknown>,
  when: (batch: Batch) => boolean = () => true,
): House {
  let done = false
  return hookedHouse(house, {
    async commit(batch) {
      if (done || !when(batch)) return
      done = true
      await act()
    },
  })
}

/** A worker for whom something happens, once, while the answer of its next read is on its way. */
export function slowReader(house: House, act: () => Promise<unknown>): House {
  let done = false
  return hookedHouse(house, {
    async answered() {
      if (done) return
      done = true
      await act()
    },
  })
}

/** Whether a batch writes a record of the table. */
export function writesTo(batch: Batch, table: TableShape): boolean {
  return (batch.writes ?? []).some(write => 'put' in write && write.put.name === table.name)
}
