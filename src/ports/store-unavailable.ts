/** What a store says when the machine under it failed: a full disk, an I/O error, a database that will not answer. */

/** The request was not carried out and nothing of it was kept; `cause` is what the system said. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
  constructor(what: string, cause?: unknown) {
    super(cause instanceof Error ? `${what}: ${cause.message}` : what, { cause })
  }
}
