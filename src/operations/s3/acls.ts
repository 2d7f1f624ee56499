/** ACLs as requests write them and answers tell them; and whose a new object is. */
import { bucketAccess } from '../../access/bucket-access.ts'
import { S3Error } from '../../model/errors.ts'
import type { AccessControlPolicy, Owner, Grant as ToldGrant } from '../../model/shapes.gen.ts'
import {
  cannedGrants,
  documentGrants,
  type Grant,
  type GrantHeaders,
  groups,
  hasGrantHeaders,
  headerGrants,
  isPublic,
  requireNoObjectAcl,
  type WrittenGrant,
} from '../../rules/acl.ts'
import type { Context } from '../operation.ts'
import { ownerOf } from './owners.ts'

/** Members of inputs that say who shares what. */
export interface WrittenAcl extends GrantHeaders {
  readonly ACL?: string | undefined
  readonly AccessControlPolicy?: AccessControlPolicy | undefined
}

interface Owners {
  readonly owner: string
  readonly bucketOwner: string
}

/** Finds the accounts of e-mail addresses. Throws UnresolvableGrantByEmailAddress; InvalidArgument for an id of nobody. */
async function resolved(grants: readonly WrittenGrant[], context: Context): Promise<Grant[]> {
  const found: Grant[] = []
  for (const { grantee, permission } of grants) {
    if (grantee.kind === 'email') {
      const id = await context.accountByEmail(grantee.address)
      if (id === undefined) throw new S3Error('UnresolvableGrantByEmailAddress')
      found.push({ grantee: { kind: 'canonical', id }, permission })
      continue
    }
    if (grantee.kind === 'canonical' && (await context.account(grantee.id)) === undefined) {
      throw new S3Error(
        'InvalidArgument',
        { ArgumentName: 'CanonicalUser/ID', ArgumentValue: grantee.id },
        'Invalid id',
      )
    }
    found.push({ grantee, permission })
  }
  return found
}

/**
 * The grants that a request writes, by a canned ACL, headers or a document; undefined if it writes none. Throws
 * InvalidRequest for two ways at once, MalformedACLError, UnresolvableGrantByEmailAddress.
 */
export async function writtenGrants(
  input: WrittenAcl,
  owners: Owners,
  context: Context,
): Promise<readonly Grant[] | undefined> {
  const { ACL, AccessControlPolicy: document } = input
  const headers = hasGrantHeaders(input)
  if (ACL !== undefined && headers) {
    throw new S3Error(
      'InvalidRequest',
      {},
      'Specifying both Canned ACLs and Header Grants is not allowed',
    )
  }
  if (ACL !== undefined) return cannedGrants(ACL, owners)
  if (headers) return resolved(headerGrants(input), context)
  if (document === undefined) return undefined
  const named = document.Owner?.ID
  if (named !== undefined && named !== owners.owner) throw new S3Error('AccessDenied')
  return resolved(documentGrants(document), context)
}

/** Throws AccessDenied where the bucket refuses to be shared with everybody. */
export function requireUnblocked(grants: readonly Grant[] | undefined, context: Context): void {
  if (grants === undefined || !isPublic(grants)) return
  if (bucketAccess(context.bucket).block?.BlockPublicAcls === true) {
    throw new S3Error('AccessDenied')
  }
}

/** Grants as S3's XML tells them, groups first, with the names of those who still have an account. */
export async function toldGrants(grants: readonly Grant[], context: Context): Promise<ToldGrant[]> {
  const toGroups: ToldGrant[] = []
  const toAccounts: ToldGrant[] = []
  for (const { grantee, permission: Permission } of grants) {
    if (grantee.kind === 'group') {
      toGroups.push({ Grantee: { Type: 'Group', URI: grantee.uri }, Permission })
      continue
    }
    const owner: Owner = await ownerOf(grantee.id, context)
    toAccounts.push({ Grantee: { Type: 'CanonicalUser', ...owner, ID: grantee.id }, Permission })
  }
  return [...toGroups, ...toAccounts]
}

/** What S3 calls the owner of what nobody signed for. */
const anonymousOwner = '65a011a29cdf8ec533ec3d1ccaae921c'

/** Whose an object becomes that this request writes. */
export function newOwner(input: WrittenAcl, { bucket, principal }: Context): string {
  const { ownership } = bucketAccess(bucket)
  if (ownership === 'BucketOwnerEnforced') return bucket.owner
  if (ownership === 'BucketOwnerPreferred' && input.ACL === 'bucket-owner-full-control') {
    return bucket.owner
  }
  return principal.kind === 'anonymous' ? anonymousOwner : principal.canonicalId
}

export interface NewObject {
  readonly owner: string
  /** Id of the user who writes it, if it is one. */
  readonly writer: string | undefined
  readonly acl: readonly Grant[] | undefined
}

/**
 * Owner, writer and ACL of an object that this request writes. Throws AccessControlListNotSupported where ACLs are off,
 * AccessDenied where the right to set one is missing or the bucket refuses what it shares.
 */
export async function newObject(
  input: WrittenAcl & { readonly Key: string },
  context: Context,
): Promise<NewObject> {
  const { bucket, principal } = context
  const owner = newOwner(input, context)
  const { writer } = principal.identity
  if (!bucketAccess(bucket).acls) {
    const { chosen } = bucketAccess(bucket)
    requireNoObjectAcl({ canned: input.ACL, grants: hasGrantHeaders(input) }, chosen)
    // `private` asks for what holds anyway, and clients send it that were given no more than to write.
    if (input.ACL !== undefined && input.ACL !== 'private')
      await authorizeAcl(input.Key, owner, context)
    return { owner, writer, acl: undefined }
  }
  const headers = { ...input, GrantWrite: context.header('x-amz-grant-write') }
  const acl = await writtenGrants(headers, { owner, bucketOwner: bucket.owner }, context)
  if (acl === undefined) return { owner, writer, acl }
  await authorizeAcl(input.Key, owner, context)
  requireUnblocked(acl, context)
  return { owner, writer, acl }
}

/** What somebody without an account writes he may share, where ACLs count. */
const everybodys: readonly Grant[] = [
  { grantee: { kind: 'group', uri: groups.all }, permission: 'FULL_CONTROL' },
]

/** The right is asked on the object that is about to be, whose owner may share it. */
async function authorizeAcl(key: string, owner: string, context: Context): Promise<void> {
  const acl = owner === anonymousOwner ? everybodys : undefined
  const object = { owner, acl, tags: [] }
  const { bucket, via } = context
  await context.authorize('s3:PutObjectAcl', { bucket, via, key, object })
}
