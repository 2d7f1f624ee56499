/** The name of the database that a folder of blobs belongs to, kept beside them. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf } from './disk.ts'

/**
 * Whether the blobs of a data folder are those of the database with this id. A folder that does not say yet whose its
 * blobs are is given the id, durably; the database must hold it durably before. Throws the system's errors.
 */
export function claimBlobs(folder: string, storeId: string): boolean {
  const path = join(folder, 'blobs', 'store-id')
  const found = readIf(path)
  if (found !== undefined) return found.trim() === storeId
  writeDurably(path, `${storeId}\n`)
  return true
}

function readIf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Under another name first: a half-written id would be taken for another database's. */
function writeDurably(path: string, text: string): void {
  const temporary = `${path}.new`
  const file = openSync(temporary, 'w', 0o600)
  try {
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(temporary, path)
  const parent = openSync(join(path, '..'), 'r')
  try {
    fsyncSync(parent)
  } finally {
    closeSync(parent)
  }
}
