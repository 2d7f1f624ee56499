/** What exports and imports have in common: how they tell of their progress and of what they could not do. */

export interface TransferProgress {
  /** Whether it is still being found out how much there is; the totals are what was found so far. */
  readonly counting: boolean
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

/** Small objects on their way at once: as many as fill a group of commits. */
export const lanesWidth = 64
/** Up to so many bytes an object is small. */
const smallMax = 64 * 1024
/** A larger one has buffers of its own. */
const largeWeight = 4

/** How many lanes an object takes. */
export const weightOf = (bytes: number): number => (bytes > smallMax ? largeWeight : 1)

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
    this.#tell(true)
  }

  done(bytes: number, objects = 1): void {
    this.objects += objects
    this.bytes += bytes
    this.#tell(false)
  }

  #tell(counting: boolean): void {
    const { objects, objectsTotal, bytes, bytesTotal } = this
    this.#hooks.onProgress({ counting, objects, objectsTotal, bytes, bytesTotal })
  }

  fail(subject: string, what: string): void {
    this.failed += 1
    this.#hooks.onProblem({ subject, what })
  }
}
