/** Reads IAM's records, and changes those of one account in a line. */

import { QueryError } from '../../model/query-errors.ts'
import type { Clock } from '../../ports/clock.ts'
import {
  Conflict,
  get,
  type MetaStore,
  type Stored,
  scan,
  type Write,
} from '../../ports/meta-store.ts'
import { type AccountRecord, accountsTable } from '../tables.ts'
import { holderOf, keyOf, noSuchEntity } from './names.ts'
import {
  type EntityKind,
  type EntityRecord,
  identitiesTable,
  identityChangesTable,
  identityLinksTable,
  type LinkRecord,
  type Relation,
} from './tables.ts'

/** Links that one entity may have, and links read in one turn. */
const linksMax = 10_000
const administratorsMax = 100
const changeTries = 30

export interface Page<T> {
  readonly items: readonly T[]
  /** Where the next page begins; undefined: this was the last. */
  readonly marker: string | undefined
}

export interface PageRequest {
  readonly marker?: string | undefined
  readonly limit?: number | undefined
  readonly pathPrefix?: string | undefined
}

const pageDefault = 100
const scanLimit = 250

/** Reading, outside of any change. */
export class Records {
  readonly store: MetaStore
  constructor(store: MetaStore) {
    this.store = store
  }

  async account(id: string): Promise<Stored<AccountRecord>> {
    const { gets } = await this.store.read({ gets: [get(accountsTable, [id])] })
    const { record } = gets[0]
    if (record === undefined) throw new QueryError('NoSuchEntity', 'The account cannot be found.')
    return record
  }

  /** A page in the order of canonical ids, of which the marker is one. */
  async accounts({ marker, limit = pageDefault }: PageRequest): Promise<Page<AccountRecord>> {
    const { scans } = await this.store.read({
      scans: [
        scan(accountsTable, {
          at: [],
          ...(marker === undefined ? {} : { after: [marker] }),
          limit,
        }),
      ],
    })
    const items = scans[0].entries.filter(entry => typeof entry !== 'string')
    return { items, marker: scans[0].more ? items.at(-1)?.id : undefined }
  }

  /** Whose ARNs have this number: those of no number are of administrators, each of whom may be meant. */
  async accountsOfArn(number: string): Promise<readonly Stored<AccountRecord>[]> {
    if (number.includes('\0')) return []
    const { scans } = await this.store.read({
      scans: [
        number === ''
          ? scan(accountsTable, { index: 'accounts_by_admin', at: [1], limit: administratorsMax })
          : scan(accountsTable, { index: 'accounts_by_number', at: [number], limit: 1 }),
      ],
    })
    return scans[0].entries.filter(entry => typeof entry !== 'string')
  }

  async find(
    account: string,
    kind: EntityKind,
    name: string,
  ): Promise<Stored<EntityRecord> | undefined> {
    if (name.includes('\0')) return undefined
    const { gets } = await this.store.read({
      gets: [get(identitiesTable, [account, kind, keyOf(name)])],
    })
    return gets[0].record
  }

  /** Throws NoSuchEntity. */
  async entity(account: string, kind: EntityKind, name: string): Promise<Stored<EntityRecord>> {
    const record = await this.find(account, kind, name)
    if (record === undefined) throw noSuchEntity(kind, name)
    return record
  }

  async entities(
    account: string,
    kind: EntityKind,
    keys: readonly string[],
  ): Promise<readonly Stored<EntityRecord>[]> {
    if (keys.length === 0) return []
    const { gets } = await this.store.read({
      gets: keys.map(key => get(identitiesTable, [account, kind, key])),
    })
    return gets.flatMap(({ record }) => (record === undefined ? [] : [record]))
  }

  /** A page in the order of names, of those under a path. The marker is a name's key. */
  async page(account: string, kind: EntityKind, request: PageRequest): Promise<Page<EntityRecord>> {
    const limit = request.limit ?? pageDefault
    const prefix = request.pathPrefix ?? '/'
    const items: EntityRecord[] = []
    let after = request.marker
    for (;;) {
      const { scans } = await this.store.read({
        scans: [
          scan(identitiesTable, {
            at: [account, kind],
            ...(after === undefined ? {} : { after: [after] }),
            limit: scanLimit,
          }),
        ],
      })
      for (const entry of scans[0].entries) {
        if (typeof entry === 'string') continue
        if (entry.path.startsWith(prefix)) {
          if (items.length === limit) return { items, marker: items.at(-1)?.key }
          items.push(entry)
        }
        after = entry.key
      }
      if (!scans[0].more) return { items, marker: undefined }
    }
  }

