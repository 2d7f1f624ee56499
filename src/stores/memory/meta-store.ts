/** The MetaStore in memory: the SQLite adapter on a database without a file, so that there is one set of semantics. */
import type { TableShape } from '../../ports/meta-store.ts'
import { openSqlite, type SqliteStore } from '../sqlite/store.ts'

/** Nothing is synced and nobody waits; all is gone on close. One connection: other threads cannot see it. */
export function openMemoryMetaStore(tables: readonly TableShape[]): SqliteStore {
  return openSqlite({ path: ':memory:', tables, durability: 'none' })
}
