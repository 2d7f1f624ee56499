/** All records of a table in the order of its key, a page at a time. */
import { setImmediate } from 'node:timers/promises'
import {
  type KeyValue,
  type MetaStore,
  type Scan,
  type Stored,
  scan,
  type Table,
} from './meta-store.ts'

/** Rows read in one call. */
const page = 500

export interface RecordsOptions extends Pick<Scan<object>, 'from' | 'before' | 'columns'> {
  readonly at?: readonly KeyValue[]
}

/** Every record within the bounds. What is written meanwhile may or may not be there. */
export async function* recordsOf<R extends object>(
  store: MetaStore,
  table: Table<R>,
  { at = [], ...bounds }: RecordsOptions = {},
): AsyncGenerator<Stored<R>> {
  const rest = Object.keys(table.key).slice(at.length)
  let after: readonly KeyValue[] | undefined
  for (;;) {
    const behind = after === undefined ? {} : { after }
    const { scans } = await store.read({
      scans: [scan(table, { at, limit: page, ...bounds, ...behind })],
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
