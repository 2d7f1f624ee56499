// What a request says about who sent it, before anybody has checked it.

import type { Query } from '../query.ts'

/** Headers as node:http gives them: names in lower case, one character per byte. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

/** What authentication looks at. `address()` yields `paths`, `hosts` and `virtualBucket`. */
export interface AuthRequest {
  readonly method: string
  readonly headers: Headers
  /** node's `rawHeaders`: names and values by turns, duplicates kept. */
  readonly rawHeaders: readonly string[]
  readonly query: Query
  /** Raw paths that the client may have signed, as received first. */
  readonly paths: readonly string[]
  /** Values of `host` that the client may have signed, as received first. */
  readonly hosts: readonly string[]
  /** Hex of the body's SHA-256, where it is at hand: of services whose clients need not say it. */
  readonly bodySha256?: string | undefined
  /** The bucket, where the host named it: SigV2 puts it in front of the path. */
  readonly virtualBucket?: string | undefined
}

/** What the sender says about the body's hash. */
export type Payload =
  | { readonly kind: 'unsigned' }
  /** Lower-case hex of the body's SHA-256. */
  | { readonly kind: 'hash'; readonly sha256: string }
  /** An aws-chunked body; `signed` is how each chunk is signed, if it is. */
  | {
      readonly kind: 'streaming'
      readonly signed: 'hmac' | 'ecdsa' | undefined
      readonly trailer: boolean
    }

/** SigV4 and SigV4A, in the Authorization header or in the query. */
export interface V4Claim {
  readonly kind: 'v4-header' | 'v4-query' | 'v4a-header' | 'v4a-query'
  readonly accessKeyId: string
  /** `YYYYMMDD` of the scope. */
  readonly date: string
  /** `''` in SigV4A, whose scope has none. */
  readonly region: string
  readonly service: string
  readonly terminal: string
  /** `date/region/service/terminal` as sent (SigV4A: without the region). */
  readonly scope: string
  /** As sent: names joined by `;`. */
  readonly signedHeaders: string
  readonly signature: string
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly timestamp: string
  /** The same in milliseconds since the epoch. */
  readonly time: number
  /** The date as the client wrote it. */
  readonly sentDate: string
  /** Seconds; only in the query. */
  readonly expires?: number
  /** SigV4A: `X-Amz-Region-Set`. */
  readonly regionSet?: string | undefined
  readonly payload: Payload
  /** The last line of the canonical request. */
  readonly payloadText: string
  readonly sessionToken?: string | undefined
}

export interface V2Claim {
  readonly kind: 'v2-header' | 'v2-query'
  readonly accessKeyId: string
  readonly signature: string
  /** The date line of the string to sign. */
  readonly dateLine: string
  /** Header: when it was sent. Query: when it expires. Milliseconds since the epoch. */
  readonly time: number
  /** The date as the client wrote it. */
  readonly sentDate: string
  readonly payload: Payload
  readonly sessionToken?: string
}

/** Nobody said who they are. */
export interface AnonymousClaim {
  readonly kind: 'anonymous'
  readonly payload: Payload
}

export type Claim = V4Claim | V2Claim | AnonymousClaim
/** A claim that names an access key. */
export type SignedClaim = V4Claim | V2Claim

export interface AuthOptions {
  /** The region that scopes must name; AWS's name of the service, `s3`, is fixed. */
  readonly region: string
  /** Take any region in the scope. */
  readonly anyRegion?: boolean
  /** Services that the scope may name; those of S3 by default. */
  readonly services?: readonly string[]
  /** Take SigV2. */
  readonly sigv2?: boolean
}
