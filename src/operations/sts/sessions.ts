/** STS: what all sessions have in common: how long they last, what narrows them, their tags. */

import { compilePolicy } from '../../access/identities/compile.ts'
import { arnAccount } from '../../access/identities/names.ts'
import {
  type IssuedSession,
  type SessionGrant,
  SessionTooLarge,
  tokenMax,
} from '../../access/sessions.ts'
import type { AccountRecord } from '../../access/tables.ts'
import { QueryError } from '../../model/query-errors.ts'
import type * as shapes from '../../model/sts-shapes.gen.ts'
import type { Facts, QueryContext } from '../query-operation.ts'

/** Session policies of a request. */
export interface Narrowing {
  readonly Policy?: string | undefined
  readonly PolicyArns?: readonly shapes.PolicyDescriptorType[] | undefined
}

const policyMax = 2048
const policyArnsMax = 10
const tagsMax = 50

/** Throws MalformedPolicyDocument, PackedPolicyTooLarge, ValidationError, NoSuchEntity as a malformed document. */
export async function narrowing(
  { Policy, PolicyArns = [] }: Narrowing,
  { store }: QueryContext,
  account: string,
): Promise<Pick<SessionGrant, 'policies' | 'policyArns'>> {
  if (Policy !== undefined) {
    if (Policy.length > policyMax) {
      throw new QueryError(
        'PackedPolicyTooLarge',
        `The session policy has more than ${policyMax} characters.`,
      )
    }
    compilePolicy(Policy, 'session')
  }
  if (PolicyArns.length > policyArnsMax) {
    throw new QueryError(
      'ValidationError',
      `At most ${policyArnsMax} session policies can be named.`,
    )
  }
  const arns = PolicyArns.map(({ arn }) => arn ?? '')
  if (arns.length > 0) await store.identities.managed(account, arns)
  const isNarrowed = Policy !== undefined || arns.length > 0
  if (!isNarrowed) return {}
  return { policies: Policy === undefined ? [] : [Policy], policyArns: arns }
}

/** Throws ValidationError. */
export function duration(
  seconds: number | undefined,
  { usual, most }: { readonly usual: number; readonly most: number },
): number {
  if (seconds === undefined) return Math.min(usual, most)
  if (seconds >= 900 && seconds <= most) return seconds
  throw new QueryError(
    'ValidationError',
    seconds < 900
      ? "1 validation error detected: Value at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900"
      : `The requested DurationSeconds exceeds the MaxSessionDuration of ${most} seconds.`,
  )
}

const nameForm = /^[\w+=,.@-]{2,64}$/

/** Throws ValidationError. */
export function requireSessionName(name: string, parameter: string): void {
  if (nameForm.test(name)) return
  throw new QueryError(
    'ValidationError',
    `1 validation error detected: Value '${name.slice(0, 64)}' at '${parameter}' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]{2,64}`,
  )
}

/** Session tags by name. Throws InvalidParameterValue. */
export function sessionTags(tags: readonly shapes.Tag[] | undefined): Record<string, string> {
  const result: Record<string, string> = {}
  const seen = new Set<string>()
  for (const { Key, Value } of tags ?? []) {
    if (seen.has(Key.toLowerCase())) {
      throw new QueryError(
        'InvalidParameterValue',
        'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
      )
    }
    seen.add(Key.toLowerCase())
    if (Key === '' || Key.length > 128 || Value.length > 256) {
      throw new QueryError(
        'ValidationError',
        'A tag has a key of 1 to 128 and a value of at most 256 characters.',
      )
    }
    result[Key] = Value
  }
  if (seen.size > tagsMax) {
    throw new QueryError('ValidationError', `A session has at most ${tagsMax} tags.`)
  }
  return result
}

/** Ceph's condition key by which long-lived keys can be kept from what sessions may. */
export const sessionFacts = { 'sts:authentication': 'true' } as const

/** Throws PackedPolicyTooLarge where the token would be too long for headers. */
export function issue(context: QueryContext, grant: SessionGrant): IssuedSession {
  try {
    return context.issueSession(grant)
  } catch (error) {
    throw error instanceof SessionTooLarge ? new QueryError('PackedPolicyTooLarge') : error
  }
}

/** Per cent of what a token can carry, as AWS tells it. */
export const packedShare = ({ token }: IssuedSession): number =>
  Math.ceil((token.length / tokenMax) * 100)

export const credentials = (session: IssuedSession): shapes.Credentials => ({
  AccessKeyId: session.accessKeyId,
  SecretAccessKey: session.secret,
  SessionToken: session.token,
  Expiration: new Date(session.expires),
})

export const stsArn = (account: AccountRecord, rest: string): string =>
  `arn:aws:sts::${arnAccount(account)}:${rest}`

/** Condition keys of session tags in a request. */
export function tagFacts(tags: Readonly<Record<string, string | readonly string[]>>): Facts {
  const facts: Record<string, string | readonly string[]> = {}
  for (const [key, value] of Object.entries(tags))
    facts[`aws:requesttag/${key.toLowerCase()}`] = value
  const keys = Object.keys(tags)
  if (keys.length > 0) facts['aws:tagkeys'] = keys
  return facts
}
