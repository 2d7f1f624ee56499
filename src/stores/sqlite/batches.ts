/** A batch: checked and encoded when it is handed in, then judged and applied within a transaction. */
import type { SQLInputValue } from 'node:sqlite'
import {
  type Add,
  type Batch,
  batchMax,
  type Check,
  Conflict,
  type KeyValue,
  type Write,
} from '../../ports/meta-store.ts'
import { checkKey, encodeRecord } from './layout.ts'
import type { TableStatements, Tables } from './tables.ts'

interface EncodedCheck {
  readonly table: TableStatements
  readonly key: readonly KeyValue[]
  /** A number, null for absent, undefined for an empty range. */
  readonly revision: number | null | undefined
}

interface EncodedWrite {
  readonly table: TableStatements
  readonly key: readonly KeyValue[]
  /** Undefined removes. */
  readonly values: SQLInputValue[] | undefined
  /** Nothing may stand there before. */
  readonly absent: boolean
}

interface EncodedAdd extends Pick<Add, 'key' | 'column' | 'delta' | 'floor' | 'ceiling'> {
  readonly statements: TableStatements
}

/** A check that needs no statement of its own, as the write of the same record makes it. */
interface Riding {
  readonly check: number
  readonly write: EncodedWrite
  /** A number, null for absent. */
  readonly expected: number | null
}

/** A batch whose values were checked and turned into what SQLite takes; nothing in it changes later. */
export interface EncodedBatch {
  readonly checks: readonly EncodedCheck[]
  readonly writes: readonly EncodedWrite[]
  readonly adds: readonly EncodedAdd[]
  readonly riding: Riding | undefined
}

/** What an add leaves behind. */
interface Sum {
  readonly add: EncodedAdd
  readonly value: number
  readonly gone: boolean
}

const none: readonly never[] = []
/** The one add of the batch is made already. */
const dropped: readonly never[] = []

/** Throws a TypeError or RangeError for a batch that no store could take. */
export function encodeBatch(tables: Tables, batch: Batch): EncodedBatch {
  const { checks = none, writes = none, adds = none } = batch
  const size = checks.length + writes.length + adds.length
  if (size > batchMax)
    throw new RangeError(`a batch holds ${size} items, at most ${batchMax} are taken`)
  const encoded = {
    checks: checks.map(check => encodeCheck(tables, check)),
    writes: writes.map(write => encodeWrite(tables, write)),
    adds: adds.length === 0 ? none : adds.map(add => encodeAdd(tables, add)),
  }
  const { checks: c, writes: w, adds: a } = encoded
  return { checks: c, writes: w, adds: a, riding: ridingOf(c, w, a) }
}

function encodeCheck(tables: Tables, check: Check): EncodedCheck {
  const table = tables.of(check.table)
  if ('empty' in check) return { table, key: check.empty.slice(), revision: undefined }
  checkKey(table.layout, check.key)
  return { table, key: check.key.slice(), revision: check.revision }
}

function encodeWrite(tables: Tables, write: Write): EncodedWrite {
  if ('remove' in write) {
    const table = tables.of(write.remove)
    checkKey(table.layout, write.key)
    return { table, key: write.key.slice(), values: undefined, absent: false }
  }
  const table = tables.of(write.put)
  const values = encodeRecord(table.layout, write.record)
  const key = values.slice(0, table.layout.keyNames.length) as KeyValue[]
  return { table, key, values, absent: write.absent === true }
}

function encodeAdd(tables: Tables, add: Add): EncodedAdd {
  const { key, column, delta, floor, ceiling } = add
  const statements = tables.of(add.table)
  checkKey(statements.layout, key)
  if (statements.layout.shape.columns[column] !== 'int' || !Number.isSafeInteger(delta))
    throw new TypeError(`${add.table.name}.${column}: only integers are added to integer columns`)
  return {
    statements,
    key: key.slice(),
    column,
    delta,
    ...(floor === undefined ? undefined : { floor }),
    ...(ceiling === undefined ? undefined : { ceiling }),
  }
}

function sameKey(a: readonly KeyValue[], b: readonly KeyValue[]): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return a.length === b.length
}

/**
 * The one write that may make a check itself. It is made before what only writes, so that little is to be taken back when it
 * fails: so nothing else of the batch may touch its table.
 */
