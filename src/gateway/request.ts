/** What the pipeline learns of one request, step by step, and what it hands to the operation. */
import { authorize } from '../access/authorize.ts'
import type { Principal } from '../access/principal.ts'
import type { Context, Resource } from '../operations/operation.ts'
import type { BucketInfo, Keyspace } from '../ports/keyspace.ts'
import { urlEncode } from '../rules/listing.ts'
import type { Address } from '../wire/address.ts'
import type { RequestBody } from './body.ts'
import type { Incoming } from './message.ts'
import type { GatewayParts } from './parts.ts'

interface Known {
  readonly incoming: Incoming
  readonly address: Address
  readonly principal: Principal
  readonly volume: string
  readonly bucket: BucketInfo | undefined
  readonly body: RequestBody
}

export class RequestContext implements Context {
  readonly principal: Principal
  readonly body: RequestBody
  readonly now: number
  readonly #parts: GatewayParts
  readonly #known: Known
  #keyspace: Keyspace | undefined

  constructor(parts: GatewayParts, known: Known) {
    this.#parts = parts
    this.#known = known
    this.principal = known.principal
    this.body = known.body
    this.now = parts.clock.now()
  }

  get buckets() {
    return this.#parts.buckets
  }

  get volume(): string {
    return this.#known.volume
  }

  get region(): string {
    return this.#parts.options.region
  }

  get bucket(): BucketInfo {
    const { bucket } = this.#known
    if (bucket === undefined) throw new Error('the operation addresses no bucket')
    return bucket
  }

  get keyspace(): Keyspace {
    this.#keyspace ??= this.#parts.buckets.keyspace(this.bucket)
    return this.#keyspace
  }

  /** As the client addressed the bucket: by its host, or by the path behind whatever a proxy took away. */
  objectUrl(key: string): string {
    const { publicUrl, prefix } = this.#parts.options
    const { scheme, host, virtualBucket, claimedPrefix = '' } = this.#known.address
    const base = `${scheme}://${host}${prefix}${claimedPrefix}`
    if (publicUrl === undefined && virtualBucket !== undefined) return `${base}/${urlEncode(key)}`
    return `${publicUrl ?? base}/${this.bucket.name}/${urlEncode(key)}`
  }

  get abandoned(): () => boolean {
    const { incoming } = this.#known
    return () => incoming.gone === true
  }

  header(name: string): string | undefined {
    return this.#known.incoming.headers[name]
  }

  account(canonicalId: string) {
    return this.#parts.access.account(canonicalId)
  }

  authorize(action: string, { bucket, via = [], key }: Resource): void {
    const { principal } = this
    for (const link of via) this.authorize(action, { bucket: link, key })
    authorize({
      principal,
      action,
      resource: {
        volume: bucket?.volume ?? this.volume,
        bucketOwner: bucket?.owner,
        bucket: bucket?.name,
        key,
      },
    })
  }
}
