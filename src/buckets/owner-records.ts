/** Records of quotas that hold for all buckets of an account, as batches rest on them. */
import type { Meter } from '../ports/keyspace.ts'
import type { Add, Check, Stored } from '../ports/meta-store.ts'
import { type OwnerRecord, ownersTable, usageTable } from './tables.ts'

/** Under it are the rows that count what an account has, or a user of it. */
export const ownerScope = (account: string): string => `owner/${account}`

/** The check of whoever makes a bucket, or changes what its writes count for: the account's quotas are those that were read. */
export const ownerCheck = (account: string, record: Stored<OwnerRecord> | undefined): Check => ({
  table: ownersTable,
  key: [account],
  revision: record?.revision ?? null,
})

/** What the writes of a bucket of the account add to. */
export const ownerMeters = (record: OwnerRecord | undefined): readonly Meter[] =>
  (record?.quotas ?? []).map(({ user, scope, bytes, objects }) =>
    user === null
      ? { of: 'account', scope, bytes, objects }
      : { of: 'user', user, scope, bytes, objects },
  )

export const isNamedBy = (record: OwnerRecord | undefined, scope: string): boolean =>
  record?.buckets?.scope === scope || (record?.quotas ?? []).some(quota => quota.scope === scope)

/** One bucket more or less of an account, where their number is limited. */
export function ownedBucketAdds(record: OwnerRecord | undefined, delta: 1 | -1): Add[] {
  const buckets = record?.buckets ?? null
  if (buckets === null) return []
  const { scope, most } = buckets
  const add = { table: usageTable, key: [scope], column: 'buckets', delta }
  // Those that are not counted yet may go too.
  return [{ ...add, floor: Number.MIN_SAFE_INTEGER, ...(delta > 0 ? { ceiling: most } : {}) }]
}
