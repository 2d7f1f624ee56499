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
import { get, type Stored, scan } from '../ports/meta-store.ts'
import { requireSource } from '../rules/conditions.ts'
import { requireSourceRange } from '../rules/range.ts'
import { defaultChecksum } from '../rules/uploads.ts'
import { cut, discardOnFailure, type NewContent, sliceReferences, takeIn } from './content.ts'
import { attempt, bucketCheck, type Space } from './core.ts'
import { placeOf } from './put.ts'
import { find, OpenRecord } from './read.ts'
import { noSuchUpload, storedAttributes, uploadSummaryOf, versionIdOf } from './records.ts'
import {
  type PartRecord,
  partsTable,
  type Slice,
  type UploadRecord,
  uploadsTable,
} from './tables.ts'
import { Draft } from './write.ts'

/** A part copied by reference may consist of so many slices; beyond that its bytes are written anew. */
const sharedSlicesMax = 1000

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
    }
    const draft = new Draft()
    draft.checks.push(bucketCheck(space.bucket))
    draft.writes.push({ put: uploadsTable, record })
    return { batch: draft.batch(), result: uploadSummaryOf(record) }
  })
}

/** Ids sort by the time of their uploads, as the list of uploads does. */
function newUploadId(now: number, random: Uint8Array): string {
  return now.toString(36).padStart(9, '0') + Buffer.from(random).toString('base64url')
}

export async function readUpload(space: Space, ref: UploadRef): Promise<Stored<UploadRecord>> {
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
  const value = received.digests().checksums.get(shown) ?? ''
  return {
    ...part,
    number: request.number,
    checksum: { algorithm: shown, type: 'FULL_OBJECT', value },
  }
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
  return { size, etag: md5, kept: checksums.get(kept) ?? '', modified: now }
}

/** One batch: the part, and what the part of the same number referred to before. */
async function commitPart(
  space: Space,
  ref: UploadRef & { readonly number: number },
  part: NewPart,
  content: Pick<NewContent, 'checks' | 'writes' | 'slices'> & { shared?: readonly Slice[] },
): Promise<void> {
  const { core, bucket } = space
  const name = `${ref.uploadId}/${ref.number}`
  await attempt(space, { key: name, conditional: false }, async () => {
    const { gets } = await core.store.read(
      {
        gets: [
          get(uploadsTable, [bucket.id, ref.key, ref.uploadId]),
          get(partsTable, [ref.uploadId, ref.number]),
        ],
      },
      { tentative: true },
    )
    const upload = gets[0].record
    const before = gets[1].record
    if (upload === undefined) throw noSuchUpload(ref.uploadId)
    const draft = new Draft()
    draft.checks.push(bucketCheck(bucket), ...content.checks)
    draft.checks.push(
      {
        table: uploadsTable,
        key: [bucket.id, ref.key, ref.uploadId],
        revision: upload.revision,
      },
      {
        table: partsTable,
        key: [ref.uploadId, ref.number],
        revision: before?.revision ?? null,
      },
    )
    draft.writes.push(...content.writes)
    if (content.shared !== undefined) draft.adds.push(...sliceReferences(content.shared, 1))
    if (before !== undefined) {
      draft.adds.push(...sliceReferences(before.slices, -1))
      // Complete rests on the upload's revision: it must not use the part that goes here.
      draft.writes.push({ put: uploadsTable, record: upload })
    }
    draft.writes.push({ put: partsTable, record: partRecord(ref, part, content.slices) })
    return { batch: draft.batch(), result: undefined }
  })
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
  const found = await find(source, request.from)
  requireSource(request.sourceConditions, found.record)
  const span = requireSpan(request, found.record.size)
  const object = new OpenRecord(source, found)
  const slices = await object.slices(span)
  const bytes = await object.stream(span)
  const sourceVersionId = versionIdOf(source.bucket, found.record)
  if (slices.length > sharedSlicesMax) {
    return { ...(await writePart(space, request, kept, bytes)), sourceVersionId }
  }
  const { digester, clock } = space.core
  const { size, md5, checksums } = await digester.digest(bytes, [kept])
  const value = checksums.get(kept) ?? ''
  const part = { size, etag: md5, kept: value, modified: clock.now() }
  const shared = slices.length === 0 ? [] : cut(slices, { start: 0, end: size })
  await commitPart(space, request, part, { slices: shared, shared, checks: [], writes: [] })
  const checksum = { algorithm: kept, type: 'FULL_OBJECT', value } as const
  return { ...part, number: request.number, checksum, sourceVersionId }
}

function requireSpan(request: PartCopyRequest, size: number) {
  const span = request.range ?? { start: 0, end: size }
  requireSourceRange(span, size)
  return span
}

async function copyPartForeign(space: Space, request: PartCopyRequest, kept: ChecksumAlgorithm) {
  const object = await request.source.open(request.from)
  requireSource(request.sourceConditions, object.info)
  const bytes = await object.stream(requireSpan(request, object.info.size))
  const part = await writePart(space, request, kept, bytes)
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
  const upload = await readUpload(space, request)
  const { scans } = await space.core.store.read({
    scans: [
      scan(partsTable, { at: [request.uploadId], after: [request.marker], limit: request.limit }),
    ],
  })
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
