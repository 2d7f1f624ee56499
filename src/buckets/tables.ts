/** The tables of the plain Keyspace, as data. Column names are those of the summaries where a listing serves rows as they are. */
import type { ChecksumAlgorithm } from '../model/checksums.ts'
import type {
  BucketInfo,
  Checksum,
  ObjectSummary,
  StandardHeaders,
  Tag,
} from '../ports/keyspace.ts'
import { type TableShape, table } from '../ports/meta-store.ts'
import type { Quota, VolumeInfo } from '../ports/volumes.ts'
import type { Grant } from '../rules/acl.ts'

/** A run of bytes in a blob, or in a small body kept beside the metadata. */
export interface Slice {
  readonly blob?: string
  readonly body?: number
  readonly offset: number
  readonly length: number
}

export interface ContentPart {
  readonly number: number
  readonly size: number
  readonly checksum?: string | undefined
  readonly slices: readonly Slice[]
}

/**
 * Where the bytes of a large object are: slices, parts (each a list of slices), or a manifest, which holds the parts
 * in rows of its own. A small body is in the column `body`; an empty object has neither.
 */
export type Content =
  | { readonly slices: readonly Slice[] }
  | { readonly parts: readonly ContentPart[] }
  | { readonly manifest: string }

export interface StoredAttributes {
  readonly headers: StandardHeaders
  readonly metadata: Readonly<Record<string, string>>
  /** Grants beside or instead of the owner's full control, where an ACL was given. */
  readonly acl?: readonly Grant[] | undefined
}

/** What `objects` and `versions` have in common. */
export interface VersionRecord extends ObjectSummary {
  readonly bucket: string
  /** The version's id, which sorts newest first; empty for what was written before the bucket had versioning. */
  readonly version: string
  /** 1: the null version. */
  readonly isNull: number
  readonly checksum: string | null
  readonly partCount: number | null
  /** Small body. */
  readonly body: number | null
  readonly content: Content | null
  readonly attributes: StoredAttributes | null
  readonly tags: readonly Tag[] | null
  /** Id of the user who wrote it; null: an account's root, a role, nobody, or written before users were noted. */
  readonly writer: string | null
}

export interface NoncurrentRecord extends VersionRecord {
  /** 1: a delete marker. */
  readonly marker: number
}

export interface HeadRecord {
  readonly bucket: string
  readonly key: string
  readonly newest: string
  /** 1: the newest is a delete marker. */
  readonly marker: number
  /** Id of the null version, wherever it is. */
  readonly nullVersion: string | null
}

export interface BodyRecord {
  readonly id: number
  readonly refs: number
  readonly bytes: Uint8Array
}

/** `refs` zero: condemned; `condemned` is when the sweep saw it first, in milliseconds. */
export interface BlobRecord {
  readonly id: string
  readonly refs: number
  readonly size: number
  readonly condemned: number | null
  /** 1: never referred to; its row must outlive every writer that could still bring it in. 2: its bytes are gone too. */
  readonly orphan: number
}

export interface ManifestRecord {
  readonly id: string
  readonly refs: number
  readonly parts: number
  readonly size: number
  /** The upload it was made by: its part rows must be gone before the manifest's blobs are released. */
  readonly upload: readonly [bucket: string, key: string, upload: string]
}

export interface ManifestRows {
  readonly manifest: string
  /** Offset of this row's first byte in the object. */
  readonly offset: number
  readonly parts: readonly ContentPart[]
}

export interface UploadRecord {
  readonly bucket: string
  readonly key: string
  readonly upload: string
  readonly initiated: number
  readonly owner: string
  readonly initiator: string
  readonly storageClass: string | null
  readonly checksumAlgorithm: ChecksumAlgorithm | null
  readonly checksumType: Checksum['type'] | null
  readonly attributes: StoredAttributes | null
  readonly tags: readonly Tag[] | null
  /** As of a version. */
  readonly writer: string | null
}

