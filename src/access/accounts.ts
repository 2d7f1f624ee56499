/** Accounts and their keys: the root's, those that the configuration declares, and who a request's key stands for. */
import type { Clock } from '../ports/clock.ts'
import {
  type Batch,
  type Check,
  Conflict,
  get,
  getFollowing,
  type MetaStore,
  type Stored,
  scan,
  type Write,
} from '../ports/meta-store.ts'
import { defaultVolume } from '../ports/volumes.ts'
import {
  type AccessKey,
  derivedAccountNumber,
  newAccessKey,
  newAccountNumber,
  newCanonicalId,
  requireAccessKey,
  WrongAccounts,
} from './access-keys.ts'
import { type AccountInfo, accountInfo, type Credential } from './credential.ts'
import { type CredentialSource, StoredCredentials } from './credentials.ts'
import { type DeclaredAccount, requireDistinct, same, sameAccount } from './declared-accounts.ts'
import { createIdentityStore, type IdentityStore } from './identities/identities.ts'
import { keyRemovals } from './key-uses.ts'
import { type Principal, rootIdentity } from './principal.ts'
import { principalOf, Sessions } from './principals.ts'
import { type MasterKey, open, seal } from './seal.ts'
import { type IssuedSession, issueSession, type SessionGrant } from './sessions.ts'
import {
  type AccountRecord,
  accountsTable,
  type KeyOrigin,
  type KeyRecord,
  keysTable,
  type RootRecord,
  rootsTable,
} from './tables.ts'

export type { DeclaredAccount }
export { defaultVolume }

const tries = 10
/** Keys that are looked at beyond those that stay, in one turn. */
const dropMax = 1000

export interface RootKey {
  /** Whether the key was made or replaced now. */
  readonly created: boolean
  readonly accessKeyId: string
  /** Only when the server chose it now: to be shown once. */
  readonly secret: string | undefined
}

export interface Access extends CredentialSource {
  /**
   * Sees to it that there is a root account with a key: the given one (which takes the place of another), else the
   * one that exists, else a new one. Throws WrongMasterKey if the stored secret cannot be opened, WrongAccounts for a
   * key that cannot be one.
   */
  ensureRoot(key?: Partial<AccessKey>): Promise<RootKey>
  /** A new root key; the old one stops to work. */
  rotateRoot(): Promise<AccessKey>
  /**
   * Makes accounts and keys those that the configuration declares. Keys that it named once and names no more go. Throws
   * WrongAccounts.
   */
  declare(accounts: readonly DeclaredAccount[]): Promise<void>
  account(canonicalId: string): Promise<AccountInfo | undefined>
  /** The canonical id of the account of an e-mail address. */
  accountByEmail(address: string): Promise<string | undefined>
  /** Whom a temporary key stands for. Throws InvalidToken, ExpiredToken. */
  session(accessKeyId: string, token: string): Promise<Credential>
  /** A temporary key. Throws SessionTooLarge. */
  issue(grant: SessionGrant): IssuedSession
  /** Users, groups, roles and policies. */
  readonly iam: IdentityStore
  /**
   * Who every request is in insecure mode, whatever its key and signature and even without any: the root, under the
   * access key id that it names. Throws an Error before {@link Access.ensureRoot}.
   */
  rootPrincipal(accessKeyId: string): Promise<Principal>
  /** Stops to listen for changes in the store, which stays open. */
  close(): void
}

export interface AccessOptions {
  readonly store: MetaStore
  readonly masterKey: MasterKey
  readonly clock: Clock
  /** Credentials kept in memory; 4,096 if it is not said. */
  readonly cacheMax?: number
}

/** The accounts of a store. */
export function createAccess(options: AccessOptions): Access {
  const iam = createIdentityStore(options)
  const { identities } = iam
  const source = new StoredCredentials({ cacheMax: 4096, ...options, identities })
  const accounts = new Accounts(options, source)
  const sessions = new Sessions({
    ...options,
    identities,
    account: id => source.account(id),
    parent: async id => source.cached(id) ?? source.secretOf(id),
  })
  return {
    cached: id => source.cached(id),
    secretOf: id => source.secretOf(id),
    forget: id => source.forget(id),
    account: id => source.account(id),
    accountByEmail: address => source.accountByEmail(address),
    session: (id, token) => sessions.credential(id, token),
    issue: grant => issueSession(options.masterKey, grant),
    iam,
    ensureRoot: key => accounts.ensureRoot(key ?? {}),
    rotateRoot: () => accounts.rotateRoot(),
    declare: declared => accounts.declare(declared),
    rootPrincipal: id => accounts.rootPrincipal(id),
    close: () => source.close(),
  }
}

