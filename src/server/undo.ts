/** What must be undone, last thing first. */

export class Undo {
  readonly #steps: (() => void | Promise<void>)[] = []

  add(step: () => void | Promise<void>): void {
    this.#steps.push(step)
  }

  /** Every step is done, whatever those before it threw; the first error is thrown in the end. */
  async run(): Promise<void> {
    const errors: { readonly error: unknown }[] = []
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step()
      } catch (error) {
        errors.push({ error })
      }
    }
    if (errors[0] !== undefined) throw errors[0].error
  }
}
