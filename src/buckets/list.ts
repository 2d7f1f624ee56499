/** Listings: a page is one call, whatever lies between its entries. */
import type {
  Keyspace,
  Listing,
  ListRequest,
  ObjectSummary,
  UploadSummary,
  VersionSummary,
} from '../ports/keyspace.ts'
import { get, type Scan, type Stored, scan } from '../ports/meta-store.ts'
import type { Space } from './core.ts'
import { uploadSummaryOf } from './records.ts'
import {
  headsTable,
  type NoncurrentRecord,
  objectsTable,
  uploadsTable,
  type VersionRecord,
  versionsTable,
} from './tables.ts'

const ownerlessColumns = [
  'size',
  'etag',
  'modified',
  'storageClass',
  'checksumAlgorithm',
  'checksumType',
]
const summaryColumns = [...ownerlessColumns, 'owner']
const versionSummaryColumns = [...summaryColumns, 'version', 'isNull']

/** Sorts after every version and upload id. */
const afterAllIds = '\u{10ffff}'

type Bounds = Pick<Scan, 'from' | 'after' | 'before' | 'group'>

/** Keys with the prefix, after the marker; a marker that is a group skips all of it. */
function bounds(request: ListRequest): Bounds {
  const { prefix, delimiter, after } = request
  const group = delimiter === '' ? {} : { group: { prefix, delimiter } }
  const end = successor(prefix)
  const before = end === undefined ? {} : { before: [end] }
  if (after !== '' && isGroup(request)) {
    const next = successor(after)
    // Nothing can follow a group of the greatest characters, as nothing stands before the empty text.
    return next === undefined ? { before: [''] } : { ...group, ...before, from: [next] }
  }
  return {
    ...group,
    ...before,
    ...(prefix === '' ? {} : { from: [prefix] }),
    ...(after === '' ? {} : { after: [after] }),
  }
}

/** Whether the marker is a common prefix of this very listing. */
function isGroup({ prefix, delimiter, after }: ListRequest): boolean {
  if (delimiter === '' || !after.startsWith(prefix)) return false
  const at = after.indexOf(delimiter, prefix.length)
  return at >= 0 && at + delimiter.length === after.length
}

/** The least text greater than every text that begins with this one; undefined if there is none. */
export function successor(text: string): string | undefined {
  const points = Array.from(text)
  while (points.length > 0) {
    const last = points.pop()?.codePointAt(0) ?? 0
    if (last < 0x10ffff) {
      // The surrogates are no characters.
      const next = last === 0xd7ff ? 0xe000 : last + 1
      return points.join('') + String.fromCodePoint(next)
    }
  }
  return undefined
}

export async function list(
  space: Space,
  request: Parameters<Keyspace['list']>[0],
): Promise<Listing<ObjectSummary>> {
  if (request.limit === 0) return { entries: [], more: false }
  const { scans } = await space.core.store.read({
    scans: [
      scan(objectsTable, {
        at: [space.bucket.id],
        limit: request.limit,
        columns: request.ownersUnused === true ? ownerlessColumns : summaryColumns,
        ...bounds(request),
      }),
    ],
  })
  // Rows are summaries as they are: a page of a thousand is not copied.
  return scans[0]
}

type VersionsRequest = Parameters<Keyspace['listVersions']>[0]

export async function listVersions(
  space: Space,
  request: VersionsRequest,
): Promise<Listing<VersionSummary>> {
  const { limit } = request
  if (limit === 0) return { entries: [], more: false }
  const at = [space.bucket.id]
  const marker = await versionMarker(space, request)
  const keys = bounds(request)
  const versionBounds = marker === undefined ? keysDone(keys) : { ...keys, after: marker }
  const { scans } = await space.core.store.read({
    scans: [
      scan(objectsTable, { at, limit: limit + 1, columns: versionSummaryColumns, ...keys }),
      scan(versionsTable, {
        at,
        limit: limit + 1,
        columns: [...summaryColumns, 'isNull', 'marker'],
        ...versionBounds,
      }),
    ],
  })
  const merged = merge(space, scans[0].entries, scans[1].entries, marker)
  return { entries: merged.slice(0, limit), more: merged.length > limit }
}

