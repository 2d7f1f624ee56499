/** Policies of users, groups, roles and of an account's root: inline ones, attached ones, and their bounds. */
import { QueryError } from '../../model/query-errors.ts'
import { compilePolicy, policySize, requireSize } from './compile.ts'
import { holderOf, noSuchEntity, requirePolicyName } from './names.ts'
import type { Changes, Draft, Records } from './records.ts'
import { linkPolicy, type NamedArn, policiesOf, policyReference } from './references.ts'
import type { EntityRecord, InlinePolicy } from './tables.ts'

/** Who has policies. The root has no name. */
export interface Holder {
  readonly kind: 'user' | 'group' | 'role' | 'root'
  readonly name: string
}

/** All inline policies of an entity together: AWS's quotas. */
const inlineMax: Readonly<Record<Holder['kind'], number>> = {
  user: 2048,
  group: 5120,
  role: 10_240,
  root: 10_240,
}

/** AWS's greatest quota. */
const attachedMax = 20

const emptyRoot = (account: string): EntityRecord => ({
  account,
  kind: 'root',
  key: '',
  name: '',
  id: '',
  path: '/',
  created: 0,
  document: { tags: [] },
})

const noSuchPolicy = (name: string, holder: Holder): QueryError =>
  new QueryError('NoSuchEntity', `The ${holder.kind} policy with name ${name} cannot be found.`)

async function held(records: Records, account: string, holder: Holder): Promise<EntityRecord> {
  if (holder.kind !== 'root') return records.entity(account, holder.kind, holder.name)
  // An account without a record has a root all the same.
  await records.account(account)
  return (await records.find(account, 'root', '')) ?? emptyRoot(account)
}

export class Grants {
  readonly #records: Records
  readonly #changes: Changes

  constructor(records: Records, changes: Changes) {
    this.#records = records
    this.#changes = changes
  }

  /** Names of inline policies, in their order. Throws NoSuchEntity. */
  async inlineNames(account: string, holder: Holder): Promise<readonly string[]> {
    const { document } = await held(this.#records, account, holder)
    return (document.inline ?? []).map(({ name }) => name)
  }

  /** Throws NoSuchEntity. */
  async inline(account: string, holder: Holder, name: string): Promise<InlinePolicy> {
    const { document } = await held(this.#records, account, holder)
    const found = document.inline?.find(policy => policy.name === name)
    if (found === undefined) throw noSuchPolicy(name, holder)
    return found
  }

  /** Throws NoSuchEntity, MalformedPolicyDocument, LimitExceeded. */
  putInline(account: string, holder: Holder, policy: InlinePolicy): Promise<void> {
    return this.#changes.change(account, async draft => {
      requirePolicyName(policy.name)
      const record = await held(draft, account, holder)
      const others = (record.document.inline ?? []).filter(({ name }) => name !== policy.name)
      const inline = [...others, policy].sort((a, b) => (a.name < b.name ? -1 : 1))
      const size = inline.reduce((sum, { text }) => sum + policySize(text), 0)
      requireSize(size, inlineMax[holder.kind], `${holder.kind} ${holder.name}`)
      compilePolicy(policy.text, 'identity')
      draft.put({ ...record, document: { ...record.document, inline } })
    })
  }

  /** Throws NoSuchEntity. */
  deleteInline(account: string, holder: Holder, name: string): Promise<void> {
    return this.#changes.change(account, async draft => {
      const record = await held(draft, account, holder)
      const before = record.document.inline ?? []
      const inline = before.filter(policy => policy.name !== name)
      if (inline.length === before.length) throw noSuchPolicy(name, holder)
      draft.put({ ...record, document: { ...record.document, inline } })
    })
  }

  /** Throws NoSuchEntity. */
  async attached(account: string, holder: Holder): Promise<readonly NamedArn[]> {
    return this.#linked(account, holder, 'attached')
  }

  /** Attaching twice is attaching once. Throws NoSuchEntity, LimitExceeded. */
  attach(account: string, holder: Holder, arn: string): Promise<void> {
    return this.#changes.change(account, async draft => {
      const record = await held(draft, account, holder)
      const { target } = await policyReference(draft, draft.owner, arn)
      const name = holderOf(record.kind, record.key)
      const before = await draft.targets(account, 'attached', name)
      if (before.includes(target)) return
      if (before.length >= attachedMax) {
        throw new QueryError(
          'LimitExceeded',
          `Cannot exceed quota for PoliciesPerEntity: ${attachedMax}`,
        )
      }
      draft.link('attached', target, name)
    })
  }

  /** Throws NoSuchEntity for one that is not attached. */
  detach(account: string, holder: Holder, arn: string): Promise<void> {
    return this.#changes.change(account, async draft => {
      const record = await held(draft, account, holder)
      const { target } = await policyReference(draft, draft.owner, arn)
      const name = holderOf(record.kind, record.key)
      if (!(await draft.targets(account, 'attached', name)).includes(target)) {
        throw new QueryError('NoSuchEntity', `Policy ${arn} was not found.`)
      }
      draft.unlink('attached', target, name)
    })
  }

  /** The managed policy that bounds a user or role, if one does. */
  async boundary(account: string, holder: Holder): Promise<NamedArn | undefined> {
    return (await this.#linked(account, holder, 'boundary'))[0]
  }

  putBoundary(account: string, holder: Holder, arn: string): Promise<void> {
    return this.#changes.change(account, async draft => {
      const record = await requireBounded(draft, holder)
      await policyReference(draft, draft.owner, arn)
      await unbound(draft, record)
      await linkPolicy(draft, 'boundary', arn, record)
    })
  }

  /** Throws NoSuchEntity where there is none. */
  deleteBoundary(account: string, holder: Holder): Promise<void> {
    return this.#changes.change(account, async draft => {
      const record = await requireBounded(draft, holder)
      if ((await unbound(draft, record)) > 0) return
      throw new QueryError(
        'NoSuchEntity',
        `No permissions boundary is set on ${holder.kind} ${holder.name}.`,
      )
    })
  }

  async #linked(
    account: string,
    holder: Holder,
    relation: 'attached' | 'boundary',
  ): Promise<readonly NamedArn[]> {
    const { kind, key } = await held(this.#records, account, holder)
    const owner = await this.#records.account(account)
    const targets = await this.#records.targets(account, relation, holderOf(kind, key))
    return policiesOf(this.#records, owner, targets)
  }
}

async function requireBounded(draft: Draft, { kind, name }: Holder): Promise<EntityRecord> {
  if (kind === 'user' || kind === 'role') return draft.entity(draft.id, kind, name)
  throw noSuchEntity(kind, name)
}

async function unbound(draft: Draft, { kind, key }: EntityRecord): Promise<number> {
  const holder = holderOf(kind, key)
  const targets = await draft.targets(draft.id, 'boundary', holder)
  for (const target of targets) draft.unlink('boundary', target, holder)
  return targets.length
}
