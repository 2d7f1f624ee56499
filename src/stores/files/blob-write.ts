/** Writes a source to an open file, block by block: the next one is filled while the last is written. */
import type { ByteSource } from '../../ports/blob-store.ts'
import { FooterWriter } from './blob-format.ts'
import type { BufferPool } from './buffers.ts'
import type { Disk } from './disk.ts'

export interface Target {
  readonly disk: Disk
  readonly fd: number
  /** Of buffers of a block each. */
  readonly pool: BufferPool
}

/**
 * Resolves with the number of bytes written, their footer not counted. Chunks are copied before the next is asked for, since a source may use
 * its memory again. Rejects with the source's error or the disk's; no write is under way any more then.
 */
export async function writeSource(source: ByteSource, target: Target): Promise<number> {
  const { disk, fd, pool } = target
  let filling = pool.take()
  let writing = pool.take()
  let filled = 0
  let position = 0
  let pending: Promise<void> | undefined
  const crcs = new FooterWriter()

  async function flush(): Promise<void> {
    await pending
    const full = filling
    filling = writing
    writing = full
    const length = filled
    filled = 0
    const block = full.subarray(0, length)
    pending = disk.write(fd, block, position)
    // It is awaited before the next flush or at the end; until then its failure must not count as unhandled.
    pending.catch(() => undefined)
    crcs.add(block)
    position += length
  }

  try {
    for await (const chunk of source) {
      let taken = 0
      while (taken < chunk.length) {
        const step = Math.min(chunk.length - taken, filling.length - filled)
        filling.set(step === chunk.length ? chunk : chunk.subarray(taken, taken + step), filled)
        taken += step
        filled += step
        if (filled === filling.length) await flush()
      }
    }
    if (filled > 0) await flush()
    await pending
    await disk.write(fd, crcs.footer(), position)
    return position
  } finally {
    await pending?.catch(() => undefined)
    pool.give(filling)
    pool.give(writing)
  }
}
