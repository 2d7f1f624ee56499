/** Whether a bucket policy is public in AWS's meaning: GetBucketPolicyStatus, BlockPublicPolicy. */
import { parseBlock } from './addresses.ts'
import type { Condition } from './conditions.ts'
import type { Statement } from './statements.ts'

/** Keys whose fixed values tell who may come: other conditions do not keep the public out. */
const telling: ReadonlySet<string> = new Set([
  'aws:sourcearn',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:sourceowner',
  'aws:sourceaccount',
  'aws:sourceorgid',
  'aws:principalarn',
  'aws:principalaccount',
  'aws:principalorgid',
  'aws:userid',
  's3:dataaccesspointarn',
  's3:dataaccesspointaccount',
  's3:x-amz-server-side-encryption-aws-kms-key-id',
])

const equalities: ReadonlySet<string> = new Set([
  'StringEquals',
  'StringEqualsIgnoreCase',
  'StringLike',
  'ArnEquals',
  'ArnLike',
])

const accessPoint = /^arn:[^:*?]+:s3:[^:]*:\d+:accesspoint\/[^:]*$/
const bounded = /[*?]|\$\{/

function isFixed(key: string, value: string): boolean {
  // Any access point of one account is as good as one of them.
  if (key === 's3:dataaccesspointarn') return accessPoint.test(value) && !value.includes('${')
  return value !== '' && !bounded.test(value)
}

/** Half of the world is the public: AWS counts blocks wider than /8 (IPv4) and /32 (IPv6) as everybody. */
function isNarrow(text: string): boolean {
  const block = parseBlock(text)
  return block !== undefined && block.bits >= (block.bytes.length === 4 ? 8 : 32)
}

function keepsPublicOut({ operator, set, ifExists, key, values }: Condition): boolean {
  if (ifExists || set === 'ForAllValues') return false
  if (operator === 'IpAddress') return key === 'aws:sourceip' && values.every(isNarrow)
  return equalities.has(operator) && telling.has(key) && values.every(value => isFixed(key, value))
}

/** Anybody can have an account at an identity provider, so one that is federated is no fixed principal. */
const namesPublic = (principals: Statement['principals']): boolean =>
  principals !== undefined &&
  (principals.everyone || principals.named.some(({ type }) => type === 'Federated'))

const isPublicStatement = ({ effect, principals, conditions }: Statement): boolean =>
  effect === 'Allow' && namesPublic(principals) && !conditions.some(keepsPublicOut)

/** A policy is public when one of its statements allows something to everyone. */
export const isPublicPolicy = (policy: { readonly statements: readonly Statement[] }): boolean =>
  policy.statements.some(isPublicStatement)
