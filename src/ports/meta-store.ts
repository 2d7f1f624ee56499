/**
 * The MetaStore: ordered, typed records, each with a revision that only ever increases.
 * The model is that of FoundationDB and Deno KV: read what you need, decide, commit one batch that says
 * what the decision rested on. No code of ours waits inside a transaction.
 */

/** A value of a key column. Text is ordered by its UTF-8 bytes, numbers by value; NUL is refused in text. */
export type KeyValue = string | number
export type KeyColumnType = 'text' | 'int'
/** `json` columns hold plain data; `int` safe integers; a column may be null unless it is a key column. */
export type ColumnType = 'text' | 'int' | 'bytes' | 'json'

export interface TableShape {
  readonly name: string
  /** Key columns in order. A single `int` key is stored as the engine's own row number. */
  readonly key: Readonly<Record<string, KeyColumnType>>
  readonly columns: Readonly<Record<string, ColumnType>>
  /**
   * Secondary indexes: lists of columns, optionally only where a column equals a number. The key columns that an
   * index does not name follow its own, so its order is total; a record with null in an indexed column is not in it.
   */
  readonly indexes?: readonly {
    readonly name: string
    readonly on: readonly string[]
    readonly where?: Readonly<Record<string, number>>
  }[]
  /** The counter column, if records of this table are counted references: see {@link Add}. */
  readonly counter?: { readonly column: string; readonly atZero: 'remove' | 'keep' }
}

/** A table as data. `R` is the record: key columns and other columns as plain fields (null where empty). */
export interface Table<R extends object> extends TableShape {
  /** Never set; carries the record's type. */
  readonly record?: R
}

/** Declares a table; the type parameter is the record. */
export function table<R extends object>(shape: TableShape): Table<R> {
  return shape
}

/** A record as it is read: its fields and the revision of the commit that wrote it. */
export type Stored<R extends object> = Readonly<R> & { readonly revision: number }

export interface Get<R extends object = object, F extends object = object> {
  readonly table: Table<R>
  readonly key: readonly KeyValue[]
  /** Reads, in the same snapshot, the record of `table` whose single key is this record's `column` (if not null). */
  readonly follow?: { readonly column: string; readonly table: Table<F> }
  /** Only these columns are needed; others may be left undefined. Key columns and revision are always there. Not with `follow`. */
  readonly columns?: readonly string[]
}

export interface Got<R extends object, F extends object = object> {
  readonly record: Stored<R> | undefined
  readonly followed?: Stored<F> | undefined
}

export interface Scan<R extends object = object> {
  readonly table: Table<R>
  /** Values of the leading key columns, all equal. */
  readonly at: readonly KeyValue[]
  /**
   * Bounds over the key columns that remain (a prefix of them suffices), compared in order:
   * `from` inclusive, `after` exclusive, `before` exclusive. Of from and after the greater holds.
   */
  readonly from?: readonly KeyValue[]
  readonly after?: readonly KeyValue[]
  readonly before?: readonly KeyValue[]
  /** At most so many entries (records and groups together). */
  readonly limit: number
  readonly reverse?: boolean
  /**
   * Folds the first remaining key column (text): values that start with `prefix` and contain `delimiter`
   * after it count as one entry, the value up to and with the delimiter. The store seeks past each group.
   * Not with `reverse`.
   */
  readonly group?: { readonly prefix: string; readonly delimiter: string }
  /** Scans an index (by name) instead of the key: `at` and bounds then speak of its columns and the key's after them. */
  readonly index?: string
  /** Only these columns are needed; others may be left undefined. Key columns and revision are always there. */
  readonly columns?: readonly string[]
}

export interface Scanned<R extends object> {
  /** In order. A string is a group (see {@link Scan.group}). */
  readonly entries: readonly (Stored<R> | string)[]
  /** Whether an entry follows the last one within the bounds. */
  readonly more: boolean
}

export type Check =
  /** This record still has that revision (a number), or is still absent (null). */
  | {
      readonly table: Table<object>
      readonly key: readonly KeyValue[]
      readonly revision: number | null
    }
  /** No record's key begins with these values. */
  | { readonly table: Table<object>; readonly empty: readonly KeyValue[] }

export type Write =
  /**
   * Writes the whole record; fields it does not name become null. `absent`: where one stands already, before the batch,
   * that is a Conflict. It costs less than a check; nothing else in the batch may be about that record.
   */
  | { readonly put: Table<object>; readonly record: object; readonly absent?: true }
  | { readonly remove: Table<object>; readonly key: readonly KeyValue[] }

/**
 * Adds to a number in a record that exists; adds of a batch see those before them, and come before its writes. A missing record is a Conflict, as is a record of a counted table
 * whose counter is zero already. Below `floor` (default 0) or above `ceiling` is a Conflict too.
 * In a table with `counter.atZero: 'remove'` the record goes when the counter reaches zero; with 'keep' it
 * stays with zero, which means condemned: nothing can be added to it any more.
 */
export interface Add {
  readonly table: Table<object>
  readonly key: readonly KeyValue[]
  readonly column: string
  readonly delta: number
  readonly floor?: number
  readonly ceiling?: number
}

export interface Batch {
  readonly checks?: readonly Check[]
  readonly writes?: readonly Write[]
  readonly adds?: readonly Add[]
}

/** Greatest number of checks, writes and adds together in one batch. */
export const batchMax = 4096

