/** Writes a source to an open file, block by block: the next one is filled while the last is written. */
import type { ByteSource } from '../../ports/blob-store.ts'
import { FooterWriter } from './blob-format.ts'
import type { BufferPool } from './buffers.ts'
import type { Disk } from './disk.ts'

/** A large blob is synced each time so many bytes more were written. */
const syncedBytes = 64 * 1024 * 1024

export interface Target {
  readonly disk: Disk
  readonly fd: number
  /** Of buffers of a block each. */
  readonly pool: BufferPool
}

/**
 * Resolves with the number of bytes written, their footer not counted. Chunks are copied before the next is asked for,
 * since a source may use its memory again. What came long ago is synced on the way, so that the caller's own sync at the
 * end is short. Rejects with the source's error or the disk's; nothing is under way any more then.
 */
export async function writeSource(source: ByteSource, target: Target): Promise<number> {
  const { disk, fd, pool } = target
  let filling = pool.take()
  let writing = pool.take()
  let filled = 0
  let position = 0
  let pending: Promise<void> | undefined
  let syncing: Promise<void> | undefined
  let syncedTo = 0
  const crcs = new FooterWriter()

  function syncOnTheWay(): void {
    if (position - syncedTo < syncedBytes) return
    syncedTo = position
    // One after the other; the error of one is met by whoever awaits the last.
    const before = syncing
    syncing = (async () => {
      await before
      await disk.syncData(fd)
    })()
    syncing.catch(() => undefined)
  }

  async function flush(): Promise<void> {
    await pending
    syncOnTheWay()
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
    await syncing
    return position
  } finally {
    await pending?.catch(() => undefined)
    await syncing?.catch(() => undefined)
    pool.give(filling)
    pool.give(writing)
  }
}
