/** Records as the Keyspace tells them. */
import { S3Error } from '../model/errors.ts'
import type {
  BucketInfo,
  Checksum,
  ObjectAttributes,
  ObjectInfo,
  UploadSummary,
} from '../ports/keyspace.ts'
import { nextVersionId, versionRandomBytes } from '../rules/versions.ts'
import type { Core } from './core.ts'
import type {
  HeadRecord,
  NoncurrentRecord,
  StoredAttributes,
  UploadRecord,
  VersionRecord,
} from './tables.ts'

const noMetadata: Readonly<Record<string, string>> = {}
const noHeaders = {}

/** Undefined where the bucket never had versioning. */
export function versionIdOf(
  bucket: BucketInfo,
  record: Pick<VersionRecord, 'isNull' | 'version'>,
): string | undefined {
  if (bucket.versioning === 'off') return undefined
  return record.isNull === 1 ? 'null' : record.version
}

export function checksumOf(record: VersionRecord): Checksum | undefined {
  const { checksumAlgorithm: algorithm, checksumType: type, checksum: value } = record
  if (algorithm === null || type === null || value === null) return undefined
  return { algorithm, type, value }
}

export function infoOf(bucket: BucketInfo, record: VersionRecord): ObjectInfo {
  return {
    key: record.key,
    size: record.size,
    etag: record.etag,
    modified: record.modified,
    owner: record.owner,
    storageClass: record.storageClass,
    checksumAlgorithm: record.checksumAlgorithm,
    checksumType: record.checksumType,
    headers: record.attributes?.headers ?? noHeaders,
    metadata: record.attributes?.metadata ?? noMetadata,
    acl: record.attributes?.acl,
    tags: record.tags ?? [],
    versionId: versionIdOf(bucket, record),
    checksum: checksumOf(record),
    partCount: record.partCount ?? undefined,
  }
}

/** Null when there is nothing to keep, so that the usual object has no such column. */
export function storedAttributes(
  attributes: Pick<ObjectAttributes, 'headers' | 'metadata' | 'acl'>,
): StoredAttributes | null {
  for (const _ in attributes.headers) return pick(attributes)
  for (const _ in attributes.metadata) return pick(attributes)
  return attributes.acl === undefined ? null : pick(attributes)
}

function pick({ headers, metadata, acl }: StoredAttributes): StoredAttributes {
  return acl === undefined ? { headers, metadata } : { headers, metadata, acl }
}

export function uploadSummaryOf(record: UploadRecord): UploadSummary {
  return {
    key: record.key,
    uploadId: record.upload,
    initiated: record.initiated,
    owner: record.owner,
    initiator: record.initiator,
    storageClass: record.storageClass,
    checksumAlgorithm: record.checksumAlgorithm ?? undefined,
    checksumType: record.checksumType ?? undefined,
  }
}

/** A new version's id: newer than everything the key has. */
export function newVersionId(
  core: Core,
  head: HeadRecord | undefined,
  current: VersionRecord | undefined,
): string {
  const newest = head?.newest || current?.version || undefined
  return nextVersionId(newest, core.clock.now(), core.random(versionRandomBytes))
}

/** The id under which the current record becomes noncurrent; what has none yet gets one of the time it was written. */
export function noncurrentId(core: Core, current: VersionRecord): string {
  if (current.version !== '') return current.version
  return nextVersionId(undefined, current.modified, core.random(versionRandomBytes))
}

/** A current record as a noncurrent one. */
export function asNoncurrent(current: VersionRecord, version: string): NoncurrentRecord {
  return { ...current, version, marker: 0 }
}

/** A noncurrent record as the current one. */
export function asCurrent(record: NoncurrentRecord): VersionRecord {
  const { marker: _, ...rest } = record
  return rest
}

export function deleteMarker(
  bucket: BucketInfo,
  key: string,
  marker: { version: string; isNull: boolean; modified: number },
): NoncurrentRecord {
  return {
    bucket: bucket.id,
    key,
    version: marker.version,
    isNull: marker.isNull ? 1 : 0,
    modified: marker.modified,
    size: 0,
    etag: '',
    owner: bucket.owner,
    storageClass: null,
    checksumAlgorithm: null,
    checksumType: null,
    checksum: null,
    partCount: null,
    body: null,
    content: null,
    attributes: null,
    tags: null,
    writer: null,
    marker: 1,
  }
}

export function noSuchKey(key: string): S3Error {
  return new S3Error('NoSuchKey', { Key: key })
}

/** The current version is a delete marker: 404, and headers that say so. */
export function hiddenByMarker(key: string, head: HeadRecord): S3Error {
  const error = noSuchKey(key)
  const versionId = head.nullVersion === head.newest ? 'null' : head.newest
  error.headers.push('x-amz-delete-marker', 'true', 'x-amz-version-id', versionId)
  return error
}

/** A delete marker was asked for by its version: 405, and headers that say so. */
export function markerAsked(record: NoncurrentRecord, method: string): S3Error {
  const error = new S3Error('MethodNotAllowed', { Method: method, ResourceType: 'DeleteMarker' })
  const versionId = record.isNull === 1 ? 'null' : record.version
  error.headers.push('x-amz-delete-marker', 'true', 'x-amz-version-id', versionId)
  error.headers.push('Allow', 'DELETE')
  error.headers.push('Last-Modified', new Date(record.modified).toUTCString())
  return error
}

export function noSuchVersion(key: string, versionId: string): S3Error {
  return new S3Error('NoSuchVersion', { Key: key, VersionId: versionId })
}

const uploadIdForm = /^[\w-]{1,64}$/

/** Throws NoSuchUpload for what no upload can have as its id; the store would refuse some of it (NUL) as a mistake. */
export function requireUploadId(uploadId: string): void {
  if (!uploadIdForm.test(uploadId)) throw noSuchUpload(uploadId)
}

export function noSuchUpload(uploadId: string): S3Error {
  return new S3Error('NoSuchUpload', { UploadId: uploadId })
}
