/** Pairs of operations that must not interleave, raced over sixteen callers on as many connections as there can be. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type Batch,
  Conflict,
  get,
  type MetaStore,
  type Stored,
  scan,
  table,
} from './meta-store.ts'
import type { MetaFactory } from './meta-store-factory.contract.ts'

interface Bucket {
  id: number
  name: string
}
interface ObjectRow {
  bucket: number
  key: string
  blob: string
}
interface Blob {
  id: string
  count: number
}
interface Upload {
  id: string
  state: string
}

/** The tables of the model; a variant that races from other threads opens the same. */
export const raceBuckets = table<Bucket>({
  name: 'buckets',
  key: { id: 'int' },
  columns: { name: 'text' },
})
export const raceObjects = table<ObjectRow>({
  name: 'objects',
  key: { bucket: 'int', key: 'text' },
  columns: { blob: 'text' },
})
export const raceBlobs = table<Blob>({
  name: 'blobs',
  key: { id: 'text' },
  columns: { count: 'int' },
  counter: { column: 'count', atZero: 'keep' },
})
export const raceUploads = table<Upload>({
  name: 'uploads',
  key: { id: 'text' },
  columns: { state: 'text' },
})
export const raceTables = [raceBuckets, raceObjects, raceBlobs, raceUploads]

/** Decides on what it reads and commits, again after each Conflict; a decision of undefined ends it. */
async function decide(store: MetaStore, make: () => Promise<Batch | undefined>): Promise<boolean> {
  while (true) {
    const batch = await make()
    if (batch === undefined) return false
    try {
      await store.commit(batch)
      return true
    } catch (error) {
      if (!(error instanceof Conflict)) throw error
    }
  }
}

const bucketKey = [1]

async function bucketOf(store: MetaStore): Promise<Stored<Bucket> | undefined> {
  const { gets } = await store.read({ gets: [get(raceBuckets, bucketKey)] }, { tentative: true })
  return gets[0].record
}

function createBucket(store: MetaStore): Promise<boolean> {
  return decide(store, async () =>
    (await bucketOf(store))
      ? undefined
      : {
          checks: [{ table: raceBuckets, key: bucketKey, revision: null }],
          writes: [{ put: raceBuckets, record: { id: 1, name: 'b' } }],
        },
  )
}

function deleteBucket(store: MetaStore): Promise<boolean> {
  return decide(store, async () => {
    const bucket = await bucketOf(store)
    const { scans } = await store.read({ scans: [scan(raceObjects, { at: [1], limit: 1 })] })
    if (bucket === undefined || scans[0].entries.length > 0) return undefined
    return {
      checks: [
        { table: raceBuckets, key: bucketKey, revision: bucket.revision },
        { table: raceObjects, empty: [1] },
      ],
      writes: [{ remove: raceBuckets, key: bucketKey }],
    }
  })
}

/** Writes an object with a blob of its own and releases the one it replaces. */
function putObject(store: MetaStore, key: string, blob: string): Promise<boolean> {
  return decide(store, async () => {
    const bucket = await bucketOf(store)
    const { gets } = await store.read({ gets: [get(raceObjects, [1, key])] }, { tentative: true })
    const before = gets[0].record
    if (bucket === undefined) return undefined
    return {
      checks: [
        { table: raceBuckets, key: bucketKey, revision: bucket.revision },
        { table: raceObjects, key: [1, key], revision: before?.revision ?? null },
        { table: raceBlobs, key: [blob], revision: null },
      ],
      writes: [
        { put: raceObjects, record: { bucket: 1, key, blob } },
        { put: raceBlobs, record: { id: blob, count: 1 } },
      ],
      adds: before ? [release(before.blob)] : [],
    }
  })
}

function release(blob: string) {
  return { table: raceBlobs, key: [blob], column: 'count', delta: -1 }
}

function deleteObject(store: MetaStore, key: string): Promise<boolean> {
  return decide(store, async () => {
    const { gets } = await store.read({ gets: [get(raceObjects, [1, key])] }, { tentative: true })
    const before = gets[0].record
    if (before === undefined) return undefined
    return {
      checks: [{ table: raceObjects, key: [1, key], revision: before.revision }],
      writes: [{ remove: raceObjects, key: [1, key] }],
      adds: [release(before.blob)],
    }
  })
}

