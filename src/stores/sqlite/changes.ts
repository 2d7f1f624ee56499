/** Tells the threads of one process what changed, where somebody listens. */
import type { KeyValue } from '../../ports/meta-store.ts'
import type { EncodedBatch } from './batches.ts'
import type { Shared } from './shared.ts'

type Change = readonly [table: string, key: readonly KeyValue[]]
type Listener = (table: string, key: readonly KeyValue[]) => void

export class Changes {
  readonly #shared: Shared
  readonly #listeners = new Set<Listener>()
  #channel: BroadcastChannel | undefined

  constructor(shared: Shared) {
    this.#shared = shared
  }

  listen(listener: Listener): () => void {
    // The same function may be given twice; each registration is its own.
    const own: Listener = (table, key) => listener(table, key)
    this.#listeners.add(own)
    this.#shared.addListener(1)
    this.#open()
    return () => {
      if (this.#listeners.delete(own)) this.#shared.addListener(-1)
    }
  }

  /** Costs nothing unless some thread of the process listens. */
  tell(batches: readonly EncodedBatch[]): void {
    if (!this.#shared.hasListeners()) return
    const changes: Change[] = []
    for (const { writes, adds } of batches) {
      for (const { table, key } of writes) changes.push([table.layout.shape.name, key])
      for (const { statements, key } of adds) changes.push([statements.layout.shape.name, key])
    }
    if (changes.length > 0) this.#open().postMessage(changes)
  }

  close(): void {
    for (const listener of this.#listeners) {
      this.#listeners.delete(listener)
      this.#shared.addListener(-1)
    }
    this.#channel?.close()
    this.#channel = undefined
  }

  #open(): BroadcastChannel {
    if (this.#channel !== undefined) return this.#channel
    const channel = new BroadcastChannel(this.#shared.channel())
    channel.onmessage = event => {
      for (const [table, key] of event.data as readonly Change[])
        for (const listener of this.#listeners) listener(table, key)
    }
    channel.unref()
    this.#channel = channel
    return channel
  }
}
