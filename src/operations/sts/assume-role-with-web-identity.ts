/** STS: AssumeRoleWithWebIdentity. */
import type { SessionGrant } from '../../access/sessions.ts'
import { QueryError } from '../../model/query-errors.ts'
import type * as shapes from '../../model/sts-shapes.gen.ts'
import type { Caller } from '../../rules/policy/request.ts'
import type { Facts, QueryContext, QueryOperation } from '../query-operation.ts'
import { accountOf, askTrust, type FoundRole, roleFacts, rolesOf } from './roles.ts'
import {
  credentials,
  duration,
  issue,
  narrowing,
  packedShare,
  requireSessionName,
  sessionFacts,
  stsArn,
  tagFacts,
} from './sessions.ts'
import type { WebIdentity } from './web-identity.ts'

const usual = 3600

/** Said in the same way whether there is such a role or not. */
const notAuthorized = (): QueryError =>
  new QueryError('AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity')

/** Who a token's subject is before a trust policy: of no account. */
const federated = (providerArn: string): Caller => ({
  kind: 'user',
  account: '',
  canonicalId: '',
  arns: [providerArn],
})

function requireTrust(
  context: QueryContext,
  found: FoundRole,
  identity: WebIdentity,
  sessionName: string,
): void {
  const facts: Facts = {
    ...identity.facts,
    ...roleFacts(found),
    ...tagFacts(identity.tags),
    'aws:federatedprovider': identity.providerArn,
    'sts:rolesessionname': sessionName,
  }
  const actions = ['sts:AssumeRoleWithWebIdentity']
  if (Object.keys(identity.tags).length > 0) actions.push('sts:TagSession')
  const caller = federated(identity.providerArn)
  for (const action of actions) {
    const match = askTrust(context, found, { caller, action, facts })
    // Everyone is no provider: a policy that trusts tokens names whose.
    if (match.effect !== 'Allow' || match.statement?.principals?.everyone === true) {
      throw notAuthorized()
    }
  }
}

/** Session tags have one value; what has several is a condition key of its own. */
function sessionOf({ tags, facts, providerArn }: WebIdentity) {
  const single: Record<string, string> = {}
  const kept: Record<string, string | readonly string[]> = { ...sessionFacts }
  for (const [key, values] of Object.entries(tags)) {
    const [first] = values
    if (values.length === 1 && first !== undefined) single[key] = first
    else kept[`aws:principaltag/${key.toLowerCase()}`] = values
  }
  for (const [key, value] of Object.entries(facts)) if (value !== undefined) kept[key] = value
  const keys = Object.keys(tags)
  if (keys.length > 0) kept['aws:tagkeys'] = keys
  kept['aws:federatedprovider'] = providerArn
  return { tags: single, facts: kept }
}

export const assumeRoleWithWebIdentity: QueryOperation<
  shapes.AssumeRoleWithWebIdentityRequest,
  shapes.AssumeRoleWithWebIdentityResponse
> = {
  action: undefined,
  anonymous: true,
  async run(input, context) {
    const { RoleSessionName: name, WebIdentityToken: token } = input
    requireSessionName(name, 'roleSessionName')
    // Read when the first token comes: what verifies it is a tenth of all that would be read at the start.
    const { issuerOf, providerOf, readWebIdentity } = await import('./web-identity.ts')
    const issuer = issuerOf(token)
    const [found] = await rolesOf(context, input.RoleArn)
    // Whoever has no token of a provider of the account is not told which roles it has.
    const account = found?.account ?? (await accountOf(context, input.RoleArn))
    const provider = await providerOf(context, account, issuer)
    const identity = await readWebIdentity(context, { account, provider, token })
    if (found === undefined) throw notAuthorized()
    const { role } = found
    requireTrust(context, found, identity, name)
    const seconds = duration(input.DurationSeconds, { usual, most: role.maxSession })
    const grant: SessionGrant = {
      account: account.id,
      kind: 'assumed-role',
      role: role.name,
      roleId: role.userId,
      sessionName: name,
      ...(await narrowing(input, context, account.id)),
      ...sessionOf(identity),
      issued: context.now,
      expires: context.now + seconds * 1000,
    }
    const session = issue(context, grant)
    return {
      Credentials: credentials(session),
      SubjectFromWebIdentityToken: identity.subject,
      AssumedRoleUser: {
        AssumedRoleId: `${role.userId}:${name}`,
        Arn: stsArn(account, `assumed-role/${role.name}/${name}`),
      },
      PackedPolicySize: packedShare(session),
      Provider: identity.providerArn,
      Audience: identity.audience,
    }
  },
}
