/** Whether what is counted for quotas is what is there. */
import type { Core } from '../../buckets/core.ts'
import { resumeQuotas } from '../../buckets/quotas.ts'
import {
  bucketsTable,
  objectsTable,
  ownersTable,
  partsTable,
  type UsageRecord,
  uploadSizesTable,
  usageTable,
  versionsTable,
  volumesTable,
} from '../../buckets/tables.ts'
import { nothingUsed, volumeScope } from '../../buckets/volume-records.ts'
import { type Check, commitIfFirst, get, type Write } from '../../ports/meta-store.ts'
import { recordsOf } from '../../ports/records.ts'
import type { CheckRun } from './finding.ts'

type Used = { -readonly [C in 'bytes' | 'objects' | 'buckets']: number }

/** Of a house that nobody else writes to. */
export async function checkUsage(core: Core, run: CheckRun): Promise<void> {
  await checkUploadSizes(core, run)
  if (run.options.repair) await resumeQuotas(core)
  for (const [scope, used] of await expected(core, run)) {
    const { gets } = await core.store.read({ gets: [get(usageTable, [scope])] })
    const { record } = gets[0]
    if (record !== undefined && same(record, used)) continue
    const said = record === undefined ? 'is not there' : `says ${words(record)}`
    const repaired =
      run.options.repair && (await putRight(core, { put: usageTable, record: { scope, ...used } }))
    run.find({ kind: 'count', id: scope, what: `${said}, but there are ${words(used)}`, repaired })
  }
}

/** What the parts of each upload hold, which is what the counts are compared with. */
async function checkUploadSizes(core: Core, run: CheckRun): Promise<void> {
  for await (const record of recordsOf(core.store, uploadSizesTable)) {
    const { revision, ...size } = record
    const { bucket, key, upload } = size
    let bytes = 0
    for await (const part of recordsOf(core.store, partsTable, { at: [upload], columns: ['size'] }))
      bytes += part.size
    if (bytes === size.bytes) continue
    const right = { put: uploadSizesTable, record: { ...size, bytes } }
    const check = { table: uploadSizesTable, key: [bucket, key, upload], revision }
    const repaired = run.options.repair && (await putRight(core, right, [check]))
    const what = `its parts hold ${bytes} bytes, but ${size.bytes} are counted`
    run.find({ kind: 'count', id: `upload ${upload} of ${key}`, what, repaired })
  }
}

const same = (record: UsageRecord, used: Used): boolean =>
  record.bytes === used.bytes && record.objects === used.objects && record.buckets === used.buckets

const words = ({ bytes, objects, buckets }: Used): string =>
  `${bytes} bytes in ${objects} versions, ${buckets} buckets`

/** What each count should say; those that are not finished, and what no quota asks for, are left out. */
async function expected(core: Core, run: CheckRun): Promise<ReadonlyMap<string, Used>> {
  const counts = new Map<string, Used>()
  const entry = (scope: string): Used => {
    const known = counts.get(scope)
    if (known !== undefined) return known
    const { bytes, objects, buckets } = nothingUsed(scope)
    const used = { bytes, objects, buckets }
    counts.set(scope, used)
    return used
  }
  for await (const { name, meter } of recordsOf(core.store, volumesTable)) {
    entry(volumeScope(name))
    if (meter !== null) entry(meter)
  }
  const owned = new Map<string, string>()
  for await (const { account, quotas, buckets } of recordsOf(core.store, ownersTable)) {
    for (const { scope } of quotas) entry(scope)
    if (buckets?.counted !== true) continue
    owned.set(account, buckets.scope)
    entry(buckets.scope)
  }
  const unfinished = new Set<string>()
  for await (const { id, volume, owner, meters } of recordsOf(core.store, bucketsTable)) {
    // Buckets of a volume without a record are counted when it is made.
    if (counts.has(volumeScope(volume))) entry(volumeScope(volume)).buckets += 1
    const scopeOfOwner = owned.get(owner)
    if (scopeOfOwner !== undefined) entry(scopeOfOwner).buckets += 1
    if (meters === null || meters === undefined) continue
    const content = await contentOf(core, id, run)
    for (const { scope, counting, user } of meters) {
      const used = user === undefined ? content.all : content.of.get(user)
      entry(scope).bytes += used?.bytes ?? 0
      entry(scope).objects += used?.objects ?? 0
      if (counting !== undefined) unfinished.add(scope)
    }
  }
  for (const scope of unfinished) counts.delete(scope)
  return counts
}

/** What is in a bucket, and what of it is each user's. */
async function contentOf(core: Core, bucket: string, run: CheckRun) {
  const all = { bytes: 0, objects: 0 }
  const of = new Map<string, { bytes: number; objects: number }>()
  const at = [bucket]
  const add = (writer: string | null, bytes: number, objects: number) => {
    const own = (writer === null ? undefined : of.get(writer)) ?? { bytes: 0, objects: 0 }
    if (writer !== null) of.set(writer, own)
    for (const used of [all, own]) {
      used.bytes += bytes
      used.objects += objects
    }
    run.compared()
  }
  const columns = ['size', 'writer']
  for await (const { size, writer } of recordsOf(core.store, objectsTable, { at, columns }))
    add(writer, size, 1)
  const noncurrent = { at, columns: [...columns, 'marker'] }
  for await (const { size, writer, marker } of recordsOf(core.store, versionsTable, noncurrent))
    if (marker === 0) add(writer, size, 1)
  for await (const { bytes, writer } of recordsOf(core.store, uploadSizesTable, { at }))
    add(writer, bytes, 0)
  return { all, of }
}

async function putRight(core: Core, write: Write, checks: readonly Check[] = []): Promise<boolean> {
  return await commitIfFirst(core.store, { checks, writes: [write] })
}
