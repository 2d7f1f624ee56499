/**
 * What the connections of one process share: the turn to write, the numbers of commits, generations for caches.
 * Everything lives in one SharedArrayBuffer, so that worker threads agree without messages.
 */
import type { KeyValue } from '../../ports/meta-store.ts'

const BEGUN = 0
const LAST = 1
const DURABLE = 2
const RESERVED = 3
const TURN = 0
const NEXT_CONNECTION = 1
const EPOCH = 2
const TURN_WAITERS = 3
const LISTENERS = 4
const READY = 5
const CHANNEL = 6
const LISTENED = 7
const FAILED = 8

const numbersAt = 0
const wordsAt = 64
/** Words that the store leaves to whoever holds it. */
const roomAt = 128
const roomWords = 64
const generationsAt = roomAt + roomWords * 8
const generationCount = 1 << 16

/** Creates what the first connection initialises and every other one of the process is given. */
export function createShared(): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(generationsAt + generationCount * 4)
  const words = new Int32Array(buffer, wordsAt, 16)
  // The name of the channel on which threads tell each other what changed; the owner's id zero means "free".
  words[CHANNEL] = Math.floor(Math.random() * 0x7fffffff)
  words[NEXT_CONNECTION] = 1
  return buffer
}

/**
 * `Atomics.waitAsync` does not keep Node's event loop alive. While anything waits, one idle timer does.
 */
const pulse = setInterval(() => undefined, 1000)
pulse.unref()
let waiting = 0

async function waitOn(outcome: Promise<'ok' | 'timed-out'>): Promise<'ok' | 'timed-out'> {
  waiting += 1
  pulse.ref()
  try {
    return await outcome
  } finally {
    waiting -= 1
    if (waiting === 0) pulse.unref()
  }
}

