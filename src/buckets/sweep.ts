/**
 * The sweep: takes away what nothing refers to. No clock decides who wins: an orphan is claimed by writing the very row
 * that a commit would write. Everything here can be interrupted anywhere and run by several at once.
 */

import type { BucketInfo } from '../ports/keyspace.ts'
import type { Log } from '../ports/log.ts'
import { commitIfFirst, get, type Stored, scan } from '../ports/meta-store.ts'
import { bucketsOf } from './bucket-records.ts'
import { clearParts } from './clear-parts.ts'
import { sliceReferences } from './content.ts'
import type { Core } from './core.ts'
import { resumeQuotas } from './quotas.ts'
import {
  type BlobRecord,
  blobsTable,
  type EndedRecord,
  endedTable,
  type ManifestRecord,
  manifestRowsTable,
  manifestsTable,
  renamesTable,
  type UploadRecord,
  uploadsTable,
} from './tables.ts'
import { abortUpload } from './upload-sizes.ts'
import { Draft } from './write.ts'

export interface SweepTimes {
  /** Uploads under way for longer are aborted. Milliseconds, like all of these. */
  readonly uploadAge: number
  /** Condemned bytes stay so long after the sweep saw them first. */
  readonly condemnedAge: number
  /** Younger blobs and temporary files are not looked at: their writers are most likely alive. */
  readonly orphanAge: number
  /** What became of an upload, and the token of a rename, is remembered so long. */
  readonly endedAge: number
}

export const usualTimes: SweepTimes = {
  uploadAge: 7 * 24 * 3_600_000,
  condemnedAge: 3_600_000,
  orphanAge: 24 * 3_600_000,
  endedAge: 24 * 3_600_000,
}

export interface SweepReport {
  uploadsAborted: number
  uploadsCleared: number
  renamesForgotten: number
  manifestsReleased: number
  orphansCondemned: number
  blobsRemoved: number
  temporaryFiles: number
  /** Versions, for quotas whose counting was interrupted. */
  counted: number
}

const page = 500
/** A read is known to {@link Core.reads} so long after it found its record at the latest. */
const begunLate = 3000
/** On a full disk condemned bytes stay so long after they were seen first: until every read that wants them is known. */
const urgentAge = begunLate
/** How far the clock of a file system may be off ours. */
const clocksApart = 60_000

/** A store throws it to end a sweep between two of its steps, anywhere of which it may be interrupted. */
export class SweepStopped extends Error {
  override readonly name = 'SweepStopped'
}

export async function sweep(core: Core, times: SweepTimes, log: Log): Promise<SweepReport> {
  const report: SweepReport = {
    uploadsAborted: await abortOldUploads(core, times),
    uploadsCleared: await clearEnded(core, times, log),
    renamesForgotten: await forgetRenames(core, times),
    manifestsReleased: await releaseManifests(core),
    orphansCondemned: await condemnOrphans(core, times, log),
    blobsRemoved: await removeCondemned(core, times),
    temporaryFiles: await core.blobs.sweepTemporary(times.orphanAge),
    counted: await resumeQuotas(core),
  }
  if (Object.values(report).some(count => count > 0)) log.info({ ...report }, 'swept')
  return report
}

/**
 * The part of a sweep that makes room at once of what was deleted, for a full disk. What a reader has open, or is about
 * to open, stays as ever. Temporary files of earlier processes go, however young, for nobody writes them any more.
 */
export async function sweepUrgently(core: Core): Promise<number> {
  const times = { ...usualTimes, condemnedAge: urgentAge }
  await releaseManifests(core)
  const removed = await removeCondemned(core, times)
  return removed + (await core.blobs.sweepTemporary(core.clock.now() - core.started + clocksApart))
}

/** Uploads older than they may be, and those of buckets that are gone (their age counts just the same). */
async function abortOldUploads(core: Core, times: SweepTimes): Promise<number> {
  const before = core.clock.now() - times.uploadAge
  let count = 0
  for (;;) {
    const { scans } = await core.store.read({
      scans: [
        scan(uploadsTable, { index: 'uploads_by_age', at: [], before: [before], limit: page }),
      ],
    })
    const uploads = scans[0].entries.filter(entry => typeof entry !== 'string')
    const buckets = await bucketsWith(core, uploads)
    let done = 0
    for (const upload of uploads)
      if (await abortUpload(core, buckets.get(upload.bucket), upload)) done += 1
    count += done
    if (done === 0) return count
  }
}

