/** Every blob that is there, against its row: its size, and whether anything needs it. */
import type { Core } from '../../buckets/core.ts'
import { blobsTable } from '../../buckets/tables.ts'
import type { ListedBlob } from '../../ports/blob-store.ts'
import { get } from '../../ports/meta-store.ts'
import type { CheckRun } from './finding.ts'

/** Rows read in one call. */
const page = 500

export async function checkBlobs(core: Core, run: CheckRun): Promise<void> {
  let some: ListedBlob[] = []
  for await (const blob of core.blobs.list()) {
    some.push(blob)
    run.compared()
    if (some.length < page) continue
    await checkSome(core, run, some)
    some = []
  }
  await checkSome(core, run, some)
}

async function checkSome(core: Core, run: CheckRun, some: readonly ListedBlob[]): Promise<void> {
  if (some.length === 0) return
  const { gets } = await core.store.read({ gets: some.map(({ id }) => get(blobsTable, [id])) })
  for (const [index, { id, size }] of some.entries()) {
    const row = gets[index]?.record
    if (row === undefined || row.refs === 0) {
      run.report.leftoverBlobs += 1
      run.report.leftoverBytes += size
    } else if (row.size !== size) {
      const what = `is a blob of ${size} bytes, but was written with ${row.size}`
      run.find({ kind: 'size', id, what, repaired: false })
    }
  }
}
