/** Records of buckets as work reads them that goes through many. */
import type { BucketInfo } from '../ports/keyspace.ts'
import { get, type Stored, scan } from '../ports/meta-store.ts'
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
export async function* bucketsOf(
  core: Core,
  volume?: string,
): AsyncGenerator<Stored<BucketRecord>> {
  let from: readonly string[] | undefined
  for (;;) {
    const { scans } = await core.store.read({
      scans: [
        scan(bucketsTable, {
          at: volume === undefined ? [] : [volume],
          limit: 500,
          ...(from === undefined ? {} : { after: from }),
        }),
      ],
    })
    for (const entry of scans[0].entries) {
      if (typeof entry === 'string') continue
      from = volume === undefined ? [entry.volume, entry.name] : [entry.name]
      yield entry
    }
    if (!scans[0].more) return
  }
}
