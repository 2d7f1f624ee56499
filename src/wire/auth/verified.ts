// What a verified signature leaves behind for the body: how its chunks are signed.

import type { KeyObject } from 'node:crypto'

/** The chain of signatures that a streaming body continues. */
export type ChunkSigner = {
  /** `YYYYMMDDTHHMMSSZ` of the request. */
  readonly timestamp: string
  readonly scope: string
  /** The request's own signature: the first link. */
  readonly seedSignature: string
} & (
  | { readonly kind: 'hmac'; readonly key: Buffer }
  | { readonly kind: 'ecdsa'; readonly key: KeyObject }
)
