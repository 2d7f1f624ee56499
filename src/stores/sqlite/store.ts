/** The MetaStore on SQLite: one connection of the process to one database. */
import type { DatabaseSync } from 'node:sqlite'
import type {
  Decision,
  Get,
  Got,
  KeyValue,
  MetaStore,
  ReadOptions,
  TableShape,
} from '../../ports/meta-store.ts'
import { StoreFull, StoreUnavailable } from '../../ports/store-unavailable.ts'
import { isDiskFull, type Reserve } from '../files/reserve.ts'
import { encodeBatch } from './batches.ts'
import { Changes } from './changes.ts'
import { Durability } from './durability.ts'
import { GroupCommits } from './group-commits.ts'
import { layoutOf } from './layout.ts'
import { type ReadAnswer, type ReadRequest, Reads } from './reads.ts'
import { migrate } from './schema.ts'
import { createShared, Shared, slotOf } from './shared.ts'
import { Tables } from './tables.ts'
import { connect, endOnFailure, settleFiles, spareBytes, WalFile } from './wal.ts'

export interface SqliteOptions {
  /** The database file, or ':memory:'. */
  readonly path: string
  readonly tables: readonly TableShape[]
  /** From `createShared()`, the same for all connections of the process; made here when left out. */
  readonly shared?: SharedArrayBuffer
  /** 'none' acknowledges before the disk has it: for tests and throw-away data. */
  readonly durability?: 'synced' | 'none'
  /** The version of the declared tables; a database of a later one is refused. Default 1. */
  readonly version?: number
  /** Given up when the disk is full. */
  readonly reserve?: Reserve | undefined
  /** Of a new file: 4096 by default. */
  readonly pageSize?: number
  /** Stands in for syncing the WAL, in tests. */
  readonly sync?: () => Promise<void>
  /** Stands in for opening the connection, in tests. */
  readonly connect?: (path: string) => DatabaseSync
  /** Called when the disk failed to keep what was written; ends the process by default. */
  readonly onFatal?: ((error: unknown) => void) | undefined
}

export interface SqliteStore extends MetaStore {
  /** To be handed to the other connections of this process. */
  readonly shared: SharedArrayBuffer
  /** A word for each worker in that buffer, zero at first, which the store itself does not touch. */
  readonly room: BigInt64Array
  /** This connection's number in the shared buffer, by which its turn is released when its thread dies. */
  readonly connection: number
  /** Made by chance when the database was created, and durable once it is open; a copy of its file keeps it. */
  readonly storeId: string
  /** Moves before a change of that record can be told: read it, then the record, to know a cached one is fresh. */
  generation(table: { readonly name: string }, key: readonly KeyValue[]): number
  /**
   * To be called when the thread of that connection has ended (its `exit` event): releases the turn if it died
   * holding it. Ends the process through `onFatal` if its transaction turns out to be alive.
   */
  releaseTurnOf(connection: number): void
  /** Whether the database has free pages to spare for small objects, so that its file does not grow. */
  hasSpare(): boolean
}

interface Parts {
  readonly db: DatabaseSync
  readonly shared: Shared
  readonly tables: Tables
  readonly wal: WalFile | undefined
  readonly options: SqliteOptions
  readonly storeId: string
}

function openParts(options: SqliteOptions): Parts {
  const { path, version = 1 } = options
  const shared = new Shared(options.shared ?? createShared())
  const layouts = options.tables.map(layoutOf)
  const memory = path === ':memory:'
  const db = options.connect?.(path) ?? connect(path, options.pageSize)
  try {
    const { reserved, storeId } = migrate(db, layouts, version)
    if (!shared.ready()) {
      if (!memory) settleFiles(db, path)
      shared.initialise(reserved)
    }
    const unsynced = memory || options.durability === 'none' || options.sync !== undefined
    const wal = unsynced ? undefined : new WalFile(path)
    return { db, shared, tables: new Tables(db, layouts), wal, options, storeId }
  } catch (error) {
    db.close()
    throw error
  }
}

/**
 * Opens, creates or migrates a database. Throws SchemaMismatch for a newer or another schema, StoreUnavailable where
 * SQLite cannot open the file, StoreFull where it found no room even on the reserve. The first connection of a process must be open before others are opened in other threads.
 */
export function openSqlite(options: SqliteOptions): SqliteStore {
  try {
    return storeOf(openOnReserve(options))
  } catch (error) {
    if (!(error instanceof Error && 'errcode' in error)) throw error
    if (isDiskFull(error, options.reserve)) throw new StoreFull(error)
    throw new StoreUnavailable(`the database ${options.path} cannot be opened`, error)
  }
}

/** To open takes room: for the index of the log, and where the log must be copied into the database first. */
function openOnReserve(options: SqliteOptions): Parts {
  try {
    return openParts(options)
  } catch (error) {
    if (options.reserve === undefined || !isDiskFull(error, options.reserve)) throw error
    options.reserve.release()
    return openParts(options)
  }
}

