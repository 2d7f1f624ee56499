/**
 * Hot records with their small bodies, bounded by bytes. An entry is served only while the store's generation of its
 * record stands where it stood before the record was read, so it is never stale.
 *
 * What is read once must not drive out what is read often, and a walk over more objects than fit must find those that
 * do. So a full cache takes few of those that it did not have, by chance: an object that is asked for often gets in
 * soon, one of a million hardly ever. Room is made in the order of arrival; what was used since then gets another round.
 */
import type { MetaStore, Stored } from '../ports/meta-store.ts'
import { objectsTable, type VersionRecord } from './tables.ts'

export interface CachedObject {
  readonly record: Stored<VersionRecord>
  readonly bytes: Uint8Array | undefined
}

interface Entry extends CachedObject {
  readonly generation: number
  /** What it is taken to weigh, in bytes. */
  readonly weight: number
  used: boolean
}

/** What an entry weighs beside its body (measured): record, strings, the body's own objects, the map's share. */
const entryOverheadBytes = 850
/** Of so many objects that are not there, a full cache takes one. */
const admittedOf = 16
/** So many entries get another round while room is made for one, so that no request waits for long. */
const roundsMax = 64
/** What a part of a large object weighs. */
const partBytes = 300

function weightOf({ record, bytes }: CachedObject): number {
  const { content } = record
  const parts = content !== null && 'parts' in content ? content.parts.length : 0
  return entryOverheadBytes + (bytes?.byteLength ?? 0) + parts * partBytes
}

export class ObjectCache {
  readonly #store: MetaStore
  readonly #bytesMax: number
  readonly #entries = new Map<string, Entry>()
  #bytes = 0

  /** `bytesMax` zero: nothing is kept. */
  constructor(store: MetaStore, bytesMax: number) {
    this.#store = store
    this.#bytesMax = bytesMax
  }

  generation(bucket: string, key: string): number {
    return this.#store.generation(objectsTable, [bucket, key])
  }

  get(bucket: string, key: string): CachedObject | undefined {
    const name = `${bucket}/${key}`
    const entry = this.#entries.get(name)
    if (entry === undefined) return undefined
    if (entry.generation === this.generation(bucket, key)) {
      entry.used = true
      return entry
    }
    this.#drop(name, entry)
    return undefined
  }

  /** `generation` was asked for before the record was read. */
  set(bucket: string, key: string, generation: number, object: CachedObject): void {
    const weight = weightOf(object)
    const full = this.#bytes + weight > this.#bytesMax
    if (full && (this.#bytesMax === 0 || Math.random() * admittedOf >= 1)) return
    const name = `${bucket}/${key}`
    const { record, bytes } = object
    const before = this.#entries.get(name)
    if (before !== undefined) this.#drop(name, before)
    this.#entries.set(name, { record, bytes, generation, weight, used: false })
    this.#bytes += weight
    if (full) this.#makeRoom()
  }

  /** Frees what is stale now; correctness does not rest on it. */
  forget(bucket: string, key: string): void {
    if (this.#entries.size === 0) return
    const name = `${bucket}/${key}`
    const entry = this.#entries.get(name)
    if (entry !== undefined) this.#drop(name, entry)
  }

  #drop(name: string, entry: Entry): void {
    this.#entries.delete(name)
    this.#bytes -= entry.weight
  }

  #makeRoom(): void {
    let rounds = roundsMax
    for (const [name, entry] of this.#entries) {
      if (this.#bytes <= this.#bytesMax) return
      this.#drop(name, entry)
      if (!entry.used || rounds === 0) continue
      rounds -= 1
      entry.used = false
      this.#entries.set(name, entry)
      this.#bytes += entry.weight
    }
  }
}
