/** Bounds how often somebody may fail to sign in: by name and address, and by address alone. */
import { AdminError } from '../errors.ts'

const windowMs = 60_000
const mostByName = 10
const mostByAddress = 60
/** Names are anybody's to make up; beyond this the oldest is forgotten. */
const knownMax = 10_000

interface Counted {
  failures: number
  readonly since: number
}

export class Attempts {
  readonly #counts = new Map<string, Counted>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  /**
   * Lets one attempt begin, and counts it as failed until it is known to be none: many at once are as many as one after
   * the other. Throws TooManyAttempts; answers what to call when it went well.
   */
  begin(name: string, address: string): () => void {
    const counted = [
      { key: JSON.stringify([address, name]), most: mostByName },
      { key: address, most: mostByAddress },
    ].map(({ key, most }) => ({ count: this.#count(key), most }))
    const full = counted.filter(({ count, most }) => count.failures >= most)
    if (full.length > 0) throw tooMany(Math.max(...full.map(({ count }) => this.#left(count))))
    for (const { count } of counted) count.failures += 1
    return () => {
      for (const { count } of counted) count.failures -= 1
    }
  }

  #left({ since }: Counted): number {
    return Math.max(1, Math.ceil((since + windowMs - this.#now()) / 1000))
  }

  #count(key: string): Counted {
    const known = this.#counts.get(key)
    if (known !== undefined && this.#now() - known.since < windowMs) return known
    this.#counts.delete(key)
    const oldest = this.#counts.keys().next()
    if (this.#counts.size >= knownMax && oldest.done !== true) this.#counts.delete(oldest.value)
    const fresh = { failures: 0, since: this.#now() }
    this.#counts.set(key, fresh)
    return fresh
  }
}

const tooMany = (seconds: number): AdminError =>
  new AdminError('TooManyAttempts', 'Too many attempts to sign in. Please try again later.', {
    headers: ['Retry-After', String(seconds)],
  })