/**
 * What the parts of an upload under way hold. Parts add to it, which moves no revision that other parts rest on; who ends
 * the upload rests on this one. Uploads of an older Moongate have none and are not counted.
 */
export interface UploadSizeRecord {
  readonly bucket: string
  readonly key: string
  readonly upload: string
  readonly bytes: number
  readonly writer: string | null
}

export interface PartRecord {
  readonly upload: string
  readonly number: number
  readonly size: number
  readonly etag: string
  readonly modified: number
  /** Of the upload's algorithm (CRC64NVME where it named none). */
  readonly checksum: string
  readonly slices: readonly Slice[]
}

/** What became of an upload: kept so that a repeat of Complete answers as the first, and until its parts are gone. */
export interface EndedRecord {
  readonly bucket: string
  readonly key: string
  readonly upload: string
  readonly ended: number
  readonly outcome: 'completed' | 'aborted'
  readonly etag: string | null
  readonly size: number | null
  readonly version: string | null
  readonly checksum: Checksum | null
  readonly manifest: string | null
  /** 1: no part row is left. */
  readonly cleaned: number
}

/** A rename that came with a token: kept so that a repeat answers as the first. */
export interface RenameRecord {
  readonly bucket: string
  readonly token: string
  readonly from: string
  readonly to: string
  readonly done: number
}

export interface VolumeRecord extends VolumeInfo {
  /** The row that counts bytes and objects of all its buckets; null where neither has a quota. */
  readonly meter: string | null
}

/** A quota of an account, for all buckets that it owns (`user` is null), or of a user of it, for what that one wrote there. */
export interface OwnerQuota extends Quota {
  /** The user's id. */
  readonly user: string | null
  /** The row that counts. */
  readonly scope: string
}

/** How many buckets an account may own. */
export interface OwnerBuckets {
  readonly most: number
  /** The row that counts. */
  readonly scope: string
  /** Whether those are in it that were there before. */
  readonly counted: boolean
}

export interface OwnerRecord {
  readonly account: string
  readonly quotas: readonly OwnerQuota[]
  readonly buckets: OwnerBuckets | null
}

/** A count that has a ceiling, or the number of a volume's buckets. */
export interface UsageRecord {
  readonly scope: string
  readonly bytes: number
  readonly objects: number
  readonly buckets: number
}

export interface BucketRecord extends Omit<BucketInfo, 'revision'> {
  readonly id: string
}

const versionColumns = {
  version: 'text',
  isNull: 'int',
  size: 'int',
  etag: 'text',
  modified: 'int',
  owner: 'text',
  storageClass: 'text',
  checksumAlgorithm: 'text',
  checksumType: 'text',
  checksum: 'text',
  partCount: 'int',
  body: 'int',
  content: 'json',
  attributes: 'json',
  tags: 'json',
  writer: 'text',
} as const

export const bucketsTable = table<BucketRecord>({
  name: 'buckets',
  key: { volume: 'text', name: 'text' },
  columns: {
    id: 'text',
    owner: 'text',
    region: 'text',
    created: 'int',
    versioning: 'text',
    settings: 'json',
    link: 'json',
    meters: 'json',
  },
  indexes: [{ name: 'buckets_by_owner', on: ['volume', 'owner', 'name'] }],
})

export const volumesTable = table<VolumeRecord>({
  name: 'volumes',
  key: { name: 'text' },
  columns: { owner: 'text', created: 'int', quota: 'json', meter: 'text' },
  indexes: [{ name: 'volumes_by_owner', on: ['owner', 'name'] }],
})

export const ownersTable = table<OwnerRecord>({
  name: 'owners',
  key: { account: 'text' },
  columns: { quotas: 'json', buckets: 'json' },
})

export const usageTable = table<UsageRecord>({
  name: 'usage',
  key: { scope: 'text' },
  columns: { bytes: 'int', objects: 'int', buckets: 'int' },
})

