/**
 * Who may take an action of the admin API. The account that administers this Moongate everywhere, a volume's owner in its
 * volume, an account in its own affairs; within the account, users and roles as far as their policies allow it.
 */
import { callerOf } from '../access/authorize.ts'
import { isSessionKey } from '../access/sessions.ts'
import { S3Error } from '../model/errors.ts'
import { decide } from '../rules/policy/decide.ts'
import { AdminError, accessDenied } from './errors.ts'
import type { AdminContext, Scope } from './route.ts'

/** Throws AccessDenied, in the same words whether the thing is there or not. */
export async function requireRight(
  context: AdminContext,
  action: string,
  what: { readonly scope: Scope; readonly resource: string },
): Promise<void> {
  const { principal } = context
  const { scope } = what
  if (principal.kind === 'anonymous') throw accessDenied()
  const resource = `arn:moongate:admin::${await accountIn(scope, context)}:${what.resource}`
  const { allowed, reason } = identityDecision(context, action, resource)
  if (scope.of === 'caller') {
    // What everybody may is taken away only by a word.
    if (reason === 'explicit deny') throw accessDenied()
    if (scope.reads === true) return
    if (isTemporary(principal)) throw accessDenied()
    if (scope.lasting === true && (await expires(context))) throw accessDenied()
    return
  }
  if (!allowed) throw accessDenied()
  if (!(await administers(context)) && !(await isOwnAffair(context, scope))) throw accessDenied()
}

/** Whether {@link requireRight} lets it pass. */
export async function hasRight(...asked: Parameters<typeof requireRight>): Promise<boolean> {
  try {
    await requireRight(...asked)
    return true
  } catch (error) {
    if (error instanceof AdminError && error.code === 'AccessDenied') return false
    throw error
  }
}

/** Number of the account whose affair it is; volumes and their buckets are named without one. */
async function accountIn(scope: Scope, { principal, access }: AdminContext): Promise<string> {
  if (scope.of === 'caller') return principal.accountNumber
  if (scope.of !== 'account' || scope.account === undefined) return ''
  if (scope.account === principal.canonicalId) return principal.accountNumber
  return (await access.account(scope.account))?.accountNumber ?? ''
}

/** A temporary or narrowed key must not make itself one that lasts. */
const isTemporary = ({ accessKeyId, identity }: AdminContext['principal']): boolean =>
  isSessionKey(accessKeyId) || identity.session !== undefined

/** Nor must one that somebody gave an end. */
async function expires({ principal, access }: AdminContext): Promise<boolean> {
  const key = await access.iam.keys.find(principal.canonicalId, principal.accessKeyId)
  return (key?.expires ?? null) !== null
}

async function isOwnAffair({ principal, buckets }: AdminContext, scope: Scope): Promise<boolean> {
  const { canonicalId } = principal
  if (scope.of === 'account') return scope.account === canonicalId
  if (scope.of !== 'volume') return false
  if (scope.owner === canonicalId && scope.volume === principal.volume) return true
  try {
    return (await buckets.volumes.find(scope.volume)).owner === canonicalId
  } catch (error) {
    if (error instanceof S3Error && error.code === 'NoSuchVolume') return false
    throw error
  }
}

/** Within its account: the root unless it is denied, everybody else as their policies say. */
function identityDecision(
  { principal, condition }: AdminContext,
  action: string,
  resource: string,
) {
  const { identity, accountNumber } = principal
  return decide({
    request: { caller: callerOf(principal), action, resource, condition },
    resourceAccount: accountNumber,
    identity: identity.policies,
    boundary: identity.boundary,
    session: identity.session,
  })
}

/** Whether the caller's account administers this Moongate; its users then may what their policies allow. */
export async function administers({ principal, access }: AdminContext): Promise<boolean> {
  if (principal.isRoot) return true
  const { canonicalId } = await access.rootPrincipal('')
  return principal.canonicalId === canonicalId
}
