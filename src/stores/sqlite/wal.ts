/** The files that SQLite keeps beside us: their settings, and syncing the WAL through a descriptor of our own. */
import { closeSync, fdatasync, fsyncSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** More than SQLite maps at all (it stops at 2 GiB): what lies beyond is read with system calls. */
const mapped = 64 * 1024 ** 3

/** Of the log: a page and what is said of it. */
export const frameBytes = 4096 + 24

/**
 * Opens a connection with the settings that every connection to a file of ours must have.
 * No automatic checkpoint: a thread of its own does them, see `checkpointer.ts`.
 */
export function connect(path: string, pageSize = 4096): DatabaseSync {
  const db = new DatabaseSync(path, {
    timeout: 5000,
    enableForeignKeyConstraints: false,
    enableDoubleQuotedStringLiterals: false,
  })
  db.exec(`PRAGMA page_size = ${pageSize}`)
  db.exec('PRAGMA journal_mode = WAL')
  db.exec('PRAGMA synchronous = NORMAL')
  db.exec('PRAGMA wal_autocheckpoint = 0')
  db.exec(`PRAGMA mmap_size = ${mapped}`)
  db.exec('PRAGMA cache_size = -4096')
  return db
}

type Mode = 'NOOP' | 'PASSIVE' | 'RESTART'

export interface Progress {
  readonly log: number
  readonly done: number
  readonly blocked: boolean
}

/** Runs a checkpoint; says how many frames the WAL has and how many are in the database. */
export function checkpoint(db: DatabaseSync, mode: Mode): Progress {
  const row = db.prepare(`PRAGMA wal_checkpoint(${mode})`).get()
  return {
    log: Number(row?.['log'] ?? 0),
    done: Number(row?.['checkpointed'] ?? 0),
    blocked: row?.['busy'] === 1,
  }
}

/**
 * Makes durable what is there on opening: what an earlier process committed but died before syncing would else be
 * told as fact, and the names of the files that were just made.
 */
export function settleFiles(db: DatabaseSync, path: string): void {
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  const folder = openSync(dirname(path), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** Of the room that is free within a database so much is left to what makes room. */
const keptSpare = 4 * 1024 ** 2

/** Bytes that may be put into the free pages of a database's file, so that it does not grow; below zero for none. */
export function spareBytes(db: DatabaseSync): number {
  const number = (name: string) => Number(db.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0)
  return number('freelist_count') * number('page_size') - keptSpare
}

/**
 * A descriptor of the WAL. (Closing one of the database itself would drop the locks of all its connections in this
 * process: POSIX. Nothing ever locks the WAL.)
 */
export class WalFile {
  readonly #fd: number

  constructor(path: string) {
    this.#fd = openSync(`${path}-wal`, 'r+')
  }

  /** Syncs in the thread pool. A checkpoint meanwhile loses nothing: it syncs before it starts the WAL anew. */
  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fdatasync(this.#fd, error => {
        if (error) reject(error)
        else resolve()
      })
    })
  }

  close(): void {
    closeSync(this.#fd)
  }
}

/**
 * Ends the whole process at once, with a sentence that says why: `process.exit` in a worker ends the thread only, and
 * `abort` is not there.
 */
export function endProcess(sentence: string): void {
  try {
    writeSync(2, `moongate: ${sentence}\n`)
  } finally {
    process.kill(process.pid, 'SIGKILL')
  }
}

/** Ends the process because the database cannot be trusted any more. */
export function endOnFailure(error: unknown): void {
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error)
  endProcess(`the disk did not keep what was written; this process ends: ${reason}`)
}
