/** Quotas that hold over all buckets of an account: for the account itself, and for what each of its users writes there. */
import type { Quota } from './volumes.ts'

export interface Holder {
  /** Canonical id of the account that owns the buckets. */
  readonly account: string
  /** Id of one of its users; null: the account itself. */
  readonly user: string | null
}

export interface OwnerLimits extends Quota {
  /** Buckets that the account may own, links among them; of users there is no such limit. */
  readonly buckets?: number | null | undefined
}

/** What there is of that which is limited; the rest is undefined. */
export interface OwnerUsage {
  readonly quota: OwnerLimits
  readonly bytes: number | undefined
  readonly objects: number | undefined
  readonly buckets?: number | undefined
}

export interface Owners {
  /** Resolves when what is there is counted, with how many versions that were: see Buckets.setQuota. */
  setQuota(holder: Holder, quota: OwnerLimits): Promise<{ readonly counted: number }>
  /** The holder is gone, and its quota with it. What it wrote stays. */
  forget(holder: Holder): Promise<void>
  /** The quota and what is used of it; undefined where none is set. */
  usage(holder: Holder): Promise<OwnerUsage | undefined>
}
