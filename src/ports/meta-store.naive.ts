/** A MetaStore's semantics in the plainest words, arrays and sorting: what adapters are compared with in tests. */
import type {
  Add,
  Batch,
  KeyValue,
  Scan,
  Scanned,
  Stored,
  TableShape,
  Write,
} from './meta-store.ts'

type Fields = Readonly<Record<string, unknown>>

function compareValues(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)))
}

/** Compares the values both have; zero when one begins with the other. */
function comparePrefix(a: readonly unknown[], b: readonly unknown[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = compareValues(a[i], b[i])
    if (order !== 0) return order
  }
  return 0
}

export class NaiveMetaStore {
  #tables = new Map<string, Fields[]>()
  #revision = 0

  rows(table: TableShape): readonly Fields[] {
    return this.#tables.get(table.name) ?? []
  }

  get(table: TableShape, key: readonly KeyValue[]): Fields | undefined {
    return this.rows(table).find(row => comparePrefix(keyOf(table, row), key) === 0)
  }

  /** 'check N', 'add N' or 'write N' when that one fails, undefined when the batch was applied. */
  commit({ checks = [], writes = [], adds = [] }: Batch): string | undefined {
    for (const [i, check] of checks.entries()) {
      if ('empty' in check) {
        const found = this.rows(check.table).some(
          row => comparePrefix(keyOf(check.table, row), check.empty) === 0,
        )
        if (found) return `check ${i}`
      } else if ((this.get(check.table, check.key)?.['revision'] ?? null) !== check.revision)
        return `check ${i}`
    }
    for (const [i, write] of writes.entries()) {
      if (!('put' in write) || write.absent !== true) continue
      const key = keyOf(write.put, write.record as Fields)
      if (this.get(write.put, key) !== undefined) return `write ${i}`
    }
    const before = new Map([...this.#tables].map(([name, rows]) => [name, [...rows]]))
    this.#revision += 1
    for (const [i, add] of adds.entries()) {
      if (!this.#add(add)) {
        this.#tables = before
        return `add ${i}`
      }
    }
    for (const write of writes) this.#write(write)
    return undefined
  }

  #add({ table, key, column, delta, floor = 0, ceiling = Infinity }: Add): boolean {
    const row = this.get(table, key)
    if (row === undefined) return false
    const { counter } = table
    if (counter !== undefined && row[counter.column] === 0) return false
    const value = Number(row[column] ?? 0) + delta
    if (value < floor || value > ceiling) return false
    if (counter?.column === column && counter.atZero === 'remove' && value === 0)
      this.#write({ remove: table, key })
    else this.#write({ put: table, record: { ...row, [column]: value } })
    return true
  }

  #write(write: Write): void {
    const table = 'put' in write ? write.put : write.remove
    const key = 'put' in write ? keyOf(table, write.record as Fields) : write.key
    const rows = this.rows(table).filter(row => comparePrefix(keyOf(table, row), key) !== 0)
    if ('put' in write) {
      const record = write.record as Fields
      const names = [...Object.keys(table.key), ...Object.keys(table.columns)]
      const row = Object.fromEntries(names.map(name => [name, record[name] ?? null]))
      rows.push({ ...row, revision: this.#revision })
    }
    rows.sort((a, b) => comparePrefix(keyOf(table, a), keyOf(table, b)))
    this.#tables.set(table.name, rows)
  }

  scan(scan: Scan): Scanned<object> {
    const { table, at, limit } = scan
    const { columns, rows } = this.#ordered(scan)
    const rest = (row: Fields) => columns.slice(at.length).map(name => row[name])
    const within = rows.filter(row => {
      const leading = columns.slice(0, at.length).map(name => row[name])
      const own = rest(row)
      return (
        comparePrefix(leading, at) === 0 &&
        (scan.from === undefined || comparePrefix(own, scan.from) >= 0) &&
        (scan.after === undefined || comparePrefix(own, scan.after) > 0) &&
        (scan.before === undefined || comparePrefix(own, scan.before) < 0)
      )
    })
    if (scan.reverse === true) within.reverse()
    const entries: (Stored<object> | string)[] = []
    for (const row of within) {
      const group = groupOf(String(rest(row)[0]), scan)
      if (group === undefined) entries.push(projected(table, row, scan.columns))
      else if (!entries.includes(group)) entries.push(group)
    }
    return { entries: entries.slice(0, limit), more: entries.length > limit }
  }

  #ordered({ table, index }: Scan): { columns: readonly string[]; rows: readonly Fields[] } {
    const keyNames = Object.keys(table.key)
    const found = table.indexes?.find(({ name }) => name === index)
    if (found === undefined) return { columns: keyNames, rows: this.rows(table) }
    const columns = [...found.on, ...keyNames.filter(name => !found.on.includes(name))]
    const where = Object.entries(found.where ?? {})
    const rows = this.rows(table).filter(
      row =>
        found.on.every(name => row[name] !== null) &&
        where.every(([name, value]) => row[name] === value),
    )
    const values = (row: Fields) => columns.map(name => row[name])
    return { columns, rows: rows.toSorted((a, b) => comparePrefix(values(a), values(b))) }
  }
}

function keyOf(table: TableShape, row: Fields): KeyValue[] {
  return Object.keys(table.key).map(name => row[name] as KeyValue)
}

function groupOf(text: string, { group }: Scan): string | undefined {
  if (group === undefined || !text.startsWith(group.prefix)) return undefined
  const found = text.indexOf(group.delimiter, group.prefix.length)
  return found === -1 ? undefined : text.slice(0, found + group.delimiter.length)
}

/** Only what a scan promises: key columns, the columns asked for, the revision. */
export function projected(
  table: TableShape,
  row: Fields,
  columns: readonly string[] | undefined,
): Stored<object> {
  const names = [...Object.keys(table.key), ...(columns ?? Object.keys(table.columns)), 'revision']
  return Object.fromEntries(names.map(name => [name, row[name]])) as unknown as Stored<object>
}
