/**
 * Hot records with their small bodies, bounded by bytes. An entry is served only while the store's generation of its
 * record stands where it stood before the record was read, so it is never stale.
 */
import type { MetaStore, Stored } from '../ports/meta-store.ts'
import { objectsTable, type VersionRecord } from './tables.ts'

export interface CachedObject {
  readonly record: Stored<VersionRecord>
  readonly bytes: Uint8Array | undefined
}

interface Entry extends CachedObject {
  readonly generation: number
}

/** What an entry weighs beside its body: record, strings and the maps' own. */
const entryOverheadBytes = 800

export class ObjectCache {
  readonly #store: MetaStore
  readonly #halfBytes: number
  #young = new Map<string, Entry>()
  #old = new Map<string, Entry>()
  #youngBytes = 0

  /** `bytesMax` zero: nothing is kept. */
  constructor(store: MetaStore, bytesMax: number) {
    this.#store = store
    this.#halfBytes = bytesMax / 2
  }

  generation(bucket: string, key: string): number {
    return this.#store.generation(objectsTable, [bucket, key])
  }

  get(bucket: string, key: string): CachedObject | undefined {
    const name = `${bucket}/${key}`
    let entry = this.#young.get(name)
    if (entry === undefined) {
      entry = this.#old.get(name)
      if (entry === undefined) return undefined
      this.#old.delete(name)
      if (entry.generation === this.generation(bucket, key)) this.#keep(name, entry)
    }
    if (entry.generation === this.generation(bucket, key)) return entry
    this.#young.delete(name)
    return undefined
  }

  /** `generation` was asked for before the record was read. */
  set(bucket: string, key: string, generation: number, object: CachedObject): void {
    if (this.#halfBytes === 0) return
    this.#keep(`${bucket}/${key}`, { generation, ...object })
  }

  /** Frees what is stale now; correctness does not rest on it. */
  forget(bucket: string, key: string): void {
    if (this.#young.size > 0) this.#young.delete(`${bucket}/${key}`)
  }

  #keep(name: string, entry: Entry): void {
    this.#young.set(name, entry)
    this.#youngBytes += entryOverheadBytes + (entry.bytes?.byteLength ?? 0)
    if (this.#youngBytes < this.#halfBytes) return
    this.#old = this.#young
    this.#young = new Map()
    this.#youngBytes = 0
  }
}
