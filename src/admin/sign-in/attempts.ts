/**
 * Bounds how often somebody may fail to sign in: by name and address, and by address alone, at all workers together.
 *
 * Names are anybody's to make up, so what is kept has a fixed size: each key is counted in two places of a table, among
 * others that fall there, and its count is the smaller one. So nobody gets more attempts than the limit; to take those of
 * others one would have to fill both of their places, which nobody can know without the secret of the process.
 */
import { hash, randomFillSync } from 'node:crypto'
import { AdminError } from '../errors.ts'

const windowMs = 60_000
const mostByName = 10
const mostByAddress = 60
const placesMax = 2 ** 14
const secretBytes = 16

/** A place: when its count began, in milliseconds since the epoch, and below that the count. */
const countBits = 20n
const countMask = (1n << countBits) - 1n

interface Counted {
  readonly since: number
  readonly count: number
}

/** What all workers of a process share of it. */
export function createAttempts(): SharedArrayBuffer {
  const shared = new SharedArrayBuffer(secretBytes + placesMax * 8)
  new Uint8Array(shared, 0, secretBytes).set(randomFillSync(new Uint8Array(secretBytes)))
  return shared
}

const groupsIn = (text: string): readonly string[] => (text === '' ? [] : text.split(':'))

/**
 * Whose addresses count as one: whoever has an IPv6 address has all that begin with the same 64 bits, more than anybody
 * could count. One of IPv4 is the same however a socket writes it.
 */
function networkOf(address: string): string {
  if (!address.includes(':')) return address
  // Written by URL there is one form of each address, without dots; it has no word for zones.
  const url = URL.parse(`http://[${address.split('%', 1)[0]}]`)
  if (url === null) return address
  const [before = '', behind = ''] = url.hostname.slice(1, -1).split('::')
  const [head, rest] = [groupsIn(before), groupsIn(behind)]
  const zeros = Array<string>(8 - head.length - rest.length).fill('0')
  const groups = [...head, ...zeros, ...rest]
  if (groups.slice(0, 6).join(':') !== '0:0:0:0:0:ffff') return groups.slice(0, 4).join(':')
  const bytes = groups.slice(6).map(group => Number.parseInt(group, 16))
  return bytes.flatMap(pair => [pair >> 8, pair & 255]).join('.')
}

interface Begun {
  readonly place: number
  readonly since: number
}

export class Attempts {
  readonly #secret: string
  readonly #places: BigUint64Array
  readonly #now: () => number

  constructor(now: () => number, shared = createAttempts()) {
    this.#now = now
    this.#secret = Buffer.from(new Uint8Array(shared, 0, secretBytes)).toString('hex')
    this.#places = new BigUint64Array(shared, secretBytes)
  }

  /**
   * Lets one attempt begin, and counts it as failed until it is known to be none: many at once are as many as one after
   * the other. Throws TooManyAttempts; answers what to call when it went well.
   */
  begin(name: string, address: string): () => void {
    const now = this.#now()
    const network = networkOf(address)
    const counted = [
      { key: JSON.stringify([network, name]), most: mostByName },
      { key: network, most: mostByAddress },
    ].map(({ key, most }) => ({
      most,
      counts: this.#placesOf(key).map(place => ({ place, ...this.#add(place, now) })),
    }))
    const takeBack = () => {
      for (const { counts } of counted) for (const begun of counts) this.#takeBack(begun)
    }
    const waits = counted
      .filter(({ counts, most }) => counts.every(({ count }) => count > most))
      // The count falls when the first of its places begins anew.
      .map(({ counts }) => Math.min(...counts.map(({ since }) => since)) + windowMs - now)
    if (waits.length === 0) return takeBack
    takeBack()
    throw tooMany(Math.max(1, Math.ceil(Math.max(...waits) / 1000)))
  }

  #placesOf(key: string): readonly number[] {
    const digest = hash('sha256', `${this.#secret} ${key}`, 'buffer')
    const first = digest.readUInt32LE(0) % placesMax
    const distance = 1 + (digest.readUInt32LE(4) % (placesMax - 1))
    return [first, (first + distance) % placesMax]
  }

  #add(place: number, now: number): Counted {
    return this.#change(place, ({ since, count }) =>
      count > 0 && now - since < windowMs ? { since, count: count + 1 } : { since: now, count: 1 },
    )
  }

  /** What was begun in a minute that is over is forgotten already. */
  #takeBack({ place, since: begun }: Begun): void {
    this.#change(place, ({ since, count }) => ({
      since,
      count: since === begun && count > 0 ? count - 1 : count,
    }))
  }

  #change(place: number, to: (before: Counted) => Counted): Counted {
    for (;;) {
      const before = Atomics.load(this.#places, place)
      const next = to({ since: Number(before >> countBits), count: Number(before & countMask) })
      const word = (BigInt(next.since) << countBits) | BigInt(next.count)
      if (Atomics.compareExchange(this.#places, place, before, word) === before) return next
    }
  }
}

const tooMany = (seconds: number): AdminError =>
  new AdminError('TooManyAttempts', 'Too many attempts to sign in. Please try again later.', {
    headers: ['Retry-After', String(seconds)],
  })
