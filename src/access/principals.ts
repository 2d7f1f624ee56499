/** Who keys and sessions stand for: the account, and who within it, with all policies. */
import { S3Error } from '../model/errors.ts'
import { QueryError } from '../model/query-errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { NamedPolicy } from '../rules/policy/decide.ts'
import { Cache } from './cache.ts'
import type { AccountInfo, Credential } from './credential.ts'
import { compilePolicy } from './identities/compile.ts'
import type { Identities, ResolvedIdentity, ResolvedRole } from './identities/resolve.ts'
import { type Identity, type Principal, rootIdentity } from './principal.ts'
import type { MasterKey } from './seal.ts'
import { type OpenedSession, openSession, type SessionGrant } from './sessions.ts'

/** What a key's record says of whom it is for. */
export interface KeyHolder {
  readonly accessKeyId: string
  /** Name of the user; null: the account's root. */
  readonly user: string | null
  /** Whether the account administers this Moongate. */
  readonly administers: boolean
}

export function principalOf(
  account: AccountInfo,
  { accessKeyId, administers }: Omit<KeyHolder, 'user'>,
  identity: Identity,
): Principal {
  const { canonicalId, accountNumber, displayName, volume } = account
  const isRoot = administers && identity.kind === 'root'
  return {
    kind: 'account',
    canonicalId,
    accountNumber,
    displayName,
    volume,
    accessKeyId,
    isRoot,
    identity,
  }
}

const noFacts = {}

function userIdentity(user: ResolvedIdentity): Identity {
  const { arn, userId, name, policies, boundary, tags, volumeWide } = user
  const writer = userId
  const rest = { policies, boundary, tags, facts: noFacts, volumeWide }
  return { kind: 'user', arn, userId, name, writer, ...rest }
}

/** Who plays a role. `account` is the role's. */
export function roleIdentity(
  role: ResolvedRole,
  { accountNumber }: AccountInfo,
  session: Pick<Identity, 'facts' | 'session'> & {
    readonly name: string
    readonly tags?: Identity['tags']
  },
): Identity {
  // As its role's: those of a volume's administrators name no account.
  const owner = role.arn.split(':')[4] ?? accountNumber
  return {
    kind: 'assumed-role',
    arn: `arn:aws:sts::${owner}:assumed-role/${role.name}/${session.name}`,
    userId: `${role.userId}:${session.name}`,
    name: '',
    roleArn: role.arn,
    policies: role.policies,
    boundary: role.boundary,
    session: session.session,
    tags: { ...role.tags, ...session.tags },
    facts: session.facts,
    volumeWide: role.volumeWide,
  }
}

/** What a root may, for whom it sends on: session policies narrow it as they narrow those of users. */
const everything: NamedPolicy = {
  name: 'root user',
  policy: compilePolicy(
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}',
    'identity',
  ),
}

/** Whom a root or user made for a while, with no more rights than its own. */
function federatedIdentity(parent: Identity, number: string, name: string): Identity {
  const own = parent.kind === 'root'
  return {
    ...parent,
    kind: 'federated-user',
    arn: `arn:aws:sts::${number}:federated-user/${name}`,
    userId: `${number}:${name}`,
    name: '',
    policies: own ? [everything, ...parent.policies] : parent.policies,
    // What an administrator of the volume put on the root is not everything.
    volumeWide: parent.volumeWide === true && !own,
  }
}

/** Condition keys of every session, in AWS's words. There are no devices here that could be present. */
const factsOf = ({ facts, issued }: SessionGrant): Identity['facts'] => ({
  'aws:tokenissuetime': new Date(issued).toISOString(),
  'aws:multifactorauthpresent': 'false',
  ...facts,
})

/** Finds out who a key of an account stands for. Undefined: its user is gone. */
export async function holderOf(
  identities: Identities,
  account: AccountInfo,
  holder: KeyHolder,
): Promise<Principal | undefined> {
  if (holder.user === null) {
    const { policies, volumeWide } = await identities.root(account.canonicalId)
    const root = rootIdentity(account.accountNumber, policies)
    return principalOf(account, holder, volumeWide ? { ...root, volumeWide } : root)
  }
  const user = await identities.user(account.canonicalId, holder.user)
  return user === undefined ? undefined : principalOf(account, holder, userIdentity(user))
}

