/** PutObject: a whole body, or bytes appended to what is there. */
import { createHash } from 'node:crypto'
import type { ChecksumAlgorithm } from '../model/checksums.ts'
import { S3Error } from '../model/errors.ts'
import { BlobMissing } from '../ports/blob-store.ts'
import type { Checksum, Digests, PutRequest, PutResult, Received } from '../ports/keyspace.ts'
import { isConditional, requireWrite } from '../rules/conditions.ts'
import {
  discard,
  discardOnFailure,
  inlineContent,
  type NewContent,
  place,
  sliceReferences,
  slicesOf,
  takeIn,
} from './content.ts'
import { attempt, bucketCheck, type Core, type Plan, type Space } from './core.ts'
import { locate, readSlices } from './read.ts'
import { checksumOf, storedAttributes, versionIdOf } from './records.ts'
import type { Slice, VersionRecord } from './tables.ts'
import { attemptOnKey, Draft, type KeyState, type NewVersion, planPut, readKey } from './write.ts'

export async function put(space: Space, request: PutRequest): Promise<PutResult> {
  const { core, bucket } = space
  if (request.writeOffset !== undefined && request.writeOffset > 0) return append(space, request)
  const received = await request.body.receive([request.checksumAlgorithm], core.inlineMax)
  const { bytes } = received
  const content =
    bytes === undefined
      ? await takeIn(core, received, placeOf(space, request))
      : inlineContent(core, bytes)
  const digests = received.digests()
  const { key, conditions } = request
  // Not by `discardOnFailure`: the commonest write of all does without its promises and closures.
  try {
    return await attemptOnKey(space, { key, conditional: isConditional(conditions) }, state =>
      planWhole(space, request, { state, content, digests }),
    )
  } catch (error) {
    return await discard(core, content, error)
  } finally {
    core.cache.forget(bucket.id, key)
  }
}

function planWhole(
  space: Space,
  request: PutRequest,
  known: { state: KeyState; content: NewContent; digests: Digests },
): Plan<PutResult> {
  const { state, content, digests } = known
  if (request.writeOffset !== undefined) requireAbsent(state)
  requireWrite(request.conditions, state.current, request.key)
  const draft = draftOf(space, content)
  const checksum = fullChecksum(request.checksumAlgorithm, digests)
  const record = planPut(draft, space, state, {
    ...newVersion(space, request, checksum),
    size: content.size,
    etag: digests.md5,
    ...place(content.slices),
  })
  return { batch: draft.batch(), result: putResult(space, record) }
}

export function placeOf(space: Space, request: { key: string; body?: PutRequest['body'] }) {
  const { volume, name } = space.bucket
  const length = request.body?.length
  const where = { volume, bucket: name, key: request.key }
  return length === undefined ? where : { ...where, length }
}

/** A draft that checks the bucket and brings new content in. */
export function draftOf(space: Space, content: NewContent): Draft {
  const draft = new Draft()
  draft.checks.push(bucketCheck(space.bucket), ...content.checks)
  draft.writes.push(...content.writes)
  return draft
}

export function fullChecksum(algorithm: ChecksumAlgorithm, digests: Digests): Checksum {
  const value = digests.checksums[algorithm]
  if (value === undefined) throw new Error(`the body was not digested with ${algorithm}`)
  return { algorithm, type: 'FULL_OBJECT', value }
}

export function newVersion(
  space: Space,
  request: Pick<
    PutRequest,
    'headers' | 'metadata' | 'tags' | 'storageClass' | 'owner' | 'writer' | 'acl'
  >,
  checksum: Checksum | undefined,
): Omit<NewVersion, 'size' | 'etag' | 'body' | 'content'> {
  return {
    modified: space.core.clock.now(),
    owner: request.owner,
    storageClass: request.storageClass,
    checksumAlgorithm: checksum?.algorithm ?? null,
    checksumType: checksum?.type ?? null,
    checksum: checksum?.value ?? null,
    partCount: null,
    attributes: storedAttributes(request),
    tags: request.tags.length === 0 ? null : request.tags,
    writer: request.writer ?? null,
  }
}

export function putResult(space: Space, record: VersionRecord): PutResult {
  return {
    etag: record.etag,
    size: record.size,
    versionId: versionIdOf(space.bucket, record),
    checksum: checksumOf(record),
    modified: record.modified,
  }
}

function requireAbsent(state: KeyState): void {
  if (state.current !== undefined && state.current.size > 0) throw invalidOffset(state.current.size)
}

function invalidOffset(size: number): S3Error {
  return new S3Error('InvalidWriteOffset', { ObjectSize: size })
}

