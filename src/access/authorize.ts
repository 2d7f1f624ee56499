/** The one place that decides who may do what. Pure; policies, ACLs and grants will come in here. */
import { S3Error } from '../model/errors.ts'
import type { Principal } from './principal.ts'

export interface Decision {
  readonly principal: Principal
  /** IAM's name: `s3:GetObject`. */
  readonly action: string
  readonly resource: {
    readonly volume: string
    /** Canonical id of who owns the bucket; undefined where the action concerns no bucket that exists. */
    readonly bucketOwner?: string | undefined
    readonly bucket?: string | undefined
    readonly key?: string | undefined
  }
}

/** Actions on no existing bucket, which every account has in its own volume. */
const accountActions: ReadonlySet<string> = new Set(['s3:CreateBucket', 's3:ListAllMyBuckets'])

/**
 * Throws AccessDenied unless the principal may take the action: an account may create and list its own buckets, the
 * owner of a bucket may do everything in it, and nobody else, anonymous included, may do anything.
 */
export function authorize({ principal, action, resource }: Decision): void {
  if (principal.kind === 'account') {
    if (resource.bucketOwner === undefined) {
      if (accountActions.has(action) && principal.volume === resource.volume) return
    } else if (resource.bucketOwner === principal.canonicalId) {
      return
    }
  }
  throw new S3Error('AccessDenied')
}
