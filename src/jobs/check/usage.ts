/** Whether what is counted for quotas is what is there. */
import type { Core } from '../../buckets/core.ts'
import { resumeQuotas } from '../../buckets/quotas.ts'
import {
  bucketsTable,
  objectsTable,
  type UsageRecord,
  usageTable,
  versionsTable,
  volumesTable,
} from '../../buckets/tables.ts'
import { nothingUsed, volumeScope } from '../../buckets/volume-records.ts'
import { Conflict, get } from '../../ports/meta-store.ts'
import type { CheckRun } from './finding.ts'
import { recordsOf } from './records.ts'

type Used = { -readonly [C in 'bytes' | 'objects' | 'buckets']: number }

/** Of a house that nobody else writes to. */
export async function checkUsage(core: Core, run: CheckRun): Promise<void> {
  if (run.options.repair) await resumeQuotas(core)
  for (const [scope, used] of await expected(core, run)) {
    const { gets } = await core.store.read({ gets: [get(usageTable, [scope])] })
    const { record } = gets[0]
    if (record !== undefined && same(record, used)) continue
    const said = record === undefined ? 'is not there' : `says ${words(record)}`
    const repaired = run.options.repair && (await putRight(core, { scope, ...used }))
    run.find({ kind: 'count', id: scope, what: `${said}, but there are ${words(used)}`, repaired })
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
  const unfinished = new Set<string>()
  for await (const { id, volume, meters } of recordsOf(core.store, bucketsTable)) {
    // Buckets of a volume without a record are counted when it is made.
    if (counts.has(volumeScope(volume))) entry(volumeScope(volume)).buckets += 1
    if (meters === null || meters === undefined) continue
    const { bytes, objects } = await contentOf(core, id, run)
    for (const { scope, counting } of meters) {
      entry(scope).bytes += bytes
      entry(scope).objects += objects
      if (counting !== undefined) unfinished.add(scope)
    }
  }
  for (const scope of unfinished) counts.delete(scope)
  return counts
}

async function contentOf(core: Core, bucket: string, run: CheckRun) {
  const used = { bytes: 0, objects: 0 }
  const at = [bucket]
  const add = (size: number) => {
    used.bytes += size
    used.objects += 1
    run.compared()
  }
  for await (const { size } of recordsOf(core.store, objectsTable, { at, columns: ['size'] }))
    add(size)
  const columns = ['size', 'marker']
  for await (const { size, marker } of recordsOf(core.store, versionsTable, { at, columns }))
    if (marker === 0) add(size)
  return used
}

async function putRight(core: Core, record: UsageRecord): Promise<boolean> {
  try {
    await core.store.commit({ writes: [{ put: usageTable, record }] })
    return true
  } catch (error) {
    if (error instanceof Conflict) return false
    throw error
  }
}
