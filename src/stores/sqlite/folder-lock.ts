/** A data folder belongs to one process: a lock that the system takes back when the process dies, however it dies. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** Another process holds the folder. */
export class FolderInUse extends Error {
  override readonly name = 'FolderInUse'
  constructor(folder: string, cause: unknown) {
    super(`the data folder ${folder} is in use by another Moongate process; stop that one first`, {
      cause,
    })
  }
}

/**
 * Takes the folder for this process until the returned function is called or the process ends.
 * Throws {@link FolderInUse}. The lock is a database of its own, held exclusively: nothing else may open that file,
 * for closing any descriptor of it would drop the lock.
 */
export function lockFolder(folder: string): () => void {
  const db = new DatabaseSync(join(folder, 'moongate.lock'), { timeout: 0 })
  try {
    db.exec('PRAGMA journal_mode = DELETE')
    db.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    db.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === 5)
      throw new FolderInUse(folder, error)
    throw error
  }
  return () => db.close()
}