function ridingOf(
  checks: readonly EncodedCheck[],
  writes: readonly EncodedWrite[],
  adds: readonly EncodedAdd[],
): Riding | undefined {
  for (const write of writes) {
    const { table, key, values, absent } = write
    const index = onlyOf(table, checks)
    const check = checks[index]
    if (check === undefined || absent || onlyOf(table, writes) < 0 || isAddedTo(table, adds))
      continue
    const { revision: expected } = check
    if (expected === undefined || (expected === null && values === undefined)) continue
    if (sameKey(check.key, key)) return { check: index, write, expected }
  }
  return undefined
}

/** Where the one item of that table is; -1 where there are several, or none. */
function onlyOf(table: TableStatements, items: readonly { readonly table: TableStatements }[]) {
  let found = -1
  for (let i = 0; i < items.length; i++) {
    if (items[i]?.table !== table) continue
    if (found >= 0) return -1
    found = i
  }
  return found
}

function isAddedTo(table: TableStatements, adds: readonly EncodedAdd[]): boolean {
  for (const add of adds) if (add.statements === table) return true
  return false
}

/** Bytes of `bytes` columns that the batch brings in. */
export function carriedBytes({ writes }: EncodedBatch): number {
  let sum = 0
  for (const { values = [] } of writes)
    for (const value of values) if (value instanceof Uint8Array) sum += value.byteLength
  return sum
}

/**
 * The revision of the record that was checked last in each table, within one transaction: the batches of a group mostly
 * check the same bucket. A write to the table ends it.
 */
export class Checked {
  readonly #last = new Map<
    TableStatements,
    { readonly key: readonly KeyValue[]; readonly revision: number | null }
  >()

  revision(table: TableStatements, key: readonly KeyValue[]): number | null {
    const last = this.#last.get(table)
    if (last !== undefined && sameKey(key, last.key)) return last.revision
    const revision = table.revision(key)
    this.#last.set(table, { key, revision })
    return revision
  }

  forget(table: TableStatements): void {
    this.#last.delete(table)
  }
}

/** Judges all checks but the one that rides on a write. */
function judgeChecks(
  checks: readonly EncodedCheck[],
  checked: Checked,
  riding: Riding | undefined,
): Conflict | undefined {
  for (let i = 0; i < checks.length; i++) {
    const check = checks[i]
    if (check === undefined || i === riding?.check) continue
    const { table, key, revision } = check
    if (revision === undefined) {
      const found = table.firstAt(key)
      if (found !== undefined) return new Conflict('check', i, found)
    } else if (checked.revision(table, key) !== revision)
      return new Conflict('check', i, table.get(key))
  }
  return undefined
}

/** Columns as the adds before left them, by column and record; undefined where one of them removed the record. */
class States {
  readonly #numbers = new Map<string, number | undefined>()

  read({ statements, key }: EncodedAdd, column: string): number | undefined {
    const id = stateId(statements, key, column)
    return this.#numbers.has(id) ? this.#numbers.get(id) : statements.number(column, key)
  }

  note({ add: { statements, key, column }, value, gone }: Sum): void {
    this.#numbers.set(stateId(statements, key, column), value)
    if (!gone) return
    for (const name of statements.layout.names)
      this.#numbers.set(stateId(statements, key, name), undefined)
  }
}

function stateId({ layout }: TableStatements, key: readonly KeyValue[], column: string): string {
  return `${column}\0${layout.shape.name}\0${key.join('\0')}`
}

/** Adds up all adds of the batch, each seeing those before it, and writes nothing. */
function sumAdds(adds: readonly EncodedAdd[]): readonly Sum[] | Conflict {
  if (adds.length === 0) return none
  const sums: Sum[] = []
  // A single add, as most batches have, sees what the database says.
  const states = adds.length === 1 ? undefined : new States()
  for (let i = 0; i < adds.length; i++) {
    const add = adds[i]
    if (add === undefined) continue
    const sum = sumOf(add, states)
    if (sum === undefined) return new Conflict('add', i, add.statements.get(add.key))
    states?.note(sum)
    sums.push(sum)
  }
  return sums
}

/** Undefined where nothing may be added. */
function sumOf(add: EncodedAdd, states: States | undefined): Sum | undefined {
  const { statements, key, column, delta } = add
  const { counter } = statements.layout.shape
  const read = (of: string) =>
    states === undefined ? statements.number(of, key) : states.read(add, of)
  const before = read(column)
  if (before === undefined) return undefined
  if (counter !== undefined) {
    const count = counter.column === column ? before : read(counter.column)
    if (count === undefined || count === 0) return undefined
  }
  const value = before + delta
  if (value < (add.floor ?? 0) || value > (add.ceiling ?? Number.MAX_SAFE_INTEGER)) return undefined
  const gone = counter?.column === column && counter.atZero === 'remove' && value === 0
  return { add, value, gone }
}

