/** All policies before one request: whether it is allowed, and what decided. Pure. */
import { evaluate, type Match } from './evaluate.ts'
import type { Policy } from './policy.ts'
import type { AccessRequest } from './request.ts'

export interface NamedPolicy {
  readonly name: string
  readonly policy: Policy
}

export interface DecisionInput {
  readonly request: AccessRequest
  /**
   * Number of the account that owns the resource. Undefined: an action on no resource of anybody
   * (s3:ListAllMyBuckets, s3:CreateBucket).
   */
  readonly resourceAccount: string | undefined
  readonly identity: readonly NamedPolicy[]
  /** Permissions boundary. */
  readonly boundary?: readonly NamedPolicy[] | undefined
  /** Session policies; undefined: none. */
  readonly session?: readonly NamedPolicy[] | undefined
  /** Bucket policy. */
  readonly resource?: NamedPolicy | undefined
  /** The resource's ARN in that policy, where identity policies know it by another: a bucket of another volume. */
  readonly resourceArn?: string | undefined
  /** Whether an ACL gives it, where ACLs count; asked only when nothing else decided. */
  readonly acl?: (() => boolean) | undefined
  /**
   * What is asked of a multipart upload is allowed to who began it unless something denies it, and to the account of who
   * began it: its root, and whom that lets by identity policies.
   */
  readonly standing?: 'initiator' | 'account' | undefined
  /** RestrictPublicBuckets with a public policy: only the owner's account gets in. */
  readonly restrictPublic?: boolean | undefined
  /**
   * The owner's root user may read, put and delete the bucket policy even where that denies it, unless it was put
   * with x-amz-confirm-remove-self-bucket-access: then false.
   */
  readonly rootKeepsPolicy?: boolean | undefined
}

export type Reason =
  | 'allowed'
  | 'allowed to the root user'
  | 'allowed by ACL'
  | 'allowed to the initiator of the upload'
  | 'explicit deny'
  | 'no statement allows'
  | 'no identity policy allows'
  | 'neither bucket policy nor ACL allows'
  | 'outside the permissions boundary'
  | 'outside the session policy'
  | 'public access is restricted'

export interface Decision {
  readonly allowed: boolean
  readonly reason: Reason
  /** Name of the policy that decided. */
  readonly policy?: string
  readonly sid?: string
  /** Place of the statement in its policy, from 0. */
  readonly statement?: number
}

interface Found {
  readonly name: string
  readonly match: Match
}

/** What a set of policies that add up to one another says: the first Deny, else the first Allow. */
function ask(policies: readonly NamedPolicy[], request: AccessRequest): Found | undefined {
  let allowed: Found | undefined
  for (const { name, policy } of policies) {
    const match = evaluate(policy, request)
    if (match.effect === 'Deny') return { name, match }
    if (match.effect === 'Allow') allowed ??= { name, match }
  }
  return allowed
}

const denies = (found: Found | undefined): boolean => found?.match.effect === 'Deny'

function tell(allowed: boolean, reason: Reason, found?: Found): Decision {
  const statement = found?.match.statement
  if (found === undefined || statement === undefined) return { allowed, reason }
  const { sid, index } = statement
  const by = { policy: found.name, statement: index }
  return { allowed, reason, ...by, ...(sid === undefined ? {} : { sid }) }
}

const ofBucketPolicy: ReadonlySet<string> = new Set([
  's3:GetBucketPolicy',
  's3:PutBucketPolicy',
  's3:DeleteBucketPolicy',
])

function isOwnersRoot({ request, resourceAccount }: DecisionInput): boolean {
  const { kind, account } = request.caller
  return kind === 'root' && (resourceAccount === undefined || resourceAccount === account)
}

/** What limits the caller without giving it anything: the boundary and the session policies. */
interface Limits {
  readonly boundary: Found | undefined
  readonly session: Found | undefined
  /** Why what others allow is not enough; undefined: it is. */
  readonly outside: Reason | undefined
}

