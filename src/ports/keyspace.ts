/**
 * The Keyspace: what a bucket can do, whatever stands behind it. Operations, jobs and endpoints know only this.
 * It speaks of keys, versions and parts; of headers, XML and signatures it knows nothing.
 */
import type { ChecksumAlgorithm, ChecksumType } from '../model/checksums.ts'
import type { Grant } from '../rules/acl.ts'
import type { DeleteConditions, ReadConditions, WriteConditions } from '../rules/conditions.ts'
import type { BucketInfo, BucketRef, Resolved } from './bucket-info.ts'
import type { Owners } from './owners.ts'
import type { Quota, Volumes } from './volumes.ts'

export {
  type BucketInfo,
  type BucketRef,
  type Counting,
  isLink,
  type Meter,
  type Resolved,
} from './bucket-info.ts'

/** `value` is base64; a composite one ends in `-` and the number of parts. */
export interface Checksum {
  readonly algorithm: ChecksumAlgorithm
  readonly type: ChecksumType
  readonly value: string
}

/** The standard headers that S3 keeps with an object; only those that were sent are there. */
export interface StandardHeaders {
  readonly contentType?: string
  readonly cacheControl?: string
  readonly contentDisposition?: string
  readonly contentEncoding?: string
  readonly contentLanguage?: string
  readonly expires?: string
  readonly websiteRedirect?: string
}

/** What a writer says of an object beside its bytes. */
export interface ObjectAttributes {
  readonly headers: StandardHeaders
  /** User metadata, names in lower case without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>
  readonly tags: readonly Tag[]
  /** Null: STANDARD. */
  readonly storageClass: string | null
  /** Undefined: its owner has full control, and nobody else a right by the object itself. */
  readonly acl?: readonly Grant[] | undefined
}

export interface Tag {
  readonly Key: string
  readonly Value: string
}

/** What a listing says of an object. */
export interface ObjectSummary {
  readonly key: string
  /** Bytes. */
  readonly size: number
  /** Without quotes. */
  readonly etag: string
  /** Milliseconds since the epoch. */
  readonly modified: number
  readonly owner: string
  readonly storageClass: string | null
  readonly checksumAlgorithm: ChecksumAlgorithm | null
  readonly checksumType: Checksum['type'] | null
}

/** A version in a listing of versions; a delete marker has size 0 and an empty ETag. */
export interface VersionSummary extends ObjectSummary {
  /** 'null' for the null version. */
  readonly versionId: string
  readonly isLatest: boolean
  readonly isDeleteMarker: boolean
}

/** Everything that is known of an object version but its bytes. */
export interface ObjectInfo extends ObjectSummary, ObjectAttributes {
  /** Undefined where the bucket never had versioning. */
  readonly versionId: string | undefined
  readonly checksum: Checksum | undefined
  /** Number of parts, if it was uploaded in parts. */
  readonly partCount: number | undefined
}

/** Part of a completed object. */
export interface ObjectPart {
  readonly number: number
  readonly size: number
  readonly checksum: string | undefined
}

/** Inclusive start, exclusive end. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** An object version opened for reading: what is read afterwards is this version, whatever happens to the key. */
export interface OpenObject {
  readonly info: ObjectInfo
  /** Whole body, when it is at hand without another call; of a string, each character is a byte. */
  readonly bytes: string | Uint8Array | undefined
  /**
   * Resolves once the first bytes are there, so that nothing has been told when they are not: rejects with
   * BlobMissing when the bytes went meanwhile (open the object again). Chunks are valid only until the next is asked for.
   */
  stream(span: Span): Promise<AsyncIterable<Uint8Array>>
  /** Where a part lies (numbers begin at 1); undefined if there is no such part. */
  part(number: number): Promise<Span | undefined>
  /** Parts after `marker`, at most `limit`. */
  parts(
    marker: number,
    limit: number,
  ): Promise<{ readonly parts: readonly ObjectPart[]; readonly more: boolean }>
}

export interface VersionRef {
  readonly key: string
  /** Undefined: the current one. 'null': the null version. */
  readonly versionId?: string | undefined
}

/** For work that may take long, because bytes are read for it. */
export interface Patience {
  /** Whether nobody waits for the result any more; asked from time to time. The work ends with ConnectionClosedByRequester then. */
  readonly abandoned?: (() => boolean) | undefined
}

/** What was received of a body: verified bytes with their digests. `digests` may be asked once the source has ended. */
export interface Received {
  /** The whole body, if it is small; then `source` is not used. */
  readonly bytes: Uint8Array | undefined
  readonly source: AsyncIterable<Uint8Array>
  digests(): Digests
}

export interface Digests {
  readonly size: number
  /** Lower-case hex. */
  readonly md5: string
  /** Base64 of every algorithm that was asked for. */
  readonly checksums: Readonly<Partial<Record<ChecksumAlgorithm, string>>>
}

