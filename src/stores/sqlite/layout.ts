/** How a declared table lies in SQLite: its columns, its SQL, and records to and from rows. */
import type { SQLInputValue, SQLOutputValue } from 'node:sqlite'
import type {
  ColumnType,
  KeyColumnType,
  KeyValue,
  Stored,
  TableShape,
} from '../../ports/meta-store.ts'
import { checkKeyValue } from './keys.ts'

export type Row = readonly SQLOutputValue[]

export interface IndexLayout {
  readonly name: string
  readonly sqlName: string
  /** The index's columns followed by the key columns it does not name, so that its order is total. */
  readonly columns: readonly string[]
  /** What a query must repeat so that SQLite may use the partial index; empty for a full one. */
  readonly condition: string
  readonly sql: string
}

export interface Layout {
  readonly shape: TableShape
  readonly sqlName: string
  readonly keyNames: readonly string[]
  readonly keyTypes: readonly KeyColumnType[]
  /** Columns that are not in the key, in the declared order. */
  readonly names: readonly string[]
  readonly types: readonly ColumnType[]
  readonly rowid: boolean
  readonly indexes: readonly IndexLayout[]
  readonly seed: number
  readonly sql: string
}

/** Quotes an identifier. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

const sqlTypes: Readonly<Record<ColumnType, string>> = {
  text: 'TEXT',
  int: 'INTEGER',
  bytes: 'BLOB',
  json: 'TEXT',
}

export function sqlTypeOf(type: ColumnType): string {
  return sqlTypes[type]
}

function indexLayout(shape: TableShape, index: NonNullable<TableShape['indexes']>[number]) {
  const keyNames = Object.keys(shape.key)
  const columns = [...index.on, ...keyNames.filter(name => !index.on.includes(name))]
  const conditions = [
    ...index.on.filter(name => !(name in shape.key)).map(name => `${quoted(name)} IS NOT NULL`),
    ...Object.entries(index.where ?? {}).map(([name, value]) => {
      if (!Number.isSafeInteger(value))
        throw new TypeError(`index ${index.name}: only an integer can be a condition`)
      return `${quoted(name)} = ${value}`
    }),
  ]
  const condition = conditions.join(' AND ')
  const sqlName = quoted(`${shape.name}.${index.name}`)
  const where = condition === '' ? '' : ` WHERE ${condition}`
  const sql = `CREATE INDEX ${sqlName} ON ${quoted(shape.name)} (${columns.map(quoted).join(', ')})${where}`
  return { name: index.name, sqlName, columns, condition, sql }
}

/** Works a declared table out. Throws a TypeError when the declaration cannot be kept. */
export function layoutOf(shape: TableShape): Layout {
  const keyNames = Object.keys(shape.key)
  const names = Object.keys(shape.columns)
  const all = [...keyNames, ...names, 'revision']
  if (keyNames.length === 0) throw new TypeError(`table ${shape.name} has no key`)
  if (shape.name === 'meta') throw new TypeError('the table name "meta" belongs to the store')
  if (new Set(all.map(name => name.toLowerCase())).size !== all.length)
    throw new TypeError(`table ${shape.name} names a column twice, or one "revision"`)
  const keyTypes = Object.values(shape.key)
  const rowid = keyNames.length === 1 && keyTypes[0] === 'int'
  const columns = [
    ...keyNames.map((name, i) =>
      rowid
        ? `${quoted(name)} INTEGER PRIMARY KEY`
        : `${quoted(name)} ${sqlTypeOf(keyTypes[i] ?? 'text')} NOT NULL`,
    ),
    ...Object.entries(shape.columns).map(([name, type]) => `${quoted(name)} ${sqlTypeOf(type)}`),
    '"revision" INTEGER NOT NULL',
  ]
  if (!rowid) columns.push(`PRIMARY KEY (${keyNames.map(quoted).join(', ')})`)
  let seed = 0x811c9dc5
  for (let i = 0; i < shape.name.length; i++)
    seed = Math.imul(seed ^ shape.name.charCodeAt(i), 0x01000193)
  return {
    shape,
    sqlName: quoted(shape.name),
    keyNames,
    keyTypes,
    names,
    types: Object.values(shape.columns),
    rowid,
    indexes: (shape.indexes ?? []).map(index => indexLayout(shape, index)),
    seed,
    sql: `CREATE TABLE ${quoted(shape.name)} (${columns.join(', ')}) STRICT${rowid ? '' : ', WITHOUT ROWID'}`,
  }
}

