/** The prepared statements of one table on one connection, made when first needed. */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { KeyValue, Stored } from '../../ports/meta-store.ts'
import { type Layout, type Mapper, mapperOf, quoted, type Row } from './layout.ts'

/** A statement that answers rows as arrays, with the mapper that makes records of them. */
export interface Query {
  readonly statement: StatementSync
  readonly mapper: Mapper
}

/** SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_ROWID */
const keyTaken: readonly unknown[] = [1555, 2579]

function prepareRows(db: DatabaseSync, sql: string): StatementSync {
  const statement = db.prepare(sql)
  statement.setReturnArrays(true)
  return statement
}

/** The first row as an array: node types rows as objects whatever `setReturnArrays` says. */
export function firstRow(
  statement: StatementSync,
  values: readonly SQLInputValue[],
): Row | undefined {
  return statement.get(...values) as unknown as Row | undefined
}

export function allRows(statement: StatementSync, values: readonly SQLInputValue[]): Row[] {
  return statement.all(...values) as unknown as Row[]
}

export class TableStatements {
  readonly layout: Layout
  readonly #db: DatabaseSync
  readonly #where: string
  readonly #insertSql: string
  readonly #get: Query
  readonly #revision: StatementSync
  readonly #put: StatementSync
  readonly #remove: StatementSync
  #insert: StatementSync | undefined
  #replace: StatementSync | undefined
  #removeAt: StatementSync | undefined
  readonly #queries = new Map<string, Query>()
  readonly #parts = new WeakMap<readonly string[], Query>()
  readonly #follows = new Map<string, Query & { readonly target: TableStatements }>()
  readonly #others = new Map<string, StatementSync>()
  readonly #numbers = new Map<string, StatementSync>()
  readonly #counted = new Map<string, StatementSync>()

