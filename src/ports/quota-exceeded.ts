/** A write that a quota refused: which one it was is for those whom it concerns. */
import { S3Error } from '../model/errors.ts'

/** What a quota allows at most. */
export interface Ceiling {
  readonly of: 'bucket' | 'volume' | 'account' | 'user'
  readonly what: 'bytes' | 'objects' | 'buckets'
  readonly most: number
  /** Canonical id of the account that owns the bucket, there or to be made. */
  readonly owner: string
}

/** Who asks. */
interface Asker {
  readonly canonicalId: string
  readonly isRoot: boolean
}

const holders = {
  bucket: 'bucket',
  volume: 'volume',
  account: 'account that owns the bucket',
  user: 'user',
}

/** Whoever is told nothing more learns that some quota is exhausted. */
export class QuotaExceeded extends S3Error {
  readonly ceiling: Ceiling

  constructor(ceiling: Ceiling, volume: string) {
    const { of, what } = ceiling
    // AWS has a code for the buckets of an account, and nothing else of all this.
    if (what === 'buckets' && of === 'account') super('TooManyBuckets')
    else super('QuotaExceeded', what === 'buckets' ? { VolumeName: volume } : {})
    this.ceiling = ceiling
  }

  /** With the quota's name and limit, for the bucket's owner and for who administers this Moongate. */
  for({ canonicalId, isRoot }: Asker): S3Error {
    const { of, what, most, owner } = this.ceiling
    if (!isRoot && canonicalId !== owner) return this
    const amount = `${most} ${most === 1 ? what.slice(0, -1) : what}`
    const holder = what === 'buckets' ? of : holders[of]
    const words = `The quota of the ${holder} is exhausted: it allows ${amount}.`
    return new S3Error(this.code, this.fields, words)
  }
}

/** What was thrown, as this asker may know it. */
export const knownTo = (asker: Asker, thrown: unknown): unknown =>
  thrown instanceof QuotaExceeded ? thrown.for(asker) : thrown
