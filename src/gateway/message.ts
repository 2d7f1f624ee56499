/** A request and a response as the gateway sees them: no types of any HTTP server. */

import { hasForwarded } from '../wire/forwarded.ts'

/** A request whose body has not been read. */
export interface Incoming {
  readonly method: string
  /** The request target as it was sent: origin form, absolute form or `*`. */
  readonly target: string
  /** Lower-case names; repeated headers joined as node does. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Name, value, name, value … as they were sent. */
  readonly rawHeaders: readonly string[]
  /** Address of the peer on the socket. */
  readonly remoteAddress: string
  /** Whether the socket is TLS. */
  readonly secure: boolean
  /** Version of the socket's TLS as two numbers, `1.3`. */
  readonly tlsVersion?: string | undefined
  /** Whether the client has closed the connection. */
  readonly gone?: boolean
  /** Chunks of the body. Ending early (return) tells the server to discard what is left. */
  readonly body: AsyncIterable<Buffer>
  /** The whole body where it is here already, in one chunk, and untouched; else undefined, and nothing of it is taken. */
  whole?(): Buffer | undefined
  /** Nobody will look at this chunk of the body again, so the server may take its memory back at once. */
  release?(chunk: Buffer): void
  /** Sends `100 Continue`, if the client waits for it. */
  proceed(): void
}

/**
 * The TLS version that the client speaks, where this socket is the client's. That of a trusted proxy says nothing of the
 * connections that it takes.
 */
export function clientTls(
  { headers, remoteAddress, tlsVersion }: Incoming,
  trusts: (remoteAddress: string) => boolean,
): string | undefined {
  const isPassedOn = hasForwarded(headers) || headers['x-forwarded-for'] !== undefined
  return isPassedOn && trusts(remoteAddress) ? undefined : tlsVersion
}

/** What goes back. Headers are name, value, name, value … */
export interface Outgoing {
  readonly status: number
  readonly headers: string[]
  /** Of a string, each character is a byte. A stream's chunks are valid only until the next one is asked for. */
  readonly body: string | Uint8Array | AsyncIterable<Uint8Array> | undefined
  /** What the access log says of this request beside what the server measures. */
  readonly record: RequestRecord
}

/** For access log, audit log and metrics. Never a secret, signature or token. */
export interface RequestRecord {
  readonly requestId: string
  /** An operation's name, or '-' when it never came that far. */
  operation: string
  volume: string
  bucket: string
  key: string
  versionId: string
  /** Access key id, canonical id of the account. */
  accessKeyId: string
  account: string
  /** ARN of who within the account, where it is not its root. */
  identity: string
  /** Name or ARN of what a call to IAM, STS or the admin API is about. */
  subject: string
  /** S3 error code. */
  error: string
  /** Cause of an InternalError, for the log. */
  cause: unknown
}

export type Handler = (incoming: Incoming) => Promise<Outgoing>

/** Of a request of which nothing is known yet. */
export const newRecord = (requestId: string): RequestRecord => ({
  requestId,
  operation: '-',
  volume: '',
  bucket: '',
  key: '',
  versionId: '',
  accessKeyId: '',
  account: '',
  identity: '',
  subject: '',
  error: '',
  cause: undefined,
})
