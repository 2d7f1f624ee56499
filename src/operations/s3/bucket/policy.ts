/** The policy of a bucket: get, put, delete, and whether it is public. */
import { accessSettings, bucketAccess, bucketPolicyName } from '../../../access/bucket-access.ts'
import { S3Error } from '../../../model/errors.ts'
import { isPublic } from '../../../rules/acl.ts'
import {
  isPublicPolicy,
  type Policy,
  PolicyError,
  type PrincipalIds,
  parsePolicy,
} from '../../../rules/policy/policy.ts'
import type { Context, Operation } from '../../operation.ts'

/** Throws MalformedPolicy. */
export function parseBucketPolicy(text: string, bucket: string): Policy {
  try {
    return parsePolicy(text, 'bucket', { bucket })
  } catch (error) {
    throw malformed(error)
  }
}

const malformed = (error: unknown): unknown =>
  error instanceof PolicyError ? new S3Error('MalformedPolicy', {}, error.message) : error

/** What a bucket or link keeps of its policy: with whom it names. Throws MalformedPolicy. */
export async function policySettings(
  text: string,
  named: Promise<PrincipalIds>,
): Promise<Readonly<Record<string, unknown>>> {
  try {
    return { [accessSettings.policy]: text, [accessSettings.policyPrincipals]: await named }
  } catch (error) {
    throw malformed(error)
  }
}

export const withoutPolicy: Readonly<Record<string, undefined>> = {
  [accessSettings.policy]: undefined,
  [accessSettings.policyPrincipals]: undefined,
  [accessSettings.policyBindsRoot]: undefined,
}

/** Who would not be able to change the policy again must say that this is meant. */
function requireWayBack(policy: Policy, context: Context): void {
  const { principal } = context
  // The account itself can always put and delete the policies of its buckets.
  if (principal.identity.kind === 'root' && principal.canonicalId === context.bucket.owner) return
  const resource = { bucket: context.bucket, key: undefined }
  if (!context.allows('s3:PutBucketPolicy', resource, { name: bucketPolicyName, policy })) {
    throw new S3Error(
      'AccessDenied',
      {},
      'The policy would keep you from changing it. Confirm with x-amz-confirm-remove-self-bucket-access.',
    )
  }
}

export const getBucketPolicy: Operation<'GetBucketPolicy'> = {
  action: 's3:GetBucketPolicy',
  async run(input, context) {
    const Policy = context.bucket.settings[accessSettings.policy] as string | undefined
    if (Policy === undefined) throw new S3Error('NoSuchBucketPolicy', { BucketName: input.Bucket })
    return { output: { Policy } }
  },
}

export const putBucketPolicy: Operation<'PutBucketPolicy'> = {
  action: 's3:PutBucketPolicy',
  async run(input, context) {
    const policy = parseBucketPolicy(input.Policy, context.bucket.name)
    const { block } = bucketAccess(context.bucket)
    if (block?.BlockPublicPolicy === true && isPublicPolicy(policy)) {
      throw new S3Error('AccessDenied')
    }
    const confirmed = input.ConfirmRemoveSelfBucketAccess === true
    if (!confirmed) requireWayBack(policy, context)
    const settings = await policySettings(input.Policy, context.principalIds(policy))
    await context.buckets.setSettings(context.bucket, {
      ...settings,
      [accessSettings.policyBindsRoot]: confirmed ? true : undefined,
    })
    return { output: {}, status: 204 }
  },
}

export const deleteBucketPolicy: Operation<'DeleteBucketPolicy'> = {
  action: 's3:DeleteBucketPolicy',
  async run(_input, context) {
    await context.buckets.setSettings(context.bucket, withoutPolicy)
    return { output: {} }
  },
}

export const getBucketPolicyStatus: Operation<'GetBucketPolicyStatus'> = {
  action: 's3:GetBucketPolicyStatus',
  async run(_input, context) {
    const { policyIsPublic, acls, grants, block } = bucketAccess(context.bucket)
    const byPolicy = policyIsPublic && block?.RestrictPublicBuckets !== true
    const byAcl = acls && isPublic(grants) && block?.IgnorePublicAcls !== true
    return { output: { PolicyStatus: { IsPublic: byPolicy || byAcl } } }
  },
}
