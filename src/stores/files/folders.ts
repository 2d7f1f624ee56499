/** Folders: made once, and synced once for all the names that were put into them meanwhile. */
import type { Disk } from './disk.ts'

interface Syncing {
  readonly running: Promise<void>
  /** The sync that begins after the running one, for names that came too late for it. */
  next: Promise<void> | undefined
}

/** So many descriptors of folders stay open. */
const openMax = 16

export class Folders {
  readonly #disk: Disk
  readonly #made = new Map<string, Promise<void>>()
  readonly #syncing = new Map<string, Syncing>()
  readonly #open = new Map<string, Promise<number>>()

  constructor(disk: Disk) {
    this.#disk = disk
  }

  /** Makes the folder durable under its parent, which must be there. Refuses anything that is no folder. */
  ensure(folder: string, parent: string): Promise<void> {
    let made = this.#made.get(folder)
    if (made === undefined) {
      made = this.#make(folder, parent)
      this.#made.set(folder, made)
      made.catch(() => this.#made.delete(folder))
    }
    return made
  }

  async #make(folder: string, parent: string): Promise<void> {
    const created = await this.#disk.makeFolder(folder)
    if (!created) {
      const facts = await this.#disk.factsAt(folder)
      if (facts?.folder !== true) throw new Error(`${folder} is not a folder`)
    }
    // Also when it was there: whoever made it may have died before the sync.
    await this.sync(parent)
  }

  /** Resolves when every name that was in the folder before the call is durable. */
  sync(folder: string): Promise<void> {
    const syncing = this.#syncing.get(folder)
    if (syncing === undefined) return this.#start(folder)
    // The running one may have looked at the folder before our name was in it.
    syncing.next ??= syncing.running.then(
      () => this.#start(folder),
      () => this.#start(folder),
    )
    return syncing.next
  }

  #start(folder: string): Promise<void> {
    const running = this.#sync(folder)
    const syncing: Syncing = { running, next: undefined }
    this.#syncing.set(folder, syncing)
    const forget = () => {
      if (this.#syncing.get(folder) === syncing && syncing.next === undefined)
        this.#syncing.delete(folder)
    }
    running.then(forget, forget)
    return running
  }

  async #sync(folder: string): Promise<void> {
    await this.#disk.syncFolder(await this.#descriptor(folder))
  }

  #descriptor(folder: string): Promise<number> {
    const known = this.#open.get(folder)
    if (known !== undefined) return known
    const opened = this.#disk.openFolder(folder)
    this.#open.set(folder, opened)
    opened.catch(() => this.#open.delete(folder))
    for (const oldest of this.#open.keys()) {
      if (this.#open.size <= openMax) break
      if (!this.#syncing.has(oldest)) this.#forget(oldest)
      else break
    }
    return opened
  }

  /** Somebody took folders away: all are made, opened and synced anew when they are wanted again. */
  forgetAll(): void {
    this.#made.clear()
    for (const [folder, opened] of this.#open) {
      this.#open.delete(folder)
      const running = this.#syncing.get(folder)?.running ?? Promise.resolve()
      const close = () => void opened.then(fd => this.#disk.close(fd)).catch(() => undefined)
      running.then(close, close)
    }
  }

  #forget(folder: string): void {
    const opened = this.#open.get(folder)
    this.#open.delete(folder)
    void opened?.then(
      fd => this.#disk.close(fd),
      () => undefined,
    )
  }

  async close(): Promise<void> {
    const all = [...this.#open.values()]
    this.#open.clear()
    for (const opened of all) await this.#disk.close(await opened)
  }
}
