/** Reads a range of a blob in whole blocks, the next ones while the last are being sent, and verifies each. */
import type { ByteRange } from '../../ports/blob-store.ts'
import {
  type BlockCrcs,
  blockSize,
  crcBytes,
  crcOf,
  crcPosition,
  markPosition,
  markSize,
  requireBlocks,
} from './blob-format.ts'
import type { BufferPool } from './buffers.ts'
import { alignment, type Disk, refusedPastCache } from './disk.ts'
import { type Every, isThroughCache } from './stripes.ts'

export interface ReadSource {
  readonly disk: Disk
  readonly fd: number
  /** The same file past the page cache, where the bytes of its blocks are to be read so. */
  readonly past: number | undefined
  /** Of the blocks that would be read past the page cache, these are read through it all the same. */
  readonly every: Every
  readonly id: string
  /** Bytes of the blob. */
  readonly length: number
  readonly pool: BufferPool
  /** Bytes read at once: one or more blocks, and the size of the pool's buffers. */
  readonly chunk: number
}

/**
 * So many chunks are read ahead at most past the page cache, while the client waits for the disk: a disk is the faster the
 * more it is asked at once. Where many read, each of them asks for fewer. Through the cache it is one.
 */
const mostAhead = 8
const mostInCrowd = 3

function mostOf({ past, pool }: ReadSource): number {
  if (past === undefined) return 1
  return pool.crowded ? mostInCrowd : mostAhead
}

/** For a client that takes so many milliseconds over a chunk nothing is read ahead: the disk is not what it waits for. */
const slowMs = 100

/** Reads until `length` bytes are there. */
async function readFully(
  { disk, fd }: Pick<ReadSource, 'disk' | 'fd'>,
  into: Buffer,
  length: number,
  position: number,
): Promise<Buffer> {
  let done = 0
  while (done < length) {
    const rest = done === 0 ? into : into.subarray(done)
    const count = await disk.read(fd, rest, length - done, position + done)
    if (count === 0) throw new Error('the blob became shorter while it was read')
    done += count
  }
  return into.subarray(0, length)
}

/** Up to so many bytes of CRCs are read beyond those that are wanted, so that the mark behind them comes along. */
const besideMax = 16_384

/** The CRCs of all blocks that the range touches and the mark, in one read where they stand close together. */
async function readCrcs(source: ReadSource, first: number, end: number): Promise<BlockCrcs> {
  const { id, length } = source
  const at = crcPosition(length, first)
  const wanted = crcBytes(first, end)
  const toMark = markPosition(length) - at
  const read = (size: number, position: number) =>
    readFully(source, Buffer.allocUnsafe(size), size, position)
  if (toMark - wanted <= besideMax) {
    const bytes = await read(toMark + markSize, at)
    return { first, bytes, crc: crcOf(id, bytes.subarray(toMark), length) }
  }
  const mark = await read(markSize, at + toMark)
  return { first, bytes: await read(wanted, at), crc: crcOf(id, mark, length) }
}

/** Reads whole blocks past the page cache, and through it what that could not. */
async function readBlocks(
  source: ReadSource,
  into: Buffer,
  length: number,
  position: number,
): Promise<Buffer> {
  const { disk, past, every } = source
  if (past === undefined || isThroughCache(position, every))
    return await readFully(source, into, length, position)
  // The last block ends anywhere; behind it stand the CRCs, so that there is more to read or the file ends.
  const wanted = Math.ceil(length / alignment) * alignment
  const done = await disk.read(past, into, wanted, position).catch(refusedPastCache)
  if (done < length) await readFully(source, into.subarray(done), length - done, position + done)
  return into.subarray(0, length)
}

interface Reading {
  readonly buffer: Buffer
  readonly read: Promise<Buffer>
  ended: boolean
}

function readInto(
  source: ReadSource,
  { position, size }: { readonly position: number; readonly size: number },
): Reading {
  const buffer = source.pool.take()
  const read = readBlocks(source, buffer, size, position)
  const reading = { buffer, read, ended: false }
  const end = () => {
    reading.ended = true
  }
  read.then(end, end)
  return reading
}

/** The chunks, each valid only until the next one is asked for. The descriptors stay the caller's to close. */
export async function* readRange(
  source: ReadSource,
  { start, end }: ByteRange,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (start >= end) return
  const { pool, chunk, id, length } = source
  const from = Math.floor(start / blockSize)
  const last = Math.min(Math.ceil(end / blockSize) * blockSize, length)
  const pending: Reading[] = []
  let shown: Buffer | undefined
  let position = from * blockSize
  let ahead = 1
  function readAhead(count: number): void {
    while (pending.length < count && position < last) {
      // Each but the first begins at a multiple of their size, as the stripes do.
      const size = Math.min(chunk - (position % chunk), last - position)
      pending.push(readInto(source, { position, size }))
      position += size
    }
  }
  try {
    readAhead(1)
    const crcs = await readCrcs(source, from, Math.ceil(end / blockSize))
    for (let at = from * blockSize; at < last; ) {
      if (pending.length === 0) readAhead(1)
      else if (!pending[0]?.ended && at > from * blockSize)
        ahead = Math.min(ahead + 1, mostOf(source))
      const next = pending[0]
      if (next === undefined) return
      const bytes = await next.read
      pending.shift()
      shown = next.buffer
      readAhead(ahead)
      requireBlocks(id, bytes, at / blockSize, crcs)
      const shownAt = performance.now()
      yield bytes.subarray(Math.max(start - at, 0), Math.min(end - at, bytes.length))
      ahead = performance.now() - shownAt > slowMs ? 0 : Math.max(ahead, 1)
      at += bytes.length
      pool.give(shown)
      shown = undefined
    }
  } finally {
    if (shown !== undefined) pool.give(shown)
    for (const { buffer, read } of pending) {
      // A read under way writes into the buffer: it must end before the buffer goes to somebody else.
      await read.catch(() => undefined)
      pool.give(buffer)
    }
  }
}
