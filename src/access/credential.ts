/** What is known of a key and of the account that it belongs to. */
import type { Principal } from './principal.ts'
import type { AccountRecord } from './tables.ts'

/** An access key's secret and who it stands for. */
export interface Credential {
  readonly accessKeyId: string
  readonly secret: string
  readonly principal: Principal
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
