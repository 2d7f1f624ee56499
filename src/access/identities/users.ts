/** Users: made, changed and deleted. */

import { QueryError } from '../../model/query-errors.ts'
import type { Tag } from '../../ports/keyspace.ts'
import { scan } from '../../ports/meta-store.ts'
import { keysTable } from '../tables.ts'
import {
  alreadyExists,
  holderOf,
  keyOf,
  newEntityId,
  requireName,
  requirePath,
  requireTags,
} from './names.ts'
import type { Changes, Draft, Page, PageRequest, Records } from './records.ts'
import { linkPolicy } from './references.ts'
import type { EntityRecord } from './tables.ts'
import { Tags } from './tags.ts'

export interface NewUser {
  readonly name: string
  readonly path?: string | undefined
  readonly tags?: readonly Tag[] | undefined
  readonly displayName?: string | undefined
  readonly email?: string | undefined
  /** ARN of a managed policy. */
  readonly boundary?: string | undefined
}

export interface UserChange {
  readonly name?: string | undefined
  readonly path?: string | undefined
  readonly displayName?: string | undefined
  readonly email?: string | undefined
}

const keysOfUserMax = 1000

export class Users {
  readonly #records: Records
  readonly #changes: Changes
  readonly tags: Tags

  constructor(records: Records, changes: Changes) {
    this.#records = records
    this.#changes = changes
    this.tags = new Tags(changes, (draft, name) => draft.entity(draft.id, 'user', name))
  }

  /** Throws EntityAlreadyExists, ValidationError. */
  create(account: string, user: NewUser): Promise<EntityRecord> {
    const { name, path = '/', tags = [], displayName, email, boundary } = user
    return this.#changes.change(account, async draft => {
      requireName('user', name)
      requirePath(path)
      requireTags(tags)
      if ((await draft.find(account, 'user', name)) !== undefined) throw alreadyExists('user', name)
      const record: EntityRecord = {
        account,
        kind: 'user',
        key: keyOf(name),
        name,
        id: newEntityId('user'),
        path,
        created: draft.now,
        document: { tags, displayName, email },
      }
      draft.put(record)
      if (boundary !== undefined) await linkPolicy(draft, 'boundary', boundary, record)
      return record
    })
  }

  /** Throws NoSuchEntity. */
  get(account: string, name: string): Promise<EntityRecord> {
    return this.#records.entity(account, 'user', name)
  }

  list(account: string, request: PageRequest): Promise<Page<EntityRecord>> {
    return this.#records.page(account, 'user', request)
  }

  /** Throws NoSuchEntity, EntityAlreadyExists for a new name that is taken. */
  update(account: string, name: string, change: UserChange): Promise<EntityRecord> {
    return this.#changes.change(account, async draft => {
      const record = await draft.entity(account, 'user', name)
      const { name: newName = record.name, path = record.path, ...document } = change
      requireName('user', newName)
      requirePath(path)
      if (keyOf(newName) !== record.key) {
        if (await draft.find(account, 'user', newName)) throw alreadyExists('user', newName)
      }
      const given = Object.entries(document).filter(([, value]) => value !== undefined)
      const changed = {
        ...record,
        document: { ...record.document, ...Object.fromEntries(given) },
      }
      await draft.rename(changed, newName, path)
      if (newName !== record.name) await moveKeys(draft, record.name, newName)
      return { ...changed, name: newName, path, key: keyOf(newName) }
    })
  }

  /** Answers who that was. Throws NoSuchEntity, DeleteConflict while keys, policies or groups are left. */
  delete(account: string, name: string): Promise<EntityRecord> {
    return this.#changes.change(account, async draft => {
      const record = await draft.entity(account, 'user', name)
      const links = await draft.links(account, holderOf('user', record.key))
      const attached = links.some(link => link.relation === 'attached')
      if (attached || (record.document.inline ?? []).length > 0) throw inUse('policies')
      if (links.some(link => link.relation === 'member')) throw inUse('groups')
      if ((await keysOf(draft, record.name)).length > 0) throw inUse('access keys')
      for (const { relation, target, holder } of links) draft.unlink(relation, target, holder)
      draft.remove(record)
      return record
    })
  }

  /** The groups of a user. Throws NoSuchEntity. */
  async groups(account: string, name: string): Promise<readonly EntityRecord[]> {
    const { key } = await this.#records.entity(account, 'user', name)
    const groups = await this.#records.targets(account, 'member', holderOf('user', key))
    return this.#records.entities(account, 'group', groups)
  }
}

const inUse = (what: string): QueryError =>
  new QueryError(
    'DeleteConflict',
    `Cannot delete entity, must remove ${what === 'policies' ? 'or detach all' : 'its'} ${what} first.`,
  )

async function keysOf(draft: Draft, name: string) {
  const { scans } = await draft.store.read({
    scans: [scan(keysTable, { index: 'keys_by_user', at: [draft.id, name], limit: keysOfUserMax })],
  })
  return scans[0].entries.filter(entry => typeof entry !== 'string')
}

/** Keys name their user. */
async function moveKeys(draft: Draft, before: string, after: string): Promise<void> {
  for (const { revision: _, ...record } of await keysOf(draft, before)) {
    draft.writes.push({ put: keysTable, record: { ...record, user: after } })
  }
}
