/** A bucket as it is known by its name: its record, links, and what is counted of it. */
import type { Quota } from './volumes.ts'

/** A bucket as it is stored. Rows and caches are keyed by `id`, never by the name. */
export interface BucketInfo {
  readonly id: string
  readonly volume: string
  readonly name: string
  /** Canonical id of the owner. */
  readonly owner: string
  readonly region: string
  /** Milliseconds since the epoch. */
  readonly created: number
  /** 'off': never had versioning. */
  readonly versioning: 'off' | 'Enabled' | 'Suspended'
  /** Sub-resource documents (tagging, requestPayment, …) by name, as plain data. */
  readonly settings: Readonly<Record<string, unknown>>
  /** Where a link leads; null or undefined: it is a bucket. */
  readonly link?: BucketRef | null
  /** What every write adds to, where a quota is set on the bucket, its volume, its owner or a user of that one. */
  readonly meters?: readonly Meter[] | null
  /** Of the stored record: every write rests on it. */
  readonly revision: number
}

export const isLink = ({ link }: BucketInfo): boolean => link !== null && link !== undefined

/** A bucket by its volume and name, there or not. */
export interface BucketRef {
  readonly volume: string
  readonly name: string
}

/** A count of bytes and versions with its ceilings. */
export interface Meter extends Quota {
  readonly of: 'bucket' | 'volume' | 'account' | 'user'
  /** Id of the user whose writes alone it counts. */
  readonly user?: string
  /** Of the row that counts. */
  readonly scope: string
  /** As long as what was there before is being counted: how far that is. */
  readonly counting?: Counting
}

/**
 * Keys up to `from` are counted; those after it up to `to` (null: all) are being looked at, the others not yet. Of a key
 * with many versions, those up to a version; without one all of the key is meant.
 */
export interface Counting {
  readonly from: string
  readonly fromVersion?: string
  readonly to: string | null
  readonly toVersion?: string
  /** Of the row that counts what changes meanwhile among the keys that are looked at. */
  readonly shadow: string
}

/** A bucket as a name leads to it. */
export interface Resolved {
  readonly bucket: BucketInfo
  /** The links on the way, in order; each takes a right of its own. */
  readonly via: readonly BucketInfo[]
}