async function append(space: Space, request: PutRequest): Promise<PutResult> {
  const { core, bucket } = space
  const before = await readKey(space, request.key)
  const known = await appendable(space, request, before)
  const algorithm = known.checksum?.algorithm ?? request.checksumAlgorithm
  const received = await request.body.receive(
    [...new Set([algorithm, request.checksumAlgorithm])],
    core.inlineMax,
  )
  const tail = tailToMerge(known.slices, request.body.length ?? 0)
  const content = await takeInMerged(space, request, { tail, received })
  const digests = received.digests()
  const kept = known.slices.slice(0, known.slices.length - tail.length)
  return discardOnFailure(core, content, () =>
    attempt(
      space,
      { key: request.key, conditional: isConditional(request.conditions) },
      async () => {
        const state = await readKey(space, request.key)
        requireWrite(request.conditions, state.current, request.key)
        const current = requireUnchanged(state, before)
        const slices = [...kept, ...content.slices]
        const whole = () => appendedBytes(core, kept, content)
        const draft = draftOf(space, content)
        draft.adds.push(...sliceReferences(kept, 1))
        const record = planPut(draft, space, state, {
          ...current,
          ...(await appendedDigests(space, { current, digests, algorithm, whole })),
          modified: core.clock.now(),
          size: current.size + digests.size,
          partCount: null,
          // Else who may write what is another's would write for that one's quota, or for none.
          writer: request.writer ?? null,
          ...place(slices),
        })
        return { batch: draft.batch(), result: putResult(space, record) }
      },
    ),
  ).finally(() => core.cache.forget(bucket.id, request.key))
}

/** The body is read once: what was appended to meanwhile is for the client to decide about again. */
function requireUnchanged({ current }: KeyState, before: KeyState): VersionRecord {
  if (current !== undefined && current.revision === before.current?.revision) return current
  if (current === undefined || current.size !== before.current?.size) {
    throw invalidOffset(current?.size ?? 0)
  }
  throw new S3Error('ConditionalRequestConflict')
}

async function takeInMerged(
  space: Space,
  request: PutRequest,
  { tail, received }: { tail: readonly Slice[]; received: Received },
): Promise<NewContent> {
  try {
    const merged = await mergedWith(space, tail, received)
    return await takeIn(space.core, merged, placeOf(space, request))
  } catch (error) {
    // What it was to be appended to went while it was read.
    if (error instanceof BlobMissing) throw new S3Error('ConditionalRequestConflict')
    throw error
  }
}

async function appendable(space: Space, request: PutRequest, state: KeyState) {
  const { current } = state
  try {
    if (current === undefined || current.size !== request.writeOffset) {
      throw invalidOffset(current?.size ?? 0)
    }
    const whole = { start: 0, end: current.size }
    const slices = slicesOf(current) ?? (await locate(space.core, current, whole))
    if (slices.length > space.core.thresholds.appendSlices) throw new S3Error('TooManyParts')
    const checksum = checksumOf(current)
    const usable = checksum?.type === 'FULL_OBJECT' ? checksum : undefined
    return { slices, checksum: usable }
  } catch (error) {
    await space.core.store.settle()
    throw error
  }
}

/**
 * The slices at the end that are written anew together with what is appended: those that are not much larger than it.
 * So an object of many appends has few slices, and a byte is written anew a few times at most.
 */
export function tailToMerge(slices: readonly Slice[], length: number): readonly Slice[] {
  let size = length
  let from = slices.length
  while (from > 0) {
    const last = slices[from - 1]
    if (last === undefined || last.length > 2 * size) break
    size += last.length
    from -= 1
  }
  return slices.slice(from)
}

async function mergedWith(
  space: Space,
  tail: readonly Slice[],
  received: Received,
): Promise<Received> {
  if (tail.length === 0) return received
  const { core } = space
  const { bytes } = received
  const digests = () => received.digests()
  const before = tail.reduce((sum, slice) => sum + slice.length, 0)
  if (bytes !== undefined && before + bytes.byteLength <= core.inlineMax) {
    const chunks: Uint8Array[] = []
    for await (const chunk of readSlices(core, tail)) chunks.push(Buffer.from(chunk))
    return { bytes: Buffer.concat([...chunks, bytes]), source: received.source, digests }
  }
  async function* source() {
    yield* readSlices(core, tail)
    if (bytes !== undefined) yield bytes
    else yield* received.source
  }
  return { bytes: undefined, source: source(), digests }
}

/** What the appended object will read as, though a small new body is not in the store yet. */
async function* appendedBytes(core: Core, kept: readonly Slice[], content: NewContent) {
  yield* readSlices(core, kept)
  if (content.bytes !== undefined) yield content.bytes
  else yield* readSlices(core, content.slices)
}

async function appendedDigests(
  space: Space,
  what: {
    current: VersionRecord
    digests: Digests
    algorithm: ChecksumAlgorithm
    whole: () => AsyncIterable<Uint8Array>
  },
): Promise<Pick<NewVersion, 'etag' | 'checksum' | 'checksumType' | 'checksumAlgorithm'>> {
  const { current, digests, algorithm, whole } = what
  const { digester } = space.core
  // Not the MD5 of the whole, so it is marked like the ETag of an upload in parts.
  const etag = `${createHash('md5').update(current.etag).update(digests.md5).digest('hex')}-1`
  const combined =
    current.checksum !== null && current.checksumType === 'FULL_OBJECT'
      ? digester.combine(algorithm, [
          { value: current.checksum, size: current.size },
          { value: digests.checksums[algorithm] ?? '', size: digests.size },
        ])
      : undefined
  const value = combined ?? (await digester.digest(whole(), [algorithm])).checksums[algorithm]
  return {
    etag,
    checksum: value ?? null,
    checksumType: 'FULL_OBJECT',
    checksumAlgorithm: algorithm,
  }
}
