/** What the pipeline learns of one request, step by step, and what it hands to the operation. */
import {
  authorize,
  decisionOf,
  isPlain,
  needsObject,
  needsOwner,
  type ObjectFacts,
  type Question,
} from '../access/authorize.ts'
import { principalIdsIn } from '../access/identities/principal-ids.ts'
import { type Standing, standingTo } from '../access/initiator.ts'
import type { Principal } from '../access/principal.ts'
import { S3Error } from '../model/errors.ts'
import type { Context, Resource } from '../operations/operation.ts'
import type { BucketInfo, Keyspace } from '../ports/keyspace.ts'
import { urlEncode } from '../rules/listing.ts'
import type { NamedPolicy } from '../rules/policy/decide.ts'
import type { Policy } from '../rules/policy/policy.ts'
import type { ConditionValues } from '../rules/policy/request.ts'
import type { Address } from '../wire/address.ts'
import { amzHeader } from '../wire/decode.ts'
import { clientAddress } from '../wire/forwarded.ts'
import type { Query } from '../wire/query.ts'
import type { RequestBody } from './body.ts'
import { conditionsOf } from './conditions.ts'
import { clientTls, type Incoming } from './message.ts'
import type { GatewayParts } from './parts.ts'
import { headerOfForm } from './post-form.ts'

interface Known {
  readonly incoming: Incoming
  readonly address: Address
  readonly query: Query
  /** Of a form, by lower-case names: they stand in the place of headers. */
  readonly fields?: ReadonlyMap<string, string> | undefined
  readonly principal: Principal
  readonly volume: string
  readonly bucket: BucketInfo | undefined
  readonly via: readonly BucketInfo[]
  readonly body: RequestBody
}

export class RequestContext implements Context {
  readonly principal: Principal
  readonly body: RequestBody
  readonly now: number
  readonly #parts: GatewayParts
  readonly #known: Known
  #keyspace: Keyspace | undefined
  /** Numbers of other accounts by canonical id, made when a policy first asks for one. */
  #numbers: Map<string, string | undefined> | undefined

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

