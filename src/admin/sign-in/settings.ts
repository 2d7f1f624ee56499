/** How administrators without an access key sign in: what the configuration says of it. */

/** Names of policies by the group that gives them. */
export type GroupPolicies = Readonly<Record<string, readonly string[]>>

export interface OidcSettings {
  /** URL of the provider, which is asked for its keys. */
  readonly issuer: string
  /** The client that tokens must be made for. */
  readonly clientId: string
  /** The claim that names groups. */
  readonly claim: string
  readonly policies: GroupPolicies
}

export interface LdapSettings {
  readonly url: string
  readonly startTls: boolean
  /** Who looks users up; nobody where it is not said. */
  readonly bindDn: string | undefined
  readonly bindPassword: string | undefined
  readonly base: string
  /** With `{name}` for who signs in. */
  readonly filter: string
  readonly groupBase: string
  /** With `{dn}` for the user's entry, `{name}` for the name. */
  readonly groupFilter: string
  /** The attribute that names a group. */
  readonly groupName: string
  readonly policies: GroupPolicies
}

export interface SignInSettings {
  readonly oidc: OidcSettings | undefined
  readonly ldap: LdapSettings | undefined
}

/** Somebody whom a provider or a directory vouches for. */
export interface Outsider {
  readonly name: string
  readonly groups: readonly string[]
}

/** It did not work, for whatever reason: who signs in is not told which. */
export class SignInFailed extends Error {
  override readonly name = 'SignInFailed'
}
