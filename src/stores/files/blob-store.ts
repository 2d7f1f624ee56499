/** The BlobStore on a file system: a file per blob, named by its id, in a tree of folders of bounded size. */
import { freemem } from 'node:os'
import { join } from 'node:path'
import {
  BlobMissing,
  type BlobStore,
  type ByteRange,
  type ByteSource,
  type ListedBlob,
} from '../../ports/blob-store.ts'
import { type Clock, systemClock } from '../../ports/clock.ts'
import { StoreFull, StoreUnavailable } from '../../ports/store-unavailable.ts'
import { lengthOfFile } from './blob-format.ts'
import { foldersOf, isBlobId, newBlobId } from './blob-id.ts'
import { readRange } from './blob-read.ts'
import { writeSource } from './blob-write.ts'
import { BufferPool } from './buffers.ts'
import { codeOf, type Disk, systemDisk } from './disk.ts'
import { Folders } from './folders.ts'
import { Recent } from './recent.ts'
import { isDiskFull, type Reserve } from './reserve.ts'
import { type Every, everyRead } from './stripes.ts'

export interface FileBlobOptions {
  /** The folder; made when it is not there (its parent must be). */
  readonly folder: string
  readonly disk?: Disk
  readonly clock?: Clock
  /** While the disk is full no blob is written: what is left is for deletes. */
  readonly reserve?: Reserve | undefined
  /** Bytes of memory that the page cache may still have; the system's answer where it is left out. */
  readonly freeMemory?: () => number
}

/** What is read or written at once: two blocks. */
const bufferSize = 512 * 1024

/**
 * So many bytes of a blob that nobody read lately are read past the page cache: most large blobs are read once, if ever,
 * and pages for them would push out what others need. A blob that is read again soon goes into the cache.
 */
const pastCacheFrom = 1024 ** 2

/**
 * What was written so many milliseconds ago is taken to be in the page cache still, as far as it went through it. That is
 * read from the file, so that it does not matter which worker wrote it.
 */
const freshMs = 300_000

/** Ranges of a blob that begin so many bytes apart are read independently: who fetches parts side by side reads each once. */
const rangeStep = 8 * 1024 ** 2

/** An error of the source, to be told apart from the disk's. */
class SourceFailed extends Error {
  override readonly name = 'SourceFailed'
}

async function* guarded(source: ByteSource): ByteSource {
  try {
    yield* source
  } catch (error) {
    throw new SourceFailed('the source failed', { cause: error })
  }
}

/** So many bytes are written without looking whether they are the last that the disk has room for. */
const lookedBytes = 1024 ** 2

/** Ends with {@link StoreFull} as soon as the disk is full or nearly so: the last room is not for blobs. */
async function* whileRoom(source: ByteSource, reserve: Reserve): ByteSource {
  let unlooked = lookedBytes
  for await (const chunk of source) {
    unlooked += chunk.length
    if (reserve.full || (unlooked > lookedBytes && reserve.scarce)) throw new StoreFull()
    if (unlooked > lookedBytes) unlooked = 0
    yield chunk
  }
}

/** Opens the store: makes its folders durable. Rejects with StoreUnavailable. */
export async function openFileBlobs(options: FileBlobOptions): Promise<BlobStore> {
  const store = new FileBlobs(options)
  await store.open()
  return store
}

class FileBlobs implements BlobStore {
  readonly #disk: Disk
  readonly #clock: Clock
  readonly #root: string
  readonly #blobs: string
  readonly #temporary: string
  readonly #folders: Folders
  readonly #reserve: Reserve | undefined
  readonly #freeMemory: () => number
  readonly #recent = new Recent(4096)
  readonly #buffers = new BufferPool(bufferSize, 32)
  /** Ids that this process is writing now, which the sweep must leave alone however slow they are. */
  readonly #unfinished = new Set<string>()

  constructor(options: FileBlobOptions) {
    const { folder, disk = systemDisk } = options
    this.#reserve = options.reserve
    this.#freeMemory = options.freeMemory ?? freemem
    this.#disk = disk
    this.#clock = options.clock ?? systemClock
    this.#root = folder
    this.#blobs = join(folder, 'blobs')
    this.#temporary = join(folder, 'temporary')
    this.#folders = new Folders(disk)
  }

  async open(): Promise<void> {
    try {
      await this.#folders.ensure(this.#root, join(this.#root, '..'))
      await this.#folders.ensure(this.#blobs, this.#root)
      await this.#folders.ensure(this.#temporary, this.#root)
    } catch (error) {
      throw new StoreUnavailable('the folder of blobs cannot be opened', error)
    }
  }

  async put(source: ByteSource): Promise<{ readonly id: string; readonly size: number }> {
    if (this.#reserve?.full === true) throw new StoreFull()
    const id = newBlobId(this.#clock.now())
    const temporary = join(this.#temporary, id)
    this.#unfinished.add(id)
    try {
      const size = await this.#write(source, temporary)
      await this.#again(async () => {
        const folder = await this.#folderOf(id)
        await this.#disk.rename(temporary, join(folder, id))
        await this.#folders.sync(folder)
      })
      return { id, size }
    } catch (error) {
      // Also when the rename was done and the sync failed: nobody knows the id.
      await this.#disk.remove(temporary).catch(() => this.remove([id]).catch(() => undefined))
      if (error instanceof SourceFailed) throw error.cause
      throw this.#failure(error)
    } finally {
      this.#unfinished.delete(id)
    }
  }

  #failure(error: unknown): StoreUnavailable {
    const full = error instanceof StoreFull
    if (!full && !isDiskFull(error))
      return new StoreUnavailable('the blob could not be written', error)
    this.#reserve?.refused()
    return full ? error : new StoreFull(error)
  }

