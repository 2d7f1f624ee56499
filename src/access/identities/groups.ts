/** Groups and who is in them. */
import { QueryError } from '../../model/query-errors.ts'
import { alreadyExists, holderOf, keyOf, newEntityId, requireName, requirePath } from './names.ts'
import type { Changes, Page, PageRequest, Records } from './records.ts'
import type { EntityRecord } from './tables.ts'

/** AWS's quota. */
const groupsOfUserMax = 10

export class Groups {
  readonly #records: Records
  readonly #changes: Changes

  constructor(records: Records, changes: Changes) {
    this.#records = records
    this.#changes = changes
  }

  /** Throws EntityAlreadyExists, ValidationError. */
  create(account: string, name: string, path = '/'): Promise<EntityRecord> {
    return this.#changes.change(account, async draft => {
      requireName('group', name)
      requirePath(path)
      if (await draft.find(account, 'group', name)) throw alreadyExists('group', name)
      const record: EntityRecord = {
        account,
        kind: 'group',
        key: keyOf(name),
        name,
        id: newEntityId('group'),
        path,
        created: draft.now,
        document: { tags: [] },
      }
      draft.put(record)
      return record
    })
  }

  /** Throws NoSuchEntity. */
  get(account: string, name: string): Promise<EntityRecord> {
    return this.#records.entity(account, 'group', name)
  }

  list(account: string, request: PageRequest): Promise<Page<EntityRecord>> {
    return this.#records.page(account, 'group', request)
  }

  /** The users in a group, by name. Throws NoSuchEntity. */
  async members(account: string, name: string): Promise<readonly EntityRecord[]> {
    const { key } = await this.#records.entity(account, 'group', name)
    const holders = await this.#records.holders(account, 'member', key)
    const keys = holders.map(holder => holder.slice('user/'.length))
    return this.#records.entities(account, 'user', keys)
  }

  /** Throws NoSuchEntity, EntityAlreadyExists. */
  update(
    account: string,
    name: string,
    change: { readonly name?: string | undefined; readonly path?: string | undefined },
  ): Promise<EntityRecord> {
    return this.#changes.change(account, async draft => {
      const record = await draft.entity(account, 'group', name)
      const { name: newName = record.name, path = record.path } = change
      requireName('group', newName)
      requirePath(path)
      if (keyOf(newName) !== record.key && (await draft.find(account, 'group', newName))) {
        throw alreadyExists('group', newName)
      }
      await draft.rename(record, newName, path)
      return { ...record, name: newName, path, key: keyOf(newName) }
    })
  }

  /** Throws NoSuchEntity, DeleteConflict while it has users or policies. */
  delete(account: string, name: string): Promise<void> {
    return this.#changes.change(account, async draft => {
      const record = await draft.entity(account, 'group', name)
      const attached = await draft.links(account, holderOf('group', record.key))
      if (attached.length > 0 || (record.document.inline ?? []).length > 0) {
        throw new QueryError(
          'DeleteConflict',
          'Cannot delete entity, must detach all policies first.',
        )
      }
      if ((await draft.holders(account, 'member', record.key)).length > 0) {
        throw new QueryError(
          'DeleteConflict',
          'Cannot delete entity, must remove users from group first.',
        )
      }
      draft.remove(record)
    })
  }

  /** Throws NoSuchEntity, LimitExceeded. A user who is in it stays so. */
  add(account: string, group: string, user: string): Promise<void> {
    return this.#changes.change(account, async draft => {
      const { key } = await draft.entity(account, 'group', group)
      const member = await draft.entity(account, 'user', user)
      const holder = holderOf('user', member.key)
      const groups = await draft.targets(account, 'member', holder)
      if (groups.includes(key)) return
      if (groups.length >= groupsOfUserMax) {
        throw new QueryError(
          'LimitExceeded',
          `Cannot exceed quota for GroupsPerUser: ${groupsOfUserMax}`,
        )
      }
      draft.link('member', key, holder)
    })
  }

  /** Throws NoSuchEntity. */
  remove(account: string, group: string, user: string): Promise<void> {
    return this.#changes.change(account, async draft => {
      const { key } = await draft.entity(account, 'group', group)
      const member = await draft.entity(account, 'user', user)
      draft.unlink('member', key, holderOf('user', member.key))
    })
  }
}
