/**
 * Counting for quotas what is in a bucket already, window by window, while others write: who writes something of the window
 * adds to its shadow too, so that one look at both tells what was there when the window began. All of that stands in the
 * bucket's record, on which every write rests; whoever comes later goes on where another stopped.
 */
import { S3Error } from '../model/errors.ts'
import type { BucketInfo, Counting, Meter } from '../ports/keyspace.ts'
import { Conflict, get, type Scanned, type Stored, scan } from '../ports/meta-store.ts'
import { currentOf } from './bucket-records.ts'
import { attemptsMax, bucketCheck, type Core } from './core.ts'
import { compareKeys, isLookedAt, usageAdd } from './meters.ts'
import {
  type BucketRecord,
  bucketsTable,
  objectsTable,
  uploadSizesTable,
  usageTable,
  versionsTable,
} from './tables.ts'
import { newScope, nothingUsed } from './volume-records.ts'

export async function firstWindow(core: Core, bucket: BucketInfo): Promise<Counting> {
  return windowFrom(core, bucket, { key: '' })
}

/** Where a window begins or ends: after a key, or after one of its versions. */
interface Edge {
  readonly key: string
  readonly version?: string | undefined
}

/** What is looked at after this. */
async function windowFrom(core: Core, { id }: BucketInfo, edge: Edge): Promise<Counting> {
  const limit = core.thresholds.countedRows
  const { keys, versions } = boundsBehind(edge)
  const rest = { at: [id], limit, columns: [] }
  const { scans } = await core.store.read(
    {
      scans: [
        scan(objectsTable, { ...rest, ...keys }),
        scan(uploadSizesTable, { ...rest, ...keys }),
        scan(versionsTable, { ...rest, ...versions }),
      ],
    },
    { tentative: true },
  )
  const [objects, uploads, noncurrent] = scans
  const version = lastOf(noncurrent)
  const ends: Edge[] = [lastOf(objects), lastOf(uploads)].flatMap(row =>
    row === undefined ? [] : [{ key: row.key }],
  )
  if (version !== undefined) ends.push({ key: version.key, version: version.version })
  const to = ends.toSorted(compareEdges)[0]
  const shadow = newScope(core, `shadow/${id}`)
  return {
    from: edge.key,
    ...(edge.version === undefined ? {} : { fromVersion: edge.version }),
    to: to?.key ?? null,
    ...(to?.version === undefined ? {} : { toVersion: to.version }),
    shadow,
  }
}

/** A key as a whole ends after all of its versions. */
function compareEdges(a: Edge, b: Edge): number {
  const order = compareKeys(a.key, b.key)
  if (order !== 0 || a.version === b.version) return order
  if (a.version === undefined) return 1
  return b.version === undefined || a.version < b.version ? -1 : 1
}

/** Where a scan that ended early did so. */
function lastOf<R extends { readonly key: string }>({ entries, more }: Scanned<R>): R | undefined {
  const last = entries.at(-1)
  return more && typeof last === 'object' ? last : undefined
}

/** The least text behind every other that begins with nothing less: none has NUL. */
const after = (text: string): string => `${text}\u0001`

/** Bounds of what stands behind an edge; those of keys take in the edge's key where some of it is left. */
function boundsBehind({ key, version }: Edge) {
  return version === undefined
    ? { keys: { from: [after(key)] }, versions: { from: [after(key)] } }
    : { keys: { from: [key] }, versions: { after: [key, version] } }
}

/** Bounds of a window. */
function boundsOf({ from, fromVersion, to, toVersion }: Counting) {
  const { keys, versions } = boundsBehind({ key: from, version: fromVersion })
  if (to === null) return { keys, versions }
  const before = { before: [after(to)] }
  const end = toVersion === undefined ? before : { before: [to, after(toVersion)] }
  return { keys: { ...keys, ...before }, versions: { ...versions, ...end } }
}

/** Counts for every meter that has not finished. Resolves with the number of versions that were looked at. */
export async function countBucket(core: Core, bucket: BucketInfo): Promise<number> {
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
  const { to, toVersion, shadow } = counting
  const next =
    to === null ? undefined : await windowFrom(core, current, { key: to, version: toVersion })
  const found = await lookAt(core, current, meter, counting)
  if (found === undefined) return 0
  const { counting: _, ...done } = meter
  const meters = (current.meters ?? []).map(one =>
    one !== meter ? one : next === undefined ? done : { ...done, counting: next },
  )
  await core.store.commit({
    checks: [bucketCheck(current)],
    adds: [
      usageAdd(meter.scope, 'bytes', found.bytes, null),
      usageAdd(meter.scope, 'objects', found.objects, null),
    ],
    writes: [
      { put: bucketsTable, record: { ...current, meters } },
      { remove: usageTable, key: [shadow] },
      ...(next === undefined ? [] : [{ put: usageTable, record: nothingUsed(next.shadow) }]),
    ],
  })
  return found.rows
}

/** Rows of a window, which are more than were planned for where many new ones came meanwhile. */
const windowMax = 5_000_000

/** What was in the window when it began. Undefined: somebody else has finished with it. */
async function lookAt(core: Core, { id }: BucketInfo, meter: Meter, counting: Counting) {
  const { keys, versions } = boundsOf(counting)
  const rest = { at: [id], limit: windowMax }
  const { gets, scans } = await core.store.read({
    gets: [get(usageTable, [counting.shadow])],
    scans: [
      scan(objectsTable, { ...rest, ...keys, columns: ['version', 'size', 'writer'] }),
      scan(versionsTable, { ...rest, ...versions, columns: ['size', 'marker', 'writer'] }),
      scan(uploadSizesTable, { ...rest, ...keys }),
    ],
  })
  const changed = gets[0].record
  if (changed === undefined) return undefined
  if (scans.some(({ more }) => more)) throw new Error('too much came at once to be counted')
  const isIts = ({ writer }: { readonly writer: string | null }) =>
    meter.user === undefined || writer === meter.user
  const found = [
    ...recordsOf(scans[0]).filter(record => isLookedAt(counting, record)),
    ...recordsOf(scans[1]).filter(({ marker }) => marker !== 1),
  ]
  const uploads = recordsOf(scans[2]).filter(({ key }) =>
    isLookedAt(counting, { key, version: '' }),
  )
  const own = found.filter(isIts)
  const bytes = sum(own.map(({ size }) => size)) + sum(uploads.filter(isIts).map(one => one.bytes))
  return {
    rows: found.length,
    bytes: bytes - changed.bytes,
    objects: own.length - changed.objects,
  }
}

const recordsOf = <R extends object>({ entries }: Scanned<R>): Stored<R>[] =>
  entries.filter(entry => typeof entry !== 'string')

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)
