/**
 * Verifies a whole folder of data: bytes against what the records say of them, heads against versions, counts against
 * references. Nobody else may write meanwhile. Nothing that has bytes is ever removed or moved: what is damaged is told,
 * and stays where it can be found; only counts and heads are put right, and what nobody refers to is let go.
 */
import type { Core } from '../../buckets/core.ts'
import { bucketsTable } from '../../buckets/tables.ts'
import { silentLog } from '../../ports/log.ts'
import { recordsOf } from '../../ports/records.ts'
import { sweepAll } from '../sweeper.ts'
import { checkBlobs } from './blobs.ts'
import { faultOfPart } from './bytes.ts'
import { checkCounts } from './counts.ts'
import { type CheckOptions, type CheckReport, CheckRun } from './finding.ts'
import { checkKeys, measure } from './keys.ts'
import { ownParts } from './references.ts'
import { checkUsage } from './usage.ts'

/** Reads everything once, in memory that does not grow with it. Findings are told as they come. */
export async function checkFolder(core: Core, options: CheckOptions): Promise<CheckReport> {
  const names = new Map<string, string>()
  for await (const { id, name } of recordsOf(core.store, bucketsTable)) names.set(id, name)
  const run = new CheckRun(options, names)
  await measure(core, run)
  await checkKeys(core, run)
  if (options.bucket !== undefined) return run.report
  await checkParts(core, run)
  await checkCounts(core, run)
  await checkUsage(core, run)
  await checkBlobs(core, run)
  // What nobody refers to may be what somebody misses.
  if (options.repair && !run.lostBytes) {
    run.report.released = (await sweepAll(core, silentLog)).blobsRemoved
  }
  return run.report
}

/** The parts of uploads that are under way, or ended and not cleared yet. */
async function checkParts(core: Core, run: CheckRun): Promise<void> {
  for await (const part of ownParts(core)) {
    const fault = await faultOfPart(core, part)
    run.report.parts += 1
    if (fault === undefined) continue
    const { kind, what } = fault
    run.find({ kind, id: part.upload, what: `part ${part.number} ${what}`, repaired: false })
  }
}
