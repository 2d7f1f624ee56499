/** What a write adds to the counts that quotas are held against. A bucket without a quota has no meters and touches none. */
import { S3Error } from '../model/errors.ts'
import type { BucketInfo, Counting, Meter } from '../ports/keyspace.ts'
import { type Add, type Batch, Conflict, type MetaStore } from '../ports/meta-store.ts'
import { QuotaExceeded } from '../ports/quota-exceeded.ts'
import { usageTable } from './tables.ts'

/** Where something stands among what is counted: versions of a key in the order of their ids, uploads before all of them. */
export interface Position {
  readonly key: string
  /** Empty: an upload under way, or a version from before versioning, which until it is given an id is its key's only one. */
  readonly version: string
}

/** What a write of one key changes. */
export interface Change extends Position {
  readonly bytes: number
  /** Versions, delete markers not among them. */
  readonly objects: number
  /** Id of the user whose it is. */
  readonly writer: string | null
}

export const isMetered = ({ meters }: BucketInfo): boolean =>
  meters !== null && meters !== undefined

/** Whether it is counted, or in the window that is being counted. */
export function isBegun({ to, toVersion }: Counting, { key, version }: Position): boolean {
  if (to === null) return true
  const order = compareKeys(key, to)
  return order < 0 || (order === 0 && (toVersion === undefined || version <= toVersion))
}

/** Whether it is in the window. */
export function isLookedAt(counting: Counting, position: Position): boolean {
  if (!isBegun(counting, position)) return false
  const { from, fromVersion } = counting
  const order = compareKeys(position.key, from)
  return order > 0 || (order === 0 && fromVersion !== undefined && position.version > fromVersion)
}

/** Order of the store: by UTF-8 bytes. */
export const compareKeys = (a: string, b: string): number =>
  Buffer.compare(Buffer.from(a), Buffer.from(b))

/** The adds of a batch that makes these changes in the bucket: what is left of them all, so that a ceiling is judged once. */
export function meterAdds({ meters }: BucketInfo, changes: readonly Change[]): Add[] {
  const adds: Add[] = []
  for (const meter of meters ?? []) {
    const { counting, user } = meter
    const own = user === undefined ? changes : changes.filter(({ writer }) => writer === user)
    if (counting === undefined) addTo(adds, meter, own)
    else {
      addTo(
        adds,
        meter,
        own.filter(change => isBegun(counting, change)),
      )
      const shadowed = own.filter(change => isLookedAt(counting, change))
      addTo(adds, { scope: counting.shadow, bytes: null, objects: null }, shadowed)
    }
  }
  return adds
}

function addTo(
  adds: Add[],
  meter: Pick<Meter, 'scope' | 'bytes' | 'objects'>,
  changes: readonly Change[],
): void {
  for (const column of ['bytes', 'objects'] as const) {
    const delta = changes.reduce((sum, change) => sum + change[column], 0)
    if (delta !== 0) adds.push(usageAdd(meter.scope, column, delta, meter[column]))
  }
}

/**
 * What makes room is never refused, also when there is more than the quota allows; a count may be below zero while
 * what was there before is being counted.
 */
export function usageAdd(
  scope: string,
  column: 'bytes' | 'objects',
  delta: number,
  ceiling: number | null,
): Add {
  const add = { table: usageTable, key: [scope], column, delta, floor: Number.MIN_SAFE_INTEGER }
  return ceiling === null || delta < 0 ? add : { ...add, ceiling }
}

/**
 * Throws QuotaExceeded where a commit was refused because of a ceiling. A row that is not there is no ceiling: the
 * bucket's record has changed.
 */
export async function requireQuota(
  store: MetaStore,
  bucket: BucketInfo,
  { adds = [] }: Batch,
  conflict: Conflict,
): Promise<void> {
  if (conflict.kind !== 'add' || conflict.current === undefined) return
  const add = adds[conflict.index]
  if (add?.table !== usageTable) return
  await store.settle()
  const { owner, volume } = bucket
  const meter = bucket.meters?.find(({ scope }) => scope === add.key[0])
  const what = add.column === 'bytes' ? 'bytes' : 'objects'
  if (meter === undefined || add.ceiling === undefined) throw new S3Error('QuotaExceeded')
  throw new QuotaExceeded({ of: meter.of, what, most: add.ceiling, owner }, volume)
}
