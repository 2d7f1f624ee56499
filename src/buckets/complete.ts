/** The end of a multipart upload: Complete, Abort, and clearing away its part rows. */
import { createHash } from 'node:crypto'
import { S3Error } from '../model/errors.ts'
import type { Checksum, CompleteRequest, PutResult, UploadRef } from '../ports/keyspace.ts'
import { get, type Stored, scan } from '../ports/meta-store.ts'
import { isConditional, requireWrite } from '../rules/conditions.ts'
import {
  completedEtag,
  compositeChecksum,
  defaultChecksum,
  matchParts,
  requireObjectChecksum,
  requireObjectSize,
  requirePartOrder,
} from '../rules/uploads.ts'
import { clearParts } from './clear-parts.ts'
import { sliceReferences } from './content.ts'
import { attempt, bucketCheck, type Core, type Plan, type Space } from './core.ts'
import { putResult } from './put.ts'
import { noSuchUpload, requireUploadId, versionIdOf } from './records.ts'
import {
  type Content,
  type ContentPart,
  type EndedRecord,
  endedTable,
  manifestRowsTable,
  manifestsTable,
  type PartRecord,
  partsTable,
  type UploadRecord,
  type UploadSizeRecord,
  uploadSizesTable,
  uploadsTable,
} from './tables.ts'
import { endUpload, planAbort } from './upload-sizes.ts'
import { Draft, planPut, readKey } from './write.ts'

interface Listed {
  readonly part: Stored<PartRecord>
  readonly selected: boolean
}

export async function complete(space: Space, request: CompleteRequest): Promise<PutResult> {
  const { core, bucket } = space
  requirePartOrder(request.parts, request.uploadId)
  const conditional = isConditional(request.conditions)
  const { result, ended } = await attempt(
    space,
    { key: request.key, conditional },
    async (): Promise<Plan<{ result: PutResult; ended: EndedRecord | undefined }>> => {
      const { upload, before, size } = await readUnderWay(space, request)
      if (upload === undefined) {
        return {
          batch: undefined,
          result: { result: answerAgain(before, request), ended: undefined },
        }
      }
      const parts = await readParts(space, request.uploadId)
      return plan(space, request, { upload, parts, size })
    },
  )
  core.cache.forget(bucket.id, request.key)
  // What a manifest does not stand for went with the batch; a part that came in the last moment is left to the sweep.
  if (ended !== undefined && ended.manifest !== null) await clearNow(core, ended)
  return result
}

/** The upload has ended and that is durable: whatever stops the clearing now, the sweep goes on with it. */
async function clearNow(core: Core, ended: EndedRecord): Promise<void> {
  await clearParts(core, ended).catch(() => undefined)
}

/** The upload with what its parts hold, and what became of it before. */
async function readUnderWay(space: Space, ref: UploadRef) {
  requireUploadId(ref.uploadId)
  const key = [space.bucket.id, ref.key, ref.uploadId]
  const { gets } = await space.core.store.read(
    { gets: [get(uploadsTable, key), get(endedTable, key), get(uploadSizesTable, key)] },
    { tentative: true },
  )
  return { upload: gets[0].record, before: gets[1].record, size: gets[2].record }
}

/** A repeat of Complete, whose first answer may have been lost on its way. */
function answerAgain(ended: EndedRecord | undefined, ref: UploadRef): PutResult {
  if (ended?.outcome !== 'completed') throw noSuchUpload(ref.uploadId)
  return {
    etag: ended.etag ?? '',
    size: ended.size ?? 0,
    versionId: ended.version ?? undefined,
    checksum: ended.checksum ?? undefined,
    modified: ended.ended,
  }
}

