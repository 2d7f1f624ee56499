/** The source of a copy: what `x-amz-copy-source` names, resolved and authorized like a read of it. */
import { S3Error } from '../../model/errors.ts'
import type { BucketInfo, Keyspace } from '../../ports/keyspace.ts'
import { isPossibleBucket, requireKey } from '../../rules/names.ts'
import { requireVersionId } from '../../rules/versions.ts'
import type { Context } from '../operation.ts'
import { requireExpectedOwner } from './owners.ts'
import { volumeOf } from './volumes.ts'

export interface CopySource {
  /** Named before a colon. */
  readonly volume?: string
  readonly bucket: string
  readonly key: string
  readonly versionId: string | undefined
}

const header = 'x-amz-copy-source'
const versionMark = '?versionId='

const invalid = (written: string, message: string): S3Error =>
  new S3Error('InvalidArgument', { ArgumentName: header, ArgumentValue: written }, message)

/** Decoded once: `%252e` is the text `%2e`. */
function decodeOnce(text: string, written: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalid(written, 'The copy source must be URL-encoded UTF-8.')
  }
}

/**
 * Bucket and key. Some clients encode the whole, slashes included: a bucket's name needs no encoding, so the first
 * slash parts them in either form.
 */
function splitPlace(place: string, written: string): readonly [bucket: string, key: string] {
  const slash = place.indexOf('/')
  if (slash >= 0) {
    return [decodeOnce(place.slice(0, slash), written), decodeOnce(place.slice(slash + 1), written)]
  }
  const decoded = decodeOnce(place, written)
  const path = decoded.startsWith('/') ? decoded.slice(1) : decoded
  const split = path.indexOf('/')
  if (split < 0) throw invalid(written, 'Invalid copy source object key')
  return [path.slice(0, split), path.slice(split + 1)]
}

/**
 * Reads `bucket/key?versionId=id` or `volume:bucket/key…`, URL-encoded, with or without a slash before it. Throws InvalidArgument for anything
 * else and NotImplemented for the ARN of an access point.
 */
export function parseCopySource(written: string): CopySource {
  const path = written.startsWith('/') ? written.slice(1) : written
  if (path.startsWith('arn:') || path.startsWith('arn%3A') || path.startsWith('arn%3a')) {
    throw new S3Error(
      'NotImplemented',
      { Header: header },
      `The header ${header} is not implemented for access points.`,
    )
  }
  const mark = path.lastIndexOf(versionMark)
  const [named, key] = splitPlace(mark < 0 ? path : path.slice(0, mark), written)
  const colon = named.indexOf(':')
  const bucket = named.slice(colon + 1)
  if (!isPossibleBucket(bucket)) throw invalid(written, 'Invalid copy source bucket name')
  if (key === '') throw invalid(written, 'Invalid copy source object key')
  requireKey(key)
  const place = colon < 0 ? { bucket, key } : { volume: named.slice(0, colon), bucket, key }
  if (mark < 0) return { ...place, versionId: undefined }
  const versionId = decodeOnce(path.slice(mark + versionMark.length), written)
  requireVersionId(versionId)
  return { ...place, versionId }
}

export interface ResolvedSource {
  readonly bucket: BucketInfo
  /** The links that lead there. */
  readonly via: readonly BucketInfo[]
  readonly keyspace: Keyspace
}

/**
 * The source's bucket as this requester reaches it. The right to read is asked of the bucket that the name resolved
 * to. Throws NoSuchBucket, AccessDenied.
 */
export async function resolveSource(
  source: CopySource,
  context: Context,
  expectedOwner: string | undefined,
): Promise<ResolvedSource> {
  const volume = volumeOf(source.volume, context.principal)
  if (volume.includes('\0')) throw new S3Error('NoSuchBucket', { BucketName: source.bucket })
  const { bucket, via } = await context.buckets.resolve(volume, source.bucket)
  const action = source.versionId === undefined ? 's3:GetObject' : 's3:GetObjectVersion'
  await context.authorize(action, { bucket, via, key: source.key, versionId: source.versionId })
  if (expectedOwner !== undefined) {
    await requireExpectedOwner(expectedOwner, bucket, id => context.account(id))
  }
  const keyspace =
    bucket.id === context.bucket.id ? context.keyspace : context.buckets.keyspace(bucket)
  return { bucket, via, keyspace }
}

/**
 * Throws AccessDenied where the source has tags that the requester may not read, or not put on `to`. Who may both, as most
 * may, costs no look at the source.
 */
export async function authorizeCopiedTags(
  { key, versionId }: CopySource,
  { bucket, via, keyspace }: ResolvedSource,
  to: string,
  context: Context,
): Promise<void> {
  const get = versionId === undefined ? 's3:GetObjectTagging' : 's3:GetObjectVersionTagging'
  const [put, target] = [
    's3:PutObjectTagging',
    { bucket: context.bucket, via: context.via, key: to },
  ]
  const source = { bucket, via, key, versionId }
  const direct = via.length === 0 && context.via.length === 0
  if (direct && context.allows(get, source) && context.allows(put, target)) return
  if ((await keyspace.head({ key, versionId })).tags.length === 0) return
  await context.authorize(get, source)
  await context.authorize(put, target)
}