export const objectsTable = table<VersionRecord>({
  name: 'objects',
  key: { bucket: 'text', key: 'text' },
  columns: versionColumns,
})

export const versionsTable = table<NoncurrentRecord>({
  name: 'versions',
  key: { bucket: 'text', key: 'text', version: 'text' },
  columns: { ...omitVersion(versionColumns), marker: 'int' },
})

export const headsTable = table<HeadRecord>({
  name: 'heads',
  key: { bucket: 'text', key: 'text' },
  columns: { newest: 'text', marker: 'int', nullVersion: 'text' },
})

export const bodiesTable = table<BodyRecord>({
  name: 'bodies',
  key: { id: 'int' },
  columns: { refs: 'int', bytes: 'bytes' },
  counter: { column: 'refs', atZero: 'remove' },
})

export const blobsTable = table<BlobRecord>({
  name: 'blobs',
  key: { id: 'text' },
  columns: { refs: 'int', size: 'int', condemned: 'int', orphan: 'int' },
  indexes: [{ name: 'blobs_condemned', on: ['id'], where: { refs: 0 } }],
  counter: { column: 'refs', atZero: 'keep' },
})

export const manifestsTable = table<ManifestRecord>({
  name: 'manifests',
  key: { id: 'text' },
  columns: { refs: 'int', parts: 'int', size: 'int', upload: 'json' },
  indexes: [{ name: 'manifests_condemned', on: ['id'], where: { refs: 0 } }],
  counter: { column: 'refs', atZero: 'keep' },
})

export const manifestRowsTable = table<ManifestRows>({
  name: 'manifest_rows',
  key: { manifest: 'text', offset: 'int' },
  columns: { parts: 'json' },
})

export const uploadsTable = table<UploadRecord>({
  name: 'uploads',
  key: { bucket: 'text', key: 'text', upload: 'text' },
  columns: {
    initiated: 'int',
    owner: 'text',
    initiator: 'text',
    storageClass: 'text',
    checksumAlgorithm: 'text',
    checksumType: 'text',
    attributes: 'json',
    tags: 'json',
    writer: 'text',
  },
  indexes: [{ name: 'uploads_by_age', on: ['initiated'] }],
})

export const uploadSizesTable = table<UploadSizeRecord>({
  name: 'upload_sizes',
  key: { bucket: 'text', key: 'text', upload: 'text' },
  columns: { bytes: 'int', writer: 'text' },
})

export const partsTable = table<PartRecord>({
  name: 'parts',
  key: { upload: 'text', number: 'int' },
  columns: {
    size: 'int',
    etag: 'text',
    modified: 'int',
    checksum: 'text',
    slices: 'json',
  },
})

export const endedTable = table<EndedRecord>({
  name: 'ended_uploads',
  key: { bucket: 'text', key: 'text', upload: 'text' },
  columns: {
    ended: 'int',
    outcome: 'text',
    etag: 'text',
    size: 'int',
    version: 'text',
    checksum: 'json',
    manifest: 'text',
    cleaned: 'int',
  },
  indexes: [{ name: 'ended_by_age', on: ['ended', 'bucket', 'key', 'upload'] }],
})

export const renamesTable = table<RenameRecord>({
  name: 'renames',
  key: { bucket: 'text', token: 'text' },
  columns: { from: 'text', to: 'text', done: 'int' },
  indexes: [{ name: 'renames_by_age', on: ['done'] }],
})

export const bucketTables: readonly TableShape[] = [
  volumesTable,
  ownersTable,
  usageTable,
  bucketsTable,
  objectsTable,
  versionsTable,
  headsTable,
  bodiesTable,
  blobsTable,
  manifestsTable,
  manifestRowsTable,
  uploadsTable,
  uploadSizesTable,
  partsTable,
  endedTable,
  renamesTable,
]

function omitVersion(columns: typeof versionColumns) {
  const { version: _, ...rest } = columns
  return rest
}