async function readParts(space: Space, uploadId: string): Promise<Stored<PartRecord>[]> {
  const parts: Stored<PartRecord>[] = []
  for (let after = 0; ; ) {
    const { scans } = await space.core.store.read(
      {
        scans: [
          scan(partsTable, {
            at: [uploadId],
            after: [after],
            limit: space.core.thresholds.partPage,
          }),
        ],
      },
      { tentative: true },
    )
    for (const entry of scans[0].entries) if (typeof entry !== 'string') parts.push(entry)
    if (!scans[0].more) return parts
    after = parts.at(-1)?.number ?? 0
  }
}

async function plan(
  space: Space,
  request: CompleteRequest,
  what: {
    upload: Stored<UploadRecord>
    parts: readonly Stored<PartRecord>[]
    size: Stored<UploadSizeRecord> | undefined
  },
): Promise<Plan<{ result: PutResult; ended: EndedRecord }>> {
  const { core, bucket } = space
  const { upload } = what
  const now = core.clock.now()
  const chosen = choose(request, upload, what.parts, core.thresholds.partBytes)
  const size = chosen.reduce((sum, part) => sum + part.size, 0)
  const checksum = wholeChecksum(space, upload, chosen)
  requireObjectSize(request.size, size)
  requireWhole(request, checksum)
  const state = await readKey(space, request.key)
  requireWrite(request.conditions, state.current, request.key)
  const draft = new Draft()
  draft.checks.push(bucketCheck(bucket), {
    table: uploadsTable,
    key: [bucket.id, request.key, request.uploadId],
    revision: upload.revision,
  })
  const numbers = new Set(chosen.map(part => part.number))
  const listed = what.parts.map(part => ({ part, selected: numbers.has(part.number) }))
  const contentParts = chosen.map(contentPart)
  const manifest = needsManifest(core, what.parts) ? request.uploadId : null
  const content = manifest === null ? { parts: contentParts } : { manifest }
  if (manifest === null) takeOver(draft, listed)
  else putManifest(core, draft, upload, contentParts)
  const record = planPut(draft, space, state, {
    ...completed(upload, chosen, content, now),
    size,
    checksumAlgorithm: checksum.algorithm,
    checksumType: checksum.type,
    checksum: checksum.value,
  })
  const ended: EndedRecord = {
    bucket: upload.bucket,
    key: upload.key,
    upload: upload.upload,
    ended: now,
    outcome: 'completed',
    etag: record.etag,
    size,
    version: versionIdOf(bucket, record) ?? null,
    checksum,
    manifest,
    // Parts that came after they were read here are not in the batch.
    cleaned: 0,
  }
  endUpload(draft, bucket, { ended, size: what.size })
  return { batch: draft.batch(), result: { result: putResult(space, record), ended } }
}

function choose(
  request: CompleteRequest,
  upload: UploadRecord,
  parts: readonly Stored<PartRecord>[],
  partBytes: number,
): Stored<PartRecord>[] {
  const { checksumAlgorithm: algorithm } = upload
  const stored = new Map(
    parts.map(part => [
      part.number,
      {
        ...part,
        checksum: { algorithm: algorithm ?? defaultChecksum.algorithm, value: part.checksum },
      },
    ]),
  )
  // Checksums of an algorithm that the upload did not name were verified with the part and are not kept.
  const listed =
    algorithm === null
      ? request.parts.map(part => ({ ...part, checksum: undefined }))
      : request.parts
  const found = matchParts(listed, number => stored.get(number), request.uploadId, partBytes)
  return found.map(part => ({ ...part, checksum: part.checksum.value }))
}

/** Whether the parts are too many for one record, or their rows (empty ones too) for the batch that completes them. */
function needsManifest(core: Core, parts: readonly PartRecord[]): boolean {
  const slices = parts.reduce((sum, part) => sum + part.slices.length, 0)
  const { embeddedSlices, embeddedParts } = core.thresholds
  return slices > embeddedSlices || parts.length > embeddedParts
}

function contentPart(part: PartRecord): ContentPart {
  return {
    number: part.number,
    size: part.size,
    checksum: part.checksum,
    slices: part.slices,
  }
}