  constructor(db: DatabaseSync, layout: Layout) {
    this.#db = db
    this.layout = layout
    const { sqlName, keyNames, names } = layout
    this.#where = keyNames.map(name => `${sqlName}.${quoted(name)} = ?`).join(' AND ')
    const mapper = mapperOf(layout, keyNames)
    this.#get = {
      statement: prepareRows(db, `${this.#select(mapper)} WHERE ${this.#where}`),
      mapper,
    }
    this.#revision = prepareRows(db, `SELECT "revision" FROM ${sqlName} WHERE ${this.#where}`)
    const columns = [...names, 'revision'].map(quoted)
    const all = [...keyNames.map(quoted), ...columns]
    this.#insertSql = `INSERT INTO ${sqlName} (${all.join(', ')}) VALUES (${all.map(() => '?').join(', ')})`
    const sets = columns.map(name => `${name} = excluded.${name}`)
    this.#put = db.prepare(
      `${this.#insertSql} ON CONFLICT (${keyNames.map(quoted).join(', ')}) DO UPDATE SET ${sets.join(', ')}`,
    )
    this.#remove = db.prepare(`DELETE FROM ${sqlName} WHERE ${this.#where}`)
  }

  get(key: readonly KeyValue[], columns?: readonly string[]): Stored<object> | undefined {
    const { statement, mapper } = columns === undefined ? this.#get : this.#part(columns)
    const row = firstRow(statement, key)
    return row === undefined ? undefined : mapper.map(row, 0, key)
  }

  /** The query of a get that wants some columns only. Those who ask often do so with one and the same list. */
  #part(columns: readonly string[]): Query {
    const known = this.#parts.get(columns)
    if (known !== undefined) return known
    const query = this.query(`get ${columns.join(' ')}`, () => {
      const mapper = mapperOf(this.layout, this.layout.keyNames, columns)
      return { sql: `${this.#select(mapper)} WHERE ${this.#where}`, mapper }
    })
    this.#parts.set(columns, query)
    return query
  }

  #select(mapper: Mapper): string {
    return `SELECT ${mapper.select.map(quoted).join(', ')} FROM ${this.layout.sqlName}`
  }

  /** The record and, in the same statement, the one that its column names in `target`. */
  getFollowing(
    key: readonly KeyValue[],
    column: string,
    target: TableStatements,
  ): { record: Stored<object>; followed: Stored<object> | undefined } | undefined {
    const id = `${column}\0${target.layout.shape.name}`
    let query = this.#follows.get(id)
    if (query === undefined) {
      query = this.#prepareFollow(column, target)
      this.#follows.set(id, query)
    }
    const row = firstRow(query.statement, key)
    if (row === undefined) return undefined
    const record = this.#get.mapper.map(row, 0, key)
    const present = row[row.length - 1] !== null
    const at = this.#get.mapper.select.length
    return { record, followed: present ? query.mapper.map(row, at, []) : undefined }
  }

  #prepareFollow(column: string, target: TableStatements) {
    const { layout } = this
    if (target.layout.keyNames.length !== 1)
      throw new TypeError(`${target.layout.shape.name} cannot be followed to: it has a longer key`)
    if (!layout.names.includes(column) && !layout.keyNames.includes(column))
      throw new TypeError(`${layout.shape.name} has no column ${column}`)
    const mapper = mapperOf(target.layout, [])
    const own = this.#get.mapper.select.map(name => `${layout.sqlName}.${quoted(name)}`)
    const theirs = mapper.select.map(name => `followed.${quoted(name)}`)
    const key = quoted(target.layout.keyNames[0] ?? '')
    const statement = prepareRows(
      this.#db,
      `SELECT ${[...own, ...theirs].join(', ')} FROM ${layout.sqlName} LEFT JOIN ${target.layout.sqlName} AS followed ` +
        `ON followed.${key} = ${layout.sqlName}.${quoted(column)} WHERE ${this.#where}`,
    )
    return { statement, mapper, target }
  }

  revision(key: readonly KeyValue[]): number | null {
    const row = firstRow(this.#revision, key)
    return row === undefined ? null : Number(row[0])
  }

  /** One number of a record: a counter is looked at without the bytes that stand beside it. */
  number(column: string, key: readonly KeyValue[]): number | undefined {
    let statement = this.#numbers.get(column)
    if (statement === undefined) {
      const sql = `SELECT ${quoted(column)} FROM ${this.layout.sqlName} WHERE ${this.#where}`
      statement = prepareRows(this.#db, sql)
      this.#numbers.set(column, statement)
    }
    const row = firstRow(statement, key)
    return row === undefined ? undefined : Number(row[0])
  }

  /** The values as `encodeRecord` made them, with the revision in the last place. */
  put(values: readonly SQLInputValue[]): void {
    this.#put.run(...values)
  }

  /** As {@link put}, but false where a record stands already; nothing is changed then. */
  insert(values: readonly SQLInputValue[]): boolean {
    this.#insert ??= this.#db.prepare(this.#insertSql)
    try {
      this.#insert.run(...values)
      return true
    } catch (error) {
      if (error instanceof Error && 'errcode' in error && keyTaken.includes(error.errcode))
        return false
      throw error
    }
  }

  remove(key: readonly KeyValue[]): void {
    this.#remove.run(...key)
  }

  /** As {@link put}, but false where the record has another revision or is not there; nothing is changed then. */
  replace(values: readonly SQLInputValue[], expected: number): boolean {
    if (this.#replace === undefined) {
      const { sqlName, names } = this.layout
      const sets = [...names, 'revision'].map(name => `${quoted(name)} = ?`).join(', ')
      const sql = `UPDATE ${sqlName} SET ${sets} WHERE ${this.#where} AND "revision" = ?`
      this.#replace = this.#db.prepare(sql)
    }
    // The statement wants the key after the columns.
    const { length } = this.layout.keyNames
    const columns = values.slice(length)
    return this.#replace.run(...columns, ...values.slice(0, length), expected).changes === 1
  }

  /** As {@link remove}, but false where the record has another revision or is not there. */
  removeAt(key: readonly KeyValue[], expected: number): boolean {
    this.#removeAt ??= this.#db.prepare(
      `DELETE FROM ${this.layout.sqlName} WHERE ${this.#where} AND "revision" = ?`,
    )
    return this.#removeAt.run(...key, expected).changes === 1
  }

  /** As {@link remove}, but false where the number is another or the record is not there. */
  removeCounted(key: readonly KeyValue[], column: string, count: number): boolean {
    let statement = this.#counted.get(column)
    if (statement === undefined) {
      statement = this.#db.prepare(
        `DELETE FROM ${this.layout.sqlName} WHERE ${this.#where} AND ${quoted(column)} = ?`,
      )
      this.#counted.set(column, statement)
    }
    return statement.run(...key, count).changes === 1
  }

  /** The first record whose key begins with these values. */
  firstAt(leading: readonly KeyValue[]): Stored<object> | undefined {
    const names = this.layout.keyNames
    const query = this.query(`first ${leading.length}`, () => {
      const mapper = mapperOf(this.layout, [])
      const where = names.slice(0, leading.length).map(name => `${quoted(name)} = ?`)
      const sql = `SELECT ${mapper.select.map(quoted).join(', ')} FROM ${this.layout.sqlName}`
      const condition = where.length === 0 ? '' : ` WHERE ${where.join(' AND ')}`
      return { sql: `${sql}${condition} ORDER BY ${names.map(quoted).join(', ')} LIMIT 1`, mapper }
    })
    const row = firstRow(query.statement, leading)
    return row === undefined ? undefined : query.mapper.map(row, 0, [])
  }

  /** Sets one number of a record that exists. */
  setNumber(column: string, value: number, revision: number, key: readonly KeyValue[]): void {
    let statement = this.#others.get(column)
    if (statement === undefined) {
      statement = this.#db.prepare(
        `UPDATE ${this.layout.sqlName} SET ${quoted(column)} = ?, "revision" = ? WHERE ${this.#where}`,
      )
      this.#others.set(column, statement)
    }
    statement.run(value, revision, ...key)
  }

  /** A query by its shape; `make` says its SQL the first time. */
  query(shape: string, make: () => { sql: string; mapper: Mapper }): Query {
    const known = this.#queries.get(shape)
    if (known !== undefined) return known
    const { sql, mapper } = make()
    const query = { statement: prepareRows(this.#db, sql), mapper }
    this.#queries.set(shape, query)
    return query
  }
}

/** All tables of a connection, found by the declaration itself or, failing that, by its name. */
export class Tables {
  readonly #byShape = new Map<object, TableStatements>()
  readonly #byName = new Map<string, TableStatements>()

  constructor(db: DatabaseSync, layouts: readonly Layout[]) {
    for (const layout of layouts) {
      const statements = new TableStatements(db, layout)
      this.#byShape.set(layout.shape, statements)
      this.#byName.set(layout.shape.name, statements)
    }
  }

  of(table: { readonly name: string }): TableStatements {
    const found = this.#byShape.get(table) ?? this.#byName.get(table.name)
    if (found === undefined) throw new TypeError(`the store was opened without table ${table.name}`)
    return found
  }
}