  /** What an entity is linked to. */
  async targets(account: string, relation: Relation, holder: string): Promise<readonly string[]> {
    const links = await this.links(account, holder)
    return links.filter(link => link.relation === relation).map(link => link.target)
  }

  async links(account: string, holder: string): Promise<readonly LinkRecord[]> {
    const { scans } = await this.store.read({
      scans: [
        scan(identityLinksTable, {
          index: 'links_by_holder',
          at: [account, holder],
          limit: linksMax,
        }),
      ],
    })
    return scans[0].entries.filter(entry => typeof entry !== 'string')
  }

  /** Who is linked to an entity. */
  async holders(account: string, relation: Relation, target: string): Promise<readonly string[]> {
    const { scans } = await this.store.read({
      scans: [scan(identityLinksTable, { at: [account, relation, target], limit: linksMax })],
    })
    return scans[0].entries.flatMap(entry => (typeof entry === 'string' ? [] : [entry.holder]))
  }
}

/** One change of an account: what it reads stands still until it is committed. */
export class Draft extends Records {
  readonly owner: Stored<AccountRecord>
  readonly now: number
  readonly writes: Write[] = []

  constructor(store: MetaStore, account: Stored<AccountRecord>, now: number) {
    super(store)
    this.owner = account
    this.now = now
  }

  get id(): string {
    return this.owner.id
  }

  put(record: EntityRecord): void {
    const { account, kind, key, name, id, path, created, document } = record
    this.writes.push({
      put: identitiesTable,
      record: { account, kind, key, name, id, path, created, document },
    })
  }

  remove(record: EntityRecord): void {
    this.writes.push({ remove: identitiesTable, key: [record.account, record.kind, record.key] })
  }

  link(relation: Relation, target: string, holder: string): void {
    this.writes.push({
      put: identityLinksTable,
      record: { account: this.id, relation, target, holder },
    })
  }

  unlink(relation: Relation, target: string, holder: string): void {
    this.writes.push({
      remove: identityLinksTable,
      key: [this.id, relation, target, holder],
    })
  }

  /** An entity under another name or path, with all that is linked to it. */
  async rename(record: EntityRecord, name: string, path: string): Promise<void> {
    const key = keyOf(name)
    if (key !== record.key) {
      this.remove(record)
      await this.#moveLinks(record, key)
    }
    this.put({ ...record, key, name, path })
  }

  async #moveLinks({ kind, key: old }: EntityRecord, key: string): Promise<void> {
    const [before, after] = [holderOf(kind, old), holderOf(kind, key)]
    for (const { relation, target } of await this.links(this.id, before)) {
      this.unlink(relation, target, before)
      this.link(relation, target, after)
    }
    if (kind !== 'group') return
    for (const holder of await this.holders(this.id, 'member', old)) {
      this.unlink('member', old, holder)
      this.link('member', key, holder)
    }
  }
}

/** Changes accounts' records, one change of an account after the other. */
export class Changes {
  readonly #store: MetaStore
  readonly #clock: Clock
  /** Changes of one account in this process queue up, so that they do not meet as conflicts. */
  readonly #queues = new Map<string, Promise<unknown>>()

  constructor(store: MetaStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  change<T>(account: string, decide: (draft: Draft) => Promise<T>): Promise<T> {
    const before = this.#queues.get(account) ?? Promise.resolve()
    const turn = before.then(() => this.#attempt(account, decide))
    const settled = turn.then(
      () => undefined,
      () => undefined,
    )
    this.#queues.set(account, settled)
    void settled.then(() => {
      if (this.#queues.get(account) === settled) this.#queues.delete(account)
    })
    return turn
  }

  async #attempt<T>(account: string, decide: (draft: Draft) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(account, decide)
      } catch (error) {
        if (!(error instanceof Conflict)) throw error
        if (attempt === changeTries) throw new QueryError('ConcurrentModification')
      }
    }
  }

  async #once<T>(account: string, decide: (draft: Draft) => Promise<T>): Promise<T> {
    const { gets } = await this.#store.read({
      gets: [get(accountsTable, [account]), get(identityChangesTable, [account])],
    })
    const [{ record }, { record: changes }] = gets
    if (record === undefined) throw new QueryError('NoSuchEntity', 'The account cannot be found.')
    const draft = new Draft(this.#store, record, this.#clock.now())
    const result = await decide(draft)
    if (draft.writes.length === 0) return result
    await this.#store.commit({
      checks: [
        { table: identityChangesTable, key: [account], revision: changes?.revision ?? null },
        { table: accountsTable, key: [account], revision: record.revision },
      ],
      writes: [
        ...draft.writes,
        { put: identityChangesTable, record: { account, count: (changes?.count ?? 0) + 1 } },
      ],
    })
    return result
  }
}