/** Where to go on within a key's versions; undefined: after all of them. */
async function versionMarker(
  space: Space,
  { after, afterVersion }: VersionsRequest,
): Promise<[string, string] | undefined> {
  if (after === '' || afterVersion === '') return undefined
  if (afterVersion !== 'null') return [after, afterVersion]
  const { gets } = await space.core.store.read({
    gets: [get(headsTable, [space.bucket.id, after]), get(objectsTable, [space.bucket.id, after])],
  })
  return [after, gets[0].record?.nullVersion ?? gets[1].record?.version ?? '']
}

function keysDone(keys: Bounds): Bounds {
  const key = keys.after?.[0]
  return key === undefined ? keys : { ...keys, after: [key, afterAllIds] }
}

/** Current versions stand before the noncurrent ones of the same key. */
function merge(
  space: Space,
  current: readonly (Stored<VersionRecord> | string)[],
  noncurrent: readonly (Stored<NoncurrentRecord> | string)[],
  marker: readonly [string, string] | undefined,
): (VersionSummary | string)[] {
  const { bucket } = space
  const result: (VersionSummary | string)[] = []
  let i = 0
  let j = 0
  let lastKey = marker?.[0]
  while (i < current.length || j < noncurrent.length) {
    const a = current[i]
    const b = noncurrent[j]
    const order = a === undefined ? 1 : b === undefined ? -1 : compareNames(nameOf(a), nameOf(b))
    if (order <= 0 && a !== undefined) {
      i += 1
      if (typeof a === 'string') {
        if (order === 0) j += 1
        result.push(a)
        continue
      }
      lastKey = a.key
      result.push(versionSummary(bucket.versioning, a, true))
    } else if (b !== undefined) {
      j += 1
      if (typeof b === 'string') {
        result.push(b)
        continue
      }
      const isLatest = b.key !== lastKey
      lastKey = b.key
      result.push(versionSummary(bucket.versioning, b, isLatest))
    }
  }
  return result
}

function nameOf(entry: Stored<VersionRecord> | string): string {
  return typeof entry === 'string' ? entry : entry.key
}

/** By UTF-8 bytes, which is by code points. */
export function compareNames(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x === y) continue
    // A surrogate stands for a character above all others.
    const xHigh = x >= 0xd800 && x < 0xe000
    const yHigh = y >= 0xd800 && y < 0xe000
    if (xHigh !== yHigh) return xHigh ? 1 : -1
    return x - y
  }
  return a.length - b.length
}

function versionSummary(
  versioning: string,
  record: VersionRecord | NoncurrentRecord,
  isLatest: boolean,
): VersionSummary {
  return {
    key: record.key,
    size: record.size,
    etag: record.etag,
    modified: record.modified,
    owner: record.owner,
    storageClass: record.storageClass,
    checksumAlgorithm: record.checksumAlgorithm,
    checksumType: record.checksumType,
    versionId: versioning === 'off' || record.isNull === 1 ? 'null' : record.version,
    isLatest,
    isDeleteMarker: 'marker' in record && record.marker === 1,
  }
}

export async function listUploads(
  space: Space,
  request: Parameters<Keyspace['listUploads']>[0],
): Promise<Listing<UploadSummary>> {
  if (request.limit === 0) return { entries: [], more: false }
  const keys = bounds(request)
  const { after, afterUpload } = request
  const upload =
    after !== '' && afterUpload !== '' ? { ...keys, after: [after, afterUpload] } : keysDone(keys)
  const { scans } = await space.core.store.read({
    scans: [scan(uploadsTable, { at: [space.bucket.id], limit: request.limit, ...upload })],
  })
  const { entries, more } = scans[0]
  return {
    entries: entries.map(entry => (typeof entry === 'string' ? entry : uploadSummaryOf(entry))),
    more,
  }
}
