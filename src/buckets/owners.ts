/** Quotas of accounts and their users. Whoever makes a bucket rests on its owner's. */
import { get, type Stored } from '../ports/meta-store.ts'
import type { Holder, Owners } from '../ports/owners.ts'
import type { Quota } from '../ports/volumes.ts'
import type { Core } from './core.ts'
import { setOwnerQuota } from './quotas.ts'
import { type OwnerQuota, type OwnerRecord, ownersTable, usageTable } from './tables.ts'

const knownMax = 10_000
const noLimits: Quota = { bytes: null, objects: null }

interface Known {
  readonly generation: number
  readonly record: Stored<OwnerRecord> | undefined
}

export class PlainOwners implements Owners {
  readonly #core: Core
  /** Served only while the store's generation stands. */
  readonly #known = new Map<string, Known>()

  constructor(core: Core) {
    this.#core = core
  }

  /** Undefined where the account has no such quotas. */
  async find(account: string): Promise<Stored<OwnerRecord> | undefined> {
    const { store } = this.#core
    const generation = store.generation(ownersTable, [account])
    const known = this.#known.get(account)
    if (known?.generation === generation) return known.record
    const { gets } = await store.read({ gets: [get(ownersTable, [account])] })
    const { record } = gets[0]
    if (this.#known.size >= knownMax) this.#known.clear()
    this.#known.set(account, { generation, record })
    return record
  }

  async setQuota({ account, user }: Holder, quota: Quota): Promise<{ readonly counted: number }> {
    return { counted: await setOwnerQuota(this.#core, { account, user }, quota) }
  }

  async forget(holder: Holder): Promise<void> {
    if ((await this.#quotaOf(holder)) !== undefined) await this.setQuota(holder, noLimits)
  }

  async #quotaOf({ account, user }: Holder): Promise<OwnerQuota | undefined> {
    return (await this.find(account))?.quotas.find(quota => quota.user === user)
  }

  async usage(holder: Holder): ReturnType<Owners['usage']> {
    const found = await this.#quotaOf(holder)
    if (found === undefined) return undefined
    const { gets } = await this.#core.store.read({ gets: [get(usageTable, [found.scope])] })
    const { bytes = 0, objects = 0 } = gets[0].record ?? {}
    return { quota: { bytes: found.bytes, objects: found.objects }, bytes, objects }
  }
}
