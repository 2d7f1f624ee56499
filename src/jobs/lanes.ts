/** Several things at once, but never more than so many. */

export class Lanes {
  readonly #width: number
  #load = 0
  #waiting: (() => void)[] = []
  #failure: { readonly error: unknown } | undefined

  constructor(width: number) {
    this.#width = width
  }

  /**
   * Starts the work as soon as there is room, and resolves then. `weight` is how many lanes it takes; what is heavier than
   * all of them runs alone. Rejects with what an earlier piece of work threw.
   */
  async run(work: () => Promise<void>, weight = 1): Promise<void> {
    while (this.#load > 0 && this.#load + weight > this.#width) await this.#change()
    this.#check()
    this.#load += weight
    void this.#finish(work, weight)
  }

  /** Resolves when all lanes are free. Rejects with what a piece of work threw. */
  async idle(): Promise<void> {
    while (this.#load > 0) await this.#change()
    this.#check()
  }

  async #finish(work: () => Promise<void>, weight: number): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#failure ??= { error }
    }
    this.#load -= weight
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }

  #change(): Promise<void> {
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}
