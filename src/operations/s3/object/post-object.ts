/** PostObject: an upload by an HTML form, whose fields are what other uploads say in headers. */
import { S3Error } from '../../../model/errors.ts'
import { limits } from '../../../model/limits.ts'
import type { Tagging } from '../../../model/shapes.gen.ts'
import type { PutResult, Tag } from '../../../ports/keyspace.ts'
import { urlEncode } from '../../../rules/listing.ts'
import { requireKey } from '../../../rules/names.ts'
import { requireTags } from '../../../rules/tags.ts'
import { parseXml } from '../../../wire/xml/parse.ts'
import { shapeReader } from '../../../wire/xml/read.ts'
import { declaration, escapeXml } from '../../../wire/xml/write.ts'
import type { Context, Operation, PostObjectRequest, Reply } from '../../operation.ts'
import { newObject, type WrittenAcl } from '../acls.ts'
import { authorizeTags, readAttributes, type WrittenAttributes } from '../attributes.ts'
import { bodyUpTo } from '../body-size.ts'
import { notImplemented } from '../refusals.ts'
import { toldVersion } from './version.ts'

const metadataPrefix = 'x-amz-meta-'

/** The form's fields as the members that PutObject has for the headers of the same meaning. */
export function writtenFields(fields: ReadonlyMap<string, string>): WrittenAttributes & WrittenAcl {
  // No prototype: `x-amz-meta-__proto__` is a name like any other.
  const metadata = Object.create(null) as Record<string, string>
  for (const [name, value] of fields) {
    if (name.startsWith('x-amz-server-side-encryption')) throw notImplemented(name)
    if (name.startsWith('x-amz-object-lock-')) {
      throw new S3Error('InvalidRequest', {}, 'Bucket is missing Object Lock Configuration')
    }
    if (name.startsWith(metadataPrefix)) metadata[name.slice(metadataPrefix.length)] = value
  }
  return {
    ACL: fields.get('acl') ?? fields.get('x-amz-acl'),
    GrantFullControl: fields.get('x-amz-grant-full-control'),
    GrantRead: fields.get('x-amz-grant-read'),
    GrantReadACP: fields.get('x-amz-grant-read-acp'),
    GrantWriteACP: fields.get('x-amz-grant-write-acp'),
    ContentType: fields.get('content-type'),
    CacheControl: fields.get('cache-control'),
    ContentDisposition: fields.get('content-disposition'),
    ContentEncoding: fields.get('content-encoding'),
    ContentLanguage: fields.get('content-language'),
    Expires: fields.get('expires'),
    WebsiteRedirectLocation: fields.get('x-amz-website-redirect-location'),
    StorageClass: fields.get('x-amz-storage-class'),
    Metadata: metadata,
  }
}

/** The tags of the field `tagging`, which is a document where the header is a query string. */
export function fieldTags(document: string | undefined): readonly Tag[] {
  if (document === undefined || document === '') return []
  const root = parseXml(document)
  if (root.name !== 'Tagging') throw new S3Error('MalformedXML')
  const tagging = shapeReader('Tagging')(root) as Tagging
  return requireTags(tagging.TagSet ?? [], limits.object_tags_max)
}

/** Where a form that succeeded sends the browser, if it says so and what it says is a web address. */
export function redirectOf(
  fields: ReadonlyMap<string, string>,
  place: { readonly bucket: string; readonly key: string; readonly etag: string },
): string | undefined {
  const target = fields.get('success_action_redirect') ?? fields.get('redirect')
  if (target === undefined || !URL.canParse(target)) return undefined
  const url = new URL(target)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined
  const { bucket, key, etag } = place
  const told = `bucket=${urlEncode(bucket)}&key=${encodeURIComponent(key)}&etag=%22${etag}%22`
  url.search = url.search === '' ? `?${told}` : `${url.search}&${told}`
  return url.href
}

function responseDocument(input: PostObjectRequest, location: string, etag: string): string {
  const element = (name: string, text: string): string => `<${name}>${escapeXml(text)}</${name}>`
  const content =
    element('Location', location) +
    element('Bucket', input.Bucket) +
    element('Key', input.Key) +
    element('ETag', `"${etag}"`)
  return `${declaration}<PostResponse>${content}</PostResponse>`
}

function answer(
  input: PostObjectRequest,
  context: Context,
  result: PutResult,
): Reply<Readonly<Record<string, never>>> {
  const location = context.objectUrl(input.Key)
  const headers = ['ETag', `"${result.etag}"`]
  const version = toldVersion(result.versionId)
  if (version !== undefined) headers.push('x-amz-version-id', version)
  if (result.checksum !== undefined) {
    const { algorithm, type, value } = result.checksum
    headers.push(`x-amz-checksum-${algorithm.toLowerCase()}`, value)
    headers.push('x-amz-checksum-type', type)
  }
  const { etag } = result
  const redirect = redirectOf(input.Fields, { bucket: input.Bucket, key: input.Key, etag })
  if (redirect !== undefined) {
    headers.push('Location', redirect)
    return { output: {}, status: 303, headers }
  }
  headers.push('Location', location)
  const wanted = input.Fields.get('success_action_status')
  if (wanted === '201') {
    headers.push('Content-Type', 'application/xml')
    const body = Buffer.from(responseDocument(input, location, etag))
    return { output: {}, status: 201, headers, body, length: body.length }
  }
  return { output: {}, status: wanted === '200' ? 200 : 204, headers }
}

export const postObject: Operation<'PostObject'> = {
  action: 's3:PutObject',
  async run(input, context) {
    const { Fields, Key } = input
    requireKey(Key)
    const written = writtenFields(Fields)
    await authorizeTags({ ...written, Key, Tagging: Fields.get('tagging') }, context)
    const { owner, writer, acl } = await newObject({ ...written, Key }, context)
    const body = bodyUpTo(context.body, limits.put_bytes_max)
    const result = await context.keyspace.put({
      ...readAttributes(written, context),
      tags: fieldTags(Fields.get('tagging')),
      key: Key,
      owner,
      writer,
      acl,
      body,
      checksumAlgorithm: body.announced ?? 'CRC64NVME',
      conditions: {},
    })
    return answer(input, context, result)
  },
}
