/** All records of a table in the order of its key, a page at a time. */
import { setImmediate } from 'node:timers/promises'
import {
  type KeyValue,
  type MetaStore,
  type Stored,
  scan,
  type Table,
} from '../../ports/meta-store.ts'

/** Rows read in one call. */
const page = 500

export interface RecordsOptions {
  readonly at?: readonly KeyValue[]
  readonly columns?: readonly string[]
}

/** Every record whose key begins with `at`, or every one there is. What is written meanwhile may or may not be there. */
export async function* recordsOf<R extends object>(
  store: MetaStore,
  table: Table<R>,
  { at = [], columns }: RecordsOptions = {},
): AsyncGenerator<Stored<R>> {
  const rest = Object.keys(table.key).slice(at.length)
  let after: readonly KeyValue[] | undefined
  for (;;) {
    const { scans } = await store.read({
      scans: [
        scan(table, {
          at,
          limit: page,
          ...(after === undefined ? {} : { after }),
          ...(columns === undefined ? {} : { columns }),
        }),
      ],
    })
    // A store that answers at once would else keep signals waiting until the end.
    await setImmediate()
    let last: Stored<R> | undefined
    for (const entry of scans[0].entries) {
      if (typeof entry === 'string') continue
      last = entry
      yield entry
    }
    if (!scans[0].more || last === undefined) return
    const fields: Readonly<Record<string, unknown>> = { ...last }
    after = rest.map(name => keyValue(fields[name]))
  }
}

function keyValue(value: unknown): KeyValue {
  if (typeof value === 'string' || typeof value === 'number') return value
  throw new TypeError('a key column holds neither text nor a number')
}

/** Records one by one, the next of which can be looked at before it is taken. */
export class Cursor<R extends object> {
  readonly #source: AsyncGenerator<Stored<R>>
  #next: Stored<R> | undefined
  #looked = false

  constructor(source: AsyncGenerator<Stored<R>>) {
    this.#source = source
  }

  async peek(): Promise<Stored<R> | undefined> {
    if (!this.#looked) {
      const { value, done } = await this.#source.next()
      this.#next = done === true ? undefined : value
      this.#looked = true
    }
    return this.#next
  }

  /** What `peek` showed is done with. */
  take(): void {
    this.#looked = false
  }
}
