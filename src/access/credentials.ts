/** Credentials as a signature check asks for them, kept in memory for as long as nothing about them changed. */
import { getFollowing, type MetaStore } from '../ports/meta-store.ts'
import type { Principal } from './principal.ts'
import { type MasterKey, open } from './seal.ts'
import { type AccountRecord, accountsTable, keysTable, rootsTable } from './tables.ts'

/** An access key's secret and who it stands for. */
export interface Credential {
  readonly accessKeyId: string
  readonly secret: string
  readonly principal: Principal
}

/** Where secrets come from. The credential service will be another source behind the same three questions. */
export interface CredentialSource {
  /** The credential if it is at hand, at once. */
  cached(accessKeyId: string): Credential | undefined
  /** Undefined: nobody has this access key, or it is switched off. Costs one read where nothing is cached. */
  secretOf(accessKeyId: string): Promise<Credential | undefined>
  /** Forgets one credential, or all of them. */
  forget(accessKeyId?: string): void
}

/** An account as others see it. */
export interface AccountInfo {
  readonly canonicalId: string
  readonly accountNumber: string
  readonly displayName: string
  readonly email: string | undefined
  readonly volume: string
}

export const accountInfo = (record: AccountRecord): AccountInfo => ({
  canonicalId: record.id,
  accountNumber: record.number,
  displayName: record.name,
  email: record.email ?? undefined,
  volume: record.volume,
})

export function principalOf(
  account: Pick<AccountInfo, 'canonicalId' | 'accountNumber' | 'displayName' | 'volume'>,
  accessKeyId: string,
  isRoot: boolean,
): Principal {
  return {
    kind: 'account',
    canonicalId: account.canonicalId,
    accountNumber: account.accountNumber,
    displayName: account.displayName,
    volume: account.volume,
    accessKeyId,
    isRoot,
  }
}

/** A bounded map that forgets what was put in first. */
export class Cache<V> {
  readonly #entries = new Map<string, V>()
  readonly #most: number
  constructor(most: number) {
    this.#most = most
  }

  get(key: string): V | undefined {
    return this.#entries.get(key)
  }

  set(key: string, value: V): void {
    if (this.#entries.size >= this.#most && !this.#entries.has(key)) {
      const oldest = this.#entries.keys().next()
      if (!oldest.done) this.#entries.delete(oldest.value)
    }
    this.#entries.set(key, value)
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }

  clear(): void {
    this.#entries.clear()
  }

  get size(): number {
    return this.#entries.size
  }
}

/** Credentials of the keys in the MetaStore, and the accounts that they belong to. */
export class StoredCredentials implements CredentialSource {
  readonly #store: MetaStore
  readonly #masterKey: MasterKey
  readonly #credentials: Cache<{ readonly credential: Credential; readonly generation: number }>
  readonly #accounts: Cache<AccountInfo>
  /** Moves with every invalidation: what was read before one must not be cached after it. */
  #generation = 0
  readonly #stop: () => void

  constructor(store: MetaStore, masterKey: MasterKey, cacheMax: number) {
    this.#store = store
    this.#masterKey = masterKey
    this.#credentials = new Cache(cacheMax)
    this.#accounts = new Cache(cacheMax)
    this.#stop = store.changes(
      (table, key) => {
        if (table === keysTable.name) this.forget(String(key[0]))
        else if (table === accountsTable.name || table === rootsTable.name) this.forget()
      },
      [keysTable, accountsTable, rootsTable],
    )
  }

  cached(accessKeyId: string): Credential | undefined {
    const entry = this.#credentials.get(accessKeyId)
    if (entry === undefined) return undefined
    // The store's number moves before a revocation is told to anybody; `changes` may tell it a moment later.
    if (entry.generation === this.#store.generation(keysTable, [accessKeyId])) {
      return entry.credential
    }
    this.#credentials.delete(accessKeyId)
    return undefined
  }

  async secretOf(accessKeyId: string): Promise<Credential | undefined> {
    const cached = this.cached(accessKeyId)
    if (cached !== undefined) return cached
    // A client may send anything as its access key id; the store refuses NUL in keys.
    if (accessKeyId.length > 128 || accessKeyId.includes('\0')) return undefined
    const told = this.#generation
    const generation = this.#store.generation(keysTable, [accessKeyId])
    const { gets } = await this.#store.read({
      gets: [getFollowing(keysTable, [accessKeyId], 'account', accountsTable)],
    })
    const { record: key, followed: account } = gets[0]
    if (key === undefined || account === undefined || key.status !== 'Active') return undefined
    const credential: Credential = {
      accessKeyId,
      secret: open(this.#masterKey, accessKeyId, key.sealed),
      principal: principalOf(accountInfo(account), accessKeyId, key.origin === 'root'),
    }
    if (told === this.#generation) this.#credentials.set(accessKeyId, { credential, generation })
    return credential
  }

  /** The account of this canonical id, if there is one. */
  async account(canonicalId: string): Promise<AccountInfo | undefined> {
    const cached = this.#accounts.get(canonicalId)
    if (cached !== undefined) return cached
    const generation = this.#generation
    const { gets } = await this.#store.read({
      gets: [{ table: accountsTable, key: [canonicalId] }],
    })
    const record = gets[0].record
    if (record === undefined) return undefined
    const info = accountInfo(record)
    if (generation === this.#generation) this.#accounts.set(canonicalId, info)
    return info
  }

  forget(accessKeyId?: string): void {
    this.#generation += 1
    if (accessKeyId === undefined) {
      this.#credentials.clear()
      this.#accounts.clear()
    } else {
      this.#credentials.delete(accessKeyId)
    }
  }

  /** Stops to listen for changes. */
  close(): void {
    this.#stop()
  }
}
