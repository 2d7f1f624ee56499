/** Records of buckets as work reads them that goes through many. */
import type { BucketInfo } from '../ports/keyspace.ts'
import { get, type Stored } from '../ports/meta-store.ts'
import { recordsOf } from '../ports/records.ts'
import type { Core } from './core.ts'
import { type BucketRecord, bucketsTable } from './tables.ts'

/** The bucket as it is now; undefined: it is gone, whatever has its name now. */
export async function currentOf(
  core: Core,
  bucket: BucketInfo,
): Promise<Stored<BucketRecord> | undefined> {
  const { volume, name, id } = bucket
  const { gets } = await core.store.read({ gets: [get(bucketsTable, [volume, name])] })
  const { record } = gets[0]
  return record?.id === id ? record : undefined
}

/** Records of all buckets, or of those of one volume. */
export const bucketsOf = (core: Core, volume?: string): AsyncGenerator<Stored<BucketRecord>> =>
  recordsOf(core.store, bucketsTable, volume === undefined ? {} : { at: [volume] })
