/** What an operation is: one declaration. Everything S3 says of it (query, headers, XML, status) stands in the model. */
import type { ObjectFacts } from '../access/authorize.ts'
import type { NewBuckets } from '../access/bucket-access.ts'
import type { Principal } from '../access/principal.ts'
import type { Inputs, Outputs } from '../model/shapes.gen.ts'
import type { Body, BucketInfo, Buckets, Keyspace } from '../ports/keyspace.ts'
import type { NamedPolicy } from '../rules/policy/decide.ts'
import type { Policy, PrincipalIds } from '../rules/policy/policy.ts'

export interface Resource {
  /** Undefined: the action is on no bucket that exists. */
  readonly bucket: BucketInfo | undefined
  /** The links that lead to the bucket: each takes the right too. */
  readonly via?: readonly BucketInfo[]
  readonly key: string | undefined
  readonly versionId?: string | undefined
  /** A multipart upload: who began it may do with it what ACLs and policies leave open. */
  readonly uploadId?: string | undefined
  /** Of a bucket that does not exist yet. */
  readonly name?: string | undefined
  /** What is known of the object; else it is looked up where that matters. */
  readonly object?: ObjectFacts | undefined
}

/** What an operation may use. The bucket is resolved and the operation's own action authorized before it runs. */
export interface Context {
  readonly principal: Principal
  readonly buckets: Buckets
  /** The bucket that the request addresses. Throws for an operation that addresses none. */
  readonly bucket: BucketInfo
  /** The links that led to it. */
  readonly via: readonly BucketInfo[]
  readonly keyspace: Keyspace
  /** The volume in which names of buckets are looked up: that of the requester, unless the path names one. */
  readonly volume: string
  /** The request's body, not read yet. */
  readonly body: Body
  readonly region: string
  readonly newBuckets: NewBuckets
  /** Where the client finds the object that the request addresses, or with another key one of the same bucket. */
  objectUrl(key: string): string
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Whether the client is gone, so that nobody will read the answer. */
  readonly abandoned: () => boolean
  /** A request header that the model does not bind, by its lower-case name. */
  header(name: string): string | undefined
  /** Looks an account up; undefined when nobody has that id. */
  account(canonicalId: string): Promise<Account | undefined>
  /** The canonical id of the account of an e-mail address. */
  accountByEmail(address: string): Promise<string | undefined>
  /** Unique ids of whom a policy names. Throws PolicyError for who is not there. */
  principalIds(policy: Policy): Promise<PrincipalIds>
  /**
   * Throws AccessDenied, or rejects with it where an object must be looked at first. For what an operation touches
   * beside its own resource: a copy's source, each key of DeleteObjects.
   */
  authorize(action: string, resource: Resource): void | Promise<void>
  /** Whether the action is allowed, nothing being known of any object; with `policy` in the place of the bucket's. */
  allows(action: string, resource: Resource, policy?: NamedPolicy): boolean
}

export interface Account {
  readonly canonicalId: string
  readonly accountNumber: string
  readonly displayName: string
}

export interface Reply<Output> {
  readonly output: Output
  /** Instead of the model's. */
  readonly status?: number
  /** Headers that the model does not bind: name, value, name, value … */
  readonly headers?: readonly string[]
  /** The bytes of a body that is not XML; of a string, each character is a byte. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>
  /** Length of the body in bytes, where it is a stream. */
  readonly length?: number
}

/** The upload by an HTML form, which AWS's model leaves out. The gateway has read the form up to its file. */
export interface PostObjectRequest {
  readonly Bucket: string
  /** The field `key`, with `${filename}` replaced: the policy was checked with this one. */
  readonly Key: string
  /** Every other field before the file, by its lower-case name. */
  readonly Fields: ReadonlyMap<string, string>
}

/** PostObject answers in headers and bytes of its own. */
export type PostObjectOutput = Readonly<Record<string, never>>

export interface OperationInputs extends Inputs {
  readonly PostObject: PostObjectRequest
}

export interface OperationOutputs extends Outputs {
  readonly PostObject: PostObjectOutput
}

export type OperationName = keyof OperationInputs & keyof OperationOutputs

export interface Operation<Name extends OperationName> {
  /** IAM's name of the right that it takes on the resource that the request addresses. */
  readonly action: `s3:${string}`
  /** The right that it takes instead when the request names a version. */
  readonly versionAction?: `s3:${string}`
  /** It addresses a bucket that need not exist. */
  readonly createsBucket?: true
  /** The right is asked of each key that the request's document names, by the operation itself. */
  readonly perKey?: true
  /** It concerns what stands under the name itself: of a link, the link and not the bucket behind it. */
  readonly ofLink?: true
  /** It makes room, though its method does not say so: it goes on while the disk is full. */
  readonly makesRoom?: true
  run(input: OperationInputs[Name], context: Context): Promise<Reply<OperationOutputs[Name]>>
}

/** What is built, by name; an operation that is not here answers NotImplemented. */
export type Registry = { readonly [Name in OperationName]?: Operation<Name> }
