/** The one place that decides who may do what. Pure: what it needs to know of an object is given to it. */
import { S3Error } from '../model/errors.ts'
import type { BucketInfo, Tag } from '../ports/keyspace.ts'
import { aclAllows, fullControl, type Grant, isObjectAction, withoutPublic } from '../rules/acl.ts'
import {
  type Decision,
  type DecisionInput,
  decide,
  type NamedPolicy,
} from '../rules/policy/decide.ts'
import { explain } from '../rules/policy/explain.ts'
import type { Caller, ConditionValues } from '../rules/policy/request.ts'
import { type Asks, asksOf, type BucketAccess, bucketAccess } from './bucket-access.ts'
import type { Standing } from './initiator.ts'
import type { Principal } from './principal.ts'

/** What is known of the object that is there. */
export interface ObjectFacts {
  readonly owner: string
  /** Undefined: its owner has full control. */
  readonly acl?: readonly Grant[] | undefined
  readonly tags: readonly Tag[]
}

export interface Question {
  readonly principal: Principal
  /** IAM's name: `s3:GetObject`. */
  readonly action: string
  /** Where the bucket is, or is to be. */
  readonly volume: string
  /** Undefined: the action concerns no bucket that exists. */
  readonly bucket: BucketInfo | undefined
  readonly key: string | undefined
  /** Of a bucket that does not exist yet. */
  readonly name?: string | undefined
  readonly condition: ConditionValues
  /** Undefined: nothing is there, or nobody needs to know. */
  readonly object?: ObjectFacts | undefined
  /** How the principal stands to the multipart upload that is asked about. */
  readonly standing?: Standing
  /** In the place of the bucket's own policy. */
  readonly policy?: NamedPolicy | undefined
}

/** Whether an action's object must be looked at before {@link decisionOf} can tell: its owner and ACL, or its tags. */
export function needsObject({ principal, action, bucket, key }: Question): boolean {
  if (bucket === undefined || key === undefined) return false
  const access = bucketAccess(bucket)
  if (access.acls && isObjectAction(action)) return true
  return access.asks.tags || identityAsks(principal).some(({ tags }) => tags)
}

/**
 * Whether a policy asks for the number of the bucket's account, which is not at hand: the bucket is another account's.
 * Before it is known {@link decisionOf} must not be asked, because a condition on what is absent may hold.
 */
export function needsOwner({ principal, bucket, policy }: Question): boolean {
  if (bucket === undefined || bucket.owner === principal.canonicalId) return false
  const ofBucket = policy === undefined ? bucketAccess(bucket).asks : asksOf([policy])
  return ofBucket.owner || identityAsks(principal).some(({ owner }) => owner)
}

const none: readonly NamedPolicy[] = []

// The policies of an identity are one list for as long as nothing about it changes.
const asking = new WeakMap<readonly NamedPolicy[], Asks>()

function identityAsks({ identity }: Principal): readonly Asks[] {
  const { policies, boundary = none, session = none } = identity
  return [policies, boundary, session].map(list => {
    let asks = asking.get(list)
    if (asks === undefined) {
      asks = asksOf(list)
      asking.set(list, asks)
    }
    return asks
  })
}

/** ARNs of what a volume's administrators made name no account: they mean something in their volume only. */
const namesNoAccount = /^arn:aws:(?:iam|sts):::/

/** Whom policies in a volume may name; without a volume, in the caller's own. */
export function callerOf(principal: Principal, volume = principal.volume): Caller {
  const { canonicalId, accountNumber, identity } = principal
  const { kind, arn, roleArn, userId } = identity
  const arns = roleArn === undefined ? [arn] : [arn, roleArn]
  const known = volume === principal.volume ? arns : arns.filter(name => !namesNoAccount.test(name))
  const caller = { kind, account: accountNumber, canonicalId, arns: known }
  if (kind === 'user') return { ...caller, userId }
  if (kind !== 'assumed-role') return caller
  return { ...caller, userId, roleId: userId.slice(0, userId.indexOf(':')) }
}

/** An account that is not the caller's; which one it is matters to no decision. */
const another = 'another'

/** What a policy calls the resource; identity policies name the volume of a bucket in another one, as RGW's name a tenant. */
export function resourceArn({ bucket, key, name }: Question, volume = ''): string {
  // AWS's own examples give s3:ListAllMyBuckets on arn:aws:s3:::*.
  if (bucket === undefined) return `arn:aws:s3:::${name ?? '*'}`
  const arn = `arn:aws:s3::${volume}:${bucket.name}`
  return key === undefined ? arn : `${arn}/${key}`
}

