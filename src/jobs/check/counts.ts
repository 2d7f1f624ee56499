/** Whether the count of every blob, small body and manifest is the number of references to it. */
import type { Core } from '../../buckets/core.ts'
import { blobsTable, bodiesTable, manifestsTable } from '../../buckets/tables.ts'
import { commitIfFirst, get, type Table, type Write } from '../../ports/meta-store.ts'
import { Balance } from './balance.ts'
import type { CheckRun } from './finding.ts'
import { allCounters, allReferences, nameOf } from './references.ts'

/** Wrong counters that are looked at in one check; what is beyond is found by the next. */
const lookedAtMax = 200_000

interface Counted {
  references: number
  /** Undefined: there is no such row. */
  refs: number | undefined
}

export async function checkCounts(core: Core, run: CheckRun): Promise<void> {
  const balance = new Balance()
  for await (const name of allReferences(core)) {
    balance.add(name, 1)
    run.compared()
  }
  for await (const [name, refs] of allCounters(core)) {
    balance.add(name, -refs)
    run.compared()
  }
  if (balance.even) return
  const wrong = await lookAgain(core, balance)
  const files = await filesOf(core, wrong)
  // What is missing first: whether bytes are lost decides what may be done about the others.
  const order = [...wrong].toSorted(
    ([, a], [, b]) => Number(b.refs === undefined) - Number(a.refs === undefined),
  )
  for (const [name, counted] of order) await tell(core, run, { name, counted, files })
}

/** The exact counts of what may be wrong. */
async function lookAgain(core: Core, balance: Balance): Promise<Map<string, Counted>> {
  const counts = new Map<string, Counted>()
  const entry = (name: string): Counted | undefined => {
    const known = counts.get(name)
    if (known !== undefined || counts.size >= lookedAtMax) return known
    const counted = { references: 0, refs: undefined }
    counts.set(name, counted)
    return counted
  }
  for await (const name of allReferences(core)) {
    const counted = balance.isOff(name) ? entry(name) : undefined
    if (counted !== undefined) counted.references += 1
  }
  for await (const [name, refs] of allCounters(core)) {
    const counted = balance.isOff(name) ? entry(name) : undefined
    if (counted !== undefined) counted.refs = refs
  }
  for (const [name, { references, refs }] of counts) if (references === refs) counts.delete(name)
  return counts
}

/** Sizes of the blobs that are there though their rows are not. */
async function filesOf(
  core: Core,
  wrong: ReadonlyMap<string, Counted>,
): Promise<ReadonlyMap<string, number>> {
  const files = new Map<string, number>()
  const rowless = [...wrong].some(([name, { refs }]) => refs === undefined && isBlob(name))
  if (!rowless) return files
  for await (const { id, size } of core.blobs.list()) {
    const name = nameOf(blobsTable.name, id)
    if (wrong.get(name)?.refs === undefined && wrong.has(name)) files.set(name, size)
  }
  return files
}

const isBlob = (name: string): boolean => name.startsWith(`${blobsTable.name}/`)

interface Wrong {
  readonly name: string
  readonly counted: Counted
  readonly files: ReadonlyMap<string, number>
}

async function tell(core: Core, run: CheckRun, { name, counted, files }: Wrong): Promise<void> {
  const { references, refs } = counted
  const slash = name.indexOf('/')
  const table = name.slice(0, slash)
  const id = name.slice(slash + 1)
  const write = await correction(core, { name, counted, files }, id)
  // What nobody refers to may be what somebody misses: it stays, with a count that keeps the sweep away.
  const kept = references === 0 && run.lostBytes
  const repaired =
    run.options.repair && !kept && write !== undefined && (await committed(core, write))
  const kinds: Readonly<Record<string, string>> = {
    blobs: 'blob',
    bodies: 'small body',
    manifests: 'manifest',
  }
  const kind = kinds[table] ?? table
  if (refs === undefined) {
    const what = `is referred to ${references} times, but the ${kind} has no row`
    run.find({ kind: write === undefined ? 'missing' : 'count', id, what, repaired })
  } else {
    const what = `is a ${kind} whose count is ${refs}, but ${references} refer to it`
    run.find({ kind: 'count', id, what, repaired })
  }
}

interface Correction {
  readonly write: Write
  readonly table: Table<object>
  readonly key: readonly (string | number)[]
  readonly revision: number | null
}

/** What puts the count right; undefined where that cannot be. */
async function correction(
  core: Core,
  { name, counted, files }: Wrong,
  id: string,
): Promise<Correction | undefined> {
  const { references } = counted
  if (name.startsWith(`${bodiesTable.name}/`)) {
    const key = [Number(id)]
    const { gets } = await core.store.read({ gets: [get(bodiesTable, key)] })
    const { record } = gets[0]
    if (record === undefined) return undefined
    const write =
      references === 0
        ? { remove: bodiesTable, key }
        : { put: bodiesTable, record: { ...record, refs: references } }
    return { write, table: bodiesTable, key, revision: record.revision }
  }
  const key = [id]
  if (!isBlob(name)) {
    const { gets } = await core.store.read({ gets: [get(manifestsTable, key)] })
    const { record } = gets[0]
    if (record === undefined) return undefined
    const write = { put: manifestsTable, record: { ...record, refs: references } }
    return { write, table: manifestsTable, key, revision: record.revision }
  }
  const { gets } = await core.store.read({ gets: [get(blobsTable, key)] })
  const { record } = gets[0]
  const size = record?.size ?? files.get(name)
  if (size === undefined) return undefined
  const row = { id, refs: references, size, condemned: null, orphan: 0 }
  return {
    write: { put: blobsTable, record: row },
    table: blobsTable,
    key,
    revision: record?.revision ?? null,
  }
}

async function committed(
  core: Core,
  { write, table, key, revision }: Correction,
): Promise<boolean> {
  const checks = [{ table, key, revision }]
  return await commitIfFirst(core.store, { checks, writes: [write] })
}
