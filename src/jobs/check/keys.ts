/** Every key of every bucket once, with all its versions: their bytes, and whether the key's head agrees with them. */
import type { Core } from '../../buckets/core.ts'
import { compareNames } from '../../buckets/list.ts'
import {
  type HeadRecord,
  headsTable,
  type NoncurrentRecord,
  objectsTable,
  type VersionRecord,
  versionsTable,
} from '../../buckets/tables.ts'
import { commitIfFirst, type Stored } from '../../ports/meta-store.ts'
import { recordsOf } from '../../ports/records.ts'
import { Lanes } from '../lanes.ts'
import { faultOfVersion } from './bytes.ts'
import { Cursor } from './cursor.ts'
import type { CheckRun } from './finding.ts'

/** Objects read at once: as many as there are MD5s computed at once. */
const lanesWidth = 4

interface Keyed {
  readonly bucket: string
  readonly key: string
}

/** What a key has, as far as its head must know. */
interface KeyVersions extends Keyed {
  readonly current: Stored<VersionRecord> | undefined
  readonly head: Stored<HeadRecord> | undefined
  /** The newest of the noncurrent ones. */
  readonly newest: Stored<NoncurrentRecord> | undefined
  readonly nullVersion: string | null
  readonly nulls: number
}

/** Says how much there is to read, for the progress. */
export async function measure(core: Core, run: CheckRun): Promise<void> {
  const at = run.options.bucket === undefined ? [] : [run.options.bucket]
  for await (const { size } of recordsOf(core.store, objectsTable, { at, columns: ['size'] }))
    run.expect(size)
  const columns = ['size', 'marker']
  for await (const { size, marker } of recordsOf(core.store, versionsTable, { at, columns }))
    if (marker === 0) run.expect(size)
}

export async function checkKeys(core: Core, run: CheckRun): Promise<void> {
  const at = run.options.bucket === undefined ? [] : [run.options.bucket]
  const cursors = {
    objects: new Cursor(recordsOf(core.store, objectsTable, { at })),
    versions: new Cursor(recordsOf(core.store, versionsTable, { at })),
    heads: new Cursor(recordsOf(core.store, headsTable, { at })),
  }
  const lanes = new Lanes(lanesWidth)
  for (;;) {
    const found = await nextKey(core, run, cursors, lanes)
    if (found === undefined) break
    if (!run.names.has(found.bucket)) {
      run.find({ ...named(run, found), kind: 'row', what: 'is in no bucket', repaired: false })
    } else await checkHead(core, run, found)
  }
  await lanes.idle()
}

interface Cursors {
  readonly objects: Cursor<VersionRecord>
  readonly versions: Cursor<NoncurrentRecord>
  readonly heads: Cursor<HeadRecord>
}

const sameKey = (a: Keyed, b: Keyed): boolean => a.key === b.key && a.bucket === b.bucket

function least(keys: readonly (Keyed | undefined)[]): Keyed | undefined {
  let first: Keyed | undefined
  for (const key of keys) {
    if (key === undefined) continue
    if (first === undefined || isBefore(key, first)) first = key
  }
  return first
}

function isBefore(a: Keyed, b: Keyed): boolean {
  if (a.bucket !== b.bucket) return compareNames(a.bucket, b.bucket) < 0
  return compareNames(a.key, b.key) < 0
}

/** Takes all that belongs to the next key from the three tables, and has the bytes of its versions read. */
async function nextKey(
  core: Core,
  run: CheckRun,
  { objects, versions, heads }: Cursors,
  lanes: Lanes,
): Promise<KeyVersions | undefined> {
  const object = await objects.peek()
  const head = await heads.peek()
  const next = least([object, await versions.peek(), head])
  if (next === undefined) return undefined
  const { bucket, key } = next
  const current = object !== undefined && sameKey(object, next) ? object : undefined
  if (current !== undefined) {
    objects.take()
    await lanes.run(() => checkVersion(core, run, current))
  }
  const ownHead = head !== undefined && sameKey(head, next) ? head : undefined
  if (ownHead !== undefined) heads.take()
  let newest: Stored<NoncurrentRecord> | undefined
  let nullVersion = current?.isNull === 1 ? current.version : null
  let nulls = current?.isNull === 1 ? 1 : 0
  for (;;) {
    const version = await versions.peek()
    if (version === undefined || !sameKey(version, next)) break
    versions.take()
    newest ??= version
    if (version.isNull === 1) {
      nullVersion ??= version.version
      nulls += 1
    }
    if (version.marker === 0) await lanes.run(() => checkVersion(core, run, version))
  }
  return { bucket, key, current, head: ownHead, newest, nullVersion, nulls }
}

const named = (run: CheckRun, { bucket, key }: Keyed) => ({
  bucket: run.names.get(bucket) ?? bucket,
  key,
})

async function checkVersion(core: Core, run: CheckRun, record: VersionRecord): Promise<void> {
  const fault = await faultOfVersion(core, record)
  run.done(record.size)
  if (fault === undefined) return
  const versionId = record.version === '' ? undefined : record.version
  run.find({ ...named(run, record), versionId, ...fault, repaired: false })
}

/** The head that a key should have; undefined for none. */
function properHead(versions: KeyVersions): Omit<HeadRecord, 'bucket' | 'key'> | undefined {
  const { current, newest, nullVersion } = versions
  // What was written before the bucket had versioning has no head until the next write.
  if (current !== undefined)
    return current.version === '' ? undefined : { newest: current.version, marker: 0, nullVersion }
  return newest && { newest: newest.version, marker: newest.marker, nullVersion }
}

/** What no head can put right; undefined if there is nothing. */
function disorder({ current, newest, nulls }: KeyVersions): string | undefined {
  if (nulls > 1) return 'has more than one null version'
  if (newest === undefined) return undefined
  if (current === undefined)
    return newest.marker === 1 ? undefined : 'has versions of which none is the current one'
  if (current.version === '') return 'has versions, but the current one has no id'
  return newest.version <= current.version ? 'has a version newer than the current one' : undefined
}

async function checkHead(core: Core, run: CheckRun, versions: KeyVersions): Promise<void> {
  const what = disorder(versions)
  if (what !== undefined) {
    run.find({ ...named(run, versions), kind: 'row', what, repaired: false })
    return
  }
  const { bucket, key, head } = versions
  const proper = properHead(versions)
  if (
    head?.newest === proper?.newest &&
    head?.marker === proper?.marker &&
    head?.nullVersion === proper?.nullVersion
  )
    return
  const repaired = run.options.repair && (await repairHead(core, versions, proper))
  run.find({
    ...named(run, { bucket, key }),
    kind: 'head',
    what: 'has a head that does not agree with its versions',
    repaired,
  })
}

async function repairHead(
  core: Core,
  { bucket, key, head }: KeyVersions,
  proper: Omit<HeadRecord, 'bucket' | 'key'> | undefined,
): Promise<boolean> {
  const at = [bucket, key]
  const write =
    proper === undefined
      ? { remove: headsTable, key: at }
      : { put: headsTable, record: { bucket, key, ...proper } }
  return await commitIfFirst(core.store, {
    checks: [{ table: headsTable, key: at, revision: head?.revision ?? null }],
    writes: [write],
  })
}
