/** Volumes: making, finding, listing and removing them. Whoever makes or removes a bucket rests on its volume's record. */
import { S3Error } from '../model/errors.ts'
import { Conflict, get, type MetaStore, type Stored, scan } from '../ports/meta-store.ts'
import {
  defaultVolume,
  type Usage,
  type VolumeInfo,
  type VolumeQuota,
  type Volumes,
} from '../ports/volumes.ts'
import { isBucketName } from '../rules/names.ts'
import { attemptsMax, type Core } from './core.ts'
import { KnownRecords } from './known-records.ts'
import { setVolumeQuota } from './quotas.ts'
import { bucketsTable, usageTable, type VolumeRecord, volumesTable } from './tables.ts'
import { newScope, noSuchVolume, nothingUsed, volumeCheck, volumeScope } from './volume-records.ts'

type Requests = { [M in keyof Volumes]: Parameters<Volumes[M]>[0] }

export const noQuota: VolumeQuota = { bytes: null, objects: null, buckets: null }

/** The configuration lets a volume's name be as long as a canonical id. */
const nameCharsMax = 64

export class PlainVolumes implements Volumes {
  readonly core: Core
  readonly #records: KnownRecords<VolumeRecord>

  constructor(core: Core) {
    this.core = core
    this.#records = new KnownRecords(core.store, volumesTable)
  }

  async find(name: string): Promise<Stored<VolumeRecord>> {
    const volume = await this.lookUp(name)
    if (volume === undefined) throw noSuchVolume(name)
    return volume
  }

  async lookUp(name: string): Promise<Stored<VolumeRecord> | undefined> {
    // What is no volume's name is not asked for, nor kept in memory.
    const isPossible = name.length <= nameCharsMax && !name.includes('\0')
    return isPossible ? this.#records.find(name) : undefined
  }

  async create(request: Requests['create']) {
    const { name, owner, quota = noQuota } = request
    if (!isBucketName(name)) throw new S3Error('InvalidVolumeName', { VolumeName: name })
    return this.#make(name, owner, quota)
  }

  async ensure(name: string, owner: string): Promise<void> {
    if ((await this.lookUp(name)) === undefined) await this.#make(name, owner, noQuota, true)
  }

  async #make(name: string, owner: string, quota: VolumeQuota, anyOwner = false) {
    const { store, clock } = this.core
    for (let tries = 0; tries < attemptsMax; tries++) {
      const there = await this.lookUp(name)
      if (there !== undefined) {
        if (there.owner === owner || anyOwner) return { volume: infoOf(there), created: false }
        throw new S3Error('VolumeAlreadyExists', { VolumeName: name })
      }
      const counted = quota.bytes !== null || quota.objects !== null
      const meter = counted ? newScope(this.core, volumeScope(name)) : null
      const record: VolumeRecord = { name, owner, created: clock.now(), quota, meter }
      // Buckets of a volume without a record are those of an older Moongate, or none.
      const buckets = await bucketCount(store, name)
      try {
        await store.commit({
          checks: [{ table: volumesTable, key: [name], revision: null }],
          writes: [
            { put: volumesTable, record },
            { put: usageTable, record: { ...nothingUsed(volumeScope(name)), buckets } },
            ...(meter === null ? [] : [{ put: usageTable, record: nothingUsed(meter) }]),
          ],
        })
        return { volume: infoOf(record), created: true }
      } catch (error) {
        if (!(error instanceof Conflict)) throw error
      }
    }
    throw new S3Error('OperationAborted')
  }

  async list({ owner, after, limit }: Requests['list']) {
    const bounds = { limit, ...(after === '' ? {} : { after: [after] }) }
    const { scans } = await this.core.store.read({
      scans: [
        owner === undefined
          ? scan(volumesTable, { at: [], ...bounds })
          : scan(volumesTable, { index: 'volumes_by_owner', at: [owner], ...bounds }),
      ],
    })
    const { entries, more } = scans[0]
    return { volumes: entries.filter(entry => typeof entry !== 'string').map(infoOf), more }
  }

  async remove(name: string): Promise<void> {
    const { store } = this.core
    if (name === defaultVolume) {
      throw new S3Error('AccessDenied', { VolumeName: name }, `The volume ${name} stays.`)
    }
    for (let tries = 0; tries < attemptsMax; tries++) {
      const volume = await this.find(name)
      if ((await bucketCount(store, name, 1)) > 0) {
        throw new S3Error('VolumeNotEmpty', { VolumeName: name })
      }
      const scopes = [volumeScope(name), ...(volume.meter === null ? [] : [volume.meter])]
      try {
        await store.commit({
          checks: [volumeCheck(volume), { table: bucketsTable, empty: [name] }],
          writes: [
            { remove: volumesTable, key: [name] },
            ...scopes.map(scope => ({ remove: usageTable, key: [scope] })),
          ],
        })
        return
      } catch (error) {
        if (!(error instanceof Conflict)) throw error
      }
    }
    throw new S3Error('OperationAborted')
  }

  async setQuota(name: string, quota: VolumeQuota): Promise<{ readonly counted: number }> {
    return { counted: await setVolumeQuota(this.core, name, quota) }
  }

  async usage(name: string): Promise<Usage> {
    const { meter } = await this.find(name)
    const scopes = [volumeScope(name), meter ?? volumeScope(name)]
    const { gets } = await this.core.store.read({
      gets: scopes.map(scope => get(usageTable, [scope])),
    })
    const counted = meter === null ? undefined : gets[1]?.record
    return {
      bytes: counted?.bytes,
      objects: counted?.objects,
      buckets: gets[0]?.record?.buckets ?? 0,
    }
  }
}

async function bucketCount(store: MetaStore, volume: string, limit = 10_000_000): Promise<number> {
  const { scans } = await store.read({
    scans: [scan(bucketsTable, { at: [volume], limit, columns: [] })],
  })
  return scans[0].entries.length
}

function infoOf({ name, owner, created, quota }: VolumeRecord): VolumeInfo {
  return { name, owner, created, quota }
}
