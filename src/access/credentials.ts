/** Credentials as a signature check asks for them, kept in memory for as long as nothing about them changed. */
import type { Clock } from '../ports/clock.ts'
import { get, getFollowing, type MetaStore, scan } from '../ports/meta-store.ts'
import { defaultVolume } from '../ports/volumes.ts'
import { Cache } from './cache.ts'
import { type AccountInfo, accountInfo, type Credential } from './credential.ts'
import type { Identities } from './identities/resolve.ts'
import { holderOf } from './principals.ts'
import { type MasterKey, open } from './seal.ts'
import { accountsTable, keysTable, rootsTable } from './tables.ts'

/** Where secrets come from. The credential service will be another source behind the same three questions. */
export interface CredentialSource {
  /** The credential if it is at hand, at once. */
  cached(accessKeyId: string): Credential | undefined
  /** Undefined: nobody has this access key, or it is switched off. Costs one read where nothing is cached. */
  secretOf(accessKeyId: string): Promise<Credential | undefined>
  /** Forgets one credential, or all of them. */
  forget(accessKeyId?: string): void
}

/** Credentials of the keys in the MetaStore, and the accounts that they belong to. */
export interface CredentialOptions {
  readonly store: MetaStore
  readonly masterKey: MasterKey
  readonly clock: Clock
  readonly identities: Identities
  /** So many are kept in memory. */
  readonly cacheMax: number
}

interface Known {
  readonly credential: Credential
  readonly expires: number
  /** Whether neither the key nor its account and users have changed. */
  stands(): boolean
}

export class StoredCredentials implements CredentialSource {
  readonly #store: MetaStore
  readonly #masterKey: MasterKey
  readonly #clock: Clock
  readonly #identities: Identities
  readonly #credentials: Cache<Known>
  readonly #accounts: Cache<AccountInfo>
  /** Moves with every invalidation: what was read before one must not be cached after it. */
  #generation = 0
  readonly #stop: () => void

  constructor({ store, masterKey, clock, identities, cacheMax }: CredentialOptions) {
    this.#store = store
    this.#masterKey = masterKey
    this.#clock = clock
    this.#identities = identities
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
    if (entry.stands() && entry.expires > this.#clock.now()) return entry.credential
    this.#credentials.delete(accessKeyId)
    return undefined
  }

  async secretOf(accessKeyId: string): Promise<Credential | undefined> {
    const cached = this.cached(accessKeyId)
    if (cached !== undefined) return cached
    // A client may send anything as its access key id; the store refuses NUL in keys.
    if (accessKeyId.length > 128 || accessKeyId.includes('\0')) return undefined
    const told = this.#generation
    const keyNow = this.#store.watch(keysTable, [accessKeyId])
    const keyThen = keyNow()
    const { gets } = await this.#store.read({
      gets: [
        getFollowing(keysTable, [accessKeyId], 'account', accountsTable),
        get(rootsTable, [defaultVolume]),
      ],
    })
    const [{ record: key, followed: account }, { record: root }] = gets
    if (key === undefined || account === undefined || key.status !== 'Active') return undefined
    const expires = key.expires ?? Infinity
    if (expires <= this.#clock.now()) return undefined
    const identitiesNow = this.#identities.watch(account.id)
    const identitiesThen = identitiesNow()
    const principal = await holderOf(this.#identities, accountInfo(account), {
      accessKeyId,
      user: key.user ?? null,
      administers: root?.account === account.id,
    })
    if (principal === undefined) return undefined
    const secret = open(this.#masterKey, accessKeyId, key.sealed)
    const credential: Credential = { accessKeyId, secret, principal }
    if (told === this.#generation) {
      const stands = () => keyNow() === keyThen && identitiesNow() === identitiesThen
      this.#credentials.set(accessKeyId, { credential, expires, stands })
    }
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

  /** The canonical id of the account of an e-mail address; the oldest where several have it. */
  async accountByEmail(address: string): Promise<string | undefined> {
    const { scans } = await this.#store.read({
      scans: [scan(accountsTable, { index: 'accounts_by_email', at: [address], limit: 1 })],
    })
    const [first] = scans[0].entries
    return typeof first === 'object' ? first.id : undefined
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
