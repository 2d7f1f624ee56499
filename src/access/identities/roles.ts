/** Roles: what may be assumed, and by whom. */
import { QueryError } from '../../model/query-errors.ts'
import type { Tag } from '../../ports/keyspace.ts'
import { compilePolicy, malformed, policySize, requireSize } from './compile.ts'
import {
  alreadyExists,
  holderOf,
  keyOf,
  newEntityId,
  requireName,
  requirePath,
  requireTags,
} from './names.ts'
import { principalIdsIn } from './principal-ids.ts'
import type { Changes, Draft, Page, PageRequest, Records } from './records.ts'
import { linkPolicy } from './references.ts'
import type { EntityDocument, EntityRecord } from './tables.ts'
import { Tags } from './tags.ts'

export interface NewRole {
  readonly name: string
  readonly path?: string | undefined
  /** The trust policy's document. */
  readonly trust: string
  readonly description?: string | undefined
  /** Seconds. */
  readonly maxSession?: number | undefined
  readonly tags?: readonly Tag[] | undefined
  /** ARN of a managed policy. */
  readonly boundary?: string | undefined
}

export interface RoleChange {
  readonly description?: string | undefined
  readonly maxSession?: number | undefined
}

const trustMax = 4096
export const maxSessionDefault = 3600

function requireSession(seconds: number): void {
  if (seconds >= 3600 && seconds <= 43_200) return
  throw new QueryError(
    'ValidationError',
    'MaxSessionDuration must be between 3600 and 43200 seconds.',
  )
}

/** A trust policy, with whom it names. Throws LimitExceeded, MalformedPolicyDocument. */
async function trustIn(
  draft: Draft,
  name: string,
  trust: string,
): Promise<Required<Pick<EntityDocument, 'trust' | 'trustPrincipals'>>> {
  requireSize(policySize(trust), trustMax, `role ${name}`)
  const policy = compilePolicy(trust, 'trust')
  try {
    return { trust, trustPrincipals: await principalIdsIn(policy, draft.owner.volume, draft) }
  } catch (error) {
    throw malformed(error)
  }
}

export class Roles {
  readonly #records: Records
  readonly #changes: Changes
  readonly tags: Tags

  constructor(records: Records, changes: Changes) {
    this.#records = records
    this.#changes = changes
    this.tags = new Tags(changes, (draft, name) => draft.entity(draft.id, 'role', name))
  }

  /** Throws EntityAlreadyExists, MalformedPolicyDocument, ValidationError. */
  create(account: string, role: NewRole): Promise<EntityRecord> {
    const { name, path = '/', trust, description, boundary, tags = [] } = role
    const { maxSession = maxSessionDefault } = role
    return this.#changes.change(account, async draft => {
      requireName('role', name)
      requirePath(path)
      requireTags(tags, draft.owner.admin === 1 ? 'repeated' : 'once')
      requireSession(maxSession)
      const trusted = await trustIn(draft, name, trust)
      if (await draft.find(account, 'role', name)) throw alreadyExists('role', name)
      const record: EntityRecord = {
        account,
        kind: 'role',
        key: keyOf(name),
        name,
        id: newEntityId('role'),
        path,
        created: draft.now,
        document: { tags, ...trusted, description, maxSession },
      }
      draft.put(record)
      if (boundary !== undefined) await linkPolicy(draft, 'boundary', boundary, record)
      return record
    })
  }

  /** Throws NoSuchEntity. */
  get(account: string, name: string): Promise<EntityRecord> {
    return this.#records.entity(account, 'role', name)
  }

  list(account: string, request: PageRequest): Promise<Page<EntityRecord>> {
    return this.#records.page(account, 'role', request)
  }

  update(account: string, name: string, change: RoleChange): Promise<EntityRecord> {
    if (change.maxSession !== undefined) requireSession(change.maxSession)
    return this.#document(account, name, document => ({
      ...document,
      description: change.description ?? document.description,
      maxSession: change.maxSession ?? document.maxSession ?? maxSessionDefault,
    }))
  }

  /** Throws MalformedPolicyDocument. */
  setTrust(account: string, name: string, trust: string): Promise<EntityRecord> {
    return this.#document(account, name, async (document, draft) => ({
      ...document,
      ...(await trustIn(draft, name, trust)),
    }))
  }

  #document(
    account: string,
    name: string,
    decide: (document: EntityDocument, draft: Draft) => EntityDocument | Promise<EntityDocument>,
  ): Promise<EntityRecord> {
    return this.#changes.change(account, async draft => {
      const record = await draft.entity(account, 'role', name)
      const changed = { ...record, document: await decide(record.document, draft) }
      draft.put(changed)
      return changed
    })
  }

  /** Throws NoSuchEntity, DeleteConflict while it has policies. */
  delete(account: string, name: string): Promise<void> {
    return this.#changes.change(account, async draft => {
      const record = await draft.entity(account, 'role', name)
      const links = await draft.links(account, holderOf('role', record.key))
      const attached = links.some(link => link.relation === 'attached')
      if (attached || (record.document.inline ?? []).length > 0) {
        throw new QueryError(
          'DeleteConflict',
          'Cannot delete entity, must detach all policies first.',
        )
      }
      for (const { relation, target, holder } of links) draft.unlink(relation, target, holder)
      draft.remove(record)
    })
  }
}
