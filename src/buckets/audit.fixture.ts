/** Walks all tables and says whether they agree: counters with references, heads with versions, rows with blobs. */
import assert from 'node:assert/strict'
import { silentLog } from '../ports/log.ts'
import { slicesOf } from './content.ts'
import { blobIds, day, type House, rowsOf } from './house.fixture.ts'
import { sweep, usualTimes } from './sweep.ts'
import {
  blobsTable,
  bodiesTable,
  endedTable,
  headsTable,
  manifestRowsTable,
  manifestsTable,
  type NoncurrentRecord,
  objectsTable,
  partsTable,
  renamesTable,
  type Slice,
  uploadsTable,
  type VersionRecord,
  versionsTable,
} from './tables.ts'

class Tally {
  readonly #counts = new Map<string, number>()
  add(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
  }
  addSlices(slices: readonly Slice[]): void {
    for (const { blob, body } of slices)
      this.add(blob === undefined ? `body ${body}` : `blob ${blob}`)
  }
  sorted(): Record<string, number> {
    return Object.fromEntries([...this.#counts].toSorted(([a], [b]) => (a < b ? -1 : 1)))
  }
}

/** Every counter is the number of references, and nothing that is referred to is missing. */
export async function auditReferences({ store, blobs }: House): Promise<void> {
  const expected = new Tally()
  const records: VersionRecord[] = [
    ...(await rowsOf(store, objectsTable)),
    ...(await rowsOf(store, versionsTable)),
  ]
  for (const record of records) {
    const slices = slicesOf(record)
    if (slices !== undefined) expected.addSlices(slices)
    else if (record.content !== null && 'manifest' in record.content) {
      expected.add(`manifest ${record.content.manifest}`)
    }
  }
  const taken = new Set<string>()
  for (const { manifest, parts } of await rowsOf(store, manifestRowsTable)) {
    for (const part of parts) {
      taken.add(`${manifest} ${part.number}`)
      expected.addSlices(part.slices)
    }
  }
  for (const part of await rowsOf(store, partsTable)) {
    // The manifest's reference and that of a row which is still to be cleared are one and the same.
    if (!taken.has(`${part.upload} ${part.number}`)) expected.addSlices(part.slices)
  }
  const counted: [string, number][] = []
  for (const { id, refs } of await rowsOf(store, bodiesTable)) counted.push([`body ${id}`, refs])
  for (const { id, refs } of await rowsOf(store, manifestsTable)) {
    if (refs > 0) counted.push([`manifest ${id}`, refs])
  }
  const rows = await rowsOf(store, blobsTable)
  for (const { id, refs } of rows) if (refs > 0) counted.push([`blob ${id}`, refs])
  const actual = Object.fromEntries(counted.toSorted(([a], [b]) => (a < b ? -1 : 1)))
  assert.deepEqual(actual, expected.sorted())
  const present = new Set(await blobIds(blobs))
  for (const { id, refs } of rows) if (refs > 0) assert.ok(present.has(id), `blob ${id} is gone`)
  const known = new Set(rows.map(row => row.id))
  for (const id of present) assert.ok(known.has(id), `blob ${id} has no row`)
}

/** Heads say what the versions are, and the current version is newer than the others. */
export async function auditHeads({ store }: House): Promise<void> {
  const objects = new Map<string, VersionRecord>()
  const name = (record: { bucket: string; key: string }) => `${record.bucket} ${record.key}`
  for (const record of await rowsOf(store, objectsTable)) objects.set(name(record), record)
  const noncurrent = Map.groupBy(await rowsOf(store, versionsTable), name)
  const heads = new Map((await rowsOf(store, headsTable)).map(head => [name(head), head]))
  for (const key of noncurrent.keys()) assert.ok(heads.has(key), `${key} has no head`)
  for (const [key, head] of heads) {
    const current = objects.get(key)
    const rest: readonly NoncurrentRecord[] = noncurrent.get(key) ?? []
    const newest = current ?? rest[0]
    assert.ok(newest !== undefined, `${key} has a head and nothing else`)
    assert.equal(head.newest, newest.version)
    assert.equal(head.marker, current === undefined ? 1 : 0)
    if (current === undefined) assert.equal(rest[0]?.marker, 1)
    for (const { version } of rest) assert.ok(current === undefined || current.version < version)
    const nulls = [...(current === undefined ? [] : [current]), ...rest].filter(r => r.isNull === 1)
    assert.ok(nulls.length <= 1, `${key} has ${nulls.length} null versions`)
    assert.equal(head.nullVersion, nulls[0]?.version ?? null)
  }
}

/** Sweeps until nothing is left to do, days later, and holds that exactly what is referred to is there. */
export async function auditAfterSweep(house: House): Promise<void> {
  const { core, store, blobs, clock } = house
  for (let round = 0; round < 4; round++) {
    clock.time += 10 * day
    await sweep(core, usualTimes, silentLog)
  }
  await auditReferences(house)
  const rows = await rowsOf(store, blobsTable)
  assert.deepEqual(
    rows.filter(row => row.refs === 0 && row.orphan === 0),
    [],
  )
  const referred = rows.filter(row => row.refs > 0).map(row => row.id)
  assert.deepEqual(await blobIds(blobs), referred.toSorted())
  const over = {
    uploads: await rowsOf(store, uploadsTable),
    parts: await rowsOf(store, partsTable),
  }
  assert.deepEqual(over, { uploads: [], parts: [] })
  assert.deepEqual(await rowsOf(store, endedTable), [])
  assert.deepEqual(await rowsOf(store, renamesTable), [])
  for (const { refs } of await rowsOf(store, manifestsTable)) assert.ok(refs > 0)
}