/** The buckets of uploads, as far as they are still there, by their ids. */
async function bucketsWith(core: Core, uploads: readonly UploadRecord[]) {
  const found = new Map<string, BucketInfo>()
  const wanted = new Set(uploads.map(({ bucket }) => bucket))
  if (wanted.size === 0) return found
  for await (const bucket of bucketsOf(core))
    if (wanted.has(bucket.id)) found.set(bucket.id, bucket)
  return found
}

/** Clears what is left of ended uploads, and forgets those that ended long ago. */
async function clearEnded(core: Core, times: SweepTimes, log: Log): Promise<number> {
  const before = core.clock.now() - times.endedAge
  let count = 0
  let after: readonly (string | number)[] = []
  for (;;) {
    const { scans } = await core.store.read({
      scans: [
        scan(endedTable, {
          index: 'ended_by_age',
          at: [],
          limit: page,
          ...(after.length === 0 ? {} : { after }),
        }),
      ],
    })
    for (const ended of scans[0].entries) {
      if (typeof ended === 'string') continue
      after = [ended.ended, ended.bucket, ended.key, ended.upload]
      if (ended.cleaned === 0) {
        if (await cleared(core, ended, log)) count += 1
      } else if (ended.ended < before) {
        const draft = new Draft()
        const key = [ended.bucket, ended.key, ended.upload]
        draft.checks.push({ table: endedTable, key, revision: ended.revision })
        draft.writes.push({ remove: endedTable, key })
        await commitIfFirst(core.store, draft.batch())
      }
    }
    if (!scans[0].more) return count
  }
}

/** False: this one cannot be cleared now, which must not keep the sweep from all the others. */
async function cleared(core: Core, ended: EndedRecord, log: Log): Promise<boolean> {
  try {
    await clearParts(core, ended)
    return true
  } catch (err) {
    if (err instanceof SweepStopped) throw err
    log.error({ err, upload: ended.upload }, 'an ended upload cannot be cleared')
    return false
  }
}

async function forgetRenames(core: Core, times: SweepTimes): Promise<number> {
  const before = core.clock.now() - times.endedAge
  for (let count = 0; ; ) {
    const { scans } = await core.store.read({
      scans: [
        scan(renamesTable, { index: 'renames_by_age', at: [], before: [before], limit: page }),
      ],
    })
    const draft = new Draft()
    for (const rename of scans[0].entries) {
      if (typeof rename === 'string') continue
      draft.writes.push({ remove: renamesTable, key: [rename.bucket, rename.token] })
    }
    if (draft.writes.length === 0) return count
    await core.store.commit(draft.batch())
    count += draft.writes.length
  }
}

/** A manifest that nothing refers to lets go of its blobs, row by row, once its upload's part rows are gone. */
async function releaseManifests(core: Core): Promise<number> {
  let count = 0
  let after: string | undefined
  for (;;) {
    const { scans } = await core.store.read({
      scans: [
        scan(manifestsTable, {
          index: 'manifests_condemned',
          at: [],
          limit: page,
          ...(after === undefined ? {} : { after: [after] }),
        }),
      ],
    })
    for (const manifest of scans[0].entries) {
      if (typeof manifest === 'string') continue
      after = manifest.id
      if (await releaseManifest(core, manifest)) count += 1
    }
    if (!scans[0].more) return count
  }
}

async function releaseManifest(core: Core, manifest: Stored<ManifestRecord>): Promise<boolean> {
  const { gets } = await core.store.read({ gets: [get(endedTable, manifest.upload)] })
  if (gets[0].record?.cleaned === 0) return false
  for (;;) {
    const { scans } = await core.store.read({
      scans: [scan(manifestRowsTable, { at: [manifest.id], limit: 1 })],
    })
    const row = scans[0].entries[0]
    const draft = new Draft()
    if (row === undefined || typeof row === 'string') {
      draft.checks.push({ table: manifestsTable, key: [manifest.id], revision: manifest.revision })
      draft.writes.push({ remove: manifestsTable, key: [manifest.id] })
      return commitIfFirst(core.store, draft.batch())
    }
    const key = [manifest.id, row.offset]
    draft.checks.push({ table: manifestRowsTable, key, revision: row.revision })
    draft.writes.push({ remove: manifestRowsTable, key })
    draft.adds.push(
      ...sliceReferences(
        row.parts.flatMap(part => part.slices),
        -1,
      ),
    )
    if (!(await commitIfFirst(core.store, draft.batch()))) return false
  }
}

