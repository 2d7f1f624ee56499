/** The number of buckets that an account owns, where it is limited. */
import { S3Error } from '../model/errors.ts'
import { Conflict, get, type Stored, scan } from '../ports/meta-store.ts'
import type { OwnerLimits } from '../ports/owners.ts'
import { recordsOf } from '../ports/records.ts'
import { attemptsMax, type Core } from './core.ts'
import { ownerCheck, ownerScope } from './owner-records.ts'
import {
  bucketsTable,
  type OwnerBuckets,
  type OwnerRecord,
  ownersTable,
  usageTable,
} from './tables.ts'
import { newScope } from './volume-records.ts'

/** What the record is to say of buckets. Those that come or go from then on are counted at once. */
export function ownedLimit(
  core: Core,
  account: string,
  before: OwnerBuckets | null,
  { buckets }: OwnerLimits,
): OwnerBuckets | null {
  if (buckets === null || buckets === undefined) return null
  if (before !== null) return { ...before, most: buckets }
  return { most: buckets, scope: newScope(core, ownerScope(account)), counted: false }
}

const bucketsMax = 10_000_000

/** Adds the buckets that were there before they were counted: all that one look shows, less those counted in it already. */
export async function countOwned(core: Core, account: string): Promise<void> {
  for (let tries = 0; tries < attemptsMax; tries++) {
    const { gets } = await core.store.read({ gets: [get(ownersTable, [account])] })
    const { record } = gets[0]
    if (record?.buckets?.counted !== false) return
    try {
      await addOwned(core, record, record.buckets)
      return
    } catch (error) {
      if (!(error instanceof Conflict)) throw error
    }
  }
  throw new S3Error('OperationAborted')
}

async function addOwned(
  core: Core,
  record: Stored<OwnerRecord>,
  buckets: OwnerBuckets,
): Promise<void> {
  const { account } = record
  const key = [buckets.scope]
  const { gets, scans } = await core.store.read({
    gets: [get(usageTable, key)],
    scans: [scan(bucketsTable, { at: [], limit: bucketsMax, columns: ['owner'] })],
  })
  const own = scans[0].entries.filter(entry => typeof entry !== 'string' && entry.owner === account)
  const delta = own.length - (gets[0].record?.buckets ?? 0)
  const floor = Number.MIN_SAFE_INTEGER
  await core.store.commit({
    checks: [ownerCheck(account, record)],
    adds: [{ table: usageTable, key, column: 'buckets', delta, floor }],
    writes: [{ put: ownersTable, record: { ...record, buckets: { ...buckets, counted: true } } }],
  })
}

/** Goes on with what was interrupted. */
export async function resumeOwned(core: Core): Promise<void> {
  for await (const { account, buckets } of recordsOf(core.store, ownersTable))
    if (buckets?.counted === false) await countOwned(core, account)
}
