/** Clears the part rows of an upload that ended, page by page; whoever is interrupted is followed by the sweep. */
import { commitIfFirst, get, type Stored, scan } from '../ports/meta-store.ts'
import { sliceReferences } from './content.ts'
import { attemptsMax, type Core } from './core.ts'
import { contentParts } from './read.ts'
import { type EndedRecord, endedTable, type PartRecord, partsTable } from './tables.ts'
import { Draft } from './write.ts'

/**
 * What a manifest took over keeps its reference, which stands for the manifest's; everything else loses its own. While
 * this is not done the manifest's blobs are not released, so the two cannot both let go of one.
 */
export async function clearParts(core: Core, ended: EndedRecord): Promise<void> {
  const taken = await takenOver(core, ended)
  for (let refused = 0; refused < attemptsMax; ) {
    const { scans } = await core.store.read(
      { scans: [scan(partsTable, { at: [ended.upload], limit: core.thresholds.clearRows })] },
      { tentative: true },
    )
    const rows = scans[0].entries.filter(entry => typeof entry !== 'string')
    const some = withinBatch(core, rows)
    if (some.length > 0 && !(await clearPage(core, some, taken))) refused += 1
    else if (some.length === rows.length && !scans[0].more) return markCleaned(core, ended)
    else refused = 0
  }
  throw new Error(`the parts of the upload ${ended.upload} cannot be cleared`)
}

async function takenOver(core: Core, ended: EndedRecord): Promise<ReadonlySet<number>> {
  const taken = new Set<number>()
  if (ended.manifest === null) return taken
  for await (const part of contentParts(core, {
    content: { manifest: ended.manifest },
    partCount: null,
  })) {
    taken.add(part.number)
  }
  return taken
}

/** As many of the rows, one at least, as one batch can clear: a copied part may refer to very many blobs. */
function withinBatch(
  core: Core,
  rows: readonly Stored<PartRecord>[],
): readonly Stored<PartRecord>[] {
  let references = 0
  const over = rows.findIndex((row, index) => {
    references += row.slices.length
    return index > 0 && references > core.thresholds.clearReferences
  })
  return over < 0 ? rows : rows.slice(0, over)
}

/** False: somebody else was at the same rows. */
async function clearPage(
  core: Core,
  rows: readonly Stored<PartRecord>[],
  taken: ReadonlySet<number>,
): Promise<boolean> {
  const draft = new Draft()
  for (const row of rows) {
    const key = [row.upload, row.number]
    draft.checks.push({ table: partsTable, key, revision: row.revision })
    draft.writes.push({ remove: partsTable, key })
    if (!taken.has(row.number)) {
      draft.adds.push(...sliceReferences(row.slices, -1))
    }
  }
  return await commitIfFirst(core.store, draft.batch())
}

async function markCleaned(core: Core, ended: EndedRecord): Promise<void> {
  const key = [ended.bucket, ended.key, ended.upload]
  const { gets } = await core.store.read({ gets: [get(endedTable, key)] }, { tentative: true })
  const record = gets[0].record
  if (record === undefined || record.cleaned === 1) return
  const draft = new Draft()
  draft.checks.push({ table: endedTable, key, revision: record.revision })
  draft.writes.push({ put: endedTable, record: { ...record, cleaned: 1 } })
  await commitIfFirst(core.store, draft.batch())
}
