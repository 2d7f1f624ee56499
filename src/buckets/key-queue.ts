/** Lets writers of one key in one worker go one after the other, once two of them have met. */
export class KeyQueue {
  readonly #tails = new Map<string, Promise<void>>()

  contended(key: string): boolean {
    return this.#tails.size > 0 && this.#tails.has(key)
  }

  /** Resolves with the way to leave when everybody who came before has left. */
  async enter(key: string): Promise<() => void> {
    const before = this.#tails.get(key)
    const { promise, resolve } = Promise.withResolvers<void>()
    const tail = before === undefined ? promise : before.then(() => promise)
    this.#tails.set(key, tail)
    await before
    return () => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key)
      resolve()
    }
  }
}
