/** The tables of accounts and their access keys, as data. */
import { table } from '../ports/meta-store.ts'
import { identityTables } from './identities/tables.ts'

export interface AccountRecord {
  /** Canonical id. */
  readonly id: string
  /** Twelve digits. */
  readonly number: string
  /** Display name. */
  readonly name: string
  readonly email: string | null
  readonly volume: string
  /** Milliseconds since the epoch. */
  readonly created: number
  /** 1: it administers its volume: what its IAM makes holds for all accounts of the volume. */
  readonly admin?: number | null
}

/** Who made a key, and so who may take it away: the server at start, its configuration, or somebody asked for it. */
export type KeyOrigin = 'root' | 'configuration' | 'request'

export interface KeyRecord {
  readonly id: string
  /** Canonical id of the account. */
  readonly account: string
  readonly volume: string
  /** The secret, encrypted under the master key. */
  readonly sealed: Uint8Array
  readonly status: 'Active' | 'Inactive'
  readonly origin: KeyOrigin
  readonly created: number
  /** Name of the user; null: the account's root. */
  readonly user?: string | null
  /** From then on (milliseconds since the epoch) it is no longer taken; null: never. */
  readonly expires?: number | null
  readonly description?: string | null
}

/** The account that owns a volume from its first start, and the key that the server made for it. */
export interface RootRecord {
  readonly volume: string
  readonly account: string
  readonly accessKeyId: string
}

export const accountsTable = table<AccountRecord>({
  name: 'accounts',
  key: { id: 'text' },
  columns: {
    number: 'text',
    name: 'text',
    email: 'text',
    volume: 'text',
    created: 'int',
    admin: 'int',
  },
  indexes: [
    { name: 'accounts_by_email', on: ['email'] },
    { name: 'accounts_by_number', on: ['number'] },
    { name: 'accounts_by_admin', on: ['admin'] },
  ],
})

export const keysTable = table<KeyRecord>({
  name: 'keys',
  key: { id: 'text' },
  columns: {
    account: 'text',
    volume: 'text',
    sealed: 'bytes',
    status: 'text',
    origin: 'text',
    created: 'int',
    user: 'text',
    expires: 'int',
    description: 'text',
  },
  indexes: [
    { name: 'keys_by_account', on: ['account'] },
    { name: 'keys_by_user', on: ['account', 'user'] },
    { name: 'keys_by_origin', on: ['origin'] },
  ],
})

/** Apart from the keys: whoever keeps a key in memory must not forget it because it was used. */
export interface KeyUseRecord {
  /** Of the access key. */
  readonly id: string
  readonly at: number
  /** `s3`, `iam`, `sts`. */
  readonly service: string
  readonly region: string
}

export const keyUsesTable = table<KeyUseRecord>({
  name: 'key_uses',
  key: { id: 'text' },
  columns: { at: 'int', service: 'text', region: 'text' },
})

export const rootsTable = table<RootRecord>({
  name: 'roots',
  key: { volume: 'text' },
  columns: { account: 'text', accessKeyId: 'text' },
})

export const accessTables = [
  accountsTable,
  keysTable,
  keyUsesTable,
  rootsTable,
  ...identityTables,
] as const
