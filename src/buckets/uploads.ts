/** Multipart uploads before their end: starting one, its parts, and the lists of both. */
import type { ChecksumAlgorithm } from '../model/checksums.ts'
import { S3Error } from '../model/errors.ts'
import type {
  Keyspace,
  PartCopyRequest,
  PartInfo,
  PartRequest,
  Received,
  UploadRef,
  UploadRequest,
  UploadSummary,
} from '../ports/keyspace.ts'
import { type Batch, get, type Stored, scan } from '../ports/meta-store.ts'
import { requireSource } from '../rules/conditions.ts'
import { requireCopySize, requireSourceRange } from '../rules/range.ts'
import { defaultChecksum } from '../rules/uploads.ts'
import { cut, discardOnFailure, type NewContent, sliceReferences, takeIn } from './content.ts'
import { attempt, bucketCheck, type Space } from './core.ts'
import { placeOf } from './put.ts'
import { find, OpenRecord, whileAwaited } from './read.ts'
import {
  noSuchUpload,
  requireUploadId,
  storedAttributes,
  uploadSummaryOf,
  versionIdOf,
} from './records.ts'
import {
  type PartRecord,
  partsTable,
  type Slice,
  type UploadRecord,
  uploadSizesTable,
  uploadsTable,
} from './tables.ts'
import { growUpload } from './upload-sizes.ts'
import { Draft } from './write.ts'

export async function createUpload(space: Space, request: UploadRequest): Promise<UploadSummary> {
  const { core } = space
  return attempt(space, { key: request.key, conditional: false }, async () => {
    const initiated = core.clock.now()
    const record: UploadRecord = {
      bucket: space.bucket.id,
      key: request.key,
      upload: newUploadId(initiated, core.random(18)),
      initiated,
      owner: request.owner,
      initiator: request.initiator,
      storageClass: request.storageClass,
      checksumAlgorithm: request.checksumAlgorithm ?? null,
      checksumType: request.checksumType ?? null,
      attributes: storedAttributes(request),
      tags: request.tags.length === 0 ? null : request.tags,
      writer: request.writer ?? null,
    }
    const { bucket, key, upload, writer } = record
    const draft = new Draft()
    draft.checks.push(bucketCheck(space.bucket))
    draft.writes.push(
      { put: uploadsTable, record },
      { put: uploadSizesTable, record: { bucket, key, upload, bytes: 0, writer } },
    )
    return { batch: draft.batch(), result: uploadSummaryOf(record) }
  })
}

/** Ids sort by the time of their uploads, as the list of uploads does. */
function newUploadId(now: number, random: Uint8Array): string {
  return now.toString(36).padStart(9, '0') + Buffer.from(random).toString('base64url')
}

export async function readUpload(space: Space, ref: UploadRef): Promise<Stored<UploadRecord>> {
  requireUploadId(ref.uploadId)
  const { gets } = await space.core.store.read({
    gets: [get(uploadsTable, [space.bucket.id, ref.key, ref.uploadId])],
  })
  const upload = gets[0].record
  if (upload === undefined) throw noSuchUpload(ref.uploadId)
  return upload
}

/** The algorithm whose value each part keeps. */
export function partAlgorithm(upload: UploadRecord): ChecksumAlgorithm {
  return upload.checksumAlgorithm ?? defaultChecksum.algorithm
}

export async function putPart(space: Space, request: PartRequest): Promise<PartInfo> {
  const { core } = space
  const upload = await readUpload(space, request)
  const kept = partAlgorithm(upload)
  const announced = requireSameAlgorithm(upload, request.body.announced)
  const algorithms = announced === undefined || announced === kept ? [kept] : [kept, announced]
  const received = await request.body.receive(algorithms, core.inlineMax)
  const content = await takeIn(core, received, placeOf(space, request))
  const part = partOf(received, kept, core.clock.now())
  await discardOnFailure(core, content, () => commitPart(space, request, part, content))
  const shown = announced ?? kept
  const value = received.digests().checksums[shown] ?? ''
  const { size, etag, modified } = part
  const checksum = { algorithm: shown, type: 'FULL_OBJECT', value } as const
  return { size, etag, modified, number: request.number, checksum }
}

