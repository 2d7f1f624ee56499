/** What listings have in common: parameters read once, entries told as S3's shapes tell them. */

import type { ChecksumAlgorithm } from '../../model/checksums.ts'
import type { CommonPrefix, ObjectEntry, Owner } from '../../model/shapes.gen.ts'
import type { ObjectSummary } from '../../ports/keyspace.ts'
import { resolveEncoding, resolveLimit, urlEncode } from '../../rules/listing.ts'
import type { Unfrozen } from './unfrozen.ts'

/** Parameters that every listing of keys has. */
export interface WrittenListing {
  readonly Prefix?: string | undefined
  readonly Delimiter?: string | undefined
  readonly EncodingType?: string | undefined
}

/** How a name is spelled in the answer. */
export type Spell = (name: string) => string

export interface ListingParameters {
  readonly prefix: string
  readonly delimiter: string
  readonly limit: number
  /** Told back when names are spelled as in a URL. */
  readonly encodingType: 'url' | undefined
  readonly spell: Spell
}

const asItIs: Spell = name => name

/** Reads the parameters of a listing; `argument` is what S3 calls the limit. Throws InvalidArgument. */
export function listingParameters(
  input: WrittenListing,
  limit: number | undefined,
  argument: string,
  most: number,
): ListingParameters {
  const encoded = resolveEncoding(input.EncodingType)
  return {
    prefix: input.Prefix ?? '',
    delimiter: input.Delimiter ?? '',
    limit: resolveLimit(limit, argument, most),
    encodingType: encoded ? 'url' : undefined,
    spell: encoded ? urlEncode : asItIs,
  }
}

/** The delimiter as it is told back: not at all when it is empty. */
export const toldDelimiter = (listing: ListingParameters): string | undefined =>
  listing.delimiter === '' ? undefined : listing.spell(listing.delimiter)

const listOf = (algorithm: ChecksumAlgorithm): readonly string[] => Object.freeze([algorithm])

/** One list for all entries of an algorithm, as the shape wants a list. */
const algorithmLists: Readonly<Record<ChecksumAlgorithm, readonly string[]>> = {
  CRC32: listOf('CRC32'),
  CRC32C: listOf('CRC32C'),
  CRC64NVME: listOf('CRC64NVME'),
  SHA1: listOf('SHA1'),
  SHA256: listOf('SHA256'),
  SHA512: listOf('SHA512'),
  MD5: listOf('MD5'),
  XXHASH64: listOf('XXHASH64'),
  XXHASH3: listOf('XXHASH3'),
  XXHASH128: listOf('XXHASH128'),
}

/** The algorithms of an entry as S3's shape has them. */
export const toldAlgorithms = (
  algorithm: ChecksumAlgorithm | null,
): readonly string[] | undefined => (algorithm === null ? undefined : algorithmLists[algorithm])

/** An entry of a page of objects. */
export const toldObject = (
  entry: ObjectSummary,
  spell: Spell,
  owner: Owner | undefined,
): Unfrozen<ObjectEntry> => ({
  Key: spell(entry.key),
  LastModified: new Date(entry.modified),
  ETag: `"${entry.etag}"`,
  ChecksumAlgorithm: toldAlgorithms(entry.checksumAlgorithm),
  ChecksumType: entry.checksumType ?? undefined,
  Size: entry.size,
  Owner: owner,
  StorageClass: entry.storageClass ?? 'STANDARD',
})

/** Entries and common prefixes of a page of objects, apart. `owners` is undefined where owners are not told. */
export function toldPage(
  entries: readonly (ObjectSummary | string)[],
  spell: Spell,
  owners: ReadonlyMap<string, Owner> | undefined,
): { readonly contents: readonly ObjectEntry[]; readonly prefixes: readonly CommonPrefix[] } {
  const contents: ObjectEntry[] = []
  const prefixes: CommonPrefix[] = []
  for (const entry of entries) {
    if (typeof entry === 'string') prefixes.push({ Prefix: spell(entry) })
    else contents.push(toldObject(entry, spell, owners?.get(entry.owner)))
  }
  return { contents, prefixes }
}

/** The owners of a page's entries, one after the other. */
export function* ownersIn(
  entries: readonly ({ readonly owner: string } | string)[],
): Generator<string> {
  for (const entry of entries) if (typeof entry !== 'string') yield entry.owner
}

/** A page without entries: what a limit of 0 answers, without a call. */
export const emptyPage = Object.freeze({ entries: Object.freeze([]), more: false })
