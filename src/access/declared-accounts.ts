/** Accounts as the configuration declares them. */
import { type AccessKey, requireAccessKey, WrongAccounts } from './access-keys.ts'
import type { AccountRecord } from './tables.ts'

/** An account as the configuration file declares it. */
export interface DeclaredAccount {
  readonly canonicalId: string
  readonly displayName: string
  /** Twelve digits; follows from the canonical id if it is not given. */
  readonly accountNumber?: string | undefined
  readonly email?: string | undefined
  readonly volume?: string | undefined
  /** It administers IAM for all accounts of its volume. */
  readonly admin?: boolean | undefined
  readonly keys: readonly AccessKey[]
}

export const same = (a: AccessKey, b: AccessKey | undefined): boolean =>
  a.accessKeyId === b?.accessKeyId && a.secret === b.secret

export const sameAccount = (a: AccountRecord, b: AccountRecord): boolean =>
  a.number === b.number &&
  a.name === b.name &&
  a.email === b.email &&
  (a.admin ?? null) === (b.admin ?? null)

/** Throws {@link WrongAccounts}. */
export function requireDistinct(accounts: readonly DeclaredAccount[]): void {
  const ids = new Set<string>()
  const keys = new Set<string>()
  for (const account of accounts) {
    if (!/^[\u0021-\u007e]{1,128}$/.test(account.canonicalId)) {
      throw new WrongAccounts(`canonical id ${JSON.stringify(account.canonicalId)} is not valid`)
    }
    if (account.accountNumber !== undefined && !/^\d{12}$/.test(account.accountNumber)) {
      throw new WrongAccounts(
        `the number of account ${account.canonicalId} must have twelve digits`,
      )
    }
    if (ids.has(account.canonicalId)) {
      throw new WrongAccounts(`account ${account.canonicalId} is declared twice`)
    }
    ids.add(account.canonicalId)
    for (const key of account.keys) {
      requireAccessKey(key)
      if (keys.has(key.accessKeyId)) {
        throw new WrongAccounts(`access key ${key.accessKeyId} is declared twice`)
      }
      keys.add(key.accessKeyId)
    }
  }
}