/** Shares the source's blob; what the target had is released. */
function copyObject(store: MetaStore, from: string, to: string): Promise<boolean> {
  return decide(store, async () => {
    const bucket = await bucketOf(store)
    const { gets } = await store.read({
      gets: [get(raceObjects, [1, from]), get(raceObjects, [1, to])],
    })
    const [source, target] = gets.map(({ record }) => record)
    if (bucket === undefined || source === undefined || source.blob === target?.blob)
      return undefined
    return {
      checks: [
        { table: raceBuckets, key: bucketKey, revision: bucket.revision },
        { table: raceObjects, key: [1, to], revision: target?.revision ?? null },
      ],
      writes: [{ put: raceObjects, record: { bucket: 1, key: to, blob: source.blob } }],
      adds: [
        { table: raceBlobs, key: [source.blob], column: 'count', delta: 1 },
        ...(target ? [release(target.blob)] : []),
      ],
    }
  })
}

/** Ends an upload one way: complete writes the object, abort does not. */
async function endUpload(store: MetaStore, id: string, state: 'complete' | 'abort') {
  return await decide(store, async () => {
    const { gets } = await store.read({ gets: [get(raceUploads, [id])] })
    const upload = gets[0].record
    if (upload?.state !== 'open') return undefined
    return {
      checks: [{ table: raceUploads, key: [id], revision: upload.revision }],
      writes: [{ put: raceUploads, record: { id, state } }],
    }
  })
}

/** One of sixteen callers: a mixture of everything that may collide. `seed` makes callers differ. */
export async function raceCaller(store: MetaStore, seed: number, rounds: number): Promise<void> {
  let state = seed * 2654435761 + 1
  const random = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return (state >>> 8) % below
  }
  const keyAt = () => `k${random(3)}`
  for (let i = 0; i < rounds; i++) {
    const step = random(8)
    if (step === 0) await createBucket(store)
    else if (step === 1) await deleteBucket(store)
    else if (step <= 3) await putObject(store, keyAt(), `blob-${seed}-${i}`)
    else if (step <= 5) await deleteObject(store, keyAt())
    else await copyObject(store, keyAt(), keyAt())
  }
}

/** After a race: no object without its bucket, and each blob counted exactly as often as it is named. */
export async function assertRaceOutcome(store: MetaStore): Promise<void> {
  const { gets, scans } = await store.read({
    gets: [get(raceBuckets, bucketKey)],
    scans: [
      scan(raceObjects, { at: [1], limit: 100 }),
      scan(raceBlobs, { at: [], limit: 100_000 }),
    ],
  })
  const objects = scans[0].entries as readonly Stored<ObjectRow>[]
  const blobs = scans[1].entries as readonly Stored<Blob>[]
  if (gets[0].record === undefined) assert.equal(objects.length, 0, 'an object in no bucket')
  const named = new Map<string, number>()
  for (const { blob } of objects) named.set(blob, (named.get(blob) ?? 0) + 1)
  for (const { id, count } of blobs) assert.equal(count, named.get(id) ?? 0, `count of ${id}`)
  for (const blob of named.keys()) assert.ok(blobs.some(({ id }) => id === blob))
}

export function racesContract(name: string, factory: MetaFactory): void {
  describe(`${name} under sixteen racing callers`, () => {
    it('keeps buckets, objects and shared blobs consistent', async () => {
      const { stores, close } = await factory(raceTables, 16)
      try {
        await Promise.all(
          Array.from({ length: 16 }, (_, i) =>
            raceCaller(stores[i % stores.length] ?? stores[0], i + 1, 60),
          ),
        )
        await assertRaceOutcome(stores[0])
      } finally {
        await close()
      }
    })

    it('lets either complete or abort end an upload, once', async () => {
      const { stores, close } = await factory(raceTables, 16)
      try {
        for (let round = 0; round < 10; round++) {
          const id = `upload-${round}`
          await stores[0].commit({ writes: [{ put: raceUploads, record: { id, state: 'open' } }] })
          const ended = await Promise.all(
            Array.from({ length: 16 }, (_, i) =>
              endUpload(stores[i % stores.length] ?? stores[0], id, i % 2 ? 'complete' : 'abort'),
            ),
          )
          assert.equal(ended.filter(Boolean).length, 1)
        }
      } finally {
        await close()
      }
    })
  })
}
