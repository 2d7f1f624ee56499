/** Tells the threads of one process what changed, where somebody listens. */
import type { KeyValue } from '../../ports/meta-store.ts'
import type { EncodedBatch } from './batches.ts'
import type { Shared } from './shared.ts'

type Change = readonly [table: string, key: readonly KeyValue[]]
const everything = -1

type Listener = (table: string, key: readonly KeyValue[]) => void

export class Changes {
  readonly #shared: Shared
  readonly #listeners = new Set<Listener>()
  #channel: BroadcastChannel | undefined

  /** The tables' bits, by their place in the declaration, which is the same in every thread. */
  readonly #bits: ReadonlyMap<string, number>

  constructor(shared: Shared, tables: readonly { readonly name: string }[]) {
    this.#shared = shared
    this.#bits = new Map(tables.map(({ name }, index) => [name, 1 << (index % 32)]))
  }

  listen(listener: Listener, tables?: readonly { readonly name: string }[]): () => void {
    // The same function may be given twice; each registration is its own.
    const own: Listener = (table, key) => listener(table, key)
    this.#listeners.add(own)
    const mask = tables?.reduce((sum, { name }) => sum | this.#bit(name), 0) ?? everything
    this.#shared.listenTo(mask)
    this.#shared.addListener(1)
    this.#open()
    return () => {
      if (this.#listeners.delete(own)) this.#shared.addListener(-1)
    }
  }

  #bit(table: string): number {
    return this.#bits.get(table) ?? everything
  }

  /** Costs nothing unless some thread of the process listens. */
  tell(batches: readonly EncodedBatch[]): void {
    if (!this.#shared.hasListeners()) return
    const listened = this.#shared.listenedTo()
    const changes: Change[] = []
    const note = (table: string, key: readonly KeyValue[]) => {
      if ((this.#bit(table) & listened) !== 0) changes.push([table, key])
    }
    for (const { writes, adds } of batches) {
      for (const { table, key } of writes) note(table.layout.shape.name, key)
      for (const { statements, key } of adds) note(statements.layout.shape.name, key)
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
