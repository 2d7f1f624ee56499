/** CopyObject: the new version refers to the same bytes. */
import type { ChecksumAlgorithm } from '../model/checksums.ts'
import type { Checksum, CopyRequest, CopyResult, StandardHeaders } from '../ports/keyspace.ts'
import { isConditional, requireSource, requireWrite } from '../rules/conditions.ts'
import { requireCopySize } from '../rules/range.ts'
import { discardOnFailure, place, references, takeIn } from './content.ts'
import { attempt, bucketCheck, type Space } from './core.ts'
import { draftOf, newVersion, placeOf, putResult } from './put.ts'
import { find, OpenRecord, whileAwaited } from './read.ts'
import { checksumOf, versionIdOf } from './records.ts'
import { Draft, planPut, readKey } from './write.ts'

/** Copies within one store: no byte moves, unless another checksum is wanted, for which they are read. */
export async function copyShared(
  space: Space,
  source: Space,
  request: CopyRequest,
): Promise<CopyResult> {
  const { core } = space
  const conditional = isConditional(request.conditions)
  let known: { revision: number; checksum: Checksum | undefined } | undefined
  return attempt(space, { key: request.key, conditional }, async () => {
    const found = await find(source, request.from)
    const { record } = found
    requireSource(request.sourceConditions, record)
    requireCopySize(record.size)
    if (known?.revision !== record.revision) {
      const checksum = await wantedChecksum(new OpenRecord(source, found), source, request)
      known = { revision: record.revision, checksum }
    }
    const state = await readKey(space, request.key)
    requireWrite(request.conditions, state.current, request.key)
    const draft = new Draft()
    draft.checks.push(bucketCheck(space.bucket))
    draft.adds.push(...references(record, 1))
    const { size, etag, body, content, partCount } = record
    const written = planPut(draft, space, state, {
      ...newVersion(space, attributesOf(request, record), known.checksum),
      size,
      etag,
      body,
      content,
      partCount,
    })
    const result = putResult(space, written)
    return {
      batch: draft.batch(),
      result: { ...result, sourceVersionId: versionIdOf(source.bucket, record) },
    }
  }).finally(() => core.cache.forget(space.bucket.id, request.key))
}

/** A redirect is never copied: it is that of the request, or none. */
function copiedHeaders(request: CopyRequest, record: OpenRecord['record']): StandardHeaders {
  const { websiteRedirect: _, ...headers } = record.attributes?.headers ?? {}
  const { websiteRedirect } = request.headers
  return websiteRedirect === undefined ? headers : { ...headers, websiteRedirect }
}

function attributesOf(request: CopyRequest, record: OpenRecord['record']) {
  const { replaceMetadata } = request
  return {
    owner: request.owner,
    writer: request.writer,
    headers: replaceMetadata ? request.headers : copiedHeaders(request, record),
    metadata: (replaceMetadata ? request : record.attributes)?.metadata ?? {},
    tags: request.tags ?? record.tags ?? [],
    storageClass: request.storageClass,
    acl: request.acl,
  }
}

async function wantedChecksum(
  object: OpenRecord,
  source: Space,
  request: CopyRequest,
): Promise<Checksum | undefined> {
  const wanted = request.checksumAlgorithm
  const present = checksumOf(object.record)
  if (present !== undefined && (wanted === undefined || wanted === present.algorithm))
    return present
  const algorithm: ChecksumAlgorithm = wanted ?? 'CRC64NVME'
  const bytes = await object.stream({ start: 0, end: object.record.size })
  const awaited = whileAwaited(bytes, request)
  const { checksums } = await source.core.digester.digest(awaited, [algorithm])
  return { algorithm, type: 'FULL_OBJECT', value: checksums[algorithm] ?? '' }
}

/** Copies from another kind of bucket: the bytes are read from it and written here. */
export async function copyForeign(space: Space, request: CopyRequest): Promise<CopyResult> {
  const { core } = space
  const object = await request.source.open(request.from)
  const { info } = object
  requireSource(request.sourceConditions, info)
  requireCopySize(info.size)
  const algorithm = request.checksumAlgorithm ?? info.checksum?.algorithm ?? 'CRC64NVME'
  const bytes = await object.stream({ start: 0, end: info.size })
  const received = await core.digester.receive(whileAwaited(bytes, request), {
    size: info.size,
    algorithms: [algorithm],
    inlineMax: core.inlineMax,
  })
  const content = await takeIn(core, received, placeOf(space, request))
  const digests = received.digests()
  const attributes = {
    owner: request.owner,
    writer: request.writer,
    headers: request.replaceMetadata ? request.headers : info.headers,
    metadata: request.replaceMetadata ? request.metadata : info.metadata,
    tags: request.tags ?? info.tags,
    storageClass: request.storageClass,
    acl: request.acl,
  }
  const value = digests.checksums[algorithm] ?? ''
  return discardOnFailure(core, content, () =>
    attempt(
      space,
      { key: request.key, conditional: isConditional(request.conditions) },
      async () => {
        const state = await readKey(space, request.key)
        requireWrite(request.conditions, state.current, request.key)
        const draft = draftOf(space, content)
        const written = planPut(draft, space, state, {
          ...newVersion(space, attributes, { algorithm, type: 'FULL_OBJECT', value }),
          size: content.size,
          etag: digests.md5,
          ...place(content.slices),
        })
        const result = putResult(space, written)
        return { batch: draft.batch(), result: { ...result, sourceVersionId: info.versionId } }
      },
    ),
  ).finally(() => core.cache.forget(space.bucket.id, request.key))
}
