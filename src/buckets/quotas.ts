/**
 * Setting quotas. What is in a bucket already is counted window by window of its keys, while others write: who writes a
 * key of the window adds to its shadow too, so that one look at both tells what was there when the window began. All of
 * that stands in the bucket's record, on which every write rests; whoever comes later goes on where another stopped.
 */
import { S3Error } from '../model/errors.ts'
import type { BucketInfo, Counting, Meter } from '../ports/keyspace.ts'
import {
  type Batch,
  Conflict,
  get,
  type Scanned,
  type Stored,
  scan,
  type Write,
} from '../ports/meta-store.ts'
import type { Quota, VolumeQuota } from '../ports/volumes.ts'
import { attemptsMax, bucketCheck, type Core } from './core.ts'
import { noSuchBucket } from './keyspace.ts'
import { compareKeys, usageAdd } from './meters.ts'
import {
  type BucketRecord,
  bucketsTable,
  objectsTable,
  usageTable,
  type VolumeRecord,
  versionsTable,
  volumesTable,
} from './tables.ts'
import { newScope, noSuchVolume, nothingUsed, volumeCheck, volumeScope } from './volume-records.ts'

const hasLimit = ({ bytes, objects }: Quota): boolean => bytes !== null || objects !== null

/** Sets or (no limit) takes away a bucket's own quota. Resolves when what is there is counted; with how many versions. */
export async function setBucketQuota(
  core: Core,
  bucket: BucketInfo,
  quota: Quota,
): Promise<number> {
  await changeMeters(core, bucket, async current => meterPlan(core, current, quota))
  return countBucket(core, bucket)
}

/**
 * Sets a volume's quota and resolves when all its buckets are counted, with how many versions were looked at. Throws
 * NoSuchVolume; OperationAborted when somebody else changes the quota meanwhile.
 */
export async function setVolumeQuota(
  core: Core,
  name: string,
  quota: VolumeQuota,
): Promise<number> {
  const { before, volume } = await changeVolume(core, name, quota)
  let counted = 0
  for await (const bucket of bucketsOf(core, name))
    counted += await bringInLine(core, bucket, volume)
  if (before !== null && before !== volume.meter) {
    await core.store.commit({ writes: [{ remove: usageTable, key: [before] }] })
  }
  return counted
}

/** Goes on with what was interrupted. Resolves with the number of versions that were looked at. */
export async function resumeQuotas(core: Core): Promise<number> {
  // In this order: of a count that no volume names any more, no bucket can come to name it afterwards.
  const left = await formerCounts(core)
  let counted = 0
  let volume: Stored<VolumeRecord> | undefined
  let name: string | undefined
  for await (const bucket of bucketsOf(core)) {
    // They come volume by volume. One that changes meanwhile is somebody else's to finish.
    if (bucket.volume !== name) {
      name = bucket.volume
      const { gets } = await core.store.read({ gets: [get(volumesTable, [name])] })
      volume = gets[0].record
    }
    try {
      if (volume !== undefined) counted += await bringInLine(core, bucket, volume)
    } catch (error) {
      // Somebody else is at it.
      if (!(error instanceof S3Error)) throw error
    }
    if (left.size === 0) continue
    const current = await currentOf(core, bucket)
    for (const { scope } of current?.meters ?? []) left.delete(scope)
  }
  const removals = [...left].map(scope => ({ remove: usageTable, key: [scope] }))
  if (removals.length > 0) await core.store.commit({ writes: removals })
  return counted
}

/** Counts of quotas of volumes that are not in force any more: whoever ended them may not have come to clear them. */
async function formerCounts(core: Core): Promise<Set<string>> {
  const left = new Set<string>()
  const { scans } = await core.store.read({
    scans: [scan(usageTable, { at: [], from: ['volume/'], before: ['volume0'], limit: 1000 })],
  })
  for (const entry of scans[0].entries) {
    if (typeof entry === 'string') continue
    const [, name = '', own] = entry.scope.split('/')
    if (own === undefined) continue
    const { gets } = await core.store.read({ gets: [get(volumesTable, [name])] })
    if (gets[0].record?.meter !== entry.scope) left.add(entry.scope)
  }
  return left
}

async function changeVolume(core: Core, name: string, quota: VolumeQuota) {
  const { store } = core
  for (let tries = 0; tries < attemptsMax; tries++) {
    const { gets } = await store.read({ gets: [get(volumesTable, [name])] })
    const current = gets[0].record
    if (current === undefined) throw noSuchVolume(name)
    const meter = hasLimit(quota) ? (current.meter ?? newScope(core, volumeScope(name))) : null
    const { revision: _, ...fields } = current
    const record: VolumeRecord = { ...fields, quota, meter }
    const writes: Write[] = [{ put: volumesTable, record }]
    if (meter !== null && current.meter === null) {
      writes.push({ put: usageTable, record: nothingUsed(meter) })
    }
    try {
      const { revision } = await store.commit({ checks: [volumeCheck(current)], writes })
      return { before: current.meter, volume: { ...record, revision } }
    } catch (error) {
      if (!(error instanceof Conflict)) throw error
    }
  }
  throw new S3Error('OperationAborted')
}

