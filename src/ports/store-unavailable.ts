/** What a store says when the machine under it failed: a full disk, an I/O error, a database that will not answer. */

/** The request was not carried out and nothing of it was kept; `cause` is what the system said. */
export class StoreUnavailable extends Error {
  override readonly name: string = 'StoreUnavailable'
  constructor(what: string, cause?: unknown) {
    super(cause instanceof Error ? `${what}: ${cause.message}` : what, { cause })
  }
}

/** There is no room on the disk for what was to be written. */
export class StoreFull extends StoreUnavailable {
  override readonly name = 'StoreFull'
  constructor(cause?: unknown) {
    super('the disk is full', cause)
  }
}
