/**
 * What of a large blob goes through the page cache. Behind the first bytes it is every so many-th stripe, so that the one
 * who reads gets some from memory while the disk brings the rest.
 */

/** Most blobs end before; memory for them alone would gain nothing. */
const stripedFrom = 16 * 1024 ** 2
const stripe = 512 * 1024

/** Every so many-th stripe goes through the page cache: none, some, all. */
export type Every = 0 | 8 | 4 | 2 | 1

/** Of a blob that is written: a page of the cache may cost more than to write it. */
export const everyWritten: Every = 8

/** Whether what stands at the position goes through the page cache. The first bytes do as soon as a blob is read again. */
export function isThroughCache(position: number, every: Every): boolean {
  if (every === 0) return false
  if (position < stripedFrom) return every <= 4
  return Math.floor((position - stripedFrom) / stripe) % every === 0
}

/**
 * What to read through the page cache of a blob up to its byte `end`: what was written lately (`fresh`) is there in part,
 * what is read again is there by and by, so that no one reader pays for all.
 */
export function everyRead(readings: number, fresh: boolean, end: number): Every {
  const more: readonly Every[] = [fresh ? everyWritten : 0, 4, 2]
  return end <= stripedFrom && readings > 0 ? 1 : (more[readings] ?? 1)
}