  get via(): readonly BucketInfo[] {
    return this.#known.via
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

  get newBuckets() {
    return this.#parts.options.newBuckets
  }

  account(canonicalId: string) {
    return this.#parts.access.account(canonicalId)
  }

  accountByEmail(address: string) {
    return this.#parts.access.accountByEmail(address)
  }

  principalIds(policy: Policy) {
    return principalIdsIn(policy, this.bucket.volume, this.#parts.access.iam.records)
  }

  authorize(action: string, resource: Asked): void | Promise<void> {
    const { via, uploadId } = resource
    if (uploadId !== undefined) return this.#authorizeUpload(action, resource, uploadId)
    const { principal, volume } = this
    const plain = isPlain({ principal, bucket: resource.bucket, volume })
    const hasLinks = via !== undefined && via.length > 0
    if (plain && !hasLinks) return undefined
    const question = this.#question(action, resource)
    if (hasLinks) {
      const links = via.map(bucket =>
        this.#question(action, ofLink(resource, bucket, this.principal)),
      )
      const unknown = links.find(link => this.#lacksOwner(link))
      if (unknown !== undefined) return this.#authorizeKnowing(unknown, action, resource)
      links.forEach(authorize)
    }
    if (plain) return undefined
    if (this.#lacksOwner(question)) return this.#authorizeKnowing(question, action, resource)
    if (resource.object === undefined && needsObject(question))
      return this.#authorizeObject(question, resource)
    const { allowed, reason } = decisionOf(question)
    if (allowed) return undefined
    if (reason !== 'explicit deny' && this.#mayKnow(action, resource))
      return this.#refuseUnlessMissing(resource)
    throw new S3Error('AccessDenied')
  }

  /** Who has no right by what is written has it by having begun the upload; it is looked at only then. */
  async #authorizeUpload(action: string, resource: Asked, uploadId: string): Promise<void> {
    const asked = { ...resource, uploadId: undefined }
    try {
      await this.authorize(action, asked)
    } catch (error) {
      if (!(error instanceof S3Error) || error.code !== 'AccessDenied') throw error
      const standing = await this.#standing(resource, uploadId)
      if (standing === undefined) throw error
      await this.authorize(action, { ...asked, standing })
    }
  }

  async #standing({ bucket, key = '' }: Resource, uploadId: string): Promise<Standing> {
    if (bucket === undefined) return undefined
    try {
      const keyspace = this.#parts.buckets.keyspace(bucket)
      const { upload } = await keyspace.listParts({ key, uploadId, marker: 0, limit: 0 })
      return standingTo(upload.initiator, this.principal)
    } catch (error) {
      if (error instanceof S3Error && error.status < 500) return undefined
      throw error
    }
  }

  #lacksOwner(question: Question): boolean {
    const owner = question.bucket?.owner
    return owner !== undefined && this.#numbers?.has(owner) !== true && needsOwner(question)
  }

  /** Once more, with the number of the account that owns a bucket of another account. */
  async #authorizeKnowing({ bucket }: Question, action: string, resource: Asked) {
    const owner = bucket?.owner ?? ''
    const number = (await this.account(owner))?.accountNumber
    this.#numbers ??= new Map()
    this.#numbers.set(owner, number)
    return this.authorize(action, resource)
  }

  allows(action: string, resource: Resource, policy?: NamedPolicy): boolean {
    const question = { ...this.#question(action, resource), policy }
    return !this.#lacksOwner(question) && decisionOf(question).allowed
  }

  /** Whether the client may know which keys the bucket has, and is told of one which it has not; asked on all of the way. */
  mayList({ bucket, via = [], key }: Pick<Resource, 'bucket' | 'via' | 'key'>): boolean {
    return [...via, bucket].every(place => this.#mayListOn(place, key))
  }

  #mayListOn(bucket: BucketInfo | undefined, key: string | undefined): boolean {
    const question = this.#question('s3:ListBucket', { bucket, key: undefined })
    const { condition } = question
    if (this.#lacksOwner(question)) return false
    return decisionOf({
      ...question,
      condition: wanted => (wanted === 's3:prefix' ? key : condition(wanted)),
    }).allowed
  }

  #mayKnow(action: string, resource: Resource): boolean {
    return resource.key !== undefined && reads.test(action) && this.mayList(resource)
  }

  async #refuseUnlessMissing({ bucket, key = '', versionId }: Resource): Promise<void> {
    if ((await this.#objectFacts(bucket, key, versionId)) !== undefined)
      throw new S3Error('AccessDenied')
  }

  async #authorizeObject(question: Question, resource: Resource) {
    const { bucket, key = '', versionId } = resource
    const object = await this.#objectFacts(bucket, key, versionId)
    const { allowed, reason } = decisionOf({ ...question, object })
    if (allowed) return
    const missing = object === undefined && reason !== 'explicit deny'
    if (!missing || !this.#mayKnow(question.action, resource)) throw new S3Error('AccessDenied')
  }

  async #objectFacts(
    bucket: BucketInfo | undefined,
    key: string,
    versionId: string | undefined,
  ): Promise<ObjectFacts | undefined> {
    if (bucket === undefined) return undefined
    try {
      return await this.#parts.buckets.keyspace(bucket).head({ key, versionId })
    } catch (error) {
      if (error instanceof S3Error && error.status < 500) return undefined
      throw error
    }
  }

  #question(action: string, resource: Asked): Question {
    const { bucket, key, name, object, standing } = resource
    const { principal } = this
    const condition: ConditionValues = wanted => this.#conditions(wanted, resource)
    const { volume } = this
    return { principal, action, volume, bucket, key, name, object, standing, condition }
  }

  /** What the operation takes for a header: policies must not see another one. */
  #header(name: string): string | undefined {
    const { incoming, query, fields } = this.#known
    const { headers } = incoming
    if (!name.startsWith('x-amz-')) return headers[name]
    return fields === undefined ? amzHeader({ headers, query }, name) : headerOfForm(fields, name)
  }

  /** What is no bucket's yet is the affair of who asks. */
  #resourceAccount(bucket: BucketInfo | undefined): string | undefined {
    const { canonicalId, accountNumber } = this.principal
    if (bucket !== undefined && bucket.owner !== canonicalId)
      return this.#numbers?.get(bucket.owner)
    return accountNumber === '' ? undefined : accountNumber
  }

  #conditions(wanted: string, { bucket, key, versionId }: Resource) {
    const { incoming, address, query, fields, principal } = this.#known
    const { options } = this.#parts
    return conditionsOf({
      principal,
      bucket,
      resourceAccount: this.#resourceAccount(bucket),
      key,
      query,
      versionId,
      form: fields !== undefined,
      header: name => this.#header(name),
      sourceIp: clientAddress(incoming.headers, incoming.remoteAddress, options.trusts),
      encrypted: address.scheme === 'https',
      tlsVersion: () => clientTls(incoming, options.trusts),
      now: this.now,
      region: options.region,
    })(wanted)
  }
}

/** What a resource is asked about with, once that is known. */
interface Asked extends Resource {
  readonly standing?: Standing
}

/** Who began an upload has a right in it, and in the links of his own account that lead there: those of others are theirs. */
const ofLink = (resource: Asked, bucket: BucketInfo, { canonicalId }: Principal): Asked => ({
  ...resource,
  bucket,
  standing: bucket.owner === canonicalId ? resource.standing : undefined,
})

/** What finds nothing where no object is. Parts are there before their object is. */
const reads = /^s3:(?:Get|List(?!MultipartUploadParts$))/
