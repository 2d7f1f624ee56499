/** The names that were seen last, so many of them. */
export class Recent {
  readonly #most: number
  /** In the order in which they were seen. */
  readonly #seen = new Set<string>()

  constructor(most: number) {
    this.#most = most
  }

  /** Whether the name was not among the last ones; now it is the last one. */
  isNew(name: string): boolean {
    const isNew = !this.#seen.delete(name)
    this.#seen.add(name)
    if (this.#seen.size > this.#most) {
      const [oldest] = this.#seen
      if (oldest !== undefined) this.#seen.delete(oldest)
    }
    return isNew
  }
}
