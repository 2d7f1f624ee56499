/** A batch: checked and encoded when it is handed in, then judged and applied within a transaction. */
import type { SQLInputValue } from 'node:sqlite'
import { type Add, type Batch, batchMax, Conflict, type KeyValue } from '../../ports/meta-store.ts'
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

interface EncodedAdd extends Add {
  readonly statements: TableStatements
}

/** A batch whose values were checked and turned into what SQLite takes; nothing in it changes later. */
export interface EncodedBatch {
  readonly checks: readonly EncodedCheck[]
  readonly writes: readonly EncodedWrite[]
  readonly adds: readonly EncodedAdd[]
}

/** What an add leaves behind. */
interface Sum {
  readonly add: EncodedAdd
  readonly value: number
  readonly gone: boolean
}

/** Throws a TypeError or RangeError for a batch that no store could take. */
export function encodeBatch(tables: Tables, batch: Batch): EncodedBatch {
  const { checks = [], writes = [], adds = [] } = batch
  const size = checks.length + writes.length + adds.length
  if (size > batchMax)
    throw new RangeError(`a batch holds ${size} items, at most ${batchMax} are taken`)
  return {
    checks: checks.map(check => {
      const table = tables.of(check.table)
      if ('empty' in check) return { table, key: [...check.empty], revision: undefined }
      checkKey(table.layout, check.key)
      return { table, key: [...check.key], revision: check.revision }
    }),
    writes: writes.map(write => {
      if ('remove' in write) {
        const table = tables.of(write.remove)
        checkKey(table.layout, write.key)
        return { table, key: [...write.key], values: undefined, absent: false }
      }
      const table = tables.of(write.put)
      const values = encodeRecord(table.layout, write.record)
      const key = values.slice(0, table.layout.keyNames.length) as KeyValue[]
      return { table, key, values, absent: write.absent === true }
    }),
    adds: adds.map(add => {
      const statements = tables.of(add.table)
      checkKey(statements.layout, add.key)
      if (statements.layout.shape.columns[add.column] !== 'int' || !Number.isSafeInteger(add.delta))
        throw new TypeError(
          `${add.table.name}.${add.column}: only integers are added to integer columns`,
        )
      return { ...add, statements }
    }),
  }
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
    if (last !== undefined && key.every((value, i) => value === last.key[i])) return last.revision
    const revision = table.revision(key)
    this.#last.set(table, { key, revision })
    return revision
  }

  forget(table: TableStatements): void {
    this.#last.delete(table)
  }
}

function judgeChecks(checks: readonly EncodedCheck[], checked: Checked): Conflict | undefined {
  for (let i = 0; i < checks.length; i++) {
    const check = checks[i]
    if (check === undefined) continue
    const { table, key, revision } = check
    if (revision === undefined) {
      const found = table.firstAt(key)
      if (found !== undefined) return new Conflict('check', i, found)
    } else if (checked.revision(table, key) !== revision)
      return new Conflict('check', i, table.get(key))
  }
  return undefined
}

/** Adds up all adds of the batch, each seeing those before it, and writes nothing. */
function sumAdds(adds: readonly EncodedAdd[]): readonly Sum[] | Conflict {
  const sums: Sum[] = []
  // Columns as the adds before left them; undefined where one of them removed the record.
  const states = new Map<string, number | undefined>()
  for (let i = 0; i < adds.length; i++) {
    const add = adds[i]
    if (add === undefined) continue
    const { statements, key, column, delta } = add
    const { counter, name } = statements.layout.shape
    const record = adds.length === 1 ? '' : `${name}\0${key.join('\0')}`
    const read = (of: string): number | undefined => {
      const id = `${of}\0${record}`
      return states.has(id) ? states.get(id) : statements.number(of, key)
    }
    const before = read(column)
    const count = counter === undefined || counter.column === column ? before : read(counter.column)
    const value = (before ?? 0) + delta
    if (
      before === undefined ||
      (counter !== undefined && (count === undefined || count === 0)) ||
      value < (add.floor ?? 0) ||
      value > (add.ceiling ?? Number.MAX_SAFE_INTEGER)
    )
      return new Conflict('add', i, statements.get(key))
    const gone = counter?.column === column && counter.atZero === 'remove' && value === 0
    if (adds.length > 1) {
      states.set(`${column}\0${record}`, gone ? undefined : value)
      if (gone)
        for (const other of statements.layout.names) states.set(`${other}\0${record}`, undefined)
    }
    sums.push({ add, value, gone })
  }
  return sums
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
    for (const before of writes.slice(0, i)) if (before.absent) before.table.remove(before.key)
    return conflict
  }
  return undefined
}

/**
 * Judges the whole batch and only then writes, so that a batch that fails leaves nothing to undo.
 * Returns the Conflict, or undefined when all was written under the revision. Throws SQLite's errors.
 */
export function applyBatch(
  batch: EncodedBatch,
  revision: number,
  checked: Checked,
): Conflict | undefined {
  const conflict = judgeChecks(batch.checks, checked)
  if (conflict !== undefined) return conflict
  const sums = batch.adds.length === 0 ? [] : sumAdds(batch.adds)
  if (sums instanceof Conflict) return sums
  const taken = insertAbsent(batch.writes, revision, checked)
  if (taken !== undefined) return taken
  for (const { add, value, gone } of sums) {
    checked.forget(add.statements)
    if (gone) add.statements.remove(add.key)
    else add.statements.setNumber(add.column, value, revision, add.key)
  }
  for (const { table, key, values, absent } of batch.writes) {
    if (absent) continue
    checked.forget(table)
    if (values === undefined) table.remove(key)
    else {
      values[values.length - 1] = revision
      table.put(values)
    }
  }
  return undefined
}
