/** What becomes of a server that must not go on: as a program it ends its process, in somebody else's it closes itself. */

/** The gateway closed itself: the lock of its data folder is lost, or the disk did not keep what was written. */
export class GatewayFailed extends Error {
  override readonly name = 'GatewayFailed'
}

/** What the server must not survive; of several failures the first counts. */
export class Failure {
  readonly #failed = Promise.withResolvers<GatewayFailed>()
  #hasHappened = false

  get hasHappened(): boolean {
    return this.#hasHappened
  }

  /** Resolves with the reason when it happens. */
  get happens(): Promise<GatewayFailed> {
    return this.#failed.promise
  }

  readonly report = (cause: unknown): void => {
    this.#hasHappened = true
    const why = cause instanceof Error ? cause.message : String(cause)
    this.#failed.resolve(new GatewayFailed(why, { cause }))
  }
}