  async #write(source: ByteSource, path: string): Promise<number> {
    const disk = this.#disk
    const fd = await this.#again(async () => {
      await this.#folders.ensure(this.#temporary, this.#root)
      return await disk.create(path)
    })
    try {
      const reserve = this.#reserve
      const bytes = guarded(source)
      const wanted = reserve === undefined ? bytes : whileRoom(bytes, reserve)
      const [pool, freeMemory] = [this.#buffers, this.#freeMemory]
      const size = await writeSource(wanted, { disk, fd, path, pool, freeMemory })
      await disk.syncData(fd)
      return size
    } finally {
      await disk.close(fd)
    }
  }

  /** Runs what needs our folders, once more where one of them turns out to have been taken away. */
  async #again<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run()
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
      this.#folders.forgetAll()
      await this.#folders.ensure(this.#blobs, this.#root)
      return await run()
    }
  }

  async #folderOf(id: string): Promise<string> {
    const [outer, inner] = foldersOf(id)
    const parent = join(this.#blobs, outer)
    const folder = join(parent, inner)
    await this.#folders.ensure(parent, this.#blobs)
    await this.#folders.ensure(folder, parent)
    return folder
  }

  #path(id: string): string {
    const [outer, inner] = foldersOf(id)
    return `${this.#blobs}/${outer}/${inner}/${id}`
  }

  /** An open descriptor keeps the bytes of a removed file (on Windows too, as Node opens it). */
  async *get(id: string, range: ByteRange): AsyncGenerator<Uint8Array, void, undefined> {
    const disk = this.#disk
    const fd = await this.#open(id)
    let past: number | undefined
    try {
      const { regular, size, modified } = await disk.facts(fd)
      if (!regular) throw new StoreUnavailable(`blob ${id} is not a regular file`)
      const length = lengthOfFile(size)
      if (length === undefined || range.end > length)
        throw new StoreUnavailable(
          `blob ${id} has ${length ?? 'no'} bytes, ${range.end} were asked for`,
        )
      const every = this.#everyOf(id, range, modified)
      if (every !== 1)
        past = await disk.openPastCache(this.#path(id), 'read').catch(() => undefined)
      yield* readRange(
        { disk, fd, past, every, id, length, pool: this.#buffers, chunk: bufferSize },
        range,
      )
    } catch (error) {
      if (codeOf(error) === undefined) throw error
      throw new StoreUnavailable(`blob ${id} could not be read`, error)
    } finally {
      if (past !== undefined) await disk.close(past)
      await disk.close(fd)
    }
  }

  #everyOf(id: string, { start, end }: ByteRange, modified: number): Every {
    if (end - start < pastCacheFrom) return 1
    const readings = this.#recent.timesBefore(`${id}/${Math.floor(start / rangeStep)}`)
    return everyRead(readings, this.#clock.now() - modified < freshMs, end)
  }

  async #open(id: string): Promise<number> {
    if (!isBlobId(id)) throw new BlobMissing(id)
    try {
      return await this.#disk.open(this.#path(id))
    } catch (error) {
      if (codeOf(error) === 'ENOENT') throw new BlobMissing(id)
      // ELOOP: somebody planted a link where the blob should be.
      throw new StoreUnavailable(`blob ${id} could not be opened`, error)
    }
  }

  async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      if (!isBlobId(id)) continue
      try {
        await this.#disk.remove(this.#path(id))
      } catch (error) {
        if (codeOf(error) !== 'ENOENT')
          throw new StoreUnavailable(`blob ${id} could not be removed`, error)
      }
    }
  }

  async *list(): AsyncGenerator<ListedBlob, void, undefined> {
    for (const outer of await this.#disk.names(this.#blobs)) {
      const parent = join(this.#blobs, outer)
      if ((await this.#disk.factsAt(parent))?.folder !== true) continue
      for (const inner of await this.#disk.names(parent)) {
        const folder = join(parent, inner)
        if ((await this.#disk.factsAt(folder))?.folder !== true) continue
        for (const id of await this.#disk.names(folder)) {
          if (!isBlobId(id)) continue
          const facts = await this.#disk.factsAt(join(folder, id))
          if (facts?.regular !== true) continue
          yield { id, size: lengthOfFile(facts.size) ?? 0, modified: facts.modified }
        }
      }
    }
  }

  async sweepTemporary(olderThanMs: number): Promise<number> {
    let removed = 0
    const limit = this.#clock.now() - olderThanMs
    for (const name of await this.#disk.names(this.#temporary)) {
      if (this.#unfinished.has(name)) continue
      const path = join(this.#temporary, name)
      const facts = await this.#disk.factsAt(path)
      if (facts === undefined || facts.folder || facts.modified > limit) continue
      await this.#disk.remove(path)
      removed += 1
    }
    return removed
  }

  async close(): Promise<void> {
    await this.#folders.close()
  }
}
