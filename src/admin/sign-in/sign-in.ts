/** Signing in with a token or with name and password: who comes of it is a session of the account that administers. */

import type { Access } from '../../access/accounts.ts'
import { builtinArn } from '../../access/identities/builtin.ts'
import { arnOf } from '../../access/identities/names.ts'
import type { Principal } from '../../access/principal.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Fetcher } from '../../ports/fetcher.ts'
import type { NamedPolicy } from '../../rules/policy/decide.ts'
import { AdminError } from '../errors.ts'
import { isMissing } from '../routes/identities.ts'
import { Attempts } from './attempts.ts'
import { type GroupPolicies, type Outsider, SignInFailed, type SignInSettings } from './settings.ts'

export interface SignInParts {
  readonly access: Access
  readonly fetcher: Fetcher
  readonly clock: Clock
  readonly settings: SignInSettings
  /** From {@link createAttempts}, the same in all workers. */
  readonly attempts: SharedArrayBuffer
}

/** What a request shows, and where it comes from. */
export interface Showing {
  /** The header `Authorization`. */
  readonly authorization: string
  readonly address: string
  /** Whether nobody between can read it. */
  readonly isPrivate: boolean
}

/** Whether a request signs in so, and is not signed by a key. */
export const signsIn = (authorization: string | undefined): boolean =>
  /^(?:bearer|basic) /i.test(authorization ?? '')

/** One text for every reason; the log is told which. */
const failed = (cause: SignInFailed): AdminError =>
  new AdminError('SignInFailed', 'The sign-in failed.', { cause })

export class SignIn {
  readonly #parts: SignInParts
  readonly #attempts: Attempts

  constructor(parts: SignInParts) {
    this.#parts = parts
    this.#attempts = new Attempts(() => parts.clock.now(), parts.attempts)
  }

  /** Throws SignInFailed, TooManyAttempts; Unauthorized where others could read what is shown. */
  async principal({ authorization, address, isPrivate }: Showing): Promise<Principal> {
    const blank = authorization.indexOf(' ')
    const shown = authorization.slice(blank + 1).trim()
    const isToken = authorization.slice(0, blank).toLowerCase() === 'bearer'
    if (!isPrivate) {
      throw new AdminError('Unauthorized', 'Passwords and tokens are taken over https only.')
    }
    const credentials = isToken ? undefined : passwordIn(shown)
    const wentWell = this.#attempts.begin(credentials?.name ?? '', address)
    try {
      const outsider =
        credentials === undefined ? await this.#byToken(shown) : await this.#byPassword(credentials)
      wentWell()
      return await this.#sessionOf(outsider, isToken ? 'oidc' : 'ldap')
    } catch (error) {
      if (!(error instanceof SignInFailed)) throw error
      throw failed(error)
    }
  }

  async #byToken(token: string): Promise<Outsider & { policies: GroupPolicies }> {
    const { settings, fetcher, clock } = this.#parts
    const { oidc } = settings
    if (oidc === undefined) throw new SignInFailed('no provider is configured')
    // Loaded by the first who comes so.
    const { readToken } = await import('./oidc.ts')
    const outsider = await readToken(token, oidc, { fetcher, now: clock.now() })
    return { ...outsider, policies: oidc.policies }
  }

  async #byPassword({
    name,
    password,
  }: Credentials): Promise<Outsider & { policies: GroupPolicies }> {
    const { ldap } = this.#parts.settings
    if (ldap === undefined) throw new SignInFailed('no directory is configured')
    const { askDirectory } = await import('./ldap.ts')
    try {
      return { ...(await askDirectory(ldap, name, password)), policies: ldap.policies }
    } catch (error) {
      if (error instanceof SignInFailed) throw error
      throw new AdminError('ServiceUnavailable', 'The directory cannot be asked.', {
        cause: error,
      })
    }
  }

  async #sessionOf(
    { name, groups, policies }: Outsider & { policies: GroupPolicies },
    by: 'oidc' | 'ldap',
  ) {
    const root = await this.#parts.access.rootPrincipal('')
    const names = groups.flatMap(
      group => (Object.hasOwn(policies, group) ? policies[group] : []) ?? [],
    )
    const { accountNumber } = root
    return {
      ...root,
      displayName: name,
      // For the logs; no access key has a colon.
      accessKeyId: `${by}:${name}`,
      isRoot: false,
      identity: {
        kind: 'federated-user' as const,
        arn: `arn:aws:sts::${accountNumber}:federated-user/${name}`,
        userId: `${accountNumber}:${name}`,
        name: '',
        policies: await this.#compiled(root.canonicalId, [...new Set(names)]),
        tags: {},
        facts: {},
      },
    }
  }

  async #compiled(account: string, names: readonly string[]): Promise<readonly NamedPolicy[]> {
    const { iam } = this.#parts.access
    const owner = await iam.records.account(account)
    const found = names.map(async name => {
      const record = await iam.records.find(account, 'policy', name)
      const arn = record === undefined ? `${builtinArn}${name}` : arnOf(owner, record)
      return iam.identities.managed(account, [arn]).catch((error: unknown) => {
        // One that is not made yet, or gone, gives nothing.
        if (!isMissing(error)) throw error
        return []
      })
    })
    return (await Promise.all(found)).flat()
  }
}

interface Credentials {
  readonly name: string
  readonly password: string
}

function passwordIn(shown: string): Credentials {
  const text = Buffer.from(shown, 'base64').toString()
  const colon = text.indexOf(':')
  return { name: text.slice(0, Math.max(colon, 0)), password: text.slice(colon + 1) }
}
