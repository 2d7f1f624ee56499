/** Makes commits durable by syncing the WAL off the main thread, and lets answers wait for it. */
import type { Shared } from './shared.ts'

interface Waiter {
  readonly revision: number
  readonly resolve: (durable: { readonly revision: number }) => void
}

export interface DurabilityOptions {
  readonly shared: Shared
  /** Resolves when all that was written to the WAL before the call is on the disk; undefined where nothing is synced. */
  readonly sync: (() => Promise<void>) | undefined
  /** Called when a sync failed: nobody knows any more what is on the disk, so the process must end. */
  readonly onFatal: (error: unknown) => void
}

/** How long somebody else's sync may take before a waiter syncs himself. */
const patience = 100

export class Durability {
  readonly #shared: Shared
  readonly #sync: (() => Promise<void>) | undefined
  readonly #onFatal: (error: unknown) => void
  #waiters: Waiter[] = []
  #wanted = 0
  #syncing = false
  #running = Promise.resolve()
  #watching = false

  constructor({ shared, sync, onFatal }: DurabilityOptions) {
    this.#shared = shared
    this.#sync = sync
    this.#onFatal = onFatal
  }

  /** This connection committed: all that is committed by now shall be synced. */
  committed(): void {
    const last = this.#shared.last()
    if (this.#sync === undefined) {
      this.#shared.raiseDurable(last)
      this.#wake()
      return
    }
    this.#wanted = last
    if (!this.#syncing) this.#running = this.#run(this.#sync)
  }

  /**
   * Resolves when no sync of this connection is under way: another one's may have made everything durable before ours
   * ends, and a file that is closed under a sync makes it fail.
   */
  idle(): Promise<void> {
    return this.#running
  }

  /** Undefined when everything up to the number is durable already, else a promise of that. */
  wait(number: number): Promise<void> | undefined {
    if (number <= this.#shared.durable()) return undefined
    return new Promise(resolve => {
      this.#waiters.push({ revision: number, resolve: () => resolve() })
      // What this connection's own sync will cover needs no watch on the others.
      if (number > this.#wanted && !this.#watching) void this.#watch()
    })
  }

  /** As {@link wait} for a commit of this connection that {@link committed} will tell of. */
  whenOwn(revision: number, resolve: Waiter['resolve']): void {
    this.#waiters.push({ revision, resolve })
  }

  async #run(sync: () => Promise<void>): Promise<void> {
    this.#syncing = true
    try {
      while (this.#wanted > this.#shared.durable()) {
        const last = this.#shared.last()
        await sync()
        // After a sync that failed the next one may succeed without having written what that one lost.
        if (this.#shared.failed) return
        this.#shared.raiseDurable(last)
        this.#wake()
      }
      this.#syncing = false
      // Another connection's sync may have covered our commit before this one looked: nobody else tells our waiters.
      this.#wake()
    } catch (error) {
      // `#syncing` stays: a second sync could succeed without having written what the first one lost.
      this.#waiters = []
      this.#onFatal(error)
    }
  }

  #wake(): void {
    const durable = this.#shared.durable()
    const still: Waiter[] = []
    const waiters = this.#waiters
    this.#waiters = still
    for (const waiter of waiters) {
      const { revision, resolve } = waiter
      if (revision <= durable) resolve({ revision })
      else still.push(waiter)
    }
  }

  /** Waits for commits of other connections. Whoever committed syncs; if it died, the waiter does. */
  async #watch(): Promise<void> {
    this.#watching = true
    while (this.#waiters.length > 0) {
      const durable = this.#shared.durable()
      this.#wake()
      if (this.#shared.failed) this.#waiters = []
      if (this.#waiters.length === 0) break
      const outcome = await this.#shared.durableMoves(durable, patience)
      if (outcome === 'timed-out') this.committed()
    }
    this.#watching = false
  }
}