function judge(
  { checks, adds }: EncodedBatch,
  checked: Checked,
  riding: Riding | undefined,
): readonly Sum[] | Conflict {
  return judgeChecks(checks, checked, riding) ?? sumAdds(adds)
}

/**
 * As {@link judge} for a batch that was decided on within this transaction, so that what its one write rests on stands: a record
 * whose last reference goes is removed at once, in one statement.
 */
function judgeDecided(batch: EncodedBatch, checked: Checked): readonly Sum[] | Conflict {
  const conflict = judgeChecks(batch.checks, checked, batch.riding)
  if (conflict !== undefined) return conflict
  const [add] = batch.adds
  if (batch.adds.length !== 1 || add === undefined || !dropLast(add)) return sumAdds(batch.adds)
  checked.forget(add.statements)
  return dropped
}

/** False where this is not the record's last reference, and nothing was done. */
function dropLast({ statements, key, column, delta, floor = 0 }: EncodedAdd): boolean {
  const { counter } = statements.layout.shape
  const ends = counter?.column === column && counter.atZero === 'remove' && delta < 0 && floor <= 0
  return ends && statements.removeCounted(key, column, -delta)
}

/** Writes what is to be absent; where something stands already, what was written is taken back. */
function insertAbsent(
  writes: readonly EncodedWrite[],
  revision: number,
  checked: Checked,
): Conflict | undefined {
  for (let i = 0; i < writes.length; i++) {
    const write = writes[i]
    if (write?.values === undefined || !write.absent) continue
    const { table, key, values } = write
    values[values.length - 1] = revision
    if (table.insert(values)) {
      checked.forget(table)
      continue
    }
    const conflict = new Conflict('write', i, table.get(key))
    takeBack(writes.slice(0, i))
    return conflict
  }
  return undefined
}

function takeBack(writes: readonly EncodedWrite[]): void {
  for (const { table, key, absent } of writes) if (absent) table.remove(key)
}

/** Makes the check and the write that are one. False, and nothing written, where the check fails. */
function writeRiding({ write, expected }: Riding, revision: number): boolean {
  const { table, key, values } = write
  if (values === undefined) return table.removeAt(key, expected ?? 0)
  values[values.length - 1] = revision
  return expected === null ? table.insert(values) : table.replace(values, expected)
}

/** Writes what may still be refused, and takes it back when something is. */
function writeRefusable(
  { writes, riding }: EncodedBatch,
  revision: number,
  checked: Checked,
): Conflict | undefined {
  const taken = insertAbsent(writes, revision, checked)
  if (taken !== undefined || riding === undefined || writeRiding(riding, revision)) return taken
  takeBack(writes)
  const { table, key } = riding.write
  return new Conflict('check', riding.check, table.get(key))
}

/** Of all that fails in a batch what is told: the first check, else the first add, else what was to be absent. */
function firstOf(batch: EncodedBatch, checked: Checked, found: Conflict): Conflict {
  if (batch.riding === undefined) return found
  const first = judge(batch, checked, undefined)
  return first instanceof Conflict ? first : found
}

/**
 * Judges the whole batch and only then writes, so that a batch that fails leaves next to nothing to undo.
 * Returns the Conflict, or undefined when all was written under the revision. Throws SQLite's errors, and a Conflict where the
 * transaction must be rolled back for it. `decided`: the batch rests on what was read within this transaction.
 */
export function applyBatch(
  batch: EncodedBatch,
  revision: number,
  checked: Checked,
  decided = false,
): Conflict | undefined {
  const { riding, writes } = batch
  const sums = decided ? judgeDecided(batch, checked) : judge(batch, checked, riding)
  if (sums instanceof Conflict) return firstOf(batch, checked, sums)
  const refused = writeRefusable(batch, revision, checked)
  if (refused !== undefined) {
    // What was dropped only the whole transaction can take back.
    if (sums === dropped) throw refused
    return firstOf(batch, checked, refused)
  }
  for (const { add, value, gone } of sums) {
    checked.forget(add.statements)
    if (gone) add.statements.remove(add.key)
    else add.statements.setNumber(add.column, value, revision, add.key)
  }
  for (const write of writes) {
    const { table, key, values, absent } = write
    checked.forget(table)
    if (absent || write === riding?.write) continue
    if (values === undefined) table.remove(key)
    else {
      values[values.length - 1] = revision
      table.put(values)
    }
  }
  return undefined
}