/** The parts' references pass to the object; what the client left out loses its own. */
function takeOver(draft: Draft, listed: readonly Listed[]): void {
  for (const { part, selected } of listed) {
    draft.writes.push({ remove: partsTable, key: [part.upload, part.number] })
    if (!selected) draft.adds.push(...sliceReferences(part.slices, -1))
  }
}

/** The manifest stands for the parts' references; their rows are cleared afterwards. */
function putManifest(
  core: Core,
  draft: Draft,
  upload: UploadRecord,
  parts: readonly ContentPart[],
): void {
  const id = upload.upload
  const { rowParts, rowSlices } = core.thresholds
  let row: ContentPart[] = []
  let slices = 0
  let offset = 0
  let size = 0
  const putRow = () => {
    if (row.length === 0) return
    draft.writes.push({ put: manifestRowsTable, record: { manifest: id, offset, parts: row } })
    row = []
    slices = 0
    offset = size
  }
  for (const part of parts) {
    row.push(part)
    slices += part.slices.length
    size += part.size
    if (row.length >= rowParts || slices >= rowSlices) putRow()
  }
  putRow()
  draft.writes.push({
    put: manifestsTable,
    record: {
      id,
      refs: 1,
      parts: parts.length,
      size,
      upload: [upload.bucket, upload.key, upload.upload],
    },
  })
}

function completed(
  upload: UploadRecord,
  chosen: readonly PartRecord[],
  content: Content,
  now: number,
) {
  const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex')
  return {
    etag: completedEtag(
      chosen.map(part => part.etag),
      md5,
    ),
    modified: now,
    owner: upload.owner,
    storageClass: upload.storageClass,
    partCount: chosen.length,
    body: null,
    content,
    attributes: upload.attributes,
    tags: upload.tags,
    writer: upload.writer,
  }
}

function wholeChecksum(
  space: Space,
  upload: UploadRecord,
  chosen: readonly PartRecord[],
): Checksum {
  const { digester } = space.core
  const algorithm = upload.checksumAlgorithm ?? defaultChecksum.algorithm
  const type = upload.checksumType ?? defaultChecksum.type
  if (type === 'COMPOSITE') {
    const values = chosen.map(part => part.checksum)
    const digest = (bytes: Uint8Array) => digester.digestBytes(algorithm, bytes)
    return { algorithm, type, value: compositeChecksum(values, digest) }
  }
  const parts = chosen.map(part => ({ value: part.checksum, size: part.size }))
  const value = digester.combine(algorithm, parts)
  if (value === undefined) throw new Error(`${algorithm} cannot speak of the full object`)
  return { algorithm, type, value }
}

/** What the client says of the whole must be so, as far as it speaks of the algorithm that the upload has. */
function requireWhole(request: CompleteRequest, checksum: Checksum): void {
  if (request.checksumType !== undefined && request.checksumType !== checksum.type) {
    throw new S3Error(
      'InvalidRequest',
      {},
      `The upload was created using the ${checksum.type} checksum mode. The complete request must use the same checksum mode.`,
    )
  }
  requireObjectChecksum(request.checksum, checksum)
}

export async function abort(space: Space, ref: UploadRef): Promise<void> {
  const { core, bucket } = space
  const ended = await attempt(
    space,
    { key: ref.key, conditional: false },
    async (): Promise<Plan<EndedRecord | undefined>> => {
      const { upload, before, size } = await readUnderWay(space, ref)
      if (upload === undefined) {
        // A repeat of an abort finds what it wanted; an upload that was completed is not harmed.
        if (before?.outcome === 'aborted') return { batch: undefined, result: before }
        throw noSuchUpload(ref.uploadId)
      }
      const draft = new Draft()
      const record = planAbort(draft, space.bucket, { upload, size, now: core.clock.now() })
      return { batch: draft.batch(), result: record }
    },
  )
  if (ended?.cleaned === 0) await clearNow(core, ended)
  core.cache.forget(bucket.id, ref.key)
}
