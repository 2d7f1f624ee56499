/** Policy documents compiled, and checked on their way in. */
import { QueryError } from '../../model/query-errors.ts'
import {
  type Policy,
  PolicyError,
  type PolicyKind,
  type PrincipalIds,
  parsePolicy,
} from '../../rules/policy/policy.ts'
import { Cache } from '../cache.ts'

const documentsMax = 4096
/** Equal documents, of many users or in many sessions, are compiled once. */
const compiled = new Cache<Policy>(documentsMax)

/** A document that is asked about once, and not kept. Throws MalformedPolicyDocument with AWS's sentence for what is wrong. */
export function readPolicy(text: string, kind: PolicyKind, ids?: PrincipalIds): Policy {
  try {
    return parsePolicy(text, kind, { ids })
  } catch (error) {
    throw malformed(error)
  }
}

/** What is told of a PolicyError; other errors are as they were. */
export const malformed = (error: unknown): unknown =>
  error instanceof PolicyError ? new QueryError('MalformedPolicyDocument', error.message) : error

/** A document that somebody or something has. Throws MalformedPolicyDocument. */
export function compilePolicy(text: string, kind: PolicyKind, ids?: PrincipalIds): Policy {
  const name = `${kind} ${ids === undefined ? '' : JSON.stringify(ids)}\n${text}`
  const known = compiled.get(name)
  if (known !== undefined) return known
  const policy = readPolicy(text, kind, ids)
  compiled.set(name, policy)
  return policy
}

/** Characters that count against AWS's quotas: all but white space. */
export const policySize = (text: string): number => text.replace(/\s/g, '').length

/** Throws LimitExceeded. */
export function requireSize(size: number, most: number, whose: string): void {
  if (size <= most) return
  throw new QueryError(
    'LimitExceeded',
    `Maximum policy size of ${most} bytes exceeded for ${whose}`,
  )
}
