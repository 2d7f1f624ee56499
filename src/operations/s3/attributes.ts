/** What a writer says of an object beside its bytes, read from the headers of PutObject, CopyObject and the like. */
import { bucketAccess } from '../../access/bucket-access.ts'
import type { Principal } from '../../access/principal.ts'
import { S3Error } from '../../model/errors.ts'
import type { ObjectAttributes, StandardHeaders, Tag } from '../../ports/keyspace.ts'
import { requireHeaderValue, requireMetadata, requireStorageClass } from '../../rules/metadata.ts'
import { parseTagging, type TagKeys } from '../../rules/tags.ts'
import type { Context } from '../operation.ts'
import type { Unfrozen } from './unfrozen.ts'

/** Members of inputs that are kept with an object. */
export interface WrittenAttributes {
  readonly ContentType?: string | undefined
  readonly CacheControl?: string | undefined
  readonly ContentDisposition?: string | undefined
  readonly ContentEncoding?: string | undefined
  readonly ContentLanguage?: string | undefined
  readonly Expires?: string | undefined
  readonly WebsiteRedirectLocation?: string | undefined
  readonly Metadata?: Readonly<Record<string, string>> | undefined
  readonly StorageClass?: string | undefined
  readonly Tagging?: string | undefined
}

/** AWS's type of an object whose writer named none. */
export const defaultContentType = 'binary/octet-stream'

const noMetadata: Readonly<Record<string, string>> = Object.freeze({})
const noTags: readonly Tag[] = Object.freeze([])

/**
 * A `Content-Encoding` without `aws-chunked`, which tells how the body travelled and not what it is; undefined if
 * nothing is left.
 */
export function storedEncoding(written: string): string | undefined {
  if (!written.toLowerCase().includes('aws-chunked')) return written === '' ? undefined : written
  const kept = written
    .split(',')
    .map(token => token.trim())
    .filter(token => token !== '' && token.toLowerCase() !== 'aws-chunked')
  return kept.length === 0 ? undefined : kept.join(', ')
}

function requireRedirect(location: string): void {
  if (
    !location.startsWith('/') &&
    !location.startsWith('http://') &&
    !location.startsWith('https://')
  ) {
    throw new S3Error(
      'InvalidArgument',
      { ArgumentName: 'x-amz-website-redirect-location', ArgumentValue: location },
      "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
    )
  }
}

function keep(
  headers: Unfrozen<StandardHeaders>,
  field: keyof StandardHeaders,
  name: string,
  value: string | undefined,
): void {
  if (value === undefined || value === '') return
  requireHeaderValue(name, value)
  headers[field] = value
}

/** The standard headers to keep. Throws InvalidArgument for values that could not be sent back. */
export function readHeaders(input: WrittenAttributes): StandardHeaders {
  const headers: Unfrozen<StandardHeaders> = {}
  keep(headers, 'contentType', 'Content-Type', input.ContentType)
  keep(headers, 'cacheControl', 'Cache-Control', input.CacheControl)
  keep(headers, 'contentDisposition', 'Content-Disposition', input.ContentDisposition)
  const encoding = input.ContentEncoding
  if (encoding !== undefined) {
    keep(headers, 'contentEncoding', 'Content-Encoding', storedEncoding(encoding))
  }
  keep(headers, 'contentLanguage', 'Content-Language', input.ContentLanguage)
  keep(headers, 'expires', 'Expires', input.Expires)
  const redirect = input.WebsiteRedirectLocation
  if (redirect !== undefined && redirect !== '') {
    requireRedirect(redirect)
    keep(headers, 'websiteRedirect', 'x-amz-website-redirect-location', redirect)
  }
  return headers
}

/** The user metadata to keep. Throws MetadataTooLarge, InvalidArgument. */
export function readMetadata(input: WrittenAttributes): Readonly<Record<string, string>> {
  const { Metadata } = input
  if (Metadata === undefined) return noMetadata
  requireMetadata(Metadata)
  return Metadata
}

/** The tags of the header `x-amz-tagging`. Throws InvalidArgument, InvalidTag. */
export const readTags = (input: WrittenAttributes, { principal }: Sender): readonly Tag[] =>
  input.Tagging === undefined || input.Tagging === ''
    ? noTags
    : parseTagging(input.Tagging, tagKeysOf(principal))

type Sender = Pick<Context, 'principal'>

/** What is under an administrator of the volume has tags as Ceph has them. */
export const tagKeysOf = ({ identity }: Principal): TagKeys =>
  identity.volumeWide === true ? 'repeated' : 'once'

/** Everything that a write says of its object. Throws S3's errors for what may not be kept. */
export const readAttributes = (input: WrittenAttributes, sender: Sender): ObjectAttributes => ({
  headers: readHeaders(input),
  metadata: readMetadata(input),
  tags: readTags(input, sender),
  storageClass: requireStorageClass(input.StorageClass),
})

/** Throws AccessDenied unless the right is there that tags in a header take beside `s3:PutObject`. */
export async function authorizeTags(
  input: WrittenAttributes & { readonly Key: string },
  context: Context,
): Promise<void> {
  const { bucket, via, principal } = context
  if (input.Tagging === undefined) return
  // An ACL that lets everybody write lets them tag what they write: it has no word for tags.
  if (principal.kind === 'anonymous' && bucketAccess(bucket).acls) return
  await context.authorize('s3:PutObjectTagging', { bucket, via, key: input.Key })
}
