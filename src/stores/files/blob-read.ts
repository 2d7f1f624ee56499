/** Reads a range of an open file in large chunks, the next one while the last is being sent. */
import type { ByteRange } from '../../ports/blob-store.ts'
import type { BufferPool } from './buffers.ts'
import type { Disk } from './disk.ts'

export interface ReadSource {
  readonly disk: Disk
  readonly fd: number
  readonly pool: BufferPool
  readonly chunk: number
}

/** Reads until `length` bytes are there. */
async function readFully(
  { disk, fd }: ReadSource,
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

/** The chunks, each valid only until the next one is asked for. The descriptor stays the caller's to close. */
export async function* readRange(
  source: ReadSource,
  { start, end }: ByteRange,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { pool, chunk } = source
  let current = pool.take()
  let ahead: Buffer | undefined
  let position = start
  let pending: Promise<Buffer> | undefined
  function next(into: Buffer): Promise<Buffer> {
    const length = Math.min(chunk, end - position)
    const read = readFully(source, into, length, position)
    read.catch(() => undefined)
    position += length
    return read
  }
  try {
    if (position < end) pending = next(current)
    while (pending !== undefined) {
      const bytes: Buffer = await pending
      if (position < end) {
        ahead ??= pool.take()
        pending = next(ahead)
        const shown = current
        current = ahead
        ahead = shown
      } else pending = undefined
      yield bytes
    }
  } finally {
    // A read under way writes into the buffer: it must end before the buffer goes to somebody else.
    await pending?.catch(() => undefined)
    pool.give(current)
    if (ahead !== undefined) pool.give(ahead)
  }
}
