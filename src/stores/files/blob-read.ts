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
import type { Disk } from './disk.ts'

export interface ReadSource {
  readonly disk: Disk
  readonly fd: number
  readonly id: string
  /** Bytes of the blob. */
  readonly length: number
  readonly pool: BufferPool
  /** Bytes read at once: one or more blocks, and the size of the pool's buffers. */
  readonly chunk: number
}

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

/** The chunks, each valid only until the next one is asked for. The descriptor stays the caller's to close. */
export async function* readRange(
  source: ReadSource,
  { start, end }: ByteRange,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (start >= end) return
  const { pool, chunk, id, length } = source
  const from = Math.floor(start / blockSize)
  const last = Math.min(Math.ceil(end / blockSize) * blockSize, length)
  let current = pool.take()
  let ahead: Buffer | undefined
  let position = from * blockSize
  let pending: Promise<Buffer> | undefined
  function next(into: Buffer): Promise<Buffer> {
    const size = Math.min(chunk, last - position)
    const read = readFully(source, into, size, position)
    read.catch(() => undefined)
    position += size
    return read
  }
  try {
    pending = next(current)
    const crcs = await readCrcs(source, from, Math.ceil(end / blockSize))
    for (let at = from * blockSize; pending !== undefined; ) {
      const bytes: Buffer = await pending
      if (position < last) {
        ahead ??= pool.take()
        pending = next(ahead)
        const shown = current
        current = ahead
        ahead = shown
      } else pending = undefined
      requireBlocks(id, bytes, at / blockSize, crcs)
      yield bytes.subarray(Math.max(start - at, 0), Math.min(end - at, bytes.length))
      at += bytes.length
    }
  } finally {
    // A read under way writes into the buffer: it must end before the buffer goes to somebody else.
    await pending?.catch(() => undefined)
    pool.give(current)
    if (ahead !== undefined) pool.give(ahead)
  }
}
