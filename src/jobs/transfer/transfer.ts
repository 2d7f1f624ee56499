/** What exports and imports have in common: how they tell of their progress and of what they could not do. */

export interface TransferProgress {
  readonly objects: number
  readonly objectsTotal: number
  readonly bytes: number
  readonly bytesTotal: number
}

export interface TransferHooks {
  readonly onProgress: (progress: TransferProgress) => void
  /** One file or object could not be carried over, or not as it was; the rest goes on. */
  readonly onProblem: (problem: TransferProblem) => void
}

export interface TransferProblem {
  /** A key, or a path where there is no key. */
  readonly subject: string
  readonly what: string
}

/** Objects on their way at once. */
export const lanesWidth = 16

export class Tally {
  objects = 0
  bytes = 0
  objectsTotal = 0
  bytesTotal = 0
  failed = 0
  readonly #hooks: TransferHooks

  constructor(hooks: TransferHooks) {
    this.#hooks = hooks
  }

  expect(bytes: number): void {
    this.objectsTotal += 1
    this.bytesTotal += bytes
  }

  done(bytes: number): void {
    this.objects += 1
    this.bytes += bytes
    const { objects, objectsTotal, bytesTotal } = this
    this.#hooks.onProgress({ objects, objectsTotal, bytes: this.bytes, bytesTotal })
  }

  fail(subject: string, what: string): void {
    this.failed += 1
    this.#hooks.onProblem({ subject, what })
  }
}
