/** Buckets by name: making, finding, listing and removing them, and the documents that hang on them. */
import { S3Error } from '../model/errors.ts'
import {
  type BucketInfo,
  type Buckets,
  isLink,
  type Keyspace,
  type Meter,
  type Resolved,
} from '../ports/keyspace.ts'
import {
  type Batch,
  Conflict,
  get,
  type MetaStore,
  type Stored,
  scan,
} from '../ports/meta-store.ts'
import { QuotaExceeded } from '../ports/quota-exceeded.ts'
import type { Quota } from '../ports/volumes.ts'
import { attemptsMax, bucketCheck, type Core } from './core.ts'
import { noSuchBucket, PlainKeyspace } from './keyspace.ts'
import { successor } from './list.ts'
import { isMetered } from './meters.ts'
import { ownedBucketAdds, ownerCheck, ownerMeters } from './owner-records.ts'
import { PlainOwners } from './owners.ts'
import { setBucketQuota } from './quotas.ts'
import {
  type BucketRecord,
  bucketsTable,
  type OwnerRecord,
  objectsTable,
  uploadsTable,
  usageTable,
  type VolumeRecord,
  versionsTable,
} from './tables.ts'
import { abortUploadsIn } from './upload-sizes.ts'
import { bucketAdd, noSuchVolume, volumeCheck, volumeMeters } from './volume-records.ts'
import { PlainVolumes } from './volumes.ts'

type Requests = { [M in Exclude<keyof Buckets, 'volumes' | 'owners'>]: Parameters<Buckets[M]>[0] }

/** So many links may follow each other. */
const linksMax = 16

const noLinks: readonly BucketInfo[] = []

interface Known extends Resolved {
  readonly generation: number
  /** The generation at present. */
  now(): number
}

export class PlainBuckets implements Buckets {
  readonly core: Core
  readonly volumes: PlainVolumes
  readonly owners: PlainOwners
  /** By volume and name; served only while the store's generation stands. */
  readonly #known = new Map<string, Known>()

  constructor(core: Core) {
    this.core = core
    this.volumes = new PlainVolumes(core)
    this.owners = new PlainOwners(core)
  }

  known(volume: string, name: string): BucketInfo | undefined {
    return this.#fresh(volume, name)?.bucket
  }

