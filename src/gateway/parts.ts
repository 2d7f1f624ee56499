/** What the gateway is made of. The composition root puts it together. */
import type { Access } from '../access/accounts.ts'
import type { NewBuckets } from '../access/bucket-access.ts'
import type { AnyOperation } from '../model/operations.ts'
import type { Context, Reply } from '../operations/operation.ts'
import type { Clock } from '../ports/clock.ts'
import type { Fetcher } from '../ports/fetcher.ts'
import type { Buckets } from '../ports/keyspace.ts'

/** An operation as the pipeline runs it, whichever it is. */
export interface Declared {
  readonly action: string
  /** Instead of `action`, when the request names a version. */
  readonly versionAction?: string
  readonly createsBucket?: true
  readonly perKey?: true
  readonly ofLink?: true
  readonly makesRoom?: true
  run(input: object, context: Context): Promise<Reply<object>>
}

export interface GatewayOptions {
  readonly region: string
  readonly newBuckets: NewBuckets
  /** Take SigV2 too. */
  readonly sigv2: boolean
  /** Take any key, without a signature, as the root. */
  readonly insecure: boolean
  /** Domains of virtual-host style. */
  readonly domains: readonly string[]
  /** Path prefix of the endpoint. */
  readonly prefix: string
  /** What links begin with; undefined: what the client seems to have called. */
  readonly publicUrl: string | undefined
  /** Origins of web pages that may call; '*' for any. Empty: none. */
  readonly corsOrigins: readonly string[]
  /** Whether a peer's forwarding headers count. */
  readonly trusts: (remoteAddress: string) => boolean
}

export interface GatewayParts {
  readonly options: GatewayOptions
  readonly access: Access
  readonly buckets: Buckets
  readonly operations: Readonly<Partial<Record<AnyOperation, Declared>>>
  readonly clock: Clock
  readonly fetcher: Fetcher
  /** Whether there is no room for a request that brings so many bytes (undefined: not known). Without it there always is. */
  readonly lacksRoom?: (bytes: number | undefined) => boolean
}