/** Throws a TypeError unless this is a whole key of the table. */
export function checkKey(layout: Layout, key: readonly KeyValue[]): void {
  if (key.length !== layout.keyNames.length)
    throw new TypeError(`${layout.shape.name}: the key has ${layout.keyNames.length} columns`)
  for (let i = 0; i < key.length; i++)
    checkKeyValue(key[i], layout.keyTypes[i] ?? 'text', layout.shape.name)
}

function encodeValue(value: unknown, type: ColumnType, where: string): SQLInputValue {
  if (value === null || value === undefined) return null
  if (type === 'json') return JSON.stringify(value)
  if (type === 'text' && typeof value === 'string') return value
  if (type === 'int' && typeof value === 'number' && Number.isSafeInteger(value)) return value
  if (type === 'bytes' && value instanceof Uint8Array) return value
  throw new TypeError(`${where}: not a value of type ${type}`)
}

/** The record's values in the order key, columns; a free place for the revision comes last. */
export function encodeRecord(layout: Layout, record: object): SQLInputValue[] {
  const fields = record as Readonly<Record<string, unknown>>
  const { keyNames, names } = layout
  // At its length from the start: growing, it would be given room for twice as many.
  const values: SQLInputValue[] = []
  values.length = keyNames.length + names.length + 1
  for (let i = 0; i < keyNames.length; i++) {
    const value = fields[keyNames[i] ?? '']
    checkKeyValue(value, layout.keyTypes[i] ?? 'text', layout.shape.name)
    values[i] = value as KeyValue
  }
  for (let i = 0; i < names.length; i++) {
    const name = names[i] ?? ''
    values[keyNames.length + i] = encodeValue(fields[name], layout.types[i] ?? 'text', name)
  }
  values[values.length - 1] = 0
  return values
}

/** Builds records out of rows. All records of one mapper have the same hidden class. */
export interface Mapper {
  readonly select: readonly string[]
  /** `fixed` are the values of the leading columns that the query held equal and did not fetch. */
  map(row: Row, at: number, fixed: readonly KeyValue[]): Stored<object>
}

/** A mapper for the columns wanted (all when undefined), given which columns are held equal. */
export function mapperOf(
  layout: Layout,
  fixedNames: readonly string[],
  wanted?: readonly string[],
): Mapper {
  const wantedSet = wanted === undefined ? undefined : new Set(wanted)
  const order = [
    ...layout.keyNames,
    ...layout.names.filter(name => wantedSet === undefined || wantedSet.has(name)),
    'revision',
  ]
  const fixedPlaces = order.map(name => fixedNames.indexOf(name))
  const select = order.filter((_, i) => fixedPlaces[i] === -1)
  const json = order.filter(name => layout.shape.columns[name] === 'json')
  const count = order.length
  function map(row: Row, at: number, fixed: readonly KeyValue[]): Stored<object> {
    const record: Record<string, unknown> = {}
    let next = at
    for (let i = 0; i < count; i++) {
      const place = fixedPlaces[i] ?? -1
      const name = order[i] ?? ''
      if (place === -1) {
        record[name] = row[next]
        next += 1
      } else record[name] = fixed[place]
    }
    for (const name of json) {
      const text = record[name]
      if (typeof text === 'string') record[name] = JSON.parse(text)
    }
    return record as Stored<object>
  }
  return { select, map }
}
