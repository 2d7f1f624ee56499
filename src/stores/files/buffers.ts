/** Buffers that go round, so that streaming large blobs leaves no garbage. */

export class BufferPool {
  readonly #size: number
  readonly #kept: number
  readonly #free: Buffer[] = []

  /** `size` in bytes; at most `kept` unused buffers are held. */
  constructor(size: number, kept: number) {
    this.#size = size
    this.#kept = kept
  }

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#size)
  }

  give(buffer: Buffer): void {
    if (this.#free.length < this.#kept) this.#free.push(buffer)
  }
}
