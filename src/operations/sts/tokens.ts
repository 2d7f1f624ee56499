/** STS: GetSessionToken, GetFederationToken, GetCallerIdentity, GetAccessKeyInfo. */

import { arnAccount } from '../../access/identities/names.ts'
import { isSessionKey, type SessionGrant } from '../../access/sessions.ts'
import { QueryError } from '../../model/query-errors.ts'
import type * as shapes from '../../model/sts-shapes.gen.ts'
import {
  type Nothing,
  type QueryContext,
  type QueryOperation,
  requireNotDenied,
} from '../query-operation.ts'
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

const usual = 43_200
const most = 129_600
/** AWS's limit for the account's root. */
const rootMost = 3600

/** Sessions do not make such sessions. */
function lifetime({ principal }: QueryContext, seconds: number | undefined): number {
  const { kind } = principal.identity
  if ((kind !== 'user' && kind !== 'root') || isSessionKey(principal.accessKeyId)) {
    throw new QueryError('AccessDenied', 'Cannot call this operation with session credentials')
  }
  if (kind === 'root') return Math.min(duration(seconds, { usual: rootMost, most }), rootMost)
  return duration(seconds, { usual, most })
}

const userOf = ({ principal }: QueryContext) => ({
  ...(principal.identity.kind === 'user' ? { user: principal.identity.name } : {}),
  parentKey: principal.accessKeyId,
})

export const getSessionToken: QueryOperation<
  shapes.GetSessionTokenRequest,
  shapes.GetSessionTokenResponse
> = {
  action: undefined,
  run(input, context) {
    requireNotDenied(context, 'sts:GetSessionToken')
    const seconds = lifetime(context, input.DurationSeconds)
    const session = issue(context, {
      account: context.account.id,
      kind: 'session',
      sessionName: '',
      ...userOf(context),
      tags: {},
      facts: sessionFacts,
      issued: context.now,
      expires: context.now + seconds * 1000,
    })
    return Promise.resolve({ Credentials: credentials(session) })
  },
}

const federatedName = /^[\w+=,.@-]{2,32}$/

export const getFederationToken: QueryOperation<
  shapes.GetFederationTokenRequest,
  shapes.GetFederationTokenResponse
> = {
  action: 'sts:GetFederationToken',
  target: (input, { account }) => ({
    resource: stsArn(account, `federated-user/${input.Name}`),
    facts: tagFacts(sessionTags(input.Tags)),
  }),
  async run(input, context) {
    const { account } = context
    requireSessionName(input.Name, 'name')
    if (!federatedName.test(input.Name)) {
      throw new QueryError(
        'ValidationError',
        'The name of a federated user has 2 to 32 characters.',
      )
    }
    const seconds = lifetime(context, input.DurationSeconds)
    const grant: SessionGrant = {
      account: account.id,
      kind: 'federated-user',
      sessionName: input.Name,
      ...userOf(context),
      ...(await narrowing(input, context, account.id)),
      tags: sessionTags(input.Tags),
      facts: sessionFacts,
      issued: context.now,
      expires: context.now + seconds * 1000,
    }
    const session = issue(context, grant)
    return {
      Credentials: credentials(session),
      FederatedUser: {
        FederatedUserId: `${account.number}:${input.Name}`,
        Arn: stsArn(account, `federated-user/${input.Name}`),
      },
      PackedPolicySize: packedShare(session),
    }
  },
}

const shownNumber = ({ account }: QueryContext): string => arnAccount(account) || account.number

/** Anybody may know who they are, whatever a policy says. */
export const getCallerIdentity: QueryOperation<Nothing, shapes.GetCallerIdentityResponse> = {
  action: undefined,
  run(_, context) {
    const { userId, arn } = context.principal.identity
    return Promise.resolve({ UserId: userId, Account: shownNumber(context), Arn: arn })
  },
}

/** AWS reads the account out of any key's id. Ours say nothing, and nobody is told of another account's. */
export const getAccessKeyInfo: QueryOperation<
  shapes.GetAccessKeyInfoRequest,
  shapes.GetAccessKeyInfoResponse
> = {
  action: 'sts:GetAccessKeyInfo',
  async run({ AccessKeyId: id }, context) {
    const { store, account, principal } = context
    const isOwn = id === principal.accessKeyId
    if (!isOwn && (await store.keys.find(account.id, id)) === undefined)
      throw new QueryError('ValidationError', `${id} is no access key of your account.`)
    return { Account: shownNumber(context) }
  },
}
