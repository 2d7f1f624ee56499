/** Canned ACLs and grants in headers, as a bucket answers whose owner has disabled ACLs (BucketOwnerEnforced). Pure. */
import { S3Error } from '../model/errors.ts'

export interface Grant {
  readonly grantee:
    | { readonly kind: 'canonical'; readonly id: string }
    | { readonly kind: 'group'; readonly uri: string }
  readonly permission: 'READ' | 'WRITE' | 'READ_ACP' | 'WRITE_ACP' | 'FULL_CONTROL'
}

/** What the headers of a request say of ACLs: the value of `x-amz-acl`, and whether any `x-amz-grant-*` was sent. */
export interface WrittenAcl {
  readonly canned: string | undefined
  readonly grants: boolean
}

const known: ReadonlySet<string> = new Set([
  'private',
  'public-read',
  'public-read-write',
  'authenticated-read',
  'aws-exec-read',
  'bucket-owner-read',
  'bucket-owner-full-control',
  'log-delivery-write',
])

/** These give nobody a right beside the owner, which is what holds without ACLs. */
const harmless = (canned: string): boolean =>
  canned === 'private' || canned === 'bucket-owner-full-control'

function asksForMore(acl: WrittenAcl): boolean {
  const { canned, grants } = acl
  if (canned !== undefined && !known.has(canned)) {
    throw new S3Error('InvalidArgument', { ArgumentName: 'x-amz-acl', ArgumentValue: canned })
  }
  return grants || (canned !== undefined && !harmless(canned))
}

/** Throws AccessControlListNotSupported when a write asks for an ACL that shares the object. */
export function requireNoObjectAcl(acl: WrittenAcl): void {
  if (asksForMore(acl)) throw new S3Error('AccessControlListNotSupported')
}

/** Throws InvalidBucketAclWithObjectOwnership when CreateBucket asks for an ACL that shares the bucket. */
export function requireNoBucketAcl(acl: WrittenAcl): void {
  if (asksForMore(acl)) throw new S3Error('InvalidBucketAclWithObjectOwnership')
}
