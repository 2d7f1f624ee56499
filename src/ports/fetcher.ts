/** Fetches documents of other servers: keys of identity providers. */

export interface FetchRequest {
  readonly url: string
  /** Addresses of this machine and of its link are reached too: somebody who may say so named this very host. */
  readonly anyAddress: boolean
  readonly bytesMax: number
  readonly timeoutMs: number
}

/** Nobody answered, the answer was none that is taken, or the address must not be reached. */
export class FetchFailed extends Error {
  override readonly name = 'FetchFailed'
}

export interface Fetcher {
  /** The body of a 200; redirects are not followed. Rejects with {@link FetchFailed}. */
  fetch(request: FetchRequest): Promise<Uint8Array>
}