interface RootState {
  readonly record: Stored<RootRecord>
  readonly account: Stored<AccountRecord>
  readonly key: Stored<KeyRecord> | undefined
}

class Accounts {
  readonly #store: MetaStore
  readonly #masterKey: MasterKey
  readonly #clock: Clock
  readonly #source: StoredCredentials
  #root: AccountInfo | undefined

  constructor(options: AccessOptions, source: StoredCredentials) {
    this.#store = options.store
    this.#masterKey = options.masterKey
    this.#clock = options.clock
    this.#source = source
  }

  async ensureRoot(given: Partial<AccessKey>): Promise<RootKey> {
    const { accessKeyId, secret } = given
    if ((accessKeyId === undefined) !== (secret === undefined)) {
      throw new WrongAccounts('the root access key id and its secret must be given together')
    }
    const chosen =
      accessKeyId === undefined || secret === undefined ? undefined : { accessKeyId, secret }
    if (chosen !== undefined) requireAccessKey(chosen)
    return this.#decideAgain(async () => {
      const root = await this.#readRoot()
      if (root === undefined) return this.#createRoot(chosen)
      const stored = root.key === undefined ? undefined : this.#open(root.key)
      if (root.key !== undefined && (chosen === undefined || same(chosen, stored))) {
        return { created: false, accessKeyId: root.key.id, secret: undefined }
      }
      const made = chosen ?? newAccessKey()
      await this.#replaceRootKey(root, made)
      return {
        created: true,
        accessKeyId: made.accessKeyId,
        secret: chosen === undefined ? made.secret : undefined,
      }
    })
  }

  async rotateRoot(): Promise<AccessKey> {
    return this.#decideAgain(async () => {
      const root = await this.#readRoot()
      if (root === undefined) throw new Error('there is no root account yet')
      const made = newAccessKey()
      await this.#replaceRootKey(root, made)
      return made
    })
  }

  async rootPrincipal(accessKeyId: string): Promise<Principal> {
    if (this.#root === undefined) {
      const root = await this.#readRoot()
      if (root?.account === undefined) throw new Error('there is no root account yet')
      this.#root = accountInfo(root.account)
    }
    return {
      ...principalOf(
        this.#root,
        { accessKeyId, administers: true },
        rootIdentity(this.#root.accountNumber),
      ),
    }
  }

  async declare(accounts: readonly DeclaredAccount[]): Promise<void> {
    requireDistinct(accounts)
    for (const account of accounts) await this.#decideAgain(() => this.#declareOne(account))
    const named = new Set(accounts.flatMap(account => account.keys.map(key => key.accessKeyId)))
    await this.#decideAgain(() => this.#dropUndeclared(named))
  }

  async #declareOne(declared: DeclaredAccount): Promise<void> {
    const volume = declared.volume ?? defaultVolume
    const { gets } = await this.#store.read({
      gets: [
        get(accountsTable, [declared.canonicalId]),
        ...declared.keys.map(key => get(keysTable, [key.accessKeyId])),
      ],
    })
    // The list's length is not known to the compiler, so its first element has the type of them all.
    const [accountGot, ...keyGots] = gets as [
      { record: Stored<AccountRecord> | undefined },
      ...{ record: Stored<KeyRecord> | undefined }[],
    ]
    const current = accountGot.record
    const checks: Check[] = []
    const writes: Write[] = []
    const record: AccountRecord = {
      id: declared.canonicalId,
      number: declared.accountNumber ?? derivedAccountNumber(declared.canonicalId),
      name: declared.displayName,
      email: declared.email ?? null,
      volume,
      created: current?.created ?? this.#clock.now(),
      admin: declared.admin === true ? 1 : null,
    }
    if (current !== undefined && current.volume !== volume) {
      throw new WrongAccounts(
        `account ${record.id} lives in volume ${current.volume} and cannot move`,
      )
    }
    if (current === undefined || !sameAccount(current, record)) {
      checks.push({ table: accountsTable, key: [record.id], revision: current?.revision ?? null })
      writes.push({ put: accountsTable, record })
    }
    declared.keys.forEach((key, index) => {
      const stored = keyGots[index]?.record
      if (stored !== undefined && (stored.account !== record.id || stored.origin === 'root')) {
        throw new WrongAccounts(`access key ${key.accessKeyId} belongs to another account`)
      }
      if (stored !== undefined && stored.status === 'Active' && same(key, this.#open(stored)))
        return
      checks.push({ table: keysTable, key: [key.accessKeyId], revision: stored?.revision ?? null })
      writes.push(this.#keyWrite(key, record, 'configuration'))
    })
    await this.#commit({ checks, writes })
  }

  async #dropUndeclared(named: ReadonlySet<string>): Promise<void> {
    const { scans } = await this.#store.read({
      scans: [
        scan(keysTable, {
          index: 'keys_by_origin',
          at: ['configuration'],
          limit: named.size + dropMax,
        }),
      ],
    })
    const checks: Check[] = []
    const writes: Write[] = []
    for (const key of scans[0].entries) {
      if (typeof key === 'string' || named.has(key.id)) continue
      checks.push({ table: keysTable, key: [key.id], revision: key.revision })
      writes.push(...keyRemovals(key.id))
    }
    await this.#commit({ checks, writes })
    if (scans[0].more && writes.length > 0) await this.#dropUndeclared(named)
  }

  async #readRoot(): Promise<RootState | undefined> {
    const { gets } = await this.#store.read({
      gets: [
        getFollowing(rootsTable, [defaultVolume], 'account', accountsTable),
        getFollowing(rootsTable, [defaultVolume], 'accessKeyId', keysTable),
      ],
    })
    const { record, followed: account } = gets[0]
    if (record === undefined || account === undefined) return undefined
    return { record, account, key: gets[1].followed }
  }

  async #createRoot(chosen: AccessKey | undefined): Promise<RootKey> {
    const key = chosen ?? newAccessKey()
    const account: AccountRecord = {
      id: newCanonicalId(),
      number: newAccountNumber(),
      name: 'root',
      email: null,
      volume: defaultVolume,
      created: this.#clock.now(),
    }
    await this.#commit({
      checks: [
        { table: rootsTable, key: [defaultVolume], revision: null },
        { table: keysTable, key: [key.accessKeyId], revision: null },
      ],
      writes: [
        { put: accountsTable, record: account },
        this.#keyWrite(key, account, 'root'),
        {
          put: rootsTable,
          record: {
            volume: defaultVolume,
            account: account.id,
            accessKeyId: key.accessKeyId,
          },
        },
      ],
    })
    const secret = chosen === undefined ? key.secret : undefined
    return { created: true, accessKeyId: key.accessKeyId, secret }
  }

  async #replaceRootKey(root: RootState, made: AccessKey): Promise<void> {
    const { record, account, key } = root
    const checks: Check[] = [{ table: rootsTable, key: [record.volume], revision: record.revision }]
    const writes: Write[] = []
    if (key !== undefined && key.id !== made.accessKeyId) {
      writes.push(...keyRemovals(key.id))
    }
    if (key?.id !== made.accessKeyId) {
      checks.push({ table: keysTable, key: [made.accessKeyId], revision: null })
    }
    writes.push(this.#keyWrite(made, account, 'root'), {
      put: rootsTable,
      record: { volume: record.volume, account: account.id, accessKeyId: made.accessKeyId },
    })
    await this.#commit({ checks, writes })
  }

  #open(key: KeyRecord): AccessKey {
    return { accessKeyId: key.id, secret: open(this.#masterKey, key.id, key.sealed) }
  }

  #keyWrite(key: AccessKey, account: AccountRecord, origin: KeyOrigin): Write {
    const record: KeyRecord = {
      id: key.accessKeyId,
      account: account.id,
      volume: account.volume,
      sealed: seal(this.#masterKey, key.accessKeyId, key.secret),
      status: 'Active',
      origin,
      created: this.#clock.now(),
    }
    return { put: keysTable, record }
  }

  /** The store tells only what changes elsewhere; what was cached here before this commit is forgotten here. */
  async #commit(batch: Batch): Promise<void> {
    if ((batch.writes?.length ?? 0) === 0) return
    await this.#store.commit(batch)
    this.#root = undefined
    this.#source.forget()
  }

  async #decideAgain<T>(decide: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await decide()
      } catch (error) {
        if (!(error instanceof Conflict)) throw error
        if (attempt === tries) {
          throw new WrongAccounts(
            'the accounts could not be written: others keep writing them, or an access key id is taken',
            { cause: error },
          )
        }
      }
    }
  }
}
