/** How the contract's tests get the store that they try. */
import type { MetaStore, TableShape } from './meta-store.ts'

/** Opens an empty store with these tables, through so many connections (or one, where only one is possible). */
export type MetaFactory = (
  tables: readonly TableShape[],
  connections: number,
) => Promise<{
  readonly stores: readonly [MetaStore, ...MetaStore[]]
  readonly close: () => Promise<void>
}>
