/** Who somebody is with all policies, compiled, and kept in memory for as long as nothing about the account changed. */
import { QueryError } from '../../model/query-errors.ts'
import type { NamedPolicy } from '../../rules/policy/decide.ts'
import type { Policy } from '../../rules/policy/policy.ts'
import { Cache } from '../cache.ts'
import { type AccountRecord, accountsTable } from '../tables.ts'
import { builtinArn, builtinMark, builtinPolicy } from './builtin.ts'
import { compilePolicy } from './compile.ts'
import { arnAccount, arnOf, holderOf, keyOf, parseIamArn } from './names.ts'
import type { Records } from './records.ts'
import {
  type EntityKind,
  type EntityRecord,
  identityChangesTable,
  type LinkRecord,
} from './tables.ts'

export interface ResolvedIdentity {
  readonly arn: string
  /** `aws:userid`; the account's number for its root. */
  readonly userId: string
  readonly name: string
  readonly path: string
  /** Its own, those attached to it, and those of its groups. */
  readonly policies: readonly NamedPolicy[]
  readonly boundary?: readonly NamedPolicy[]
  readonly tags: Readonly<Record<string, string>>
  /**
   * Its policies were set by an administrator of the volume: what they allow holds on resources of every account of the
   * volume, and needs no word of the resource's owner.
   */
  readonly volumeWide: boolean
}

export interface ResolvedRole extends ResolvedIdentity {
  readonly trust: Policy
  /** Seconds. */
  readonly maxSession: number
}

export interface Identities {
  /**
   * A number that moves before anybody is told of a change of the account's IAM, whichever worker made it: what was
   * resolved after asking for it may be used for as long as it stands.
   */
  generation(account: string): number
  /** Asks for {@link generation} of one account again and again. */
  watch(account: string): () => number
  /** The identity with its policies. Undefined: gone. */
  user(account: string, name: string): Promise<ResolvedIdentity | undefined>
  role(account: string, name: string): Promise<ResolvedRole | undefined>
  /** Policies on the account's root, which mostly has none. */
  root(account: string): Promise<ResolvedIdentity>
  /** The documents of managed policies by ARN, as session policies of an account. Throws NoSuchEntity. */
  managed(account: string, arns: readonly string[]): Promise<readonly NamedPolicy[]>
}

const cacheMax = 4096
const tries = 10

type Kind = 'user' | 'role' | 'root'

interface Entry {
  readonly generation: number
  readonly identity: ResolvedIdentity | ResolvedRole | undefined
}

export class StoredIdentities implements Identities {
  readonly #records: Records
  readonly #cache = new Cache<Entry>(cacheMax)

  constructor(records: Records) {
    this.#records = records
  }

  generation(account: string): number {
    return this.watch(account)()
  }

  watch(account: string): () => number {
    const { store } = this.#records
    const changes = store.watch(identityChangesTable, [account])
    const record = store.watch(accountsTable, [account])
    return () => changes() + record()
  }

  user(account: string, name: string): Promise<ResolvedIdentity | undefined> {
    return this.#resolved(account, 'user', name)
  }

  async role(account: string, name: string): Promise<ResolvedRole | undefined> {
    const resolved = await this.#resolved(account, 'role', name)
    return resolved === undefined || !('trust' in resolved) ? undefined : resolved
  }

  async root(account: string): Promise<ResolvedIdentity> {
    const resolved = await this.#resolved(account, 'root', '')
    if (resolved === undefined) throw new QueryError('NoSuchEntity', 'The account cannot be found.')
    return resolved
  }

  async managed(account: string, arns: readonly string[]): Promise<readonly NamedPolicy[]> {
    const owner = await this.#records.account(account)
    const targets = arns.map(arn => {
      const parsed = parseIamArn(arn)
      if (parsed?.kind === 'policy' && parsed.account === 'aws')
        return `${builtinMark}${parsed.name}`
      if (parsed?.kind === 'policy' && parsed.account === arnAccount(owner))
        return keyOf(parsed.name)
      throw new QueryError('NoSuchEntity', `Policy ${arn} does not exist or is not attachable.`)
    })
    const policies = await this.#policies(owner, targets)
    const missing = arns.find(arn => !policies.some(policy => policy.name === arn))
    if (missing === undefined) return policies
    throw new QueryError('NoSuchEntity', `Policy ${missing} does not exist or is not attachable.`)
  }