function limitsOf({ request, boundary, session }: DecisionInput): Limits {
  const b = boundary === undefined ? undefined : ask(boundary, request)
  const s = session === undefined ? undefined : ask(session, request)
  let outside: Reason | undefined
  if (session !== undefined && s === undefined) outside = 'outside the session policy'
  if (boundary !== undefined && b === undefined) outside = 'outside the permissions boundary'
  return { boundary: b, session: s, outside }
}

/** What the resource's policy is asked. */
export const asKnownToItself = ({ request, resourceArn }: DecisionInput): AccessRequest =>
  resourceArn === undefined ? request : { ...request, resource: resourceArn }

/** Decides as AWS does: an explicit deny anywhere, then what the caller's side and the resource's side allow. */
export function decide(input: DecisionInput): Decision {
  const { request, resource } = input
  const identity = ask(input.identity, request)
  const limits = limitsOf(input)
  const ofResource = resource === undefined ? undefined : ask([resource], asKnownToItself(input))
  for (const found of [identity, limits.boundary, limits.session]) {
    if (denies(found)) return tell(false, 'explicit deny', found)
  }
  const root = isOwnersRoot(input)
  if (denies(ofResource)) {
    const spared = root && input.rootKeepsPolicy !== false && ofBucketPolicy.has(request.action)
    if (!spared) return tell(false, 'explicit deny', ofResource)
  }
  if (root) {
    return limits.outside === undefined
      ? tell(true, 'allowed to the root user', identity)
      : tell(false, limits.outside)
  }
  const { caller } = request
  const { resourceAccount } = input
  const own =
    caller.kind !== 'anonymous' &&
    (resourceAccount === undefined || resourceAccount === caller.account)
  if (own) return decideOwn(input, identity, ofResource, limits.outside)
  if (input.restrictPublic === true) return tell(false, 'public access is restricted')
  return decideForeign(input, identity, ofResource, limits.outside)
}

/** Users and sessions of the account that owns the resource. */
function decideOwn(
  { acl, standing }: DecisionInput,
  identity: Found | undefined,
  resource: Found | undefined,
  outside: Reason | undefined,
): Decision {
  const naming = resource?.match.naming
  // A bucket policy that names the caller itself gives it the right directly: boundary and session policies, which
  // limit what identity policies give, limit it by explicit denies only. One that names the account hands the right
  // to the account's administrators, for them to give by identity policies.
  if (naming === 'itself') return tell(true, 'allowed', resource)
  if (identity === undefined && naming !== 'role') {
    if (standing === 'initiator') return toInitiator(outside)
    if (acl?.() !== true) return tell(false, 'no statement allows')
    return outside === undefined ? tell(true, 'allowed by ACL') : tell(false, outside)
  }
  return outside === undefined ? tell(true, 'allowed', identity ?? resource) : tell(false, outside)
}

const toInitiator = (outside: Reason | undefined): Decision =>
  outside === undefined
    ? tell(true, 'allowed to the initiator of the upload')
    : tell(false, outside)

/** Callers of other accounts, whose own account must allow it too, and anonymous ones, who have none. */
function decideForeign(
  { request, acl, standing }: DecisionInput,
  identity: Found | undefined,
  resource: Found | undefined,
  outside: Reason | undefined,
): Decision {
  const { kind } = request.caller
  if (standing === 'initiator') return toInitiator(outside)
  if (kind !== 'anonymous' && kind !== 'root' && identity === undefined) {
    return tell(false, 'no identity policy allows')
  }
  if (outside !== undefined) return tell(false, outside)
  if (resource !== undefined) return tell(true, 'allowed', resource)
  if (standing === 'account') return toInitiator(outside)
  if (acl?.() === true) return tell(true, 'allowed by ACL')
  return tell(
    false,
    kind === 'anonymous' ? 'no statement allows' : 'neither bucket policy nor ACL allows',
  )
}
