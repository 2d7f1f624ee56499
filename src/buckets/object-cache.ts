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
  /** Of a string, each character is a byte. */
  readonly bytes: string | Uint8Array | undefined
}

interface Entry extends CachedObject {
  readonly generation: number
  /** What it is taken to weigh, in bytes. */
  readonly weight: number
  used: boolean
}

/** What an entry weighs beside its body (measured): record, strings, the map's share. */
const entryOverheadBytes = 500
/** A body of more bytes stays as it is: as a string it would be copied once more with each answer. */
const textMax = 8192
/** Of so many objects that are not there, a full cache takes one. */
const admittedOf = 16
/** So many entries get another round while room is made for one, so that no request waits for long. */
const roundsMax = 64
/** What a part of a large object weighs. */
const partBytes = 300

function weightOf({ record, bytes }: CachedObject): number {
  const { content } = record
  const parts = content !== null && 'parts' in content ? content.parts.length : 0
  return entryOverheadBytes + (bytes?.length ?? 0) + parts * partBytes
}

/** Bytes outside the heap cost a third of a kilobyte for themselves; in a string they cost nothing, and are sent as fast. */
const compactBytes = (bytes: CachedObject['bytes']): CachedObject['bytes'] =>
  bytes === undefined || typeof bytes === 'string' || bytes.byteLength > textMax
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')

/** What many records say in the same words; each row read brings words of its own. */
class Words {
  readonly #kept = new Map<string, string>()

  once<T extends string | null>(word: T): T {
    if (word === null) return word
    const kept = this.#kept.get(word)
    if (kept !== undefined) return kept as T & string
    if (this.#kept.size >= wordsMax) this.#kept.clear()
    this.#kept.set(word, word)
    return word
  }
}

const wordsMax = 256

export class ObjectCache {
  readonly #store: MetaStore
  readonly #bytesMax: number
  readonly #entries = new Map<string, Entry>()
  readonly #words = new Words()
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
    const before = this.#entries.get(name)
    if (before !== undefined) this.#drop(name, before)
    const bytes = compactBytes(object.bytes)
    const record = this.#compact(object.record, name)
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

  /** The record without what it holds on to beside its own: words, and the request's target of which its key is a part. */
  #compact(record: Stored<VersionRecord>, name: string): Stored<VersionRecord> {
    const words = this.#words
    return {
      ...record,
      bucket: words.once(record.bucket),
      key: name.slice(record.bucket.length + 1),
      owner: words.once(record.owner),
      storageClass: words.once(record.storageClass),
      checksumAlgorithm: words.once(record.checksumAlgorithm),
      checksumType: words.once(record.checksumType),
    }
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