/** A body that has not been read yet. */
export interface Body {
  /** Declared length of the payload in bytes, undefined if it is not known before its end. */
  readonly length: number | undefined
  /** The checksum that the client sent or announced, if any. */
  readonly announced: ChecksumAlgorithm | undefined
  /**
   * Starts to read. Bodies of at most `inlineMax` bytes come whole. Every digest that the client sent (MD5, SHA-256,
   * checksum, chunk signatures) is verified by the end of the source, which throws when one is wrong.
   */
  receive(algorithms: readonly ChecksumAlgorithm[], inlineMax: number): Promise<Received>
}

export interface PutRequest extends ObjectAttributes {
  readonly key: string
  readonly owner: string
  /** Id of the user who writes; undefined: an account's root, a role or nobody. */
  readonly writer?: string | undefined
  readonly body: Body
  /** The algorithm to keep; its value was verified or computed by the body. */
  readonly checksumAlgorithm: ChecksumAlgorithm
  readonly conditions: WriteConditions
  /** Append: the offset that must be the object's present size. */
  readonly writeOffset?: number | undefined
}

export interface PutResult {
  readonly etag: string
  readonly size: number
  readonly versionId: string | undefined
  readonly checksum: Checksum | undefined
  readonly modified: number
}

export interface DeleteRequest extends VersionRef {
  readonly conditions: DeleteConditions
}

export interface DeleteResult {
  /** Of the version that was deleted, or of the delete marker that was made. */
  readonly versionId: string | undefined
  /** Whether a delete marker was made, or deleted. */
  readonly deleteMarker: boolean
}

export interface CopyRequest extends Omit<ObjectAttributes, 'tags'>, Patience {
  readonly source: Keyspace
  readonly from: VersionRef
  readonly sourceConditions: ReadConditions
  readonly key: string
  readonly owner: string
  /** Id of the user who writes; undefined: an account's root, a role or nobody. */
  readonly writer?: string | undefined
  readonly conditions: WriteConditions
  /** False: headers and metadata are those of the source. */
  readonly replaceMetadata: boolean
  /** Undefined: tags are those of the source. */
  readonly tags: readonly Tag[] | undefined
  /** Undefined: that of the source. Another one means that the bytes are read and computed anew. */
  readonly checksumAlgorithm: ChecksumAlgorithm | undefined
}

export interface CopyResult extends PutResult {
  readonly sourceVersionId: string | undefined
}

export interface ListRequest {
  readonly prefix: string
  readonly delimiter: string
  /** Only entries after this key (or group). Empty: from the start. */
  readonly after: string
  readonly limit: number
}

export interface Listing<E> {
  /** In key order; a string is a common prefix. */
  readonly entries: readonly (E | string)[]
  readonly more: boolean
}

export interface UploadRequest extends ObjectAttributes {
  readonly key: string
  readonly owner: string
  /** Id of the user who writes; undefined: an account's root, a role or nobody. */
  readonly writer?: string | undefined
  /** Who started it, in the words of `access`. */
  readonly initiator: string
  readonly checksumAlgorithm: ChecksumAlgorithm | undefined
  readonly checksumType: Checksum['type'] | undefined
}

export interface UploadSummary {
  readonly key: string
  readonly uploadId: string
  readonly initiated: number
  readonly owner: string
  readonly initiator: string
  readonly storageClass: string | null
  readonly checksumAlgorithm: ChecksumAlgorithm | undefined
  readonly checksumType: Checksum['type'] | undefined
}

export interface UploadRef {
  readonly key: string
  readonly uploadId: string
}

export interface PartInfo {
  readonly number: number
  readonly size: number
  readonly etag: string
  readonly modified: number
  readonly checksum: Checksum | undefined
}

export interface PartRequest extends UploadRef {
  readonly number: number
  readonly body: Body
}

export interface PartCopyRequest extends UploadRef, Patience {
  readonly number: number
  readonly source: Keyspace
  readonly from: VersionRef
  readonly sourceConditions: ReadConditions
  /** Undefined: the whole object. */
  readonly range: Span | undefined
}

export interface CompleteRequest extends UploadRef {
  readonly parts: readonly {
    readonly number: number
    readonly etag: string
    readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: string } | undefined
  }[]
  readonly conditions: WriteConditions
  /** What the client says of the whole, if it does. */
  readonly size: number | undefined
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: string } | undefined
  readonly checksumType: Checksum['type'] | undefined
}

/**
 * One bucket. Failures are S3 errors (NoSuchKey, NoSuchVersion, NoSuchUpload, PreconditionFailed, …).
 * Reading a key whose current version is a delete marker fails with NoSuchKey, reading a marker by its version with
 * MethodNotAllowed; both carry the fields `x-amz-delete-marker` and `x-amz-version-id` among the error's headers.
 */
