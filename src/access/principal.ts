/** Who a request comes from, however it was authenticated. */
import type { NamedPolicy } from '../rules/policy/decide.ts'

export type IdentityKind = 'anonymous' | 'root' | 'user' | 'assumed-role' | 'federated-user'

/** Who within an account: its root, one of its users, or a session. */
export interface Identity {
  readonly kind: IdentityKind
  /** `arn:aws:iam::123456789012:root`, `…:user/path/name`, `arn:aws:sts::…:assumed-role/role/session`; empty for anonymous. */
  readonly arn: string
  /** `aws:userid` */
  readonly userId: string
  /** `aws:username`; empty for whoever is no user. */
  readonly name: string
  /** Of a session. */
  readonly roleArn?: string | undefined
  /** Own, attached, and those of its groups. */
  readonly policies: readonly NamedPolicy[]
  /** Permissions boundary. */
  readonly boundary?: readonly NamedPolicy[] | undefined
  /** Session policies; undefined: the session was not narrowed. */
  readonly session?: readonly NamedPolicy[] | undefined
  /** `aws:PrincipalTag/…` */
  readonly tags: Readonly<Record<string, string>>
  /** Those of a session that sessions which it makes have too. */
  readonly transitiveTags?: Readonly<Record<string, string>> | undefined
  /** Further condition keys, in lower case. */
  readonly facts: Readonly<Record<string, string | readonly string[]>>
  /** Id of the user for whose quota its writes count: a session's is that of the user who asked for it. */
  readonly writer?: string
  /** What its policies allow holds on what any account of its volume owns: an administrator of the volume set them. */
  readonly volumeWide?: boolean
}

export interface Principal {
  readonly kind: 'anonymous' | 'account'
  /** Canonical id (64 hex digits); empty for anonymous. */
  readonly canonicalId: string
  /** Twelve digits. */
  readonly accountNumber: string
  readonly displayName: string
  readonly volume: string
  /** Empty for anonymous. */
  readonly accessKeyId: string
  /** Whether the account administers this Moongate. */
  readonly isRoot: boolean
  readonly identity: Identity
}

const nobody: Identity = {
  kind: 'anonymous',
  arn: '',
  userId: 'anonymous',
  name: '',
  policies: [],
  tags: {},
  facts: {},
}

/** Who sends no credentials. Without an account it stands in no volume but the one that it addresses. */
export const anonymousIn = (volume: string): Principal => ({
  kind: 'anonymous',
  canonicalId: '',
  accountNumber: '',
  displayName: '',
  volume,
  accessKeyId: '',
  isRoot: false,
  identity: nobody,
})

/** An account's own identity, as AWS calls it its root user. */
export const rootIdentity = (
  accountNumber: string,
  policies: readonly NamedPolicy[] = [],
): Identity => ({
  kind: 'root',
  arn: `arn:aws:iam::${accountNumber}:root`,
  userId: accountNumber,
  name: '',
  policies,
  tags: {},
  facts: {},
})
