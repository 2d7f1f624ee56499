/**
 * Reads that are under way and have blobs yet to open. Every worker publishes when its oldest one began, so that the
 * sweep, in one of them, spares what such a read may still want.
 */

/** A word for each worker. */
export const openReadsWords = 64

/** Later than every time. */
const never = Number.MAX_SAFE_INTEGER

export class OpenReads {
  readonly #slots: BigInt64Array
  readonly #worker: number
  readonly #since = new Set<{ readonly since: number }>()

  /** `slots`: shared by the workers of a process, zero where nothing is read. */
  constructor(worker: number, slots: BigInt64Array) {
    this.#worker = worker
    this.#slots = slots
    // The worker that had this number before may have died in the middle of its reads.
    this.#publish()
  }

  /** A read of what was found at that time (milliseconds) goes on until the returned function is called. */
  begin(since: number): () => void {
    const read = { since }
    this.#since.add(read)
    this.#publish()
    return () => {
      if (this.#since.delete(read)) this.#publish()
    }
  }

  /** When the oldest read of all workers began; later than every time where there is none. */
  oldest(): number {
    let oldest = never
    for (let worker = 0; worker < this.#slots.length; worker++) {
      const since = Number(Atomics.load(this.#slots, worker))
      if (since !== 0 && since < oldest) oldest = since
    }
    return oldest
  }

  #publish(): void {
    let oldest = never
    for (const { since } of this.#since) if (since < oldest) oldest = since
    Atomics.store(
      this.#slots,
      this.#worker,
      this.#since.size === 0 ? 0n : BigInt(Math.floor(oldest)),
    )
  }
}
