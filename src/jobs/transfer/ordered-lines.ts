/** Texts that come in any order, written one after the other in the order of their places. */
import type { Journal } from '../../ports/file-tree.ts'

/** So many places may be taken beyond what is written. */
export const aheadMax = 1024
/** Texts written in one call. */
const writtenAtOnce = 500

export class OrderedLines {
  readonly #journal: Pick<Journal, 'append'>
  readonly #texts = new Map<number, string>()
  #places = 0
  #written = 0
  #writing = false
  #wake: (() => void) | undefined
  #failure: { readonly error: unknown } | undefined

  constructor(journal: Pick<Journal, 'append'>) {
    this.#journal = journal
  }

  /**
   * The next place, which must get a text; to be awaited before another is asked for. Resolves when what is written is
   * near enough. Rejects with what kept the texts from being written.
   */
  async place(): Promise<number> {
    while (this.#places - this.#written >= aheadMax && this.#failure === undefined)
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    if (this.#failure !== undefined) throw this.#failure.error
    this.#places += 1
    return this.#places - 1
  }

  /** Writes all that can be written now, unless somebody does so already. */
  async set(place: number, text: string): Promise<void> {
    this.#texts.set(place, text)
    if (this.#writing) return
    this.#writing = true
    try {
      for (let texts = this.#take(); texts.length > 0; texts = this.#take()) {
        await this.#journal.append(texts.join(''))
        this.#written += texts.length
        this.#wake?.()
      }
    } catch (error) {
      this.#failure = { error }
      this.#wake?.()
      throw error
    } finally {
      this.#writing = false
    }
  }

  #take(): string[] {
    const taken: string[] = []
    while (taken.length < writtenAtOnce) {
      const place = this.#written + taken.length
      const text = this.#texts.get(place)
      if (text === undefined) break
      this.#texts.delete(place)
      taken.push(text)
    }
    return taken
  }
}
