/** Setting quotas, and making the writes of buckets count for them. */
import { S3Error } from '../model/errors.ts'
import { type BucketInfo, isLink, type Meter } from '../ports/keyspace.ts'
import {
  type Batch,
  type Check,
  Conflict,
  get,
  type Stored,
  type Write,
} from '../ports/meta-store.ts'
import type { OwnerLimits } from '../ports/owners.ts'
import { recordsOf } from '../ports/records.ts'
import { hasLimit, type Quota, type VolumeQuota } from '../ports/volumes.ts'
import { bucketsOf, currentOf } from './bucket-records.ts'
import { attemptsMax, bucketCheck, type Core } from './core.ts'
import { countBucket, firstWindow } from './counting.ts'
import { noSuchBucket } from './keyspace.ts'
import { countOwned, ownedLimit, resumeOwned } from './owned-buckets.ts'
import { isNamedBy, ownerCheck, ownerMeters, ownerScope } from './owner-records.ts'
import {
  bucketsTable,
  type OwnerRecord,
  ownersTable,
  usageTable,
  type VolumeRecord,
  volumesTable,
} from './tables.ts'
import {
  newScope,
  noSuchVolume,
  nothingUsed,
  volumeCheck,
  volumeMeters,
  volumeScope,
} from './volume-records.ts'

/** Sets or (no limit) takes away a bucket's own quota. Resolves when what is there is counted; with how many versions. */
export async function setBucketQuota(
  core: Core,
  bucket: BucketInfo,
  quota: Quota,
): Promise<number> {
  const isThere = await changeMeters(core, bucket, current => bucketPlan(core, current, quota))
  if (!isThere) throw noSuchBucket(bucket.name)
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
  const { before, volume } = await decided(() => changeVolume(core, name, quota))
  const source = volumeSource(volume)
  let counted = 0
  for await (const bucket of bucketsOf(core, name))
    counted += await bringInLine(core, bucket, source)
  if (before !== null && before !== volume.meter) await forget(core, [before])
  return counted
}

/** The same for all buckets of an account, or for what one user writes there. */
export async function setOwnerQuota(
  core: Core,
  whose: { readonly account: string; readonly user: string | null },
  quota: OwnerLimits,
): Promise<number> {
  const { account, user } = whose
  const { before, owner } = await decided(() => changeOwner(core, account, user, quota))
  const source = ownerSource(account, owner)
  let counted = 0
  for await (const bucket of bucketsOf(core))
    if (bucket.owner === account) counted += await bringInLine(core, bucket, source)
  if (before !== undefined && !isNamedBy(owner, before)) await forget(core, [before])
  // Last, because it changes the owner's record, on which all of the above rests.
  if (owner?.buckets?.counted === false) await countOwned(core, account)
  return counted
}

async function forget(core: Core, scopes: readonly string[]): Promise<void> {
  const writes = scopes.map(scope => ({ remove: usageTable, key: [scope] }))
  if (writes.length > 0) await core.store.commit({ writes })
}

/** Goes on with what was interrupted. Resolves with the number of versions that were looked at. */
export async function resumeQuotas(core: Core): Promise<number> {
  // In this order: of a count that no record names any more, no bucket can come to name it afterwards.
  const left = await formerCounts(core)
  await resumeOwned(core)
  let counted = 0
  let last: { volume: string; owner: string; sources: readonly QuotaSource[] } | undefined
  for await (const bucket of bucketsOf(core)) {
    const { volume, owner } = bucket
    // They come volume by volume. One that changes meanwhile is somebody else's to finish.
    if (last?.volume !== volume || last.owner !== owner)
      last = { volume, owner, sources: await sourcesOf(core, bucket) }
    try {
      for (const source of last.sources) counted += await bringInLine(core, bucket, source)
    } catch (error) {
      // Somebody else is at it.
      if (!(error instanceof S3Error)) throw error
    }
    if (left.size === 0) continue
    const current = await currentOf(core, bucket)
    for (const { scope } of current?.meters ?? []) left.delete(scope)
  }
  await forget(core, [...left])
  return counted
}

