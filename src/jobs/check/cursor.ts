/** Records of a table, one by one. */
import type { Stored } from '../../ports/meta-store.ts'

/** Records one by one, the next of which can be looked at before it is taken. */
export class Cursor<R extends object> {
  readonly #source: AsyncGenerator<Stored<R>>
  #next: Stored<R> | undefined
  #looked = false

  constructor(source: AsyncGenerator<Stored<R>>) {
    this.#source = source
  }

  async peek(): Promise<Stored<R> | undefined> {
    if (!this.#looked) {
      const { value, done } = await this.#source.next()
      this.#next = done === true ? undefined : value
      this.#looked = true
    }
    return this.#next
  }

  /** What `peek` showed is done with. */
  take(): void {
    this.#looked = false
  }
}
