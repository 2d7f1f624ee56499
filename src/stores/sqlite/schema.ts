/** Creates the schema and brings an older one up to what is declared. */
import { randomUUID } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { TableShape } from '../../ports/meta-store.ts'
import { type Layout, quoted, sqlTypeOf } from './layout.ts'

/** The version of this adapter's way to store things; a change that an older program cannot read raises it. */
export const storeFormat = 1

/** The database cannot be used by this program as it is; the message says why in a sentence. */
export class SchemaMismatch extends Error {
  override readonly name = 'SchemaMismatch'
}

function metaValue(db: DatabaseSync, name: string): unknown {
  return db.prepare('SELECT value FROM meta WHERE name = ?').get(name)?.['value']
}

function setMeta(db: DatabaseSync, name: string, value: string | number): void {
  db.prepare(
    'INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
  ).run(name, value)
}

/** Reads the version that the database says it has and refuses one that is newer. */
function checkVersion(db: DatabaseSync, name: string, understood: number): void {
  const found = Number(metaValue(db, name) ?? 0)
  if (found > understood)
    throw new SchemaMismatch(
      `the database was written by a newer Moongate: its ${name} is ${found}, this program understands up to ${understood}`,
    )
  if (found < understood) setMeta(db, name, understood)
}

function addColumns(db: DatabaseSync, layout: Layout): void {
  const { shape } = layout
  const found = new Map(
    db
      .prepare(`PRAGMA table_info(${layout.sqlName})`)
      .all()
      .map(row => [String(row['name']), { type: String(row['type']), key: Number(row['pk']) }]),
  )
  const key = [...found].filter(([, column]) => column.key > 0)
  key.sort(([, a], [, b]) => a.key - b.key)
  const foundKey = key.map(([name, column]) => `${name} ${column.type}`).join(', ')
  const wantedKey = Object.entries(shape.key)
    .map(([name, type]) => `${name} ${sqlTypeOf(type)}`)
    .join(', ')
  if (foundKey !== wantedKey)
    throw new SchemaMismatch(
      `table ${shape.name} has the key (${foundKey}), this program declares (${wantedKey})`,
    )
  for (const [name, type] of Object.entries(shape.columns)) {
    const column = found.get(name)
    if (column === undefined)
      db.exec(`ALTER TABLE ${layout.sqlName} ADD COLUMN ${quoted(name)} ${sqlTypeOf(type)}`)
    else if (column.type !== sqlTypeOf(type))
      throw new SchemaMismatch(
        `column ${name} of table ${shape.name} is ${column.type}, this program declares ${sqlTypeOf(type)}`,
      )
  }
}

function bringIndexes(db: DatabaseSync, layout: Layout): void {
  const found = new Map(
    db
      .prepare(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL",
      )
      .all(layout.shape.name)
      .map(row => [quoted(String(row['name'])), String(row['sql'])]),
  )
  for (const index of layout.indexes) {
    if (found.get(index.sqlName) === index.sql) found.delete(index.sqlName)
  }
  for (const name of found.keys()) db.exec(`DROP INDEX ${name}`)
  for (const index of layout.indexes)
    db.exec(index.sql.replace('CREATE INDEX', 'CREATE INDEX IF NOT EXISTS'))
}

/** The declared shapes as text: equal text means that there is nothing to do. */
function shapeText(shapes: readonly TableShape[]): string {
  return JSON.stringify(
    shapes.map(({ name, key, columns, indexes }) => ({ name, key, columns, indexes })),
  )
}

export interface Migrated {
  /** The greatest revision that may have been given out. */
  readonly reserved: number
  /** Made by chance for each new database; a copy of its file keeps it. */
  readonly storeId: string
}

function storeIdOf(db: DatabaseSync): string {
  const found = metaValue(db, 'store id')
  if (typeof found === 'string') return found
  const made = randomUUID()
  setMeta(db, 'store id', made)
  return made
}

/**
 * Creates or migrates, all within one transaction.
 * Throws {@link SchemaMismatch} for a newer version, another key or another type.
 */
export function migrate(db: DatabaseSync, layouts: readonly Layout[], version: number): Migrated {
  db.exec('BEGIN IMMEDIATE')
  try {
    db.exec(
      'CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID',
    )
    checkVersion(db, 'store format', storeFormat)
    checkVersion(db, 'schema version', version)
    const shape = shapeText(layouts.map(layout => layout.shape))
    if (metaValue(db, 'shape') !== shape) {
      const present = new Set(
        db
          .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
          .all()
          .map(row => String(row['name'])),
      )
      for (const layout of layouts) {
        if (present.has(layout.shape.name)) addColumns(db, layout)
        else db.exec(layout.sql)
        bringIndexes(db, layout)
      }
      setMeta(db, 'shape', shape)
    }
    const reserved = Number(metaValue(db, 'reserved') ?? 0)
    const storeId = storeIdOf(db)
    db.exec('COMMIT')
    return { reserved, storeId }
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}