/** Makes a bucket's writes count for its volume as the volume's quota wants it. */
async function bringInLine(
  core: Core,
  bucket: BucketInfo,
  volume: Stored<VolumeRecord>,
): Promise<number> {
  if (bucket.link !== null && bucket.link !== undefined) return 0
  const { quota, meter } = volume
  const isRight = (one: Meter | undefined) =>
    meter === null
      ? one === undefined
      : one?.scope === meter && one.bytes === quota.bytes && one.objects === quota.objects
  const isCounting = (bucket.meters ?? []).some(({ counting }) => counting !== undefined)
  if (!isRight(meterOf(bucket, 'volume'))) {
    await changeMeters(core, bucket, async current => {
      const there = meterOf(current, 'volume')
      if (isRight(there)) return undefined
      const plan = await volumePlan(core, current, volume)
      return { ...plan, checks: [volumeCheck(volume), ...(plan.checks ?? [])] }
    })
  } else if (!isCounting) return 0
  return countBucket(core, bucket)
}

const meterOf = ({ meters }: BucketInfo, of: Meter['of']): Meter | undefined =>
  meters?.find(meter => meter.of === of)

async function volumePlan(core: Core, current: BucketInfo, volume: VolumeRecord): Promise<Batch> {
  const { meter: scope, quota } = volume
  const there = meterOf(current, 'volume')
  const others = (current.meters ?? []).filter(meter => meter !== there)
  const { bytes, objects } = quota
  if (scope === null) return batchOf(current, others, shadowRemovals(there))
  if (there?.scope === scope) return batchOf(current, [...others, { ...there, bytes, objects }], [])
  const counting = await firstWindow(core, current)
  return batchOf(
    current,
    [...others, { of: 'volume', scope, bytes, objects, counting }],
    [...shadowRemovals(there), { put: usageTable, record: nothingUsed(counting.shadow) }],
  )
}

async function meterPlan(core: Core, current: BucketInfo, quota: Quota): Promise<Batch> {
  const there = meterOf(current, 'bucket')
  const others = (current.meters ?? []).filter(meter => meter !== there)
  const { bytes, objects } = quota
  if (!hasLimit(quota)) {
    const gone = there === undefined ? [] : [{ remove: usageTable, key: [there.scope] }]
    return batchOf(current, others, [...gone, ...shadowRemovals(there)])
  }
  if (there !== undefined) return batchOf(current, [...others, { ...there, bytes, objects }], [])
  const scope = newScope(core, `bucket/${current.id}`)
  const counting = await firstWindow(core, current)
  return batchOf(
    current,
    [...others, { of: 'bucket', scope, bytes, objects, counting }],
    [
      { put: usageTable, record: nothingUsed(scope) },
      { put: usageTable, record: nothingUsed(counting.shadow) },
    ],
  )
}

const shadowRemovals = (meter: Meter | undefined): Write[] =>
  meter?.counting === undefined ? [] : [{ remove: usageTable, key: [meter.counting.shadow] }]

function batchOf(current: BucketInfo, meters: readonly Meter[], writes: readonly Write[]): Batch {
  const record = { ...current, meters: meters.length === 0 ? null : meters }
  return { writes: [{ put: bucketsTable, record }, ...writes] }
}

async function firstWindow(core: Core, bucket: BucketInfo): Promise<Counting> {
  return windowFrom(core, bucket, '')
}

/** The keys after this one that are looked at next. */
async function windowFrom(core: Core, { id }: BucketInfo, from: string): Promise<Counting> {
  const limit = core.thresholds.countedRows
  const bounds = { at: [id], from: [after(from)], limit, columns: [] }
  const { scans } = await core.store.read(
    { scans: [scan(objectsTable, bounds), scan(versionsTable, bounds)] },
    { tentative: true },
  )
  const ends = [lastKey(scans[0]), lastKey(scans[1])].filter(key => key !== undefined)
  const to = ends.toSorted(compareKeys)[0] ?? null
  return { from, to, shadow: newScope(core, `shadow/${id}`) }
}

/** Where a scan that ended early did so. */
function lastKey({ entries, more }: Scanned<{ readonly key: string }>): string | undefined {
  const last = entries.at(-1)
  return more && typeof last === 'object' ? last.key : undefined
}

