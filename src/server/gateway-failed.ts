/** What becomes of a server that must not go on: as a program it ends its process, in somebody else's it closes itself. */

/** The gateway closed itself: the lock of its data folder is lost, or the disk did not keep what was written. */
export class GatewayFailed extends Error {
  override readonly name = 'GatewayFailed'
}

/** The first thing that the server must not survive. */
export class Failure {
  readonly #failed = Promise.withResolvers<GatewayFailed>()
  #isHere = false

  /** Whether it has come. */
  get isHere(): boolean {
    return this.#isHere
  }

  /** Resolves when it comes. */
  get comes(): Promise<GatewayFailed> {
    return this.#failed.promise
  }

  readonly tell = (cause: unknown): void => {
    this.#isHere = true
    const why = cause instanceof Error ? cause.message : String(cause)
    this.#failed.resolve(new GatewayFailed(why, { cause }))
  }
}
