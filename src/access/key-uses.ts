/**
 * When access keys were last used. A request only sets a value in memory; what was noted is written now and then, for a key
 * once in some minutes, however many requests and workers there are, and once more when it rests. A process that is killed
 * forgets the last minutes.
 */
import type { Clock } from '../ports/clock.ts'
import { get, type MetaStore, type Stored, type Write } from '../ports/meta-store.ts'
import { type KeyUseRecord, keysTable, keyUsesTable } from './tables.ts'

export type KeyUse = Omit<KeyUseRecord, 'id'>

/** What is written is at most so old while a key is in use; AWS is no nearer. */
const keepMs = 5 * 60_000
const batch = 250

/** A key that goes, with what is known of its use. */
export const keyRemovals = (id: string): readonly Write[] => [
  { remove: keysTable, key: [id] },
  { remove: keyUsesTable, key: [id] },
]

interface Noted {
  at: number
  service: string
  region: string
  /** When the use was that is written; 0: none of which is known. */
  written: number
}

type Due = readonly [id: string, noted: Noted]

export class KeyUses {
  readonly #store: MetaStore
  readonly #clock: Clock
  readonly #noted = new Map<string, Noted>()

  constructor(store: MetaStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** On the path of every request. The key exists: its signature was right. */
  note(id: string, service: string, region: string): void {
    const at = this.#clock.now()
    const noted = this.#noted.get(id)
    if (noted === undefined) this.#noted.set(id, { at, service, region, written: 0 })
    else {
      noted.at = at
      noted.service = service
      noted.region = region
    }
  }

  /** The last uses that are known; of other workers those that are written. */
  async of(ids: readonly string[]): Promise<ReadonlyMap<string, KeyUse>> {
    const found = new Map<string, KeyUse>()
    if (ids.length === 0) return found
    const { gets } = await this.#store.read({ gets: ids.map(id => get(keyUsesTable, [id])) })
    for (const { record } of gets) if (record !== undefined) found.set(record.id, record)
    for (const id of ids) {
      const noted = this.#noted.get(id)
      if (noted !== undefined && noted.at > (found.get(id)?.at ?? 0)) found.set(id, noted)
    }
    return found
  }

  /**
   * Writes what is due, and forgets the keys that rest; `all`: whatever is not written yet. Rejects as the store does, and
   * may be called again.
   */
  async flush(all = false): Promise<void> {
    const busy: Due[] = []
    const last: Due[] = []
    for (const [id, noted] of this.#noted) {
      const unwritten = noted.at - noted.written
      const rests = this.#clock.now() - noted.at >= keepMs
      if (unwritten > 0 && (all || rests)) last.push([id, noted])
      else if (unwritten >= keepMs) busy.push([id, noted])
      else if (rests) this.#noted.delete(id)
    }
    await this.#writeAll(busy, keepMs)
    await this.#writeAll(last, 1)
  }

  async #writeAll(due: readonly Due[], apart: number): Promise<void> {
    for (let start = 0; start < due.length; start += batch)
      await this.#write(due.slice(start, start + batch), apart)
  }

  /** Unless another worker wrote it less than `apart` before. Two that write at once both write the truth, nearly. */
  async #write(due: readonly Due[], apart: number): Promise<void> {
    const { gets } = await this.#store.read({
      gets: [
        ...due.map(([id]) => get(keysTable, [id])),
        ...due.map(([id]) => get(keyUsesTable, [id])),
      ],
    })
    const writes: Write[] = []
    const settled: (readonly [noted: Noted, written: number])[] = []
    due.forEach(([id, noted], index) => {
      const { service, region, at } = noted
      if (gets[index]?.record === undefined) {
        this.#noted.delete(id)
        return
      }
      const before = gets[due.length + index]?.record as Stored<KeyUseRecord> | undefined
      const written = before?.at ?? 0
      const isNew = at - written >= apart
      if (isNew) writes.push({ put: keyUsesTable, record: { id, at, service, region } })
      settled.push([noted, isNew ? at : written])
    })
    if (writes.length > 0) await this.#store.commit({ writes })
    for (const [noted, written] of settled) noted.written = written
  }
}
