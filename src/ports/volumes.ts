/** Volumes: name spaces of buckets, each with an owner and, where one is set, a quota. */

/** The volume of who names none. */
export const defaultVolume = 's3v'

/** What there may be at most; null: as much as anybody likes. */
export interface Quota {
  readonly bytes: number | null
  /** Versions of objects. Delete markers do not count, nor do uploads under way, whose bytes do. */
  readonly objects: number | null
}

export const hasLimit = ({ bytes, objects }: Quota): boolean => bytes !== null || objects !== null

export interface VolumeQuota extends Quota {
  /** Buckets, links among them. */
  readonly buckets: number | null
}

export interface VolumeInfo {
  readonly name: string
  /** Canonical id of the account that administers it. */
  readonly owner: string
  /** Milliseconds since the epoch. */
  readonly created: number
  readonly quota: VolumeQuota
}

/** What there is. Bytes and objects are counted only where a quota of one of them is set; else undefined. */
export interface Usage {
  readonly bytes: number | undefined
  readonly objects: number | undefined
  readonly buckets: number
}

export interface Volumes {
  /** Throws NoSuchVolume. */
  find(name: string): Promise<VolumeInfo>
  /**
   * A volume of that name and owner, made now or before. Throws VolumeAlreadyExists where it belongs to another account
   * and InvalidVolumeName.
   */
  create(request: {
    readonly name: string
    readonly owner: string
    readonly quota?: VolumeQuota
  }): Promise<{ readonly volume: VolumeInfo; readonly created: boolean }>
  /** Makes the volume of an account that lives in it, where it is not there. */
  ensure(name: string, owner: string): Promise<void>
  /** In name order. */
  list(request: {
    /** Only those of this account. */
    readonly owner: string | undefined
    readonly after: string
    readonly limit: number
  }): Promise<{ readonly volumes: readonly VolumeInfo[]; readonly more: boolean }>
  /** Throws VolumeNotEmpty while there are buckets in it, NoSuchVolume. The default volume stays. */
  remove(name: string): Promise<void>
  /** Resolves when what is in the volume is counted, with how many versions that were: see Buckets.setQuota. */
  setQuota(name: string, quota: VolumeQuota): Promise<{ readonly counted: number }>
  usage(name: string): Promise<Usage>
}
