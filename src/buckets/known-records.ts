/** Records of a table that are asked for again and again, by the text that is their key. What is not there is known too. */
import { get, type MetaStore, type Stored, type Table } from '../ports/meta-store.ts'

const knownMax = 10_000

interface Known<R extends object> {
  readonly generation: number
  readonly record: Stored<R> | undefined
}

export class KnownRecords<R extends object> {
  readonly #store: MetaStore
  readonly #table: Table<R>
  /** Served only while the store's generation stands. */
  readonly #known = new Map<string, Known<R>>()

  constructor(store: MetaStore, table: Table<R>) {
    this.#store = store
    this.#table = table
  }

  async find(key: string): Promise<Stored<R> | undefined> {
    const generation = this.#store.generation(this.#table, [key])
    const known = this.#known.get(key)
    if (known?.generation === generation) return known.record
    const { gets } = await this.#store.read({ gets: [get(this.#table, [key])] })
    const { record } = gets[0]
    if (this.#known.size >= knownMax) this.#known.clear()
    this.#known.set(key, { generation, record })
    return record
  }
}
