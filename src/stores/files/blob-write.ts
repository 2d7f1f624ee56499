/**
 * Writes a source to an open file, block by block: the next one is filled while the last is written. Large blobs go past
 * the page cache: each of its pages would be taken, filled and written back, and would push out what readers need.
 */
import type { ByteSource } from '../../ports/blob-store.ts'
import { blockSize, FooterWriter } from './blob-format.ts'
import type { BufferPool } from './buffers.ts'
import { alignment, type Disk, refusedPastCache } from './disk.ts'
import { type Every, everyWritten, isThroughCache } from './stripes.ts'

/** A large blob is synced each time so many bytes more went through the page cache. */
const syncedBytes = 64 * 1024 * 1024

/** With less memory free, in bytes, no blob is kept there that nobody read yet. */
const leastMemory = 1024 ** 3

export interface Target {
  readonly disk: Disk
  readonly path: string
  /** Of the path, for writing. */
  readonly fd: number
  /** Of buffers of one or more whole blocks. */
  readonly pool: BufferPool
  /** Bytes of memory that the page cache may still have. */
  readonly freeMemory: () => number
}

/**
 * Resolves with the number of bytes written, their footer not counted. Chunks are copied before the next is asked for,
 * since a source may use its memory again. Rejects with the source's error or the disk's; nothing is under way any more
 * then. Syncing the descriptor is the caller's.
 */
export async function writeSource(source: ByteSource, target: Target): Promise<number> {
  const blob = new Writing(target)
  try {
    for await (const chunk of source) {
      for (let taken = 0; taken < chunk.length; ) {
        taken += blob.fill(chunk, taken)
        if (blob.full) await blob.flush()
      }
    }
    return await blob.finish()
  } finally {
    await blob.end()
  }
}

class Writing {
  readonly #target: Target
  readonly #crcs = new FooterWriter()
  /** Taken with the first byte that goes into it, so that one who waits for a slow source holds little. */
  #filling: Buffer | undefined
  #filled = 0
  #position = 0
  #pending: Promise<void> | undefined
  #syncing: Promise<void> | undefined
  /** Bytes in the page cache that no sync was asked for. */
  #unsynced = 0
  /** The descriptor past the page cache; null when there is none, undefined before anybody asked. */
  #past: number | null | undefined
  #every: Every = 0

  constructor(target: Target) {
    this.#target = target
  }

  get full(): boolean {
    return this.#filled === this.#filling?.length
  }

  /** Copies what has room; how many bytes. */
  fill(chunk: Uint8Array, from: number): number {
    this.#filling ??= this.#target.pool.take()
    const step = Math.min(chunk.length - from, this.#filling.length - this.#filled)
    const whole = step === chunk.length
    this.#filling.set(whole ? chunk : chunk.subarray(from, from + step), this.#filled)
    this.#filled += step
    return step
  }

  /** Begins to write the full buffer, once the one before is written. */
  async flush(): Promise<void> {
    const full = this.#filling
    if (full === undefined) return
    await this.#pending
    await this.#openPastCache()
    this.#filling = undefined
    this.#filled = 0
    this.#pending = this.#write(full, this.#position).finally(() => {
      this.#target.pool.give(full)
    })
    // It is awaited before the next flush or at the end; until then its failure must not count as unhandled.
    this.#pending.catch(() => undefined)
    this.#addCrcs(full)
    this.#position += full.length
  }

  async #openPastCache(): Promise<void> {
    const { disk, path, freeMemory } = this.#target
    if (this.#past !== undefined) return
    this.#past = (await disk.openPastCache(path, 'write')) ?? null
    this.#every = freeMemory() < leastMemory ? 0 : everyWritten
  }

  async #write(block: Buffer, position: number): Promise<void> {
    const { disk, fd } = this.#target
    if (typeof this.#past === 'number' && !isThroughCache(position, this.#every)) {
      const written = await disk.write(this.#past, block, position).catch(refusedPastCache)
      if (written !== 0) return
    }
    await disk.write(fd, block, position)
    this.#syncOnTheWay(block.length)
  }

  #addCrcs(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at += blockSize)
      this.#crcs.add(bytes.subarray(at, at + blockSize))
  }

  /** So many bytes more went through the page cache. */
  #syncOnTheWay(bytes: number): void {
    this.#unsynced += bytes
    if (this.#unsynced < syncedBytes) return
    this.#unsynced = 0
    const { disk, fd } = this.#target
    // One after the other; the error of one is met by whoever awaits the last.
    const before = this.#syncing
    this.#syncing = (async () => {
      await before
      await disk.syncData(fd)
    })()
    this.#syncing.catch(() => undefined)
  }

  /** Writes the rest and the footer; how many bytes the source had. */
  async finish(): Promise<number> {
    const { disk, fd } = this.#target
    await this.#pending
    const rest = this.#filling?.subarray(0, this.#filled) ?? Buffer.alloc(0)
    this.#addCrcs(rest)
    const beside = typeof this.#past === 'number' ? rest.length % alignment : 0
    const aligned = rest.subarray(0, rest.length - beside)
    if (aligned.length > 0) await this.#write(aligned, this.#position)
    const last = Buffer.concat([rest.subarray(aligned.length), this.#crcs.footer()])
    await disk.write(fd, last, this.#position + aligned.length)
    await this.#syncing
    return this.#position + rest.length
  }

  /** Waits for what is under way and lets everything go but the target's descriptor. */
  async end(): Promise<void> {
    await this.#pending?.catch(() => undefined)
    await this.#syncing?.catch(() => undefined)
    if (this.#filling !== undefined) this.#target.pool.give(this.#filling)
    if (typeof this.#past === 'number') await this.#target.disk.close(this.#past)
  }
}
