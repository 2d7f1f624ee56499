/** What an operation of IAM or STS is: one declaration, as those of S3 are. */

import { callerOf } from '../access/authorize.ts'
import type { IdentityStore } from '../access/identities/identities.ts'
import type { Principal } from '../access/principal.ts'
import type { IssuedSession, SessionGrant } from '../access/sessions.ts'
import type { AccountRecord } from '../access/tables.ts'
import { QueryError } from '../model/query-errors.ts'
import type { Fetcher } from '../ports/fetcher.ts'
import type { Owners } from '../ports/owners.ts'
import { type Decision, decide } from '../rules/policy/decide.ts'
import type { AccessRequest, Caller, ConditionValues } from '../rules/policy/request.ts'

/** What an operation may use. */
export interface QueryContext {
  readonly principal: Principal
  /** The account of who asks. Throws for anonymous requests, which have none. */
  readonly account: AccountRecord
  readonly store: IdentityStore
  /** Quotas of users, which go with them. */
  readonly owners: Owners
  readonly fetcher: Fetcher
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Condition keys of the request and of who sent it. */
  readonly condition: ConditionValues
  issueSession(grant: SessionGrant): IssuedSession
}

/** What an operation is about, in the words of policies. */
export interface Target {
  /** ARN; `*` where it is about nothing in particular. */
  readonly resource: string
  /** Further condition keys, in lower case: tags of what it is about, and of the request. */
  readonly facts?: Facts | undefined
  /** It is not the account's to decide: only what an administrator of the volume allowed gives it, even to a root. */
  readonly foreign?: boolean
}

export type Facts = Readonly<Record<string, string | readonly string[] | undefined>>

export interface QueryOperation<Input, Output> {
  /** The right it takes; undefined: none, or it looks after that itself. */
  readonly action: `iam:${string}` | `sts:${string}` | undefined
  /** Nobody in particular may ask for it. */
  readonly anonymous?: true
  /** Throws nothing that tells whether something exists. */
  target?(input: Input, context: QueryContext): Target | Promise<Target>
  run(input: Input, context: QueryContext): Promise<Output>
}

export type Nothing = Readonly<Record<string, never>>
export const nothing: Nothing = {}

/** As a policy's Principal may name who asks. Ceph's calls an account's root a user by its canonical id. */
export function trustCaller(principal: Principal, volume: string): Caller {
  const caller = callerOf(principal, volume)
  if (caller.kind !== 'root' || volume !== principal.volume) return caller
  return { ...caller, arns: [...caller.arns, `arn:aws:iam:::user/${caller.canonicalId}`] }
}

/** Condition keys with others before them. */
export const withFacts =
  (facts: Facts | undefined, condition: ConditionValues): ConditionValues =>
  key =>
    facts?.[key] ?? condition(key)

function decisionOf(context: QueryContext, action: string, target: Target): Decision {
  const { principal } = context
  const { policies, boundary, session, volumeWide } = principal.identity
  const caller = callerOf(principal)
  const request: AccessRequest = {
    // A root may everything in its own account because it is the root: of others it is as anybody else.
    caller: target.foreign === true ? { ...caller, kind: 'user' } : caller,
    action,
    resource: target.resource,
    condition: withFacts(target.facts, context.condition),
  }
  return decide({
    request,
    resourceAccount: principal.accountNumber,
    // What an account gave to its own users is no word of its volume's administrators.
    identity: target.foreign === true && volumeWide !== true ? [] : policies,
    boundary,
    session,
  })
}

function refusal({ principal }: QueryContext, action: string, resource: string, why: string) {
  const { arn } = principal.identity
  return new QueryError(
    'AccessDenied',
    `User: ${arn} is not authorized to perform: ${action} on resource: ${resource} ${why}`,
  )
}

const byDeny = 'with an explicit deny'

/** Throws AccessDenied unless who asks may take the action. */
export function authorizeQuery(context: QueryContext, action: string, target: Target): void {
  const { allowed, reason } = decisionOf(context, action, target)
  if (allowed) return
  const why = reason === 'explicit deny' ? byDeny : 'because no policy allows the action'
  throw refusal(context, action, target.resource, why)
}

/** For what needs no permission. Throws AccessDenied where a policy denies it. */
export function requireNotDenied(context: QueryContext, action: string): void {
  const resource = '*'
  const { reason } = decisionOf(context, action, { resource })
  if (reason === 'explicit deny') throw refusal(context, action, resource, byDeny)
}
