/** Records of volumes and of what is counted, as batches rest on them and write them. */
import { S3Error } from '../model/errors.ts'
import type { Meter } from '../ports/keyspace.ts'
import type { Add, Check, Stored } from '../ports/meta-store.ts'
import type { Core } from './core.ts'
import { type UsageRecord, usageTable, type VolumeRecord, volumesTable } from './tables.ts'

/** The row that counts a volume's buckets. */
export const volumeScope = (name: string): string => `volume/${name}`

/** A row for a count that begins: never one that was there before, which late writers may still add to. */
export const newScope = (core: Core, under: string): string =>
  `${under}/${Buffer.from(core.random(9)).toString('base64url')}`

export const nothingUsed = (scope: string): UsageRecord => ({
  scope,
  bytes: 0,
  objects: 0,
  buckets: 0,
})

export const noSuchVolume = (name: string): S3Error =>
  new S3Error('NoSuchVolume', { VolumeName: name })

/** The check of whoever makes or removes a bucket: the volume is still there, with the quota that was read. */
export const volumeCheck = (volume: Stored<VolumeRecord>): Check => ({
  table: volumesTable,
  key: [volume.name],
  revision: volume.revision,
})

/** What the writes of a bucket of this volume add to. */
export const volumeMeters = ({ meter, quota }: VolumeRecord): readonly Meter[] =>
  meter === null ? [] : [{ of: 'volume', scope: meter, bytes: quota.bytes, objects: quota.objects }]

/** One bucket more or less in a volume. */
export function bucketAdd(volume: VolumeRecord, delta: 1 | -1): Add {
  const { buckets } = volume.quota
  return {
    table: usageTable,
    key: [volumeScope(volume.name)],
    column: 'buckets',
    delta,
    ...(delta > 0 && buckets !== null ? { ceiling: buckets } : {}),
  }
}
