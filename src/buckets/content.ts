/**
 * The life of bytes: where a body goes, who refers to it, and what becomes of it when nobody does. Every record holds one
 * reference for each of its slices (or one on its manifest); a batch that drops the last one condemns the blob.
 */
import { S3Error } from '../model/errors.ts'
import type { BlobPlace } from '../ports/blob-store.ts'
import type { Received, Span } from '../ports/keyspace.ts'
import type { Add, Check, Write } from '../ports/meta-store.ts'
import type { Core } from './core.ts'
import {
  blobsTable,
  bodiesTable,
  type Content,
  type ContentPart,
  manifestsTable,
  type Slice,
  type VersionRecord,
} from './tables.ts'

/** Bytes that are durable (or travel in the batch) but that no record refers to yet. */
export interface NewContent {
  readonly slices: readonly Slice[]
  /** What the batch that first refers to it must hold. */
  readonly checks: readonly Check[]
  readonly writes: readonly Write[]
  /** The blob to remove when the batch never comes. */
  readonly blob: string | undefined
  /** A small body, which travels in the batch. */
  readonly bytes: Uint8Array | undefined
  readonly size: number
}

const nothing: NewContent = {
  slices: [],
  checks: [],
  writes: [],
  blob: undefined,
  bytes: undefined,
  size: 0,
}

/** Takes a body in: small ones become a row of the batch, others a durable blob. */
export async function takeIn(
  core: Core,
  received: Received,
  place: BlobPlace,
): Promise<NewContent> {
  if (received.bytes !== undefined) return inlineContent(core, received.bytes)
  const { id, size } = await core.blobs.put(received.source, place)
  if (size === 0) {
    await core.blobs.remove([id])
    return nothing
  }
  return {
    slices: [{ blob: id, offset: 0, length: size }],
    checks: [{ table: blobsTable, key: [id], revision: null }],
    writes: [{ put: blobsTable, record: { id, refs: 1, size, condemned: null, orphan: 0 } }],
    blob: id,
    bytes: undefined,
    size,
  }
}

/** A small body as a row of the batch. Its id is new, unless a second process has the folder that should not. */
export function inlineContent(core: Core, bytes: Uint8Array): NewContent {
  if (bytes.byteLength === 0) return nothing
  const id = core.bodyIds.next()
  return {
    slices: [{ body: id, offset: 0, length: bytes.byteLength }],
    checks: [],
    writes: [{ put: bodiesTable, record: { id, refs: 1, bytes }, absent: true }],
    blob: undefined,
    bytes,
    size: bytes.byteLength,
  }
}

/** Runs what needs the content, and discards that when it fails. */
export async function discardOnFailure<T>(
  core: Core,
  content: NewContent,
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run()
  } catch (error) {
    return await discard(core, content, error)
  }
}

/** What needed the content failed: nothing will ever refer to its blob, so it goes at once. Rejects with the error. */
export async function discard(
  core: Core,
  { blob }: Pick<NewContent, 'blob'>,
  error: unknown,
): Promise<never> {
  // Only a refusal proves that the batch did not come about; after anything else the sweep finds out.
  if (blob !== undefined && error instanceof S3Error) {
    // What cannot be removed now is an orphan for the sweep; the client is told of the refusal.
    await core.blobs.remove([blob]).catch(() => undefined)
  }
  throw error
}

/** The columns of a record that say where its bytes are. */
export function place(slices: readonly Slice[]): {
  readonly body: number | null
  readonly content: Content | null
} {
  const only = slices.length === 1 ? slices[0] : undefined
  if (slices.length === 0) return { body: null, content: null }
  // A whole small body has a column of its own, so that a read follows it in the same call.
  if (only?.body !== undefined && only.offset === 0) return { body: only.body, content: null }
  return { body: null, content: { slices } }
}

export type Located = Pick<VersionRecord, 'body' | 'content' | 'size'>

/** The slices of a record, in order; undefined where a manifest holds them. */
export function slicesOf(record: Located): readonly Slice[] | undefined {
  if (record.body !== null) return [{ body: record.body, offset: 0, length: record.size }]
  const content = record.content
  if (content === null) return []
  if ('slices' in content) return content.slices
  if ('parts' in content) return content.parts.flatMap(part => part.slices)
  return undefined
}

/** Adds for every reference that a record holds: +1 when another record refers to the same, -1 when this one goes. */
export function references(record: Located, delta: 1 | -1): Add[] {
  const slices = slicesOf(record)
  if (slices !== undefined) return sliceReferences(slices, delta)
  const content = record.content
  if (content === null || !('manifest' in content)) return []
  return [{ table: manifestsTable, key: [content.manifest], column: 'refs', delta }]
}

export function sliceReferences(slices: readonly Slice[], delta: 1 | -1): Add[] {
  const adds: Add[] = []
  for (const slice of slices) {
    if (slice.body !== undefined) {
      adds.push({ table: bodiesTable, key: [slice.body], column: 'refs', delta })
    } else if (slice.blob !== undefined) {
      adds.push({ table: blobsTable, key: [slice.blob], column: 'refs', delta })
    }
  }
  return adds
}

/** The part of some slices that lies within a span of them. */
export function cut(slices: readonly Slice[], span: Span): Slice[] {
  const result: Slice[] = []
  let at = 0
  for (const slice of slices) {
    const start = Math.max(span.start, at)
    const end = Math.min(span.end, at + slice.length)
    if (start < end) {
      result.push({ ...slice, offset: slice.offset + start - at, length: end - start })
    }
    at += slice.length
    if (at >= span.end) break
  }
  return result
}

export function partsSize(parts: readonly ContentPart[]): number {
  return parts.reduce((sum, part) => sum + part.size, 0)
}
