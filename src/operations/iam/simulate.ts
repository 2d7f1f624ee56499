/** IAM: the policy simulator. */

import { readPolicy } from '../../access/identities/compile.ts'
import { arnAccount, parseIamArn } from '../../access/identities/names.ts'
import type { ResolvedIdentity } from '../../access/identities/resolve.ts'
import type * as shapes from '../../model/iam-shapes.gen.ts'
import { QueryError } from '../../model/query-errors.ts'
import {
  type Decision,
  type DecisionInput,
  decide,
  type NamedPolicy,
} from '../../rules/policy/decide.ts'
import type { Caller, ConditionValues } from '../../rules/policy/request.ts'
import type { QueryContext, QueryOperation } from '../query-operation.ts'
import { pageEnd, pageOf } from './answers.ts'

type Input = Omit<shapes.SimulatePrincipalPolicyRequest, 'PolicySourceArn'>

/** What is asked, for whom. */
interface Simulated {
  readonly caller: Caller
  readonly identity: readonly NamedPolicy[]
  readonly boundary: readonly NamedPolicy[] | undefined
  /** Condition keys of who asks. */
  readonly own: Readonly<Record<string, string>>
}

const texts = (policies: readonly string[] | undefined, name: string): readonly NamedPolicy[] =>
  (policies ?? []).map((text, index) => ({
    name: `${name}.${index + 1}`,
    policy: readPolicy(text, 'identity'),
  }))

function decisionOf({ allowed, reason }: Decision): string {
  if (allowed) return 'allowed'
  return reason === 'explicit deny' ? 'explicitDeny' : 'implicitDeny'
}

function conditionOf(input: Input, { own }: Simulated): ConditionValues {
  const given = new Map<string, readonly string[]>()
  for (const { ContextKeyName, ContextKeyValues } of input.ContextEntries ?? []) {
    if (ContextKeyName !== undefined)
      given.set(ContextKeyName.toLowerCase(), ContextKeyValues ?? [])
  }
  return key => given.get(key) ?? own[key]
}

function simulate(input: Input, who: Simulated): shapes.SimulatePolicyResponse {
  const { ActionNames, ResourceArns = ['*'], ResourcePolicy } = input
  const bounds = texts(
    input.PermissionsBoundaryPolicyInputList,
    'PermissionsBoundaryPolicyInputList',
  )
  const boundary = bounds.length > 0 ? bounds : who.boundary
  const resource =
    ResourcePolicy === undefined
      ? undefined
      : { name: 'ResourcePolicy', policy: readPolicy(ResourcePolicy, 'bucket') }
  const identity = [...who.identity, ...texts(input.PolicyInputList, 'PolicyInputList')]
  const condition = conditionOf(input, who)
  const resourceAccount = input.ResourceOwner?.replace(/^arn:aws:iam::(.*):root$/, '$1')
  const arns = ResourceArns.length === 0 ? ['*'] : ResourceArns
  // Only what is told is worked out: there may be very many pairs, and policies as long as they like.
  const page = pageOf([...Array(ActionNames.length * arns.length).keys()], input)
  const results = page.items.map(pair => {
    const action = ActionNames[Math.floor(pair / arns.length)] ?? ''
    const arn = arns[pair % arns.length] ?? ''
    const request = { caller: who.caller, action, resource: arn, condition }
    const asked: DecisionInput = {
      request,
      resourceAccount: resourceAccount ?? who.caller.account,
      identity,
      boundary,
      resource,
    }
    return resultOf(action, arn, decide(asked))
  })
  return { EvaluationResults: results, ...pageEnd(page) }
}

function resultOf(action: string, arn: string, decision: Decision): shapes.EvaluationResult {
  const { policy, statement } = decision
  return {
    EvalActionName: action,
    EvalResourceName: arn,
    EvalDecision: decisionOf(decision),
    // Statements are named by their place in the policy; lines and columns of documents are not kept.
    MatchedStatements:
      policy === undefined
        ? []
        : [{ SourcePolicyId: policy, StartPosition: { Line: (statement ?? 0) + 1, Column: 1 } }],
    MissingContextValues: [],
  }
}

/** Throws InvalidInput, NoSuchEntity. */
async function sourceOf(context: QueryContext, arn: string): Promise<Simulated> {
  const { store, account } = context
  const { identities } = store
  const parsed = parseIamArn(arn)
  if (parsed === undefined || parsed.account !== arnAccount(account)) {
    throw new QueryError(
      'InvalidInput',
      `Invalid Entity Arn: ${arn} does not clearly define entity type and name.`,
    )
  }
  const { kind, name } = parsed
  let found: ResolvedIdentity | undefined
  if (kind === 'user') found = await identities.user(account.id, name)
  else if (kind === 'role') found = await identities.role(account.id, name)
  if (found === undefined)
    throw new QueryError('NoSuchEntity', `The ${kind} with name ${name} cannot be found.`)
  const own: Record<string, string> = { 'aws:userid': found.userId, 'aws:principalarn': found.arn }
  if (kind === 'user') own['aws:username'] = found.name
  for (const [key, value] of Object.entries(found.tags)) {
    own[`aws:principaltag/${key.toLowerCase()}`] = value
  }
  const callerKind = kind === 'user' ? 'user' : 'assumed-role'
  const arns = [found.arn]
  const caller: Caller = {
    kind: callerKind,
    account: account.number,
    canonicalId: account.id,
    arns,
  }
  return { caller, identity: found.policies, boundary: found.boundary, own }
}

export const simulatePrincipalPolicy: QueryOperation<
  shapes.SimulatePrincipalPolicyRequest,
  shapes.SimulatePolicyResponse
> = {
  action: 'iam:SimulatePrincipalPolicy',
  target: input => ({ resource: input.PolicySourceArn }),
  async run(input, context) {
    return simulate(input, await sourceOf(context, input.PolicySourceArn))
  },
}

export const simulateCustomPolicy: QueryOperation<
  shapes.SimulateCustomPolicyRequest,
  shapes.SimulatePolicyResponse
> = {
  action: 'iam:SimulateCustomPolicy',
  run(input, { account }) {
    const caller: Caller = {
      kind: 'user',
      account: account.number,
      canonicalId: account.id,
      arns: input.CallerArn === undefined ? [] : [input.CallerArn],
    }
    const who: Simulated = { caller, identity: [], boundary: undefined, own: {} }
    return Promise.resolve(simulate(input, who))
  },
}