  async #resolved(account: string, kind: Kind, name: string): Promise<Entry['identity']> {
    // Ids of accounts have no blanks, and names may have any of their other signs.
    const key = `${account} ${kind}/${keyOf(name)}`
    for (let attempt = 1; ; attempt++) {
      const generation = this.generation(account)
      const cached = this.#cache.get(key)
      if (cached?.generation === generation) return cached.identity
      const identity = await this.#resolve(account, kind, name)
      // What a change went through while it was read is neither the old nor the new: it is read again.
      if (this.generation(account) === generation) {
        this.#cache.set(key, { generation, identity })
        return identity
      }
      if (attempt === tries) throw new QueryError('ConcurrentModification')
    }
  }

  async #resolve(account: string, kind: Kind, name: string): Promise<Entry['identity']> {
    const records = this.#records
    const owner = await records.account(account)
    const record = (await records.find(account, kind, name)) ?? rootWithout(account, kind)
    if (record === undefined) return undefined
    const links = await records.links(account, holderOf(kind, record.key))
    const groups = await records.entities(account, 'group', targetsOf(links, 'member'))
    const attached = [...targetsOf(links, 'attached')]
    for (const group of groups) {
      attached.push(...(await records.targets(account, 'attached', holderOf('group', group.key))))
    }
    const bounds = targetsOf(links, 'boundary')
    const identity: ResolvedIdentity = {
      arn: arnOf(owner, record),
      userId: kind === 'root' ? owner.number : record.id,
      name: kind === 'root' ? owner.name : record.name,
      path: record.path,
      policies: [
        ...[record, ...groups].flatMap(inlineOf),
        ...(await this.#policies(owner, [...new Set(attached)])),
      ],
      ...(bounds.length === 0 ? {} : { boundary: await this.#policies(owner, bounds) }),
      tags: Object.fromEntries(record.document.tags.map(({ Key, Value }) => [Key, Value])),
      volumeWide:
        owner.admin === 1 || (kind === 'root' && (record.document.inline ?? []).length > 0),
    }
    if (kind !== 'role') return identity
    const { trust = '', trustPrincipals, maxSession = 3600 } = record.document
    return { ...identity, trust: compilePolicy(trust, 'trust', trustPrincipals), maxSession }
  }

  async #policies(
    owner: AccountRecord,
    targets: readonly string[],
  ): Promise<readonly NamedPolicy[]> {
    const own = targets.filter(target => !target.startsWith(builtinMark))
    const records = await this.#records.entities(owner.id, 'policy', own)
    return [
      ...targets.flatMap(builtinOf),
      ...records.map(record => ({
        name: arnOf(owner, record),
        policy: compilePolicy(defaultText(record), 'identity'),
      })),
    ]
  }
}

/** A root without a record has no policies. */
const rootWithout = (account: string, kind: EntityKind): EntityRecord | undefined =>
  kind === 'root'
    ? { account, kind, key: '', name: '', id: '', path: '/', created: 0, document: { tags: [] } }
    : undefined

const targetsOf = (links: readonly LinkRecord[], relation: string): readonly string[] =>
  links.filter(link => link.relation === relation).map(link => link.target)

/** Inline policies are told as `user/alice/NAME`. */
const inlineOf = ({ kind, name, document }: EntityRecord): readonly NamedPolicy[] =>
  (document.inline ?? []).map(inline => ({
    name: [kind, name, inline.name].filter(part => part !== '').join('/'),
    policy: compilePolicy(inline.text, 'identity'),
  }))

function builtinOf(target: string): readonly NamedPolicy[] {
  if (!target.startsWith(builtinMark)) return []
  const found = builtinPolicy(target.slice(builtinMark.length))
  if (found === undefined) return []
  return [{ name: `${builtinArn}${found.name}`, policy: compilePolicy(found.text, 'identity') }]
}

export function defaultText({ document }: EntityRecord): string {
  const found = document.versions?.find(({ id }) => id === document.defaultVersion)
  return found?.text ?? ''
}