/** Counts of quotas that are not in force any more: whoever ended them may not have come to clear them. */
async function formerCounts(core: Core): Promise<Set<string>> {
  const left = new Set<string>()
  for (const kind of ['volume', 'owner']) {
    const bounds = { from: [`${kind}/`], before: [`${kind}0`], columns: [] }
    for await (const { scope } of recordsOf(core.store, usageTable, bounds)) {
      const [, name = '', own] = scope.split('/')
      if (own !== undefined && !(await isNamed(core, kind, name, scope))) left.add(scope)
    }
  }
  return left
}

async function isNamed(core: Core, kind: string, name: string, scope: string): Promise<boolean> {
  const { gets } = await core.store.read({
    gets: [get(volumesTable, [name]), get(ownersTable, [name])],
  })
  return kind === 'volume' ? gets[0].record?.meter === scope : isNamedBy(gets[1].record, scope)
}

/** Decides and commits again where somebody else was faster. */
async function decided<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 0; tries < attemptsMax; tries++) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof Conflict)) throw error
    }
  }
  throw new S3Error('OperationAborted')
}

async function changeVolume(core: Core, name: string, quota: VolumeQuota) {
  const { store } = core
  const { gets } = await store.read({ gets: [get(volumesTable, [name])] })
  const current = gets[0].record
  if (current === undefined) throw noSuchVolume(name)
  const meter = hasLimit(quota) ? (current.meter ?? newScope(core, volumeScope(name))) : null
  const { revision: _, ...fields } = current
  const record: VolumeRecord = { ...fields, quota, meter }
  const writes: Write[] = [{ put: volumesTable, record }]
  if (meter !== null && current.meter === null)
    writes.push({ put: usageTable, record: nothingUsed(meter) })
  const { revision } = await store.commit({ checks: [volumeCheck(current)], writes })
  return { before: current.meter, volume: { ...record, revision } }
}

async function changeOwner(core: Core, account: string, user: string | null, quota: OwnerLimits) {
  const { store } = core
  const { gets } = await store.read({ gets: [get(ownersTable, [account])] })
  const current = gets[0].record
  const quotas = current?.quotas ?? []
  const there = quotas.find(one => one.user === user)
  const others = quotas.filter(one => one !== there)
  const before = there?.scope
  const formerly = current?.buckets ?? null
  const buckets = user === null ? ownedLimit(core, account, formerly, quota) : formerly
  const isLess = buckets === null && formerly !== null
  if (!hasLimit(quota) && there === undefined && buckets === null && !isLess)
    return { before, owner: current }
  const checks = [ownerCheck(account, current)]
  const { bytes, objects } = quota
  const scope = before ?? newScope(core, ownerScope(account))
  const record: OwnerRecord = {
    account,
    quotas: hasLimit(quota) ? [...others, { user, scope, bytes, objects }] : others,
    buckets,
  }
  // Whoever makes or deletes a bucket rests on the record, so nobody adds to it afterwards.
  const writes: Write[] = isLess ? [{ remove: usageTable, key: [formerly.scope] }] : []
  if (record.quotas.length === 0 && buckets === null) {
    await store.commit({ checks, writes: [...writes, { remove: ownersTable, key: [account] }] })
    return { before, owner: undefined }
  }
  writes.push({ put: ownersTable, record })
  if (buckets !== null && formerly === null)
    writes.push({ put: usageTable, record: nothingUsed(buckets.scope) })
  if (there === undefined && hasLimit(quota))
    writes.push({ put: usageTable, record: nothingUsed(scope) })
  const { revision } = await store.commit({ checks, writes })
  return { before, owner: { ...record, revision } }
}

/** A record that says what writes of a bucket are to count for. */
interface QuotaSource {
  /** It speaks of these meters only. */
  readonly of: readonly Meter['of'][]
  readonly meters: readonly Meter[]
  /** It still says so. */
  readonly check: Check
}

const volumeSource = (volume: Stored<VolumeRecord>): QuotaSource => ({
  of: ['volume'],
  meters: volumeMeters(volume),
  check: volumeCheck(volume),
})

