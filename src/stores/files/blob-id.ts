/** Ids of blobs: time first, then chance. They say in which folder a blob lies and nothing about its key. */
import { randomFillSync } from 'node:crypto'

const pool = Buffer.allocUnsafe(10 * 256)
let used = pool.length

/** 12 hex digits of milliseconds and 20 of randomness: unique across threads, processes and restarts. */
export function newBlobId(now: number): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += 10
  return now.toString(16).padStart(12, '0') + pool.toString('hex', used - 10, used)
}

/** Whether the text is an id that this store could have made: anything else must not become a path. */
export function isBlobId(id: string): boolean {
  if (id.length !== 32) return false
  for (let i = 0; i < 32; i++) {
    const unit = id.charCodeAt(i)
    if (!((unit >= 48 && unit <= 57) || (unit >= 97 && unit <= 102))) return false
  }
  return true
}

/**
 * The two folders of a blob, from its time in steps of four seconds modulo 4,096. So puts at the same time share a
 * folder, whose one sync serves them all, while over hours the blobs spread evenly over a bounded number of folders.
 */
export function foldersOf(id: string): readonly [string, string] {
  return [id.slice(6, 7), id.slice(7, 9)]
}