/** A blob without a row was never referred to: its row is written as condemned, so that no commit can bring it in. */
async function condemnOrphans(core: Core, times: SweepTimes, log: Log): Promise<number> {
  if (!core.ownsBlobs) {
    log.warn({}, 'the folder of blobs belongs to another database: no blob is taken for an orphan')
    return 0
  }
  let count = 0
  const before = core.clock.now() - times.orphanAge
  for await (const blob of core.blobs.list()) {
    if (blob.modified >= before) continue
    const { gets } = await core.store.read({ gets: [get(blobsTable, [blob.id])] })
    if (gets[0].record !== undefined) continue
    const draft = new Draft()
    draft.checks.push({ table: blobsTable, key: [blob.id], revision: null })
    draft.writes.push({
      put: blobsTable,
      record: { id: blob.id, refs: 0, size: blob.size, condemned: core.clock.now(), orphan: 1 },
    })
    if (await commitIfFirst(core.store, draft.batch())) count += 1
  }
  return count
}

/** Notes when a condemned blob was seen first; an hour later its bytes go, then its row. */
async function removeCondemned(core: Core, times: SweepTimes): Promise<number> {
  let count = 0
  let after: string | undefined
  for (;;) {
    const { scans } = await core.store.read({
      scans: [
        scan(blobsTable, {
          index: 'blobs_condemned',
          at: [],
          limit: page,
          ...(after === undefined ? {} : { after: [after] }),
        }),
      ],
    })
    const blobs = scans[0].entries.filter(entry => typeof entry !== 'string')
    after = blobs.at(-1)?.id
    count += await removeBlobs(core, blobs, times)
    if (!scans[0].more || after === undefined) return count
  }
}

async function removeBlobs(
  core: Core,
  blobs: readonly Stored<BlobRecord>[],
  times: SweepTimes,
): Promise<number> {
  const now = core.clock.now()
  const noted = new Draft()
  const due: Stored<BlobRecord>[] = []
  const reading = core.reads.oldest()
  for (const blob of blobs) {
    if (blob.condemned === null && times.condemnedAge > 0) {
      noted.checks.push({ table: blobsTable, key: [blob.id], revision: blob.revision })
      noted.writes.push({ put: blobsTable, record: { ...blob, condemned: now } })
    } else if (!waits(core, blob) && (blob.condemned ?? 0) <= now - times.condemnedAge) {
      // Condemned while somebody reads: it may be what comes next in that object.
      if ((blob.condemned ?? 0) + begunLate < reading) due.push(blob)
    }
  }
  const removed = due.length > 0 && (await removeDue(core, due))
  // Afterwards: on a full disk there may be no room for it before.
  if (noted.writes.length > 0) await commitIfFirst(core.store, noted.batch())
  return removed ? due.length : 0
}

/** False: somebody else was at the same rows. */
async function removeDue(core: Core, due: readonly Stored<BlobRecord>[]): Promise<boolean> {
  // Bytes first: a crash in between leaves a row without bytes, which the next sweep takes, never bytes without a row.
  await core.blobs.remove(due.map(blob => blob.id))
  const gone = new Draft()
  for (const blob of due) {
    const key = [blob.id]
    gone.checks.push({ table: blobsTable, key, revision: blob.revision })
    // Its writer may be about to commit still; the row is what refuses it.
    if (blob.orphan === 1 && (blob.condemned ?? 0) >= core.started) {
      gone.writes.push({ put: blobsTable, record: { ...blob, orphan: 2 } })
    } else gone.writes.push({ remove: blobsTable, key })
  }
  return await commitIfFirst(core.store, gone.batch())
}

/** A row whose bytes are gone, kept for as long as the process that may still want to bring them in. */
function waits(core: Core, blob: BlobRecord): boolean {
  return blob.orphan === 2 && (blob.condemned ?? 0) >= core.started
}