function storeOf({ db, shared, tables, wal, options, storeId }: Parts): SqliteStore {
  const onFatal = failing(shared, options.onFatal)
  const connection = shared.nextConnection()
  const sync = options.sync ?? (wal === undefined ? undefined : () => wal.sync())
  const durability = new Durability({ shared, sync, onFatal })
  const changes = new Changes(shared, options.tables)
  const commits = new GroupCommits({
    db,
    shared,
    connection,
    durability,
    onCommitted: batches => changes.tell(batches),
    onFatal,
    reserve: options.reserve,
  })
  const reads = new Reads(db, tables, shared)
  let closed = false

  const open = { commits, reads, tables, durability, require: () => requireOpen(closed, shared) }

  return {
    shared: shared.buffer,
    room: shared.room,
    connection,
    storeId,
    // Each get and scan names its record type; rows are untyped, so the answer is typed here, once.
    read: ((request, how) => readOn(open, request, how)) as MetaStore['read'],
    commit(batch) {
      try {
        open.require()
        return commits.commit(encodeBatch(tables, batch), committed => committed)
      } catch (error) {
        return Promise.reject(asError(error))
      }
    },
    commitOn: ((gets: readonly Get[], decide: Decide<unknown>) =>
      decideOn(open, gets, decide)) as MetaStore['commitOn'],
    async settle() {
      await durability.wait(shared.begun())
    },
    changes: (listener, listened) => changes.listen(listener, listened),
    generation: (table, key) => shared.generation(slotOf(tables.of(table).layout.seed, key)),
    watch(table, key) {
      const slot = slotOf(tables.of(table).layout.seed, key)
      return () => shared.generation(slot)
    },
    releaseTurnOf(dead) {
      releaseTurn({ db, shared, dead, onFatal })
      durability.committed()
    },
    hasSpare: () => spareBytes(db) > 0,
    async close() {
      if (closed) return
      closed = true
      await commits.idle()
      if (!shared.failed) await durability.wait(shared.last())
      await durability.idle()
      changes.close()
      wal?.close()
      db.close()
    },
  }
}

interface Open {
  readonly commits: GroupCommits
  readonly reads: Reads
  readonly tables: Tables
  readonly durability: Durability
  /** Throws once the store is closed or has failed. */
  require(): void
}

/** Not async: SQLite answers at once, and a promise of its own is all that a read then costs. */
function readOn(open: Open, request: ReadRequest, how?: ReadOptions): Promise<ReadAnswer> {
  try {
    open.require()
    const answer = told(() => open.reads.run(request))
    const durable = how?.tentative === true ? undefined : open.durability.wait(answer.rests)
    return durable === undefined ? Promise.resolve(answer) : durable.then(() => answer)
  } catch (error) {
    return Promise.reject(asError(error))
  }
}

type Decide<T> = (found: readonly Got<object>[]) => Decision<T>

/** Hands in what decides in the turn of its group, and answers as it decided last. Not async, as {@link readOn}. */
function decideOn<T>(open: Open, gets: readonly Get[], decide: Decide<T>): Promise<T> {
  try {
    open.require()
  } catch (error) {
    return Promise.reject(asError(error))
  }
  let result: T
  const deciding = () => {
    const decision = decide(told(() => open.reads.within(gets)))
    ;({ result } = decision)
    return decision.batch === undefined ? undefined : encodeBatch(open.tables, decision.batch)
  }
  return open.commits.commit(deciding, () => result)
}

/** What ends it all: no connection of the process tells anything from then on. */
function failing(shared: Shared, onFatal: (error: unknown) => void = endOnFailure) {
  return (error: unknown): void => {
    shared.fail()
    onFatal(error)
  }
}

function requireOpen(closed: boolean, shared: Shared): void {
  if (closed) throw new StoreUnavailable('the store is closed')
  if (shared.failed) throw new StoreUnavailable('the database failed')
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}

/** SQLite's own failures become the store's; a caller's mistake stays a TypeError. */
function told<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR')
      throw new StoreUnavailable('the database could not be read', error)
    throw error
  }
}

interface Release {
  readonly db: DatabaseSync
  readonly shared: Shared
  readonly dead: number
  readonly onFatal: (error: unknown) => void
}

function releaseTurn({ db, shared, dead, onFatal }: Release): void {
  if (shared.turnOwner() !== dead) {
    // It may have been woken for a turn that it never took.
    shared.callEverybody()
    return
  }
  try {
    // The proof that its transaction is gone: SQLite gives us the lock to write.
    db.exec('BEGIN IMMEDIATE')
    db.exec('ROLLBACK')
  } catch (error) {
    onFatal(error)
    return
  }
  // It may have died after COMMIT and before it said so: take the announced numbers as used and all caches as stale.
  // Caches first: once the number is published, another connection's sync may let answers rest on it.
  shared.nextEpoch()
  shared.setLast(shared.begun())
  shared.passTurn(dead)
  shared.callEverybody()
}
