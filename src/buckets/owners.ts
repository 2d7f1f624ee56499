/** Quotas of accounts and their users. Whoever makes a bucket rests on its owner's. */
import { get, type Stored } from '../ports/meta-store.ts'
import type { Holder, OwnerLimits, Owners } from '../ports/owners.ts'
import type { Quota } from '../ports/volumes.ts'
import type { Core } from './core.ts'
import { KnownRecords } from './known-records.ts'
import { setOwnerQuota } from './quotas.ts'
import { type OwnerRecord, ownersTable, usageTable } from './tables.ts'

const noLimits: Quota = { bytes: null, objects: null }

export class PlainOwners implements Owners {
  readonly #core: Core
  readonly #records: KnownRecords<OwnerRecord>

  constructor(core: Core) {
    this.#core = core
    this.#records = new KnownRecords(core.store, ownersTable)
  }

  /** Undefined where the account has no such quotas. */
  find(account: string): Promise<Stored<OwnerRecord> | undefined> {
    return this.#records.find(account)
  }

  async setQuota(
    { account, user }: Holder,
    quota: OwnerLimits,
  ): Promise<{ readonly counted: number }> {
    return { counted: await setOwnerQuota(this.#core, { account, user }, quota) }
  }

  async forget(holder: Holder): Promise<void> {
    if ((await this.usage(holder)) !== undefined) await this.setQuota(holder, noLimits)
  }

  async usage({ account, user }: Holder): ReturnType<Owners['usage']> {
    const record = await this.find(account)
    const found = record?.quotas.find(quota => quota.user === user)
    const owned = user === null ? (record?.buckets ?? null) : null
    if (found === undefined && owned === null) return undefined
    const [held, counted] = await Promise.all([this.#row(found), this.#row(owned)])
    const { bytes = null, objects = null } = found ?? {}
    return {
      quota: { bytes, objects, ...(user === null ? { buckets: owned?.most ?? null } : {}) },
      bytes: held?.bytes,
      objects: held?.objects,
      ...(owned === null ? {} : { buckets: counted?.buckets }),
    }
  }

  async #row(of: { readonly scope: string } | null | undefined) {
    if (of === null || of === undefined) return undefined
    const { gets } = await this.#core.store.read({ gets: [get(usageTable, [of.scope])] })
    return gets[0].record
  }
}
