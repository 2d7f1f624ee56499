/**
 * Ids of small bodies: numbers that rise with time, so that new rows stand at the end of their table. Several workers
 * share the low bits; a process begins above everything that its folder holds.
 */
import type { Clock } from '../ports/clock.ts'

const workersMax = 64
const perMillisecond = 64
/** 2020-01-01: ids are safe integers until the year 2089. */
const epoch = 1_577_836_800_000

export class BodyIds {
  readonly #worker: number
  readonly #clock: Clock
  #last = 0

  /** `floor`: the greatest id in use. `clock`: the real one, whatever time the objects are given. */
  constructor(worker: number, clock: Clock, floor = 0) {
    if (!Number.isInteger(worker) || worker < 0 || worker >= workersMax) {
      throw new RangeError(`worker ${worker} is not one of ${workersMax}`)
    }
    this.#worker = worker
    this.#clock = clock
    this.raise(floor)
  }

  /** Every id from here on is greater than `floor`. */
  raise(floor: number): void {
    this.#last = Math.max(this.#last, Math.floor(floor / workersMax) + 1)
  }

  next(): number {
    const now = this.#clock.now()
    this.#last = Math.max(this.#last + 1, (now - epoch) * perMillisecond)
    return this.#last * workersMax + this.#worker
  }
}
