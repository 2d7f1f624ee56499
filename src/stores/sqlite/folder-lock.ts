/** A data folder belongs to one process: a lock that the system takes back when the process dies, however it dies. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { endProcess } from './wal.ts'

/** Another process holds the folder. */
export class FolderInUse extends Error {
  override readonly name = 'FolderInUse'
  constructor(folder: string, cause: unknown) {
    super(`the data folder ${folder} is in use by another Moongate process; stop that one first`, {
      cause,
    })
  }
}

export interface LockOptions {
  /** Called when the lock's file is gone or another one: somebody else may hold the folder now. Ends the process by default. */
  readonly onLost?: (error: Error) => void
  /** Milliseconds between two looks at the file. */
  readonly every?: number
}

const endOnLoss = ({ message }: Error): void => endProcess(`${message}; this process ends`)

/**
 * Takes the folder for this process until the returned function is called or the process ends.
 * Throws {@link FolderInUse}. The lock is a database of its own, held exclusively: nothing else may open that file,
 * for closing any descriptor of it would drop the lock.
 */
export function lockFolder(folder: string, options: LockOptions = {}): () => void {
  const { onLost = endOnLoss, every = 5000 } = options
  const path = join(folder, 'moongate.lock')
  const db = new DatabaseSync(path, { timeout: 0 })
  try {
    // Nothing is ever written to it: on a full disk there would be no room for a journal.
    db.exec('PRAGMA journal_mode = MEMORY')
    db.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    db.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === 5)
      throw new FolderInUse(folder, error)
    throw error
  }
  const fileAt = () => statSync(path, { throwIfNoEntry: false, bigint: true })?.ino
  const held = fileAt()
  const timer = setInterval(() => {
    if (fileAt() === held) return
    clearInterval(timer)
    onLost(new Error(`the lock ${path} was taken away, so another process may use the folder`))
  }, every).unref()
  return () => {
    clearInterval(timer)
    db.close()
  }
}