  #fresh(volume: string, name: string): Known | undefined {
    const known = this.#known.get(`${volume}/${name}`)
    return known === undefined || known.now() !== known.generation ? undefined : known
  }

  resolved(volume: string, name: string): Resolved | undefined {
    const known = this.#fresh(volume, name)
    return known === undefined || isLink(known.bucket) ? undefined : known
  }

  async resolve(volume: string, name: string): Promise<Resolved> {
    let bucket = await this.find(volume, name)
    if (!isLink(bucket)) return { bucket, via: noLinks }
    const via: BucketInfo[] = []
    for (let steps = 0; steps < linksMax; steps++) {
      const { link } = bucket
      if (link === null || link === undefined) return { bucket, via }
      via.push(bucket)
      // The name that was asked for is the one that is told: what stands behind a link is nobody's business.
      bucket = await this.find(link.volume, link.name).catch((error: unknown) => {
        throw isMissing(error) ? noSuchBucket(name) : error
      })
      if (via.some(({ id }) => id === bucket.id)) break
    }
    throw new S3Error('TooManyLinks', { BucketName: name })
  }

  async find(volume: string, name: string): Promise<BucketInfo> {
    const known = this.known(volume, name)
    if (known !== undefined) return known
    const { store } = this.core
    const id = `${volume}/${name}`
    const now = store.watch(bucketsTable, [volume, name])
    const generation = now()
    const { gets } = await store.read({ gets: [get(bucketsTable, [volume, name])] })
    const bucket = gets[0].record
    if (bucket === undefined) {
      this.#known.delete(id)
      throw noSuchBucket(name)
    }
    if (this.#known.size >= knownMax) this.#known.clear()
    this.#known.set(id, { generation, now, bucket, via: noLinks })
    return bucket
  }

  keyspace(bucket: BucketInfo): Keyspace {
    return new PlainKeyspace(this.core, bucket, this.#find)
  }

  readonly #find = (volume: string, name: string) => this.find(volume, name)

  async create(request: Requests['create']): Promise<BucketInfo> {
    const { volume, name, owner, region, settings, link, inOtherVolume = false } = request
    const { store, clock } = this.core
    for (let tries = 0; tries < attemptsMax; tries++) {
      const within = await this.#volumeOf(volume, owner, inOtherVolume)
      const quotas = await this.owners.find(owner)
      const record: BucketRecord = {
        id: newBucketId(clock.now(), this.core.random(9)),
        volume,
        name,
        owner,
        region,
        created: clock.now(),
        versioning: 'off',
        settings,
        link: link ?? null,
        meters: link === undefined ? metersOf(within, quotas) : null,
      }
      let conflict: Conflict
      try {
        const { revision } = await store.commit({
          checks: [
            { table: bucketsTable, key: [volume, name], revision: null },
            volumeCheck(within),
            ownerCheck(owner, quotas),
          ],
          writes: [{ put: bucketsTable, record }],
          adds: [bucketAdd(within, 1), ...ownedBucketAdds(quotas, 1)],
        })
        return { ...record, revision }
      } catch (error) {
        if (!(error instanceof Conflict)) throw error
        conflict = error
      }
      const { gets } = await store.read({ gets: [get(bucketsTable, [volume, name])] })
      const there = gets[0].record
      if (there !== undefined) {
        const code = there.owner === owner ? 'BucketAlreadyOwnedByYou' : 'BucketAlreadyExists'
        throw new S3Error(code, { BucketName: name })
      }
      if (conflict.kind === 'add' && conflict.current !== undefined)
        throw tooMany(conflict, within, quotas, owner)
      // It was removed in between and the name is free again, or the volume changed.
    }
    throw new S3Error('OperationAborted')
  }

  async #volumeOf(name: string, owner: string, mustExist: boolean): Promise<Stored<VolumeRecord>> {
    const volume = await this.volumes.lookUp(name)
    if (volume !== undefined) return volume
    if (mustExist) throw noSuchVolume(name)
    await this.volumes.ensure(name, owner)
    return await this.volumes.find(name)
  }

  async remove(bucket: BucketInfo): Promise<void> {
    await this.#change(bucket, async current => {
      const at = [current.id]
      const [{ scans }, volume, quotas] = await Promise.all([
        this.core.store.read(
          {
            scans: [
              scan(objectsTable, { at, limit: 1, columns: [] }),
              scan(versionsTable, { at, limit: 1, columns: [] }),
            ],
          },
          { tentative: true },
        ),
        this.#volumeOf(bucket.volume, bucket.owner, false),
        this.owners.find(bucket.owner),
      ])
      if (scans[0].entries.length + scans[1].entries.length > 0) {
        throw new S3Error('BucketNotEmpty', { BucketName: bucket.name })
      }
      const metered = isMetered(current)
      if (metered) await abortUploadsIn(this.core, current)
      return {
        checks: [
          { table: objectsTable, empty: at },
          { table: versionsTable, empty: at },
          ...(metered ? [{ table: uploadsTable, empty: at }] : []),
          volumeCheck(volume),
          ownerCheck(bucket.owner, quotas),
        ],
        writes: [
          { remove: bucketsTable, key: [bucket.volume, bucket.name] },
          ...ownScopes(current).map(scope => ({ remove: usageTable, key: [scope] })),
        ],
        adds: [bucketAdd(volume, -1), ...ownedBucketAdds(quotas, -1)],
      }
    })
  }

  async list(request: Requests['list']) {
    const { volume, owner, prefix, after, region, limit } = request
    const end = successor(prefix)
    const at =
      owner === undefined ? { at: [volume] } : { index: 'buckets_by_owner', at: [volume, owner] }
    const found: Stored<BucketRecord>[] = []
    let from = after
    for (;;) {
      const { scans } = await this.core.store.read({
        scans: [
          scan(bucketsTable, {
            ...at,
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

  setSetting(bucket: BucketInfo, name: string, value: unknown): Promise<void> {
    return this.setSettings(bucket, { [name]: value })
  }

  async setSettings(bucket: BucketInfo, changes: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#change(bucket, async current => {
      const all = Object.entries({ ...current.settings, ...changes })
      const settings = Object.fromEntries(all.filter(([, value]) => value !== undefined))
      return { writes: [{ put: bucketsTable, record: { ...current, settings } }] }
    })
  }

  async setQuota(bucket: BucketInfo, quota: Quota): Promise<{ readonly counted: number }> {
    return { counted: await setBucketQuota(this.core, bucket, quota) }
  }

  async usage(bucket: BucketInfo): ReturnType<Buckets['usage']> {
    const meter = (bucket.meters ?? []).find(({ of }) => of === 'bucket')
    if (meter === undefined) return undefined
    const { gets } = await this.core.store.read({ gets: [get(usageTable, [meter.scope])] })
    const { bytes = 0, objects = 0 } = gets[0].record ?? {}
    const quota = { bytes: meter.bytes, objects: meter.objects }
    return { bytes, objects, quota, counting: meter.counting !== undefined }
  }

  /** Decides on the bucket as it is now, commits on its revision, and decides again if it changed. */
  async #change(
    bucket: BucketInfo,
    decide: (current: BucketInfo) => Promise<Batch>,
  ): Promise<void> {
    const { store, queue } = this.core
    const id = `bucket ${bucket.id}`
    let release = queue.contended(id) ? await queue.enter(id) : undefined
    try {
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
        // Objects that are written meanwhile move nothing here: only changes of the bucket meet, as in `attempt`.
        release ??= await queue.enter(id)
        if (tries > 0) await this.core.wait(Math.random() * 2 ** tries)
      }
    } finally {
      release?.()
    }
    throw new S3Error('OperationAborted')
  }
}

const knownMax = 10_000

const isMissing = (error: unknown): boolean =>
  error instanceof S3Error && error.code === 'NoSuchBucket'

/** What the writes of a new bucket add to: nothing is in it, so nothing is to be counted first. */
function metersOf(volume: VolumeRecord, owner: OwnerRecord | undefined): readonly Meter[] | null {
  const meters = [...volumeMeters(volume), ...ownerMeters(owner)]
  return meters.length === 0 ? null : meters
}

/** The volume's add comes first. */
function tooMany(
  { index }: Conflict,
  { name, quota }: VolumeRecord,
  record: OwnerRecord | undefined,
  owner: string,
): S3Error {
  const of = index === 0 ? 'volume' : 'account'
  const most = (index === 0 ? quota.buckets : record?.buckets?.most) ?? 0
  return new QuotaExceeded({ of, what: 'buckets', most, owner }, name)
}

/** Rows that go with the bucket. */
function ownScopes({ meters }: BucketInfo): string[] {
  return (meters ?? []).flatMap(({ of, scope, counting }) => [
    ...(of === 'bucket' ? [scope] : []),
    ...(counting === undefined ? [] : [counting.shadow]),
  ])
}

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
