/** What GetObject and HeadObject have in common: which bytes are asked for, and the headers that tell of the object. */
import { S3Error } from '../../../model/errors.ts'
import type { GetObjectOutput, GetObjectRequest } from '../../../model/shapes.gen.ts'
import type { Checksum, ObjectInfo, OpenObject, Span, VersionRef } from '../../../ports/keyspace.ts'
import { requireRead } from '../../../rules/conditions.ts'
import { requireOverride } from '../../../rules/metadata.ts'
import { requireRangeOrPart, resolveRange } from '../../../rules/range.ts'
import { requirePartNumber } from '../../../rules/uploads.ts'
import { requireVersionId } from '../../../rules/versions.ts'
import type { Context } from '../../operation.ts'
import { defaultContentType } from '../attributes.ts'
import { tellChecksum } from '../checksums.ts'
import { readConditions } from '../preconditions.ts'
import { requireNoEncryption } from '../refusals.ts'
import type { Unfrozen } from '../unfrozen.ts'

/** HeadObject takes what GetObject takes, and answers what it answers but the bytes. */
export type ReadInput = GetObjectRequest
export type ReadOutput = Unfrozen<GetObjectOutput>

/** The bytes that a read is about. */
export interface Selection {
  readonly span: Span
  /** The answer is 206 and says which bytes it has. */
  readonly partial: boolean
  readonly checksum: Checksum | undefined
}

/** Throws for what no object could answer: an impossible version id, a range together with a part. */
export function requireReadable(input: ReadInput, context: Context): void {
  if (input.VersionId !== undefined) requireVersionId(input.VersionId)
  requireRangeOrPart(input.Range, input.PartNumber)
  if (input.PartNumber !== undefined) requirePartNumber(input.PartNumber)
  requireNoEncryption(input)
  if (context.principal.kind === 'anonymous' && overridesResponse(input)) {
    throw new S3Error(
      'InvalidRequest',
      {},
      'Request specific response headers cannot be used for anonymous GET requests.',
    )
  }
}

const overridesResponse = (input: ReadInput): boolean =>
  input.ResponseCacheControl !== undefined ||
  input.ResponseContentDisposition !== undefined ||
  input.ResponseContentEncoding !== undefined ||
  input.ResponseContentLanguage !== undefined ||
  input.ResponseContentType !== undefined ||
  input.ResponseExpires !== undefined

/** The version that a request names. */
export const versionRef = (input: {
  readonly Key: string
  readonly VersionId?: string | undefined
}): VersionRef =>
  input.VersionId === undefined
    ? { key: input.Key }
    : { key: input.Key, versionId: input.VersionId }

/** Throws NotModified or PreconditionFailed unless the conditions of the request hold. */
export function requireConditions(input: ReadInput, info: ObjectInfo): void {
  const conditions = readConditions(input)
  if (conditions !== undefined) requireRead(conditions, info)
}

/** Which bytes of an object of this size a `Range` header means. Throws InvalidRange. */
export function selectRange(range: string | undefined, info: ObjectInfo): Selection {
  const part = range === undefined ? undefined : resolveRange(range, info.size)
  return part === undefined
    ? { span: { start: 0, end: info.size }, partial: false, checksum: info.checksum }
    : { span: part, partial: true, checksum: undefined }
}

/**
 * Which bytes `partNumber` means; an object that was not uploaded in parts is one part. Throws InvalidPartNumber for a
 * part that is not there. `withChecksum` asks for the part's own checksum.
 */
export async function selectPart(
  opened: OpenObject,
  number: number,
  withChecksum: boolean,
): Promise<Selection> {
  const { info } = opened
  if (info.partCount === undefined) {
    if (number !== 1) throw noSuchPart(number, 1)
    // An empty object has no first byte that a Content-Range could name.
    return {
      span: { start: 0, end: info.size },
      partial: info.size > 0,
      checksum: info.checksum,
    }
  }
  const span = await opened.part(number)
  if (span === undefined) throw noSuchPart(number, info.partCount)
  const { checksum } = info
  if (!withChecksum || checksum === undefined) return { span, partial: true, checksum: undefined }
  const { parts } = await opened.parts(number - 1, 1)
  const value = parts[0]?.checksum
  return {
    span,
    partial: true,
    checksum: value === undefined ? undefined : { ...checksum, value },
  }
}

const noSuchPart = (number: number, count: number): S3Error =>
  new S3Error('InvalidPartNumber', { PartNumberRequested: number, ActualPartCount: count })

/** Everything that the headers of a read tell of an object. */
export function tellObject(input: ReadInput, info: ObjectInfo, selection: Selection): ReadOutput {
  const { headers } = info
  const { span } = selection
  const output: ReadOutput = {
    AcceptRanges: 'bytes',
    LastModified: new Date(info.modified),
    ContentLength: span.end - span.start,
    ETag: `"${info.etag}"`,
    VersionId: info.versionId,
    ContentType: headers.contentType ?? defaultContentType,
    CacheControl: headers.cacheControl,
    ContentDisposition: headers.contentDisposition,
    ContentEncoding: headers.contentEncoding,
    ContentLanguage: headers.contentLanguage,
    Expires: headers.expires,
    WebsiteRedirectLocation: headers.websiteRedirect,
    Metadata: info.metadata,
    StorageClass: info.storageClass ?? undefined,
  }
  if (selection.partial && span.end > span.start) {
    output.ContentRange = `bytes ${span.start}-${span.end - 1}/${info.size}`
  }
  if (info.tags.length > 0) output.TagCount = info.tags.length
  if (input.PartNumber !== undefined) output.PartsCount = info.partCount
  if (input.ChecksumMode === 'ENABLED') tellChecksum(output, selection.checksum)
  if (overridesResponse(input)) override(input, output)
  return output
}

/** The headers of `response-*` parameters. Throws InvalidArgument for values that would break the answer's header. */
function override(input: ReadInput, output: ReadOutput): void {
  const set = (
    field: 'CacheControl' | 'ContentDisposition' | 'ContentEncoding' | 'ContentLanguage',
    value: string | undefined,
  ): void => {
    if (value === undefined) return
    requireOverride(`response-${field}`, value)
    output[field] = value
  }
  set('CacheControl', input.ResponseCacheControl)
  set('ContentDisposition', input.ResponseContentDisposition)
  set('ContentEncoding', input.ResponseContentEncoding)
  set('ContentLanguage', input.ResponseContentLanguage)
  if (input.ResponseContentType !== undefined) {
    requireOverride('response-content-type', input.ResponseContentType)
    output.ContentType = input.ResponseContentType
  }
  if (input.ResponseExpires !== undefined) {
    requireOverride('response-expires', input.ResponseExpires)
    output.Expires = input.ResponseExpires
  }
}

/**
 * What was thrown by a read of a key, with the header that S3 adds where nothing is under the key: it says whether a
 * delete marker is what hides it.
 */
export function readFailure(thrown: unknown): unknown {
  if (
    thrown instanceof S3Error &&
    thrown.code === 'NoSuchKey' &&
    !thrown.headers.includes('x-amz-delete-marker')
  ) {
    thrown.headers.push('x-amz-delete-marker', 'false')
  }
  return thrown
}