/** Where sessions look up what they stand on. */
export interface SessionGround {
  readonly identities: Identities
  readonly masterKey: MasterKey
  readonly clock: Clock
  account(canonicalId: string): Promise<AccountInfo | undefined>
  /** The credential that a session was asked for with, if it still holds. */
  parent(accessKeyId: string): Promise<Credential | undefined>
}

interface Known {
  readonly opened: OpenedSession
  readonly credential: Credential
  readonly generation: number
}

const knownMax = 1024
const ended = (): S3Error => new S3Error('InvalidToken')

/** Sessions by their tokens. */
export class Sessions {
  readonly #ground: SessionGround
  readonly #known = new Cache<Known>(knownMax)

  constructor(ground: SessionGround) {
    this.#ground = ground
  }

  /** Throws InvalidToken, also for a session whose role, user or key is gone; ExpiredToken. */
  async credential(accessKeyId: string, token: string): Promise<Credential> {
    const { identities, masterKey, clock } = this.#ground
    const name = `${accessKeyId} ${token}`
    const known = this.#known.get(name)
    const now = clock.now()
    const opened =
      known !== undefined && known.opened.grant.expires > now
        ? known.opened
        : openSession(masterKey, { accessKeyId, token, now })
    const { grant, secret } = opened
    await this.#requireParent(grant)
    const generation = identities.generation(grant.account)
    if (known?.generation === generation) return known.credential
    const account = await this.#ground.account(grant.account)
    if (account === undefined) throw ended()
    const identity = await this.#identity(grant, account)
    const holder = { accessKeyId, administers: false }
    const credential = { accessKeyId, secret, principal: principalOf(account, holder, identity) }
    if (identities.generation(grant.account) === generation) {
      this.#known.set(name, { opened, credential, generation })
    }
    return credential
  }

  /** The key must still be there, and be that of the same user: another may have come by the user's name. */
  async #requireParent({ parentKey, user = '' }: SessionGrant): Promise<void> {
    if (parentKey === undefined) return
    const parent = await this.#ground.parent(parentKey)
    if (parent?.principal.identity.name !== user) throw ended()
  }

  async #identity(grant: SessionGrant, account: AccountInfo): Promise<Identity> {
    const { kind, sessionName, user, tags } = grant
    const session = await this.#sessionPolicies(grant)
    const facts = factsOf(grant)
    if (kind === 'assumed-role') {
      const role = await this.#role(grant)
      const identity = roleIdentity(role, account, { name: sessionName, tags, facts, session })
      const { transitive = [] } = grant
      const goesOn = new Set(transitive.map(key => key.toLowerCase()))
      const kept = Object.entries(tags).filter(([key]) => goesOn.has(key.toLowerCase()))
      return kept.length === 0
        ? identity
        : { ...identity, transitiveTags: Object.fromEntries(kept) }
    }
    const holder = { accessKeyId: '', user: user ?? null, administers: false }
    const parent = await holderOf(this.#ground.identities, account, holder)
    if (parent === undefined) throw ended()
    const { identity } = parent
    if (kind === 'session') return { ...identity, facts, session }
    return {
      ...federatedIdentity(identity, account.accountNumber, sessionName),
      tags,
      facts,
      // Without a policy a federated user may do nothing but what a bucket's policy gives it.
      session: session ?? [],
    }
  }

  /** Another role that was made under the same name is not the one that was assumed. */
  async #role({ account, role: name = '', roleId }: SessionGrant): Promise<ResolvedRole> {
    const role = await this.#ground.identities.role(account, name)
    if (role === undefined || role.userId !== roleId) throw ended()
    return role
  }

  async #sessionPolicies({
    account,
    policies,
    policyArns,
  }: SessionGrant): Promise<readonly NamedPolicy[] | undefined> {
    if (policies === undefined && policyArns === undefined) return undefined
    const inline = (policies ?? []).map(text => ({
      name: 'session policy',
      policy: compilePolicy(text, 'session'),
    }))
    if (policyArns === undefined || policyArns.length === 0) return inline
    try {
      return [...inline, ...(await this.#ground.identities.managed(account, policyArns))]
    } catch (error) {
      // A session stands on its policies too: without one of them it would be another session.
      throw error instanceof QueryError && error.code === 'NoSuchEntity' ? ended() : error
    }
  }
}
