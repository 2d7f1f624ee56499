/** What a request is allowed or refused: an action on a resource. */
import { bucketAccess } from '../access/bucket-access.ts'
import type { Principal } from '../access/principal.ts'
import type { Resource } from '../operations/operation.ts'
import type { BucketInfo } from '../ports/keyspace.ts'
import type { Query } from '../wire/query.ts'
import type { Declared } from './parts.ts'

/** The right that a request takes on its own resource. */
export function actionOf({ action, versionAction }: Declared, query: Query): string {
  return versionAction !== undefined && query.has('versionId') ? versionAction : action
}

/** Rights that who began an upload has in it. */
const ofUploads: ReadonlySet<string> = new Set([
  's3:AbortMultipartUpload',
  's3:ListMultipartUploadParts',
])

/** What the request's own action is on. */
export function resourceOf(
  { createsBucket, action }: Declared,
  asked: {
    readonly name: string | undefined
    readonly key: string | undefined
    readonly query: Query
    readonly bucket: BucketInfo | undefined
    readonly via: readonly BucketInfo[]
  },
): Resource {
  const { name, key, bucket, via, query } = asked
  if (createsBucket === true) return { bucket: undefined, key: undefined, name }
  const versionId = key === undefined ? undefined : query.get('versionId')
  const uploadId = ofUploads.has(action) ? query.get('uploadId') : undefined
  return { bucket, via, key, versionId, uploadId }
}

/** Whether a policy may give somebody rights on some keys of a bucket and not on it: then each key is asked about. */
export function mayHaveKeys(
  { identity }: Principal,
  way: readonly (BucketInfo | undefined)[],
): boolean {
  if (identity.policies.length > 0) return true
  return way.some(bucket => bucket !== undefined && bucketAccess(bucket).policy !== undefined)
}