export interface Keyspace {
  readonly bucket: BucketInfo
  head(ref: VersionRef): Promise<ObjectInfo>
  open(ref: VersionRef): Promise<OpenObject>
  put(request: PutRequest): Promise<PutResult>
  delete(request: DeleteRequest): Promise<DeleteResult>
  copy(request: CopyRequest): Promise<CopyResult>
  /** Moves an object to another key of the bucket, atomically. */
  rename(request: {
    readonly from: string
    readonly to: string
    readonly sourceConditions: ReadConditions
    readonly conditions: WriteConditions
    /** A repeat with the same token answers as the first. */
    readonly token: string | undefined
  }): Promise<void>
  setTags(
    ref: VersionRef,
    tags: readonly Tag[],
  ): Promise<{ readonly versionId: string | undefined }>
  /** The grants of an ACL; undefined: only its owner has rights in it. */
  setAcl(
    ref: VersionRef,
    acl: readonly Grant[] | undefined,
  ): Promise<{ readonly versionId: string | undefined }>
  /** `ownersUnused`: nobody will look at the entries' owners, so they may be left out. */
  list(request: ListRequest & { readonly ownersUnused?: boolean }): Promise<Listing<ObjectSummary>>
  listVersions(
    request: ListRequest & { readonly afterVersion: string },
  ): Promise<Listing<VersionSummary>>
  createUpload(request: UploadRequest): Promise<UploadSummary>
  putPart(request: PartRequest): Promise<PartInfo>
  copyPart(
    request: PartCopyRequest,
  ): Promise<PartInfo & { readonly sourceVersionId: string | undefined }>
  complete(request: CompleteRequest): Promise<PutResult>
  abort(ref: UploadRef): Promise<void>
  listParts(request: UploadRef & { readonly marker: number; readonly limit: number }): Promise<{
    readonly upload: UploadSummary
    readonly parts: readonly PartInfo[]
    readonly more: boolean
  }>
  listUploads(
    request: ListRequest & { readonly afterUpload: string },
  ): Promise<Listing<UploadSummary>>
}

/** Buckets by name, and what concerns a bucket as a whole. */
export interface Buckets {
  readonly volumes: Volumes
  readonly owners: Owners
  /** The bucket, where it is known without asking a store, as it mostly is. */
  known(volume: string, name: string): BucketInfo | undefined
  /** What stands under this very name, a link too. Throws NoSuchBucket. */
  find(volume: string, name: string): Promise<BucketInfo>
  /** What {@link Buckets.resolve} answers, where it is known without asking a store. */
  resolved(volume: string, name: string): Resolved | undefined
  /** The bucket that the name leads to, over links if need be. Throws NoSuchBucket and TooManyLinks. */
  resolve(volume: string, name: string): Promise<Resolved>
  keyspace(bucket: BucketInfo): Keyspace
  create(request: {
    readonly volume: string
    readonly name: string
    readonly owner: string
    readonly region: string
    readonly settings: Readonly<Record<string, unknown>>
    /** A link to this bucket, which need not be there. */
    readonly link?: BucketRef
    /** Another volume than the owner's own: it is not made for this bucket, but must be there (NoSuchVolume). */
    readonly inOtherVolume?: boolean
  }): Promise<BucketInfo>
  /** Of a link, only the link. Throws BucketNotEmpty. */
  remove(bucket: BucketInfo): Promise<void>
  /** Buckets of a volume in name order, links among them. */
  list(request: {
    readonly volume: string
    /** Only those of this account. */
    readonly owner: string | undefined
    readonly prefix: string
    readonly after: string
    readonly region: string | undefined
    readonly limit: number
  }): Promise<{ readonly buckets: readonly BucketInfo[]; readonly more: boolean }>
  setVersioning(bucket: BucketInfo, versioning: 'Enabled' | 'Suspended'): Promise<void>
  /** Sets or (undefined) removes one sub-resource document. */
  setSetting(bucket: BucketInfo, name: string, value: unknown): Promise<void>
  /** Several of them in one change. */
  setSettings(bucket: BucketInfo, changes: Readonly<Record<string, unknown>>): Promise<void>
  /**
   * Limits what the bucket may hold. Resolves when what is in it is counted, with how many versions that were; until
   * then, and where somebody else changes the same meanwhile (OperationAborted), the quota holds for what is counted.
   */
  setQuota(bucket: BucketInfo, quota: Quota): Promise<{ readonly counted: number }>
  /** Undefined where the bucket has no quota of its own. `counting`: not everything is counted yet. */
  usage(bucket: BucketInfo): Promise<
    | {
        readonly bytes: number
        readonly objects: number
        readonly quota: Quota
        readonly counting: boolean
      }
    | undefined
  >
}
