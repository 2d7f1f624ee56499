/** How long the write-ahead log may become before it is copied into the database, and before it starts anew. */
import type { Reserve } from '../files/reserve.ts'

const mebibyte = 1024 ** 2
/** So much that a page which many commits change is copied once, and so little that the log stays under 64 MiB under any load. */
const usualRestart = 32 * mebibyte
/** Of that: copying begins at 12 MiB. */
const passiveShare = 3 / 8
/** Of a reserve that is not made yet nobody knows how large it will be. */
const unknownRestart = 16 * mebibyte
const leastRestart = mebibyte
/** While the disk is full the log must live on the room that it has. */
const scarceRestart = mebibyte
/** From here on the writers wait until all of it is copied: they are faster than the disk. 44 MiB. */
const hurryShare = 11 / 8
/** What one transaction brings in at most, so that whoever copies gets his turn in time. 4 MiB. */
const groupShare = 1 / 8
/** Here a writer copies himself, before the log is longer than the reserve. 52 MiB. */
const ownShare = 13 / 8

/** What a folder has in reserve for a full disk, in bytes, and whether the disk is full now. */
type Held = Pick<Reserve, 'full' | 'held'>

export interface WalLimits {
  /** Above this many bytes that are not copied yet the log is copied beside the writers. */
  readonly passive: number
  /** Above this many the writers wait a moment, because only a log that nobody appends to can start anew. */
  readonly restart: number
  /** Above this many nothing is copied before they wait. */
  readonly hurry: number
  /** With more bytes of objects a transaction is closed. */
  readonly group: number
  /** Above this many a writer that has the turn copies what he can before he goes on. */
  readonly own: number
}

/**
 * What the log holds must fit into the database when the disk is full, so it is at most half of the reserve that the folder
 * has for that.
 */
export function walLimits(reserve: Held | undefined): WalLimits {
  const restart = restartOf(reserve)
  return {
    passive: restart * passiveShare,
    restart,
    hurry: restart * hurryShare,
    group: restart * groupShare,
    own: restart * ownShare,
  }
}

function restartOf(reserve: Held | undefined): number {
  if (reserve === undefined) return usualRestart
  if (reserve.full) return scarceRestart
  if (reserve.held === 0) return unknownRestart
  return Math.min(usualRestart, Math.max(leastRestart, reserve.held / 2))
}
