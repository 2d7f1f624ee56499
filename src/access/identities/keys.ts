/** Access keys of users and of an account's root. */
import { QueryError } from '../../model/query-errors.ts'
import { get, type Stored, scan } from '../../ports/meta-store.ts'
import { type AccessKey, newAccessKey } from '../access-keys.ts'
import { keyRemovals } from '../key-uses.ts'
import { type MasterKey, seal } from '../seal.ts'
import { type KeyRecord, keysTable } from '../tables.ts'
import type { Changes, Draft, Records } from './records.ts'

/** An access key without its secret. */
export type KeyInfo = Omit<KeyRecord, 'sealed'>

export interface NewKey {
  /** Undefined: one is chosen. */
  readonly key?: AccessKey | undefined
  readonly expires?: number | undefined
  readonly description?: string | undefined
}

/** Ours: AWS has two. */
export const keysPerUser = 10
const keysRead = 1000

const noSuchKey = (id: string): QueryError =>
  new QueryError('NoSuchEntity', `The Access Key with id ${id} cannot be found.`)

export class AccessKeys {
  readonly #records: Records
  readonly #changes: Changes
  readonly #masterKey: MasterKey

  constructor(records: Records, changes: Changes, masterKey: MasterKey) {
    this.#records = records
    this.#changes = changes
    this.#masterKey = masterKey
  }

  /** `user` undefined: a key of the account's root. Throws NoSuchEntity, LimitExceeded. */
  create(
    account: string,
    user: string | undefined,
    { key = newAccessKey(), expires, description }: NewKey = {},
  ): Promise<{ readonly info: KeyInfo; readonly secret: string }> {
    return this.#changes.change(account, async draft => {
      const name = await nameOf(draft, account, user)
      requireRoom(await keysOf(draft, account, name))
      return this.#add(draft, name, { key, expires, description })
    })
  }

  /**
   * A new key in the place of one, in one commit: at no time are there both at full strength, or none. The old one goes
   * at once, or, where `until` is later, expires then (milliseconds since the epoch) if it does not before. An end that
   * was set holds for the new one too. Throws
   * NoSuchEntity, UnmodifiableEntity; LimitExceeded where the old one stays and there are as many others as there may be.
   */
  rotate(
    account: string,
    user: string | undefined,
    id: string,
    until: number,
  ): Promise<{ readonly info: KeyInfo; readonly secret: string }> {
    return this.#changes.change(account, async draft => {
      const { revision: _, ...old } = await changeable(draft, user, id)
      const name = old.user ?? null
      if (until <= draft.now) draft.writes.push(...keyRemovals(id))
      else {
        // It does not count itself, so that there is room for its successor; those that stay do.
        requireRoom((await keysOf(draft, account, name)).filter(other => other.id !== id))
        const expires = Math.min(old.expires ?? until, until)
        draft.writes.push({ put: keysTable, record: { ...old, expires } })
      }
      const description = old.description ?? undefined
      const expires = old.expires ?? undefined
      return this.#add(draft, name, { key: newAccessKey(), expires, description })
    })
  }

  async #add(
    draft: Draft,
    user: string | null,
    { key, expires, description }: NewKey & { readonly key: AccessKey },
  ): Promise<{ readonly info: KeyInfo; readonly secret: string }> {
    const info: KeyInfo = {
      id: key.accessKeyId,
      account: draft.id,
      volume: draft.owner.volume,
      status: 'Active',
      origin: 'request',
      created: draft.now,
      user,
      expires: expires ?? null,
      description: description ?? null,
    }
    const sealed = seal(this.#masterKey, key.accessKeyId, key.secret)
    await requireUnknown(draft, key.accessKeyId)
    draft.writes.push({ put: keysTable, record: { ...info, sealed }, absent: true })
    return { info, secret: key.secret }
  }

  /** Throws NoSuchEntity for a user that is not there. */
  async list(account: string, user: string | undefined): Promise<readonly KeyInfo[]> {
    const name = await nameOf(this.#records, account, user)
    return (await keysOf(this.#records, account, name)).map(withoutSecret)
  }

  /** Whose a key is: undefined where there is none, or one of another account. */
  async find(account: string, id: string): Promise<KeyInfo | undefined> {
    const record = await keyOf(this.#records, id)
    return record?.account === account ? withoutSecret(record) : undefined
  }

  /** Throws NoSuchEntity, UnmodifiableEntity for a key that the server or its configuration declares. */
  update(
    account: string,
    user: string | undefined,
    id: string,
    change: Partial<Pick<KeyRecord, 'status' | 'expires' | 'description'>>,
  ): Promise<void> {
    return this.#changes.change(account, async draft => {
      const { revision: _, ...record } = await changeable(draft, user, id)
      draft.writes.push({ put: keysTable, record: { ...record, ...change } })
    })
  }

  /** Throws NoSuchEntity, UnmodifiableEntity. */
  delete(account: string, user: string | undefined, id: string): Promise<void> {
    return this.#changes.change(account, async draft => {
      await changeable(draft, user, id)
      draft.writes.push(...keyRemovals(id))
    })
  }
}

function withoutSecret(record: KeyRecord): KeyInfo {
  const { sealed: _, ...info } = record
  return info
}

async function nameOf(
  records: Records,
  account: string,
  user: string | undefined,
): Promise<string | null> {
  return user === undefined ? null : (await records.entity(account, 'user', user)).name
}

async function keyOf(records: Records, id: string): Promise<Stored<KeyRecord> | undefined> {
  if (id.includes('\0')) return undefined
  const { gets } = await records.store.read({ gets: [get(keysTable, [id])] })
  return gets[0].record
}

/** `user` null: the root's, which stand among those of all users. */
async function keysOf(
  records: Records,
  account: string,
  user: string | null,
): Promise<readonly Stored<KeyRecord>[]> {
  const found: Stored<KeyRecord>[] = []
  for (let after: string | undefined; ; ) {
    const bounds = { limit: keysRead, ...(after === undefined ? {} : { after: [after] }) }
    const { scans } = await records.store.read({
      scans: [
        user === null
          ? scan(keysTable, { index: 'keys_by_account', at: [account], ...bounds })
          : scan(keysTable, { index: 'keys_by_user', at: [account, user], ...bounds }),
      ],
    })
    for (const entry of scans[0].entries) {
      if (typeof entry === 'string') continue
      after = entry.id
      if ((entry.user ?? null) === user) found.push(entry)
    }
    if (!scans[0].more) return found
  }
}

/** Throws LimitExceeded where there is none for one more. */
function requireRoom(keys: readonly KeyRecord[]): void {
  if (keys.length < keysPerUser) return
  throw new QueryError('LimitExceeded', `Cannot exceed quota for AccessKeysPerUser: ${keysPerUser}`)
}

async function requireUnknown(draft: Draft, id: string): Promise<void> {
  if ((await keyOf(draft, id)) === undefined) return
  throw new QueryError('EntityAlreadyExists', `The Access Key with id ${id} already exists.`)
}

async function changeable(
  draft: Draft,
  user: string | undefined,
  id: string,
): Promise<Stored<KeyRecord>> {
  const name = await nameOf(draft, draft.id, user)
  const record = await keyOf(draft, id)
  if (record?.account !== draft.id || (record.user ?? null) !== name) throw noSuchKey(id)
  if (record.origin === 'request') return record
  const why =
    record.origin === 'root'
      ? "is the root account's own key. It is changed by moongate root-key rotate."
      : "is declared by the server's configuration."
  throw new QueryError('UnmodifiableEntity', `The Access Key with id ${id} ${why}`)
}
