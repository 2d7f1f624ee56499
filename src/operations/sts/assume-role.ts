/** STS: AssumeRole. */
import type { SessionGrant } from '../../access/sessions.ts'
import { QueryError } from '../../model/query-errors.ts'
import type * as shapes from '../../model/sts-shapes.gen.ts'
import { decide } from '../../rules/policy/decide.ts'
import {
  type Facts,
  type QueryContext,
  type QueryOperation,
  trustCaller,
  withFacts,
} from '../query-operation.ts'
import { askTrust, type FoundRole, roleFacts, rolesOf } from './roles.ts'
import {
  credentials,
  duration,
  issue,
  narrowing,
  packedShare,
  requireSessionName,
  sessionFacts,
  sessionTags,
  stsArn,
  tagFacts,
} from './sessions.ts'

const usual = 3600
/** A session that makes a session lasts an hour at most. */
const chainedMax = 3600

/**
 * Whether the trust policy and the caller's own policies give the action. A trust policy that names the caller itself is
 * enough, in whichever account (AWS asks the caller's account too where it is another one; Ceph does not); one that names
 * its account, or everyone, leaves it to the account's own policies.
 */
function isTrusted(context: QueryContext, found: FoundRole, action: string, asked: Facts): boolean {
  const { identity } = context.principal
  const caller = trustCaller(context.principal, found.account.volume)
  // Nor does a condition name who has no name there.
  const facts = caller.arns.length > 0 ? asked : { ...asked, 'aws:principalarn': [] }
  const trust = askTrust(context, found, { caller, action, facts })
  if (trust.effect !== 'Allow') return false
  const decision = decide({
    request: {
      caller,
      action,
      resource: found.role.arn,
      condition: withFacts(facts, context.condition),
    },
    resourceAccount: found.account.number,
    identity: identity.policies,
    boundary: identity.boundary,
    session: identity.session,
    resource: { name: 'trust policy', policy: found.role.trust },
  })
  if (decision.allowed) return true
  const named = trust.naming === 'itself' && trust.statement?.principals?.everyone !== true
  const limited = identity.boundary !== undefined || identity.session !== undefined
  return named && !limited && decision.reason === 'no identity policy allows'
}

async function trusted(
  context: QueryContext,
  input: shapes.AssumeRoleRequest,
  tags: Readonly<Record<string, string>>,
): Promise<FoundRole> {
  const common: Facts = {
    'sts:rolesessionname': input.RoleSessionName,
    'sts:externalid': input.ExternalId,
    'sts:sourceidentity': input.SourceIdentity,
    'sts:transitivetagkeys': input.TransitiveTagKeys,
    ...tagFacts(tags),
  }
  const actions = ['sts:AssumeRole']
  if (Object.keys(tags).length > 0) actions.push('sts:TagSession')
  if (input.SourceIdentity !== undefined) actions.push('sts:SetSourceIdentity')
  const roles = await rolesOf(context, input.RoleArn)
  const found = roles.find(role =>
    actions.every(action => isTrusted(context, role, action, { ...common, ...roleFacts(role) })),
  )
  if (found !== undefined) return found
  // Said in the same way whether there is such a role or not.
  throw new QueryError(
    'AccessDenied',
    `User: ${context.principal.identity.arn} is not authorized to perform: sts:AssumeRole on resource: ${input.RoleArn}`,
  )
}

/** Who somebody is at the beginning of a chain of sessions is who he is at its end. */
function requireSourceIdentity(
  { SourceIdentity: wanted }: shapes.AssumeRoleRequest,
  { principal }: QueryContext,
): void {
  const known = principal.identity.facts['aws:sourceidentity']
  if (wanted === undefined || known === undefined || known === wanted) return
  throw new QueryError('AccessDenied', 'The source identity of a session cannot be changed.')
}

/** Tags of the session, and which of them go on to those that it makes. Throws InvalidParameterValue. */
function tagsOf(
  requested: Readonly<Record<string, string>>,
  { TransitiveTagKeys: keys = [] }: shapes.AssumeRoleRequest,
  { principal }: QueryContext,
): Pick<SessionGrant, 'tags' | 'transitive'> {
  const { transitiveTags: inherited = {} } = principal.identity
  const isOf = (tags: object, key: string) =>
    Object.keys(tags).some(name => name.toLowerCase() === key.toLowerCase())
  const changed = Object.keys(requested).find(key => isOf(inherited, key))
  const unknown = keys.find(key => !isOf(requested, key))
  if (changed !== undefined || unknown !== undefined) {
    const message =
      changed === undefined
        ? `The transitive tag key ${unknown} is not among the tags.`
        : `The tag ${changed} is transitive and cannot be changed.`
    throw new QueryError('InvalidParameterValue', message)
  }
  return { tags: { ...requested, ...inherited }, transitive: [...Object.keys(inherited), ...keys] }
}

export const assumeRole: QueryOperation<shapes.AssumeRoleRequest, shapes.AssumeRoleResponse> = {
  action: undefined,
  async run(input, context) {
    requireSessionName(input.RoleSessionName, 'roleSessionName')
    if (input.SourceIdentity !== undefined)
      requireSessionName(input.SourceIdentity, 'sourceIdentity')
    const tags = sessionTags(input.Tags)
    requireSourceIdentity(input, context)
    const all = tagsOf(tags, input, context)
    const { account, role } = await trusted(context, input, tags)
    const chained = context.principal.identity.kind === 'assumed-role'
    const most = chained ? Math.min(chainedMax, role.maxSession) : role.maxSession
    const seconds = duration(input.DurationSeconds, { usual, most })
    const { identity } = context.principal
    const source = input.SourceIdentity ?? identity.facts['aws:sourceidentity']
    const grant: SessionGrant = {
      account: account.id,
      kind: 'assumed-role',
      role: role.name,
      roleId: role.userId,
      sessionName: input.RoleSessionName,
      ...(await narrowing(input, context, account.id)),
      ...all,
      facts: { ...sessionFacts, ...(source === undefined ? {} : { 'aws:sourceidentity': source }) },
      issued: context.now,
      expires: context.now + seconds * 1000,
    }
    const session = issue(context, grant)
    return {
      Credentials: credentials(session),
      AssumedRoleUser: {
        AssumedRoleId: `${role.userId}:${input.RoleSessionName}`,
        Arn: stsArn(account, `assumed-role/${role.name}/${input.RoleSessionName}`),
      },
      PackedPolicySize: packedShare(session),
      ...(input.SourceIdentity === undefined ? {} : { SourceIdentity: input.SourceIdentity }),
    }
  },
}