function requireSameAlgorithm(
  upload: UploadRecord,
  announced: ChecksumAlgorithm | undefined,
): ChecksumAlgorithm | undefined {
  const wanted = upload.checksumAlgorithm
  if (announced === undefined || wanted === null || announced === wanted) return announced
  throw new S3Error(
    'InvalidRequest',
    {},
    `Checksum Type mismatch occurred, expected checksum Type: ${wanted.toLowerCase()}, actual checksum Type: ${announced.toLowerCase()}`,
  )
}

interface NewPart {
  readonly size: number
  readonly etag: string
  readonly kept: string
  readonly modified: number
}

function partOf(received: Received, kept: ChecksumAlgorithm, now: number): NewPart {
  const { size, md5, checksums } = received.digests()
  return { size, etag: md5, kept: checksums[kept] ?? '', modified: now }
}

/** What a part is to refer to: new bytes, or those of another object. */
interface PartContent extends Pick<NewContent, 'checks' | 'writes' | 'slices'> {
  readonly shared?: readonly Slice[]
}

async function commitPart(
  space: Space,
  ref: UploadRef & { readonly number: number },
  part: NewPart,
  content: PartContent,
): Promise<void> {
  await attempt(space, { key: partName(ref), conditional: false }, async () => {
    return { batch: await planPart(space, ref, part, content), result: undefined }
  })
}

function partName(ref: UploadRef & { readonly number: number }): string {
  return `${ref.uploadId}/${ref.number}`
}

/** One batch: the part, what the part of the same number referred to before, and how much larger the upload is. */
async function planPart(
  space: Space,
  ref: UploadRef & { readonly number: number },
  part: NewPart,
  content: PartContent,
): Promise<Batch> {
  const { core, bucket } = space
  const uploadKey = [bucket.id, ref.key, ref.uploadId]
  const partKey = [ref.uploadId, ref.number]
  const { gets } = await core.store.read(
    {
      gets: [
        get(uploadsTable, uploadKey),
        get(partsTable, partKey),
        { ...get(uploadSizesTable, uploadKey), columns: [] },
      ],
    },
    { tentative: true },
  )
  const upload = gets[0].record
  const before = gets[1].record
  const isCounted = gets[2].record !== undefined
  if (upload === undefined) throw noSuchUpload(ref.uploadId)
  const draft = new Draft()
  draft.checks.push(
    bucketCheck(bucket),
    ...content.checks,
    { table: uploadsTable, key: uploadKey, revision: upload.revision },
    { table: partsTable, key: partKey, revision: before?.revision ?? null },
  )
  draft.writes.push(...content.writes)
  if (content.shared !== undefined) draft.adds.push(...sliceReferences(content.shared, 1))
  if (before !== undefined) {
    draft.adds.push(...sliceReferences(before.slices, -1))
    // Complete rests on the upload's revision: it must not use the part that goes here.
    draft.writes.push({ put: uploadsTable, record: upload })
  }
  draft.writes.push({ put: partsTable, record: partRecord(ref, part, content.slices) })
  if (isCounted) growUpload(draft, bucket, upload, part.size - (before?.size ?? 0))
  return draft.batch()
}

function partRecord(
  ref: UploadRef & { readonly number: number },
  part: NewPart,
  slices: readonly Slice[],
): PartRecord {
  return {
    upload: ref.uploadId,
    number: ref.number,
    size: part.size,
    etag: part.etag,
    modified: part.modified,
    checksum: part.kept,
    slices,
  }
}

/** UploadPartCopy: the bytes are read for their digests; where they are in this store they are not written again. */
export async function copyPart(
  space: Space,
  source: Space | undefined,
  request: PartCopyRequest,
): Promise<PartInfo & { readonly sourceVersionId: string | undefined }> {
  const upload = await readUpload(space, request)
  const kept = partAlgorithm(upload)
  if (source === undefined) return copyPartForeign(space, request, kept)
  let known: { revision: number; part: NewPart; slices: readonly Slice[] } | undefined
  const copied = await attempt(space, { key: partName(request), conditional: false }, async () => {
    const found = await find(source, request.from)
    const { revision } = found.record
    requireSource(request.sourceConditions, found.record)
    if (known?.revision !== revision) {
      const object = new OpenRecord(source, found)
      const shared = await sharedPart(space, object, request, kept)
      known = { revision, ...shared }
    }
    const { part, slices } = known
    const result = { part, sourceVersionId: versionIdOf(source.bucket, found.record) }
    if (slices.length > space.core.thresholds.sharedSlices)
      return { batch: undefined, result: undefined }
    const content = { slices, shared: slices, checks: [], writes: [] }
    return { batch: await planPart(space, request, part, content), result }
  })
  if (copied === undefined) return copyPartForeign(space, request, kept)
  const { part, sourceVersionId } = copied
  const checksum = { algorithm: kept, type: 'FULL_OBJECT', value: part.kept } as const
  const { size, etag, modified } = part
  return { size, etag, modified, number: request.number, checksum, sourceVersionId }
}