/** The least text behind every key that is this one: no key has NUL. */
const after = (key: string): string => `${key}\u0001`

/** Counts for every meter that has not finished. Resolves with the number of versions that were looked at. */
async function countBucket(core: Core, bucket: BucketInfo): Promise<number> {
  let counted = 0
  let failed = 0
  for (;;) {
    const current = await currentOf(core, bucket)
    const meter = current?.meters?.find(({ counting }) => counting !== undefined)
    if (current === undefined || meter?.counting === undefined) return counted
    try {
      counted += await countWindow(core, current, meter, meter.counting)
      failed = 0
    } catch (error) {
      if (!(error instanceof Conflict)) throw error
      failed += 1
      if (failed === attemptsMax) throw new S3Error('OperationAborted')
    }
  }
}

async function countWindow(
  core: Core,
  current: Stored<BucketRecord>,
  meter: Meter,
  counting: Counting,
): Promise<number> {
  const { store } = core
  const next = counting.to === null ? undefined : await windowFrom(core, current, counting.to)
  const bounds = {
    at: [current.id],
    from: [after(counting.from)],
    ...(counting.to === null ? {} : { before: [after(counting.to)] }),
    limit: windowMax,
  }
  const { gets, scans } = await store.read({
    gets: [get(usageTable, [counting.shadow])],
    scans: [
      scan(objectsTable, { ...bounds, columns: ['size'] }),
      scan(versionsTable, { ...bounds, columns: ['size', 'marker'] }),
    ],
  })
  const changed = gets[0].record
  if (changed === undefined) return 0
  if (scans[0].more || scans[1].more) throw new Error('too many versions of one key to be counted')
  const found = [...sizesOf(scans[0].entries), ...sizesOf(scans[1].entries)]
  const bytes = found.reduce((sum, size) => sum + size, 0) - changed.bytes
  const objects = found.length - changed.objects
  const { counting: _, ...done } = meter
  const meters = (current.meters ?? []).map(one =>
    one !== meter ? one : next === undefined ? done : { ...done, counting: next },
  )
  await store.commit({
    checks: [bucketCheck(current)],
    adds: [
      usageAdd(meter.scope, 'bytes', bytes, null),
      usageAdd(meter.scope, 'objects', objects, null),
    ],
    writes: [
      { put: bucketsTable, record: { ...current, meters } },
      { remove: usageTable, key: [counting.shadow] },
      ...(next === undefined ? [] : [{ put: usageTable, record: nothingUsed(next.shadow) }]),
    ],
  })
  return found.length
}

/** Rows of a window, which may be more than were planned for: of a key with many versions, or of many new keys. */
const windowMax = 5_000_000

function sizesOf(
  entries: readonly (string | { readonly size: number; readonly marker?: number })[],
): number[] {
  return entries.flatMap(entry =>
    typeof entry === 'string' || entry.marker === 1 ? [] : [entry.size],
  )
}

async function currentOf(
  core: Core,
  bucket: BucketInfo,
): Promise<Stored<BucketRecord> | undefined> {
  const { volume, name, id } = bucket
  const { gets } = await core.store.read({ gets: [get(bucketsTable, [volume, name])] })
  const { record } = gets[0]
  return record?.id === id ? record : undefined
}

/** `undefined` from `plan`: there is nothing to do. */
async function changeMeters(
  core: Core,
  bucket: BucketInfo,
  plan: (current: BucketInfo) => Promise<Batch | undefined>,
): Promise<void> {
  for (let tries = 0; tries < attemptsMax; tries++) {
    const current = await currentOf(core, bucket)
    if (current === undefined) throw noSuchBucket(bucket.name)
    const batch = await plan(current)
    if (batch === undefined) return
    try {
      const checks = [bucketCheck(current), ...(batch.checks ?? [])]
      await core.store.commit({ ...batch, checks })
      return
    } catch (error) {
      if (!(error instanceof Conflict)) throw error
    }
  }
  throw new S3Error('OperationAborted')
}

/** Records of all buckets, or of those of one volume. */
async function* bucketsOf(core: Core, volume?: string): AsyncGenerator<Stored<BucketRecord>> {
  let from: readonly string[] | undefined
  for (;;) {
    const { scans } = await core.store.read({
      scans: [
        scan(bucketsTable, {
          at: volume === undefined ? [] : [volume],
          limit: 500,
          ...(from === undefined ? {} : { after: from }),
        }),
      ],
    })
    for (const entry of scans[0].entries) {
      if (typeof entry === 'string') continue
      from = volume === undefined ? [entry.volume, entry.name] : [entry.name]
      yield entry
    }
    if (!scans[0].more) return
  }
}
