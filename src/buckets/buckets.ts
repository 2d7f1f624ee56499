/** Buckets by name: making, finding, listing and removing them, and the documents that hang on them. */
import { S3Error } from '../model/errors.ts'
import type { BucketInfo, Buckets, Keyspace } from '../ports/keyspace.ts'
import {
  type Batch,
  Conflict,
  get,
  type MetaStore,
  type Stored,
  scan,
} from '../ports/meta-store.ts'
import { attemptsMax, bucketCheck, type Core } from './core.ts'
import { noSuchBucket, PlainKeyspace } from './keyspace.ts'
import { successor } from './list.ts'
import { type BucketRecord, bucketsTable, objectsTable, versionsTable } from './tables.ts'

type Requests = { [M in keyof Buckets]: Parameters<Buckets[M]>[0] }

export class PlainBuckets implements Buckets {
  readonly core: Core
  /** By volume and name; served only while the store's generation stands. */
  readonly #known = new Map<string, { generation: number; bucket: BucketInfo }>()

  constructor(core: Core) {
    this.core = core
  }

  known(volume: string, name: string): BucketInfo | undefined {
    const known = this.#known.get(`${volume}/${name}`)
    if (known === undefined) return undefined
    const generation = this.core.store.generation(bucketsTable, [volume, name])
    return known.generation === generation ? known.bucket : undefined
  }

  async find(volume: string, name: string): Promise<BucketInfo> {
    const known = this.known(volume, name)
    if (known !== undefined) return known
    const { store } = this.core
    const id = `${volume}/${name}`
    const generation = store.generation(bucketsTable, [volume, name])
    const { gets } = await store.read({ gets: [get(bucketsTable, [volume, name])] })
    const bucket = gets[0].record
    if (bucket === undefined) {
      this.#known.delete(id)
      throw noSuchBucket(name)
    }
    if (this.#known.size >= knownMax) this.#known.clear()
    this.#known.set(id, { generation, bucket })
    return bucket
  }

  keyspace(bucket: BucketInfo): Keyspace {
    return new PlainKeyspace(this.core, bucket, this.#find)
  }

  readonly #find = (volume: string, name: string) => this.find(volume, name)

  async create(request: Requests['create']): Promise<BucketInfo> {
    const { volume, name, owner, region, settings } = request
    const { store, clock } = this.core
    const record: BucketRecord = {
      id: newBucketId(clock.now(), this.core.random(9)),
      volume,
      name,
      owner,
      region,
      created: clock.now(),
      versioning: 'off',
      settings,
    }
    for (let tries = 0; tries < attemptsMax; tries++) {
      try {
        const { revision } = await store.commit({
          checks: [{ table: bucketsTable, key: [volume, name], revision: null }],
          writes: [{ put: bucketsTable, record }],
        })
        return { ...record, revision }
      } catch (error) {
        if (!(error instanceof Conflict)) throw error
      }
      const { gets } = await store.read({ gets: [get(bucketsTable, [volume, name])] })
      // Without a record it was removed in between, and the name is free again.
      const there = gets[0].record
      if (there === undefined) continue
      throw new S3Error(there.owner === owner ? 'BucketAlreadyOwnedByYou' : 'BucketAlreadyExists', {
        BucketName: name,
      })
    }
    throw new S3Error('OperationAborted')
  }

  async remove(bucket: BucketInfo): Promise<void> {
    await this.#change(bucket, async current => {
      const at = [current.id]
      const { scans } = await this.core.store.read(
        {
          scans: [
            scan(objectsTable, { at, limit: 1, columns: [] }),
            scan(versionsTable, { at, limit: 1, columns: [] }),
          ],
        },
        { tentative: true },
      )
      if (scans[0].entries.length + scans[1].entries.length > 0) {
        throw new S3Error('BucketNotEmpty', { BucketName: bucket.name })
      }
      return {
        checks: [
          { table: objectsTable, empty: at },
          { table: versionsTable, empty: at },
        ],
        writes: [{ remove: bucketsTable, key: [bucket.volume, bucket.name] }],
      }
    })
  }

  async list(request: Requests['list']) {
    const { volume, owner, prefix, after, region, limit } = request
    const end = successor(prefix)
    const found: Stored<BucketRecord>[] = []
    let from = after
    for (;;) {
      const { scans } = await this.core.store.read({
        scans: [
          scan(bucketsTable, {
            index: 'buckets_by_owner',
            at: [volume, owner],
            limit: limit + 1,
            ...(prefix === '' ? {} : { from: [prefix] }),
            ...(from === '' ? {} : { after: [from] }),
            ...(end === undefined ? {} : { before: [end] }),
          }),
        ],
      })
      for (const entry of scans[0].entries) {
        if (typeof entry === 'string') continue
        from = entry.name
        if (region === undefined || entry.region === region) found.push(entry)
      }
      if (!scans[0].more || found.length > limit) break
    }
    return { buckets: found.slice(0, limit), more: found.length > limit }
  }

  async setVersioning(bucket: BucketInfo, versioning: 'Enabled' | 'Suspended'): Promise<void> {
    await this.#change(bucket, async current => ({
      writes: [{ put: bucketsTable, record: { ...current, versioning } }],
    }))
  }

  async setSetting(bucket: BucketInfo, name: string, value: unknown): Promise<void> {
    await this.#change(bucket, async current => {
      const { [name]: _, ...rest } = current.settings
      const settings = value === undefined ? rest : { ...rest, [name]: value }
      return { writes: [{ put: bucketsTable, record: { ...current, settings } }] }
    })
  }

  /** Decides on the bucket as it is now, commits on its revision, and decides again if it changed. */
  async #change(
    bucket: BucketInfo,
    decide: (current: BucketInfo) => Promise<Batch>,
  ): Promise<void> {
    const { store } = this.core
    for (let tries = 0; tries < attemptsMax; tries++) {
      const current = await this.find(bucket.volume, bucket.name)
      if (current.id !== bucket.id) throw noSuchBucket(bucket.name)
      const batch = await settled(store, () => decide(current))
      try {
        await store.commit({ ...batch, checks: [bucketCheck(current), ...(batch.checks ?? [])] })
        return
      } catch (error) {
        if (!(error instanceof Conflict)) throw error
      }
    }
    throw new S3Error('OperationAborted')
  }
}

const knownMax = 10_000

async function settled<T>(store: MetaStore, decide: () => Promise<T>): Promise<T> {
  try {
    return await decide()
  } catch (error) {
    await store.settle()
    throw error
  }
}

/** Ids sort by the time of their buckets, so that the rows of one bucket stand together and new ones at the end. */
function newBucketId(now: number, random: Uint8Array): string {
  return now.toString(36).padStart(9, '0') + Buffer.from(random).toString('base64url')
}
