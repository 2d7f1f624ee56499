/**
 * What an export says beside the files: JSON lines. First what the bucket is, then an entry for each version (those of one
 * key together, the oldest first), last how many there were.
 */
import { type ChecksumAlgorithm, checksumTypes } from '../../model/checksums.ts'
import type { Checksum, ObjectAttributes, StandardHeaders, Tag } from '../../ports/keyspace.ts'
import { ownNames } from './file-names.ts'

export const manifestFile = `${ownNames}.jsonl`
/** Files that cannot stand under their keys: noncurrent versions, and keys that this file system cannot tell apart. */
export const asideFolder = `${ownNames}.aside`

export interface ManifestHead {
  readonly moongate: 'export'
  readonly format: 1
  readonly bucket: string
  readonly versioning: 'off' | 'Enabled' | 'Suspended'
  /** Sub-resource documents of the bucket. */
  readonly settings: Readonly<Record<string, unknown>>
  /** Whether noncurrent versions and delete markers are in it. */
  readonly versions: boolean
  /** What all its keys begin with. */
  readonly prefix: string
  /** Of the bucket; entries stand in the order of keys. Absent in exports of older releases, which had them in any order. */
  readonly bucketId?: string
}

export interface ManifestEntry extends ObjectAttributes {
  readonly key: string
  /** With slashes; null: a delete marker. */
  readonly path: string | null
  readonly size: number
  readonly etag: string
  /** Milliseconds since the epoch. */
  readonly modified: number
  readonly versionId: string | null
  readonly checksum: Checksum | null
  /** Number and size of each part of what was uploaded in parts. */
  readonly parts: readonly (readonly [number, number])[] | null
}

export interface ManifestEnd {
  readonly entries: number
}

/** The line is none that an export writes. */
export class BadManifest extends Error {
  override readonly name = 'BadManifest'
}

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function parseLine(line: string): Fields {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    throw new BadManifest(`${manifestFile} has a line that is not JSON`, { cause: error })
  }
  if (!isFields(value)) throw new BadManifest(`${manifestFile} has a line that is no object`)
  return value
}

function bad(field: string): never {
  throw new BadManifest(`${manifestFile} has an entry whose ${field} is wrong`)
}

const textAt = (fields: Fields, name: string): string => {
  const value = fields[name]
  return typeof value === 'string' ? value : bad(name)
}

const nullableText = (fields: Fields, name: string): string | null =>
  fields[name] === null || fields[name] === undefined ? null : textAt(fields, name)

const wholeAt = (fields: Fields, name: string): number => {
  const value = fields[name]
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : bad(name)
}

function textsAt(fields: Fields, name: string): Readonly<Record<string, string>> {
  const value = fields[name] ?? {}
  if (!isFields(value)) return bad(name)
  for (const text of Object.values(value)) if (typeof text !== 'string') return bad(name)
  return value as Readonly<Record<string, string>>
}

const headerNames: readonly (keyof StandardHeaders)[] = [
  'contentType',
  'cacheControl',
  'contentDisposition',
  'contentEncoding',
  'contentLanguage',
  'expires',
  'websiteRedirect',
]

function headersAt(fields: Fields): StandardHeaders {
  const texts = textsAt(fields, 'headers')
  return Object.fromEntries(
    headerNames.flatMap(name => {
      const value = texts[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

function tagsAt(fields: Fields): readonly Tag[] {
  const value = fields['tags'] ?? []
  if (!Array.isArray(value)) return bad('tags')
  return value.map((tag: unknown) => {
    if (!isFields(tag)) return bad('tags')
    return { Key: textAt(tag, 'Key'), Value: textAt(tag, 'Value') }
  })
}

const isAlgorithm = (name: string): name is ChecksumAlgorithm => Object.hasOwn(checksumTypes, name)

function checksumAt(fields: Fields): Checksum | null {
  const value = fields['checksum'] ?? null
  if (value === null) return null
  if (!isFields(value)) return bad('checksum')
  const algorithm = textAt(value, 'algorithm')
  const type = textAt(value, 'type')
  if (!isAlgorithm(algorithm) || (type !== 'FULL_OBJECT' && type !== 'COMPOSITE'))
    return bad('checksum')
  return { algorithm, type, value: textAt(value, 'value') }
}

function partsAt(fields: Fields): ManifestEntry['parts'] {
  const value = fields['parts'] ?? null
  if (value === null) return null
  if (!Array.isArray(value)) return bad('parts')
  return value.map((part: unknown) => {
    const [number, size]: readonly unknown[] = Array.isArray(part) ? part : []
    if (!Number.isSafeInteger(number) || !Number.isSafeInteger(size)) return bad('parts')
    return [Number(number), Number(size)] as const
  })
}

/** Throws {@link BadManifest}, also for an export of a later format. */
export function parseHead(line: string): ManifestHead {
  const fields = parseLine(line)
  if (fields['moongate'] !== 'export')
    throw new BadManifest(`${manifestFile} is not the manifest of an export`)
  if (fields['format'] !== 1)
    throw new BadManifest(`${manifestFile} was written by a later release of Moongate`)
  const { versioning, settings, prefix, bucketId } = fields
  if (versioning !== 'off' && versioning !== 'Enabled' && versioning !== 'Suspended')
    return bad('versioning')
  return {
    moongate: 'export',
    format: 1,
    bucket: textAt(fields, 'bucket'),
    versioning,
    settings: isFields(settings) ? settings : bad('settings'),
    versions: fields['versions'] === true,
    prefix: prefix === undefined ? '' : textAt(fields, 'prefix'),
    ...(bucketId === undefined ? {} : { bucketId: textAt(fields, 'bucketId') }),
  }
}

/** Any line after the first. Throws {@link BadManifest}. */
export function parseEntry(line: string): ManifestEntry | ManifestEnd {
  const fields = parseLine(line)
  if (fields['entries'] !== undefined) return { entries: wholeAt(fields, 'entries') }
  return {
    key: textAt(fields, 'key'),
    path: nullableText(fields, 'path'),
    size: wholeAt(fields, 'size'),
    etag: textAt(fields, 'etag'),
    modified: Math.min(wholeAt(fields, 'modified'), lastTime),
    versionId: nullableText(fields, 'versionId'),
    headers: headersAt(fields),
    metadata: textsAt(fields, 'metadata'),
    tags: tagsAt(fields),
    storageClass: nullableText(fields, 'storageClass'),
    checksum: checksumAt(fields),
    parts: partsAt(fields),
  }
}

/** The last moment that a date can be. */
const lastTime = 8.64e15

/** Longest line: an object of 10,000 parts takes less than a quarter of a MiB. */
const lineMax = 4 * 2 ** 20

/** Lines of a text as it is read. Throws {@link BadManifest} for one that never ends. */
export async function* linesOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let rest = ''
  for await (const chunk of source) {
    rest += decoder.decode(chunk, { stream: true })
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > lineMax) throw new BadManifest(`${manifestFile} has a line without an end`)
    yield* lines.filter(line => line !== '')
  }
  if (rest !== '') yield rest
}