export class Shared {
  readonly buffer: SharedArrayBuffer
  readonly room: BigInt64Array
  readonly #numbers: BigInt64Array
  readonly #words: Int32Array
  readonly #generations: Int32Array

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer
    this.#numbers = new BigInt64Array(buffer, numbersAt, 8)
    this.#words = new Int32Array(buffer, wordsAt, 16)
    this.room = new BigInt64Array(buffer, roomAt, roomWords)
    this.#generations = new Int32Array(buffer, generationsAt, generationCount)
  }

  /** A number for a new connection; never zero. */
  nextConnection(): number {
    return Atomics.add(this.#words, NEXT_CONNECTION, 1)
  }

  channel(): string {
    return `moongate-changes-${Atomics.load(this.#words, CHANNEL)}`
  }

  /** Sets the numbers once for the process. Called while SQLite's own write lock is held. */
  initialise(reserved: number): void {
    if (Atomics.load(this.#words, READY) === 1) return
    const start = BigInt(reserved)
    for (const index of [BEGUN, LAST, DURABLE, RESERVED]) Atomics.store(this.#numbers, index, start)
    Atomics.store(this.#words, READY, 1)
  }

  ready(): boolean {
    return Atomics.load(this.#words, READY) === 1
  }

  /** Nobody knows any more what is on the disk: no connection of the process may tell anything from now on. */
  fail(): void {
    Atomics.store(this.#words, FAILED, 1)
  }

  get failed(): boolean {
    return Atomics.load(this.#words, FAILED) === 1
  }

  /** Published before COMMIT: whatever a reader sees has at most this number. */
  begun(): number {
    return Number(Atomics.load(this.#numbers, BEGUN))
  }

  /** Published after COMMIT: no commit up to this number is still under way. */
  last(): number {
    return Number(Atomics.load(this.#numbers, LAST))
  }

  durable(): number {
    return Number(Atomics.load(this.#numbers, DURABLE))
  }

  /** The database says that no revision above this one was ever given out. */
  reserved(): number {
    return Number(Atomics.load(this.#numbers, RESERVED))
  }

  setReserved(number: number): void {
    Atomics.store(this.#numbers, RESERVED, BigInt(number))
  }

  setBegun(number: number): void {
    Atomics.store(this.#numbers, BEGUN, BigInt(number))
  }

  setLast(number: number): void {
    Atomics.store(this.#numbers, LAST, BigInt(number))
  }

  /** Raises the durable number and wakes whoever waits for it; it never sinks. */
  raiseDurable(number: number): void {
    const wanted = BigInt(number)
    let seen = Atomics.load(this.#numbers, DURABLE)
    while (seen < wanted) {
      const found = Atomics.compareExchange(this.#numbers, DURABLE, seen, wanted)
      if (found === seen) {
        Atomics.notify(this.#numbers, DURABLE)
        return
      }
      seen = found
    }
  }

  /** Resolves when the durable number is no longer `seen`, or after the time. */
  async durableMoves(seen: number, milliseconds: number): Promise<'ok' | 'timed-out'> {
    const outcome = Atomics.waitAsync(this.#numbers, DURABLE, BigInt(seen), milliseconds)
    return outcome.async ? await waitOn(outcome.value) : 'ok'
  }

  tryTurn(connection: number): boolean {
    return Atomics.compareExchange(this.#words, TURN, 0, connection) === 0
  }

  /** Waits for the turn to write without blocking the event loop. */
  async takeTurn(connection: number): Promise<void> {
    Atomics.add(this.#words, TURN_WAITERS, 1)
    try {
      while (!this.tryTurn(connection)) {
        const owner = Atomics.load(this.#words, TURN)
        if (owner === 0) continue
        const outcome = Atomics.waitAsync(this.#words, TURN, owner, 1000)
        if (outcome.async) await waitOn(outcome.value)
      }
    } finally {
      Atomics.sub(this.#words, TURN_WAITERS, 1)
    }
  }

  /** Waits for the turn and blocks the thread: only for a thread that does nothing else. */
  takeTurnBlocking(connection: number): void {
    Atomics.add(this.#words, TURN_WAITERS, 1)
    while (!this.tryTurn(connection)) {
      const owner = Atomics.load(this.#words, TURN)
      if (owner !== 0) Atomics.wait(this.#words, TURN, owner, 1000)
    }
    Atomics.sub(this.#words, TURN_WAITERS, 1)
  }

  passTurn(connection: number): void {
    if (Atomics.compareExchange(this.#words, TURN, connection, 0) !== connection)
      throw new Error('the turn to write is passed on by a connection that does not hold it')
    if (Atomics.load(this.#words, TURN_WAITERS) > 0) Atomics.notify(this.#words, TURN, 1)
  }

  turnOwner(): number {
    return Atomics.load(this.#words, TURN)
  }

  turnIsWanted(): boolean {
    return Atomics.load(this.#words, TURN_WAITERS) > 0
  }

  /** Wakes everybody who waits for the turn: a thread that died may have swallowed the one call meant for another. */
  callEverybody(): void {
    Atomics.notify(this.#words, TURN)
  }

  /** Makes every cached generation stale. */
  nextEpoch(): void {
    Atomics.add(this.#words, EPOCH, 1)
  }

  /** Moves when the slot's records changed. Both terms only grow, so an equal sum means that neither moved. */
  generation(slot: number): number {
    return (Atomics.load(this.#generations, slot) + Atomics.load(this.#words, EPOCH)) | 0
  }

  moveGeneration(slot: number): void {
    Atomics.add(this.#generations, slot, 1)
  }

  /** Adds tables, a bit for each, to those of which somebody wants to hear. They stay: who stops to listen costs little. */
  listenTo(mask: number): void {
    Atomics.or(this.#words, LISTENED, mask)
  }

  listenedTo(): number {
    return Atomics.load(this.#words, LISTENED)
  }

  addListener(by: 1 | -1): void {
    Atomics.add(this.#words, LISTENERS, by)
  }

  hasListeners(): boolean {
    return Atomics.load(this.#words, LISTENERS) > 0
  }
}

/** The generation slot of a key: FNV-1a over the table's seed and the key's values. */
export function slotOf(seed: number, key: readonly KeyValue[]): number {
  let hash = seed
  for (const value of key) {
    if (typeof value === 'number') {
      hash = Math.imul(hash ^ (value & 0xffff), 0x01000193)
      hash = Math.imul(hash ^ (value >>> 16), 0x01000193)
      hash = Math.imul(hash ^ Math.floor(value / 0x1_0000_0000), 0x01000193)
    } else {
      for (let i = 0; i < value.length; i++)
        hash = Math.imul(hash ^ value.charCodeAt(i), 0x01000193)
    }
    hash = Math.imul(hash ^ 0x10000, 0x01000193)
  }
  return ((hash >>> 16) ^ hash) & (generationCount - 1)
}
