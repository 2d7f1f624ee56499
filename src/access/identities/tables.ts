/** The tables of IAM: users, groups, roles, managed policies and identity providers, and what refers to what. */
import type { Tag } from '../../ports/keyspace.ts'
import { table } from '../../ports/meta-store.ts'
import type { PrincipalIds } from '../../rules/policy/policy.ts'

/** `root` is the account's root user, which has a record only when policies were put on it. */
export type EntityKind = 'user' | 'group' | 'role' | 'policy' | 'provider' | 'root'

export interface InlinePolicy {
  readonly name: string
  /** The document as it was sent. */
  readonly text: string
}

export interface PolicyVersion {
  /** `v1`, `v2` … */
  readonly id: string
  readonly text: string
  readonly created: number
}

/** What the kinds know of an entity beside its name; each fills what concerns it. */
export interface EntityDocument {
  readonly tags: readonly Tag[]
  /** Users, groups, roles, root; in the order of their names. */
  readonly inline?: readonly InlinePolicy[]
  /** Users: for people, not for IAM. */
  readonly displayName?: string | undefined
  readonly email?: string | undefined
  /** Roles and managed policies. */
  readonly description?: string | undefined
  /** Roles. */
  readonly trust?: string
  /** Whom the trust policy named when it was put. Those of before have none. */
  readonly trustPrincipals?: PrincipalIds
  readonly maxSession?: number
  /** Managed policies. */
  readonly versions?: readonly PolicyVersion[]
  readonly defaultVersion?: string
  /** The number of the next version: they are never given twice. */
  readonly nextVersion?: number
  readonly updated?: number
  /** Identity providers. */
  readonly url?: string
  readonly clientIds?: readonly string[]
  readonly thumbprints?: readonly string[]
}

export interface EntityRecord {
  /** Canonical id of the account. */
  readonly account: string
  readonly kind: EntityKind
  /** The name in lower case: names are unique without regard to it. */
  readonly key: string
  readonly name: string
  /** AIDA…, AGPA…, AROA…, ANPA…; empty for providers. */
  readonly id: string
  readonly path: string
  /** Milliseconds since the epoch. */
  readonly created: number
  readonly document: EntityDocument
}

/** A user is a member of a group; a managed policy is attached, or bounds what others give. */
export type Relation = 'member' | 'attached' | 'boundary'

export interface LinkRecord {
  readonly account: string
  readonly relation: Relation
  /** A group's key, or a policy's; `aws:` stands before the name of a policy that is Moongate's own. */
  readonly target: string
  /** `user/alice`, `group/staff`, `role/reader`, `root/`. */
  readonly holder: string
}

/** One number for each account, written with every change of it: changes are in a line, and caches look at it. */
export interface ChangesRecord {
  readonly account: string
  readonly count: number
}

export const identitiesTable = table<EntityRecord>({
  name: 'identities',
  key: { account: 'text', kind: 'text', key: 'text' },
  columns: { name: 'text', id: 'text', path: 'text', created: 'int', document: 'json' },
})

export const identityLinksTable = table<LinkRecord>({
  name: 'identity_links',
  key: { account: 'text', relation: 'text', target: 'text', holder: 'text' },
  columns: {},
  indexes: [{ name: 'links_by_holder', on: ['account', 'holder', 'relation'] }],
})

export const identityChangesTable = table<ChangesRecord>({
  name: 'identity_changes',
  key: { account: 'text' },
  columns: { count: 'int' },
})

/** What an account is called beside its name; no two accounts have the same. */
export interface AliasRecord {
  readonly alias: string
  readonly account: string
}

export const accountAliasesTable = table<AliasRecord>({
  name: 'account_aliases',
  key: { alias: 'text' },
  columns: { account: 'text' },
  indexes: [{ name: 'aliases_by_account', on: ['account'] }],
})

export const identityTables = [
  identitiesTable,
  identityLinksTable,
  identityChangesTable,
  accountAliasesTable,
] as const