/** Where the bytes of a span are, and their digests. */
async function sharedPart(
  space: Space,
  object: OpenRecord,
  request: PartCopyRequest,
  kept: ChecksumAlgorithm,
) {
  const { digester, clock, thresholds } = space.core
  const span = requireSpan(request, object.info.size)
  const slices = cut(await object.slices(span), { start: 0, end: span.end - span.start })
  // Too many to be shared: their bytes are written anew, and digested then.
  const bytes = slices.length > thresholds.sharedSlices ? nothing : await object.stream(span)
  const { size, md5, checksums } = await digester.digest(whileAwaited(bytes, request), [kept])
  const part = { size, etag: md5, kept: checksums[kept] ?? '', modified: clock.now() }
  return { part, slices }
}

const nothing: AsyncIterable<Uint8Array> = { async *[Symbol.asyncIterator]() {} }

function requireSpan(request: PartCopyRequest, size: number) {
  const span = request.range ?? { start: 0, end: size }
  requireSourceRange(span, size)
  requireCopySize(span.end - span.start)
  return span
}

async function copyPartForeign(space: Space, request: PartCopyRequest, kept: ChecksumAlgorithm) {
  const object = await request.source.open(request.from)
  requireSource(request.sourceConditions, object.info)
  const bytes = await object.stream(requireSpan(request, object.info.size))
  const part = await writePart(space, request, kept, whileAwaited(bytes, request))
  return { ...part, sourceVersionId: object.info.versionId }
}

async function writePart(
  space: Space,
  request: PartCopyRequest,
  kept: ChecksumAlgorithm,
  bytes: AsyncIterable<Uint8Array>,
): Promise<PartInfo> {
  const { core } = space
  const received = await core.digester.receive(bytes, {
    size: Number.MAX_SAFE_INTEGER,
    algorithms: [kept],
    inlineMax: 0,
  })
  const content = await takeIn(core, received, placeOf(space, { key: request.key }))
  const part = partOf(received, kept, core.clock.now())
  await discardOnFailure(core, content, () => commitPart(space, request, part, content))
  const checksum = { algorithm: kept, type: 'FULL_OBJECT', value: part.kept } as const
  return { ...part, number: request.number, checksum }
}

export async function listParts(
  space: Space,
  request: Parameters<Keyspace['listParts']>[0],
): ReturnType<Keyspace['listParts']> {
  const { uploadId, marker, limit } = request
  requireUploadId(uploadId)
  const { gets, scans } = await space.core.store.read({
    gets: [get(uploadsTable, [space.bucket.id, request.key, uploadId])],
    scans: [scan(partsTable, { at: [uploadId], after: [marker], limit: Math.max(limit, 1) })],
  })
  const upload = gets[0].record
  if (upload === undefined) throw noSuchUpload(uploadId)
  if (limit === 0) return { upload: uploadSummaryOf(upload), parts: [], more: false }
  const { entries, more } = scans[0]
  const parts = entries.filter(entry => typeof entry !== 'string').map(partInfo(upload))
  return { upload: uploadSummaryOf(upload), parts, more }
}

function partInfo(upload: UploadRecord) {
  const algorithm = partAlgorithm(upload)
  return (part: PartRecord): PartInfo => ({
    number: part.number,
    size: part.size,
    etag: part.etag,
    modified: part.modified,
    // Where the client asked for no checksum, the parts show none, as with AWS.
    checksum:
      upload.checksumAlgorithm === null
        ? undefined
        : { algorithm, type: 'FULL_OBJECT', value: part.checksum },
  })
}
