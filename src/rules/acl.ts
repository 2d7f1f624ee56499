/** Access control lists: canned ones, grants in headers and XML, and what they allow. Pure. */
import { S3Error } from '../model/errors.ts'
import type { AccessControlPolicy, Grantee as WrittenGrantee } from '../model/shapes.gen.ts'

export const permissions = ['READ', 'WRITE', 'READ_ACP', 'WRITE_ACP', 'FULL_CONTROL'] as const
export type Permission = (typeof permissions)[number]

export type Grantee =
  | { readonly kind: 'canonical'; readonly id: string }
  | { readonly kind: 'group'; readonly uri: string }

export interface Grant {
  readonly grantee: Grantee
  readonly permission: Permission
}

export interface Acl {
  /** Canonical id. */
  readonly owner: string
  readonly grants: readonly Grant[]
}

/** A grant as it was written: an e-mail address stands for an account that is still to be found. */
export interface WrittenGrant {
  readonly grantee: Grantee | { readonly kind: 'email'; readonly address: string }
  readonly permission: Permission
}

export const groups = {
  all: 'http://acs.amazonaws.com/groups/global/AllUsers',
  authenticated: 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers',
  logDelivery: 'http://acs.amazonaws.com/groups/s3/LogDelivery',
} as const

const knownGroups: ReadonlySet<string> = new Set(Object.values(groups))
/** AWS takes so many. */
const grantsMax = 100

const group = (uri: string, permission: Permission): Grant => ({
  grantee: { kind: 'group', uri },
  permission,
})
const canonical = (id: string, permission: Permission): Grant => ({
  grantee: { kind: 'canonical', id },
  permission,
})

/** The grants of who has no ACL of his own. */
export const fullControl = (owner: string): readonly Grant[] => [canonical(owner, 'FULL_CONTROL')]

interface Owners {
  readonly owner: string
  readonly bucketOwner: string
}

/** What a canned ACL gives beside the owner's full control. */
const beside: Readonly<Record<string, (owners: Owners) => readonly Grant[]>> = {
  private: () => [],
  'public-read': () => [group(groups.all, 'READ')],
  'public-read-write': () => [group(groups.all, 'READ'), group(groups.all, 'WRITE')],
  'authenticated-read': () => [group(groups.authenticated, 'READ')],
  'aws-exec-read': () => [],
  'bucket-owner-read': ({ owner, bucketOwner }) =>
    owner === bucketOwner ? [] : [canonical(bucketOwner, 'READ')],
  'bucket-owner-full-control': ({ owner, bucketOwner }) =>
    owner === bucketOwner ? [] : [canonical(bucketOwner, 'FULL_CONTROL')],
  'log-delivery-write': () => [
    group(groups.logDelivery, 'WRITE'),
    group(groups.logDelivery, 'READ_ACP'),
  ],
}

function requireCanned(canned: string): (owners: Owners) => readonly Grant[] {
  const grants = Object.hasOwn(beside, canned) ? beside[canned] : undefined
  if (grants !== undefined) return grants
  throw new S3Error('InvalidArgument', { ArgumentName: 'x-amz-acl', ArgumentValue: canned })
}

/** The grants of a canned ACL. Throws InvalidArgument for one that there is not. */
export const cannedGrants = (canned: string, owners: Owners): readonly Grant[] => [
  ...fullControl(owners.owner),
  ...requireCanned(canned)(owners),
]

/** The headers `x-amz-grant-*` of a request. */
export interface GrantHeaders {
  readonly GrantFullControl?: string | undefined
  readonly GrantRead?: string | undefined
  readonly GrantReadACP?: string | undefined
  readonly GrantWrite?: string | undefined
  readonly GrantWriteACP?: string | undefined
}

const grantHeaders: readonly (readonly [keyof GrantHeaders, Permission])[] = [
  ['GrantRead', 'READ'],
  ['GrantWrite', 'WRITE'],
  ['GrantReadACP', 'READ_ACP'],
  ['GrantWriteACP', 'WRITE_ACP'],
  ['GrantFullControl', 'FULL_CONTROL'],
]

export const hasGrantHeaders = (input: GrantHeaders): boolean =>
  grantHeaders.some(([name]) => input[name] !== undefined)

const granteeForm = /^\s*(id|uri|emailAddress)\s*=\s*(?:"([^"]*)"|([^",\s]+))\s*$/i

function granteeOf(text: string): WrittenGrant['grantee'] {
  const [, kind = '', quoted, bare = ''] = granteeForm.exec(text) ?? []
  const value = quoted ?? bare
  if (kind === '' || value === '') {
    throw new S3Error(
      'InvalidArgument',
      { ArgumentName: 'x-amz-grant', ArgumentValue: text },
      'Argument format not recognized',
    )
  }
  if (kind.toLowerCase() === 'id') return { kind: 'canonical', id: value }
  if (kind.toLowerCase() === 'emailaddress') return { kind: 'email', address: value }
  return { kind: 'group', uri: requireGroup(value) }
}

function requireGroup(uri: string): string {
  if (knownGroups.has(uri)) return uri
  throw new S3Error(
    'InvalidArgument',
    { ArgumentName: 'Grantee/URI', ArgumentValue: uri },
    'Invalid group uri',
  )
}

/** The grants of a request's headers, in their order. Throws InvalidArgument. */
export function headerGrants(input: GrantHeaders): readonly WrittenGrant[] {
  const found: WrittenGrant[] = []
  for (const [name, permission] of grantHeaders) {
    const value = input[name]
    if (value === undefined) continue
    for (const part of value.split(',')) {
      if (part.trim() !== '') found.push({ grantee: granteeOf(part), permission })
    }
  }
  return requireFew(found)
}