/** Whether an ACL gives the action: that of the object for what concerns the object itself, else that of the bucket. */
function byAcl(question: Question, access: BucketAccess): boolean {
  const { action, bucket, key, object, principal } = question
  if (bucket === undefined) return false
  const ofObject = key !== undefined && isObjectAction(action)
  if (ofObject && object === undefined) return false
  const owner = ofObject ? (object?.owner ?? '') : bucket.owner
  const written = ofObject ? (object?.acl ?? fullControl(owner)) : access.grants
  const counted = access.block?.IgnorePublicAcls === true ? withoutPublic(written) : written
  // What an ACL gives the owner's account it gives to its root: its users need a policy.
  const own = principal.canonicalId === owner && principal.identity.kind !== 'root'
  const grants = own ? counted.filter(({ grantee }) => grantee.kind === 'group') : counted
  return aclAllows({ owner, grants }, principal, action)
}

/** Whose account the resource is: that of the object for what concerns an object of its own owner, else the bucket's. */
function ownerOf({ action, bucket, key, object }: Question, access: BucketAccess): string {
  const own = access.acls && key !== undefined && object !== undefined && isObjectAction(action)
  return own ? object.owner : (bucket?.owner ?? '')
}

/** What `decide` is to be asked. */
export function decisionInput(question: Question): DecisionInput {
  const { principal, action, bucket, condition, object } = question
  const { identity, canonicalId, accountNumber } = principal
  const caller = callerOf(principal, bucket?.volume)
  const tags = object?.tags
  const values: ConditionValues =
    tags === undefined
      ? condition
      : key =>
          key.startsWith('s3:existingobjecttag/')
            ? tags.find(
                ({ Key }) => Key.toLowerCase() === key.slice('s3:existingobjecttag/'.length),
              )?.Value
            : condition(key)
  const foreign = bucket !== undefined && bucket.volume !== principal.volume
  const resource = resourceArn(question, foreign ? bucket.volume : '')
  const request = { caller, action, resource, condition: values }
  const { policies, boundary, session } = identity
  const shared = {
    request,
    identity: policies,
    boundary,
    session,
  }
  if (bucket === undefined) return { ...shared, resourceAccount: undefined }
  const access = bucketAccess(bucket)
  const policy = question.policy ?? access.policy
  return {
    ...shared,
    resourceAccount: ownerOf(question, access) === canonicalId ? accountNumber : another,
    resource: policy,
    resourceArn: foreign ? resourceArn(question) : undefined,
    rootKeepsPolicy: access.rootKeepsPolicy,
    acl: access.acls ? () => byAcl(question, access) : undefined,
    standing: question.standing,
    restrictPublic: access.policyIsPublic && access.block?.RestrictPublicBuckets === true,
  }
}

/** The owner's own account, where nothing was said about anybody: most requests. They are allowed. */
export function isPlain({
  principal,
  bucket,
  volume,
}: Pick<Question, 'principal' | 'bucket' | 'volume'>): boolean {
  const { identity, canonicalId, isRoot } = principal
  if (identity.kind !== 'root' || identity.policies.length > 0) return false
  if (identity.session !== undefined || identity.boundary !== undefined) return false
  if (bucket === undefined) return isRoot || volume === principal.volume
  const access = bucketAccess(bucket)
  return bucket.owner === canonicalId && access.policy === undefined && !access.acls
}

const plainly: Decision = { allowed: true, reason: 'allowed' }

const elsewhere: Decision = { allowed: false, reason: 'no statement allows' }

export function decisionOf(question: Question): Decision {
  const { principal, bucket, volume } = question
  if (bucket === undefined && volume !== principal.volume && !principal.isRoot) return elsewhere
  if (isPlain(question)) return plainly
  const input = decisionInput(question)
  const decision = decide(input)
  return decision.allowed || decision.reason === 'explicit deny'
    ? decision
    : (volumeWide(question, input) ?? decision)
}

/** What {@link decisionOf} looked at. `documents`: whether those of the bucket are told. */
export function explanationOf(question: Question, decision: Decision, documents: boolean) {
  const input = decisionInput(question)
  const kept = { resource: undefined, acl: undefined }
  return explain(documents ? input : { ...input, ...kept }, decision)
}

/** What an administrator of the volume allowed somebody, as if the resource were of his own account. */
function volumeWide({ principal, bucket }: Question, input: DecisionInput): Decision | undefined {
  const { identity, volume, accountNumber } = principal
  if (identity.volumeWide !== true || identity.policies.length === 0) return undefined
  if (bucket === undefined || bucket.volume !== volume) return undefined
  const { request } = input
  const { kind } = request.caller
  const caller: Caller = { ...request.caller, kind: kind === 'root' ? 'user' : kind }
  // What others were given is not for it: a public policy that is restricted must not come in by this door.
  const own = { resource: undefined, acl: undefined, resourceAccount: accountNumber }
  const wide = decide({ ...input, ...own, request: { ...request, caller } })
  return wide.allowed ? wide : undefined
}

/** Throws AccessDenied unless the principal may. */
export function authorize(question: Question): void {
  if (!decisionOf(question).allowed) throw new S3Error('AccessDenied')
}
