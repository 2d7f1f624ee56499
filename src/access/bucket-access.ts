/** What a bucket's own documents say of who may do what in it: policy, ACL, public access block, ownership of objects. */
import { type BucketInfo, isLink } from '../ports/keyspace.ts'
import { fullControl, type Grant } from '../rules/acl.ts'
import type { NamedPolicy } from '../rules/policy/decide.ts'
import {
  isPublicPolicy,
  mentionsCondition,
  type PrincipalIds,
  parsePolicy,
} from '../rules/policy/policy.ts'

export const objectOwnerships = [
  'BucketOwnerEnforced',
  'BucketOwnerPreferred',
  'ObjectWriter',
] as const
export type ObjectOwnership = (typeof objectOwnerships)[number]

export interface PublicAccessBlock {
  readonly BlockPublicAcls: boolean
  readonly IgnorePublicAcls: boolean
  readonly BlockPublicPolicy: boolean
  readonly RestrictPublicBuckets: boolean
}

/** Under these names a bucket keeps its documents among its settings. */
export const accessSettings = {
  acl: 'acl',
  block: 'publicAccessBlock',
  ownership: 'ownership',
  policy: 'policy',
  /** Whom the policy named when it was put: {@link PrincipalIds}. Those of before have none. */
  policyPrincipals: 'policyPrincipals',
  /** True: the policy was put with a confirmation that it may keep its owner's account out too. */
  policyBindsRoot: 'policyBindsRoot',
} as const

/** What decisions call the policy of a bucket. */
export const bucketPolicyName = 'bucket policy'
export const linkPolicyName = 'link policy'

/** What holds for a new bucket whose maker says nothing about it. */
export interface NewBuckets {
  readonly ownership: ObjectOwnership
  /** Whether nothing in it can be shared with everybody, as in AWS's new buckets. */
  readonly blocked: boolean
}

const blockedAll: PublicAccessBlock = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
}

/** Nobody says with a bucket's making whether it is blocked, so this is for all of them. */
export const blockOfNew = ({ blocked }: NewBuckets): Readonly<Record<string, unknown>> =>
  blocked ? { [accessSettings.block]: blockedAll } : {}

/** Settings of a new bucket whose maker says nothing about it. */
export const newSettings = (by: NewBuckets): Readonly<Record<string, unknown>> => ({
  ...(by.ownership === 'BucketOwnerEnforced' ? {} : { [accessSettings.ownership]: by.ownership }),
  ...blockOfNew(by),
})

export interface BucketAccess {
  /** Null: the controls were deleted, and objects belong to who writes them. */
  readonly ownership: ObjectOwnership | null
  /** Whether ACLs count. */
  readonly acls: boolean
  /** Whether the owner said so, and did not only get it by default. */
  readonly chosen: boolean
  readonly grants: readonly Grant[]
  readonly block: PublicAccessBlock | undefined
  readonly policy: NamedPolicy | undefined
  readonly policyIsPublic: boolean
  /** Whether the owner's root may change the policy even where that denies it. */
  readonly rootKeepsPolicy: boolean
  readonly asks: Asks
}

/** What policies ask for that must be looked up first. */
export interface Asks {
  /** The tags of the object that is there. */
  readonly tags: boolean
  /** The number of the bucket's account. */
  readonly owner: boolean
}

export function asksOf(policies: readonly NamedPolicy[]): Asks {
  const asks = (key: string): boolean =>
    policies.some(({ policy }) => mentionsCondition(policy, key))
  return {
    tags: asks('s3:existingobjecttag/'),
    owner: asks('aws:resourceaccount') || asks('s3:resourceaccount'),
  }
}

function read(bucket: BucketInfo): BucketAccess {
  // Only the operations of these documents write the settings, so their forms are known.
  const { settings, owner, name } = bucket
  const text = settings[accessSettings.policy] as string | undefined
  const stored = settings[accessSettings.ownership] as ObjectOwnership | null | undefined
  const ownership = stored === undefined ? 'BucketOwnerEnforced' : stored
  const ids = settings[accessSettings.policyPrincipals] as PrincipalIds | undefined
  const policy =
    text === undefined
      ? undefined
      : {
          name: isLink(bucket) ? linkPolicyName : bucketPolicyName,
          policy: parsePolicy(text, 'bucket', { bucket: name, ids }),
        }
  return {
    ownership,
    acls: ownership !== 'BucketOwnerEnforced',
    chosen: stored !== undefined,
    grants: (settings[accessSettings.acl] as readonly Grant[] | undefined) ?? fullControl(owner),
    block: settings[accessSettings.block] as PublicAccessBlock | undefined,
    policy,
    rootKeepsPolicy: settings[accessSettings.policyBindsRoot] !== true,
    policyIsPublic: policy !== undefined && isPublicPolicy(policy.policy),
    asks: asksOf(policy === undefined ? [] : [policy]),
  }
}

// A bucket's record is one object for as long as nothing about it changes.
const known = new WeakMap<BucketInfo, BucketAccess>()

export function bucketAccess(bucket: BucketInfo): BucketAccess {
  let access = known.get(bucket)
  if (access === undefined) {
    access = read(bucket)
    known.set(bucket, access)
  }
  return access
}