function requireFew<T>(grants: readonly T[]): readonly T[] {
  if (grants.length > grantsMax) {
    throw new S3Error('InvalidArgument', {}, 'The ACL has more than 100 grants')
  }
  return grants
}

function writtenGrantee(grantee: WrittenGrantee): WrittenGrant['grantee'] {
  const { Type, ID, URI, EmailAddress } = grantee
  if (Type === 'CanonicalUser' && ID !== undefined && ID !== '')
    return { kind: 'canonical', id: ID }
  if (Type === 'Group' && URI !== undefined) return { kind: 'group', uri: requireGroup(URI) }
  if (Type === 'AmazonCustomerByEmail' && EmailAddress !== undefined) {
    return { kind: 'email', address: EmailAddress }
  }
  throw new S3Error('MalformedACLError')
}

const isPermission = (text: string | undefined): text is Permission =>
  (permissions as readonly (string | undefined)[]).includes(text)

/** The grants of an ACL in XML. Throws MalformedACLError, InvalidArgument. */
export function documentGrants({ Grants = [] }: AccessControlPolicy): readonly WrittenGrant[] {
  return requireFew(
    Grants.map(({ Grantee: grantee, Permission: permission }) => {
      if (grantee === undefined || !isPermission(permission)) throw new S3Error('MalformedACLError')
      return { grantee: writtenGrantee(grantee), permission }
    }),
  )
}

const isPublicGrant = ({ grantee }: Grant): boolean =>
  grantee.kind === 'group' && grantee.uri !== groups.logDelivery

/** Whether an ACL gives something to everybody, or to everybody who has an account. */
export const isPublic = (grants: readonly Grant[]): boolean => grants.some(isPublicGrant)

export const withoutPublic = (grants: readonly Grant[]): readonly Grant[] =>
  isPublic(grants) ? grants.filter(grant => !isPublicGrant(grant)) : grants

/** Whether an ACL gives something to anybody but the owner. */
export const isShared = (grants: readonly Grant[], owner: string): boolean =>
  grants.some(({ grantee }) => grantee.kind === 'group' || grantee.id !== owner)

// AWS gives s3:DeleteObjectVersion to a grantee who owns the bucket, and that one has it anyway. Parts of an upload are its
// initiator's to list and to abort, whatever ACL let him begin it.
const bucketActions: Readonly<Record<string, Permission>> = {
  's3:ListBucket': 'READ',
  's3:ListBucketVersions': 'READ',
  's3:ListBucketMultipartUploads': 'READ',
  's3:PutObject': 'WRITE',
  's3:DeleteObject': 'WRITE',
  's3:GetBucketAcl': 'READ_ACP',
  's3:PutBucketAcl': 'WRITE_ACP',
}

const objectActions: Readonly<Record<string, Permission>> = {
  's3:GetObject': 'READ',
  's3:GetObjectVersion': 'READ',
  's3:GetObjectTorrent': 'READ',
  's3:GetObjectAttributes': 'READ',
  's3:GetObjectVersionAttributes': 'READ',
  's3:GetObjectAcl': 'READ_ACP',
  's3:GetObjectVersionAcl': 'READ_ACP',
  's3:PutObjectAcl': 'WRITE_ACP',
  's3:PutObjectVersionAcl': 'WRITE_ACP',
}

/** Rights that the ACL of an object gives, and not that of its bucket. */
export const isObjectAction = (action: string): boolean => Object.hasOwn(objectActions, action)

/** Who asks, as far as an ACL knows anybody. */
export interface Asker {
  /** Empty for who is anonymous. */
  readonly canonicalId: string
}

const isFor = (grantee: Grantee, { canonicalId }: Asker): boolean => {
  if (grantee.kind === 'canonical') return canonicalId !== '' && grantee.id === canonicalId
  if (grantee.uri === groups.all) return true
  return grantee.uri === groups.authenticated && canonicalId !== ''
}

/**
 * Whether the ACL (of the object for rights in the object itself, else of the bucket) allows an action. Source: Amazon S3
 * user guide, "Mapping of ACL permissions and access policy permissions".
 */
export function aclAllows({ grants }: Acl, asker: Asker, action: string): boolean {
  const wanted = bucketActions[action] ?? objectActions[action]
  if (wanted === undefined) return false
  return grants.some(
    ({ grantee, permission }) =>
      (permission === wanted || permission === 'FULL_CONTROL') && isFor(grantee, asker),
  )
}

/** What the headers of a request say of ACLs: the value of `x-amz-acl`, and whether any `x-amz-grant-*` was sent. */
export interface WrittenAcl {
  readonly canned: string | undefined
  readonly grants: boolean
}

/** These give nobody a right beside the owner, which is what holds without ACLs. */
const harmless = (canned: string): boolean =>
  canned === 'private' || canned === 'bucket-owner-full-control'

function asksForMore(acl: WrittenAcl): boolean {
  const { canned, grants } = acl
  if (canned !== undefined) requireCanned(canned)
  return grants || (canned !== undefined && !harmless(canned))
}

/**
 * Throws AccessControlListNotSupported when a write asks for an ACL that shares the object; `strictly`, as in a bucket
 * whose owner chose that ACLs are off, for any but `bucket-owner-full-control`.
 */
export function requireNoObjectAcl(acl: WrittenAcl, strictly = false): void {
  const refused = strictly && acl.canned === 'private'
  if (asksForMore(acl) || refused) throw new S3Error('AccessControlListNotSupported')
}

/** Throws InvalidBucketAclWithObjectOwnership when CreateBucket asks for an ACL that shares the bucket. */
export function requireNoBucketAcl(acl: WrittenAcl): void {
  if (asksForMore(acl)) throw new S3Error('InvalidBucketAclWithObjectOwnership')
}