const ownerSource = (account: string, owner: Stored<OwnerRecord> | undefined): QuotaSource => ({
  of: ['account', 'user'],
  meters: ownerMeters(owner),
  check: ownerCheck(account, owner),
})

async function sourcesOf(
  core: Core,
  { volume, owner }: BucketInfo,
): Promise<readonly QuotaSource[]> {
  const { gets } = await core.store.read({
    gets: [get(volumesTable, [volume]), get(ownersTable, [owner])],
  })
  const { record } = gets[0]
  const ofOwner = ownerSource(owner, gets[1].record)
  return record === undefined ? [ofOwner] : [volumeSource(record), ofOwner]
}

/** Makes a bucket's writes count as the record wants it. */
async function bringInLine(core: Core, bucket: BucketInfo, source: QuotaSource): Promise<number> {
  if (isLink(bucket)) return 0
  if (!isInLine(bucket, source)) {
    await changeMeters(core, bucket, async current =>
      isInLine(current, source) ? undefined : sourcePlan(core, current, source),
    )
  } else if ((bucket.meters ?? []).every(({ counting }) => counting === undefined)) return 0
  return countBucket(core, bucket)
}

const metersOf = (bucket: BucketInfo, { of }: Pick<QuotaSource, 'of'>): readonly Meter[] =>
  (bucket.meters ?? []).filter(meter => of.includes(meter.of))

function isInLine(bucket: BucketInfo, source: QuotaSource): boolean {
  const there = new Map(metersOf(bucket, source).map(meter => [meter.scope, meter]))
  if (there.size !== source.meters.length) return false
  return source.meters.every(({ scope, bytes, objects }) => {
    const meter = there.get(scope)
    return meter !== undefined && meter.bytes === bytes && meter.objects === objects
  })
}

async function sourcePlan(core: Core, current: BucketInfo, source: QuotaSource): Promise<Batch> {
  const there = metersOf(current, source)
  const meters = (current.meters ?? []).filter(meter => !there.includes(meter))
  const gone = there.filter(({ scope }) => source.meters.every(wanted => wanted.scope !== scope))
  const writes = gone.flatMap(shadowRemovals)
  for (const wanted of source.meters) {
    const before = there.find(({ scope }) => scope === wanted.scope)
    if (before !== undefined) meters.push({ ...before, ...wanted })
    else {
      const counting = await firstWindow(core, current)
      meters.push({ ...wanted, counting })
      writes.push({ put: usageTable, record: nothingUsed(counting.shadow) })
    }
  }
  return { ...batchOf(current, meters, writes), checks: [source.check] }
}

async function bucketPlan(core: Core, current: BucketInfo, quota: Quota): Promise<Batch> {
  const [there] = metersOf(current, { of: ['bucket'] })
  const others = (current.meters ?? []).filter(meter => meter !== there)
  const { bytes, objects } = quota
  if (!hasLimit(quota)) {
    const gone =
      there === undefined
        ? []
        : [{ remove: usageTable, key: [there.scope] }, ...shadowRemovals(there)]
    return batchOf(current, others, gone)
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

const shadowRemovals = ({ counting }: Meter): Write[] =>
  counting === undefined ? [] : [{ remove: usageTable, key: [counting.shadow] }]

function batchOf(current: BucketInfo, meters: readonly Meter[], writes: readonly Write[]): Batch {
  const record = { ...current, meters: meters.length === 0 ? null : meters }
  return { writes: [{ put: bucketsTable, record }, ...writes] }
}

/** `undefined` from `plan`: there is nothing to do. Resolves with whether the bucket is still there. */
async function changeMeters(
  core: Core,
  bucket: BucketInfo,
  plan: (current: BucketInfo) => Promise<Batch | undefined>,
): Promise<boolean> {
  return decided(async () => {
    const current = await currentOf(core, bucket)
    if (current === undefined) return false
    const batch = await plan(current)
    if (batch === undefined) return true
    const checks = [bucketCheck(current), ...(batch.checks ?? [])]
    await core.store.commit({ ...batch, checks })
    return true
  })
}
