/** How often names were seen lately: of the names that were seen last, so many of them. */
export class Recent {
  readonly #most: number
  /** In the order in which they were seen. */
  readonly #seen = new Map<string, number>()

  constructor(most: number) {
    this.#most = most
  }

  /** How often the name was seen before, 0 where it was not among the last ones; now it is the last one. */
  timesBefore(name: string): number {
    const times = this.#seen.get(name) ?? 0
    this.#seen.delete(name)
    this.#seen.set(name, times + 1)
    if (this.#seen.size > this.#most) {
      const [oldest] = this.#seen.keys()
      if (oldest !== undefined) this.#seen.delete(oldest)
    }
    return times
  }
}