/** A check, an add or a write that is to be absent failed. `current` is the record that stands there, if any. Nothing of the batch was done. */
export class Conflict extends Error {
  override readonly name = 'Conflict'
  readonly kind: 'check' | 'add' | 'write'
  /** Index into `checks`, `adds` or `writes`. */
  readonly index: number
  readonly current: Stored<object> | undefined
  constructor(kind: Conflict['kind'], index: number, current?: Stored<object>) {
    super(`${kind} ${index} of the batch failed`)
    this.kind = kind
    this.index = index
    this.current = current
  }
}

/** On whose behalf a store that knows rights of its own (Postgres row-level security) acts. */
export interface Actor {
  readonly role: string
  readonly claims: Readonly<Record<string, unknown>>
}

// oxlint's type-aware rules accept these mapped types; each get and scan keeps its own record type.
export type GetResults<G extends readonly Get[]> = {
  -readonly [I in keyof G]: G[I] extends Get<infer R, infer F> ? Got<R, F> : never
}
export type ScanResults<S extends readonly Scan[]> = {
  -readonly [I in keyof S]: S[I] extends Scan<infer R> ? Scanned<R> : never
}

export interface ReadOptions {
  readonly actor?: Actor | undefined
  /**
   * The caller will commit on top of what it reads, or call `settle` before it tells anybody: the store
   * need not wait until what it answers is durable.
   */
  readonly tentative?: boolean
}

/** What was decided on what was read: a batch that says what it rests on, or none, and the answer to give when it is durable. */
export interface Decision<T> {
  readonly batch: Batch | undefined
  readonly result: T
}

export interface MetaStore {
  /** Several reads from one snapshot. Unless tentative, resolves when all that it tells is durable. */
  read<const G extends readonly Get[], const S extends readonly Scan[]>(
    request: { readonly gets?: G; readonly scans?: S },
    options?: ReadOptions,
  ): Promise<{ readonly gets: GetResults<G>; readonly scans: ScanResults<S> }>
  /** All or nothing; resolves when durable, with the revision of every record written. Rejects with {@link Conflict}. */
  commit(
    batch: Batch,
    options?: { readonly actor?: Actor | undefined },
  ): Promise<{ readonly revision: number }>
  /**
   * Reads tentatively, decides and commits, in one call. It means no more than {@link read}, `decide` and {@link commit} one
   * after the other, so the batch carries its checks all the same; but a store that is near may do all three in its turn to
   * write, where reading is cheap and nobody comes between. Resolves with the result when what it rests on is durable,
   * and so rejects with what `decide` threw. `decide` answers at once, changes nothing and may be asked again.
   */
  commitOn<const G extends readonly Get[], T>(
    gets: G,
    decide: (gets: GetResults<G>) => Decision<T>,
    options?: { readonly actor?: Actor | undefined },
  ): Promise<T>
  /** Resolves when everything that a read could have seen so far is durable. */
  settle(): Promise<void>
  /**
   * A number that moves whenever the record may have changed, in this process or elsewhere, before anybody is told
   * of the change: what was read after asking for the number may be served as long as the number stands.
   */
  generation(table: Table<object>, key: readonly KeyValue[]): number
  /** Asks for {@link generation} of one record again and again: what does not change in the question is worked out once. */
  watch(table: Table<object>, key: readonly KeyValue[]): () => number
  /** Records that changed elsewhere (another process or worker): for caches. Returns the way to stop. */
  changes(
    listener: (table: string, key: readonly KeyValue[]) => void,
    /** Changes of others need not be told; telling costs every commit of those that are. All by default. */
    tables?: readonly { readonly name: string }[],
  ): () => void
  close(): Promise<void>
}

/** Typed shorthand for a get. */
export function get<R extends object>(table: Table<R>, key: readonly KeyValue[]): Get<R> {
  return { table, key }
}

/** Typed shorthand for a get that follows a reference. */
export function getFollowing<R extends object, F extends object>(
  from: Table<R>,
  key: readonly KeyValue[],
  column: string,
  to: Table<F>,
): Get<R, F> {
  return { table: from, key, follow: { column, table: to } }
}

/** Typed shorthand for a scan. */
export function scan<R extends object>(table: Table<R>, rest: Omit<Scan<R>, 'table'>): Scan<R> {
  return { table, ...rest }
}

/** Commits what is decided. What `decide` throws is told, as its result is, when what it rests on is durable. */
export async function commitDecided<T>(
  store: Pick<MetaStore, 'commit' | 'settle'>,
  decide: () => Promise<Decision<T>>,
): Promise<T> {
  let decision: Decision<T>
  try {
    decision = await decide()
  } catch (error) {
    await store.settle()
    throw error
  }
  await (decision.batch === undefined ? store.settle() : store.commit(decision.batch))
  return decision.result
}

/** {@link MetaStore.commitOn} where nothing is nearer than one call after the other. */
export function decideThenCommit<const G extends readonly Get[], T>(
  store: Pick<MetaStore, 'read' | 'commit' | 'settle'>,
  gets: G,
  decide: (gets: GetResults<G>) => Decision<T>,
): Promise<T> {
  return commitDecided(store, async () => {
    const found = await store.read({ gets }, { tentative: true })
    return decide(found.gets)
  })
}

/** Commits what whoever is first does for all: false where somebody else was, and nothing of the batch was done. */
export async function commitIfFirst(store: MetaStore, batch: Batch): Promise<boolean> {
  try {
    await store.commit(batch)
    return true
  } catch (error) {
    if (error instanceof Conflict) return false
    throw error
  }
}
