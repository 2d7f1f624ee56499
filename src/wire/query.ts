// The query string, parsed once: raw pairs for signatures, decoded ones for everybody else.

import { S3Error } from '../model/errors.ts'

/** One `name=value` of the query, as sent and decoded. A bare `name` has the value `''`. */
export interface QueryPair {
  readonly rawName: string
  readonly rawValue: string
  readonly name: string
  readonly value: string
  /** Whether both were sent in letters, digits and `-._~` alone, which nothing encodes and nothing decodes. */
  readonly plain: boolean
  /** The place of its name in {@link signatureParameters}; -1 where it is none of them. */
  readonly place: number
}

/** What a presigned URL of SigV4 says of its signature: first what each of them says, then what some do. */
export const signatureParameters: readonly string[] = [
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-SignedHeaders',
  'X-Amz-Signature',
  'X-Amz-Security-Token',
  'X-Amz-Region-Set',
  'X-Amz-Content-Sha256',
]
const places = new Map(signatureParameters.map((name, place) => [name, place]))
const placesOfAll = 6

/** Whether a parameter is one of those that every presigned URL has: they mean nothing to any operation. */
export const isOfSignature = ({ place }: QueryPair): boolean => place >= 0 && place < placesOfAll

/** A parsed query string. Names are case-sensitive, as in S3; of a repeated name the first counts. */
export interface Query {
  /** What stood behind the `?`, untouched. */
  readonly raw: string
  /** In the order of the request. */
  readonly pairs: readonly QueryPair[]
  /** Whether it has nothing but what {@link isOfSignature}. */
  readonly onlySignature: boolean
  /** The decoded value of the first pair of this (decoded) name. */
  get(name: string): string | undefined
  has(name: string): boolean
}

class ParsedQuery implements Query {
  readonly raw: string
  readonly pairs: readonly QueryPair[]
  readonly onlySignature: boolean

  constructor(raw: string, pairs: readonly QueryPair[]) {
    this.raw = raw
    this.pairs = pairs
    this.onlySignature = pairs.every(isOfSignature)
  }

  // Queries are short, so a walk along them is quicker than building a Map for each request.
  get(name: string): string | undefined {
    for (const pair of this.pairs) if (pair.name === name) return pair.value
    return undefined
  }

  has(name: string): boolean {
    for (const pair of this.pairs) if (pair.name === name) return true
    return false
  }
}

export const emptyQuery: Query = new ParsedQuery('', [])

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const invalidUri = (uri: string) => new S3Error('InvalidURI', { URI: uri })

/** Whether node handed us bytes above ASCII, one character each, because the client sent them unescaped. */
const highByte = /[^\0-\x7f]/
const hasHighBytes = (text: string): boolean => highByte.test(text)

/** Bytes that came unescaped, as the percent-escapes they should have been. */
const escapeHighBytes = (text: string): string => {
  let escaped = ''
  for (const char of text) {
    const code = char.charCodeAt(0)
    if (code > 0xff) throw invalidUri(text)
    escaped += code > 0x7f ? `%${code.toString(16)}` : char
  }
  return escaped
}

/**
 * Undoes percent-encoding, exactly once. `raw` is the text of the request line as node gives it (one character per byte).
 * @throws S3Error InvalidURI where an escape is broken or the bytes are no UTF-8
 */
export const decodePercent = (raw: string): string => {
  const high = hasHighBytes(raw)
  if (!high && !raw.includes('%')) return raw
  try {
    return decodeURIComponent(high ? escapeHighBytes(raw) : raw)
  } catch {
    throw invalidUri(raw)
  }
}

/** A query's name or value: as decodePercent, but `+` is a blank, as S3 reads it. */
const decodePart = (raw: string): string =>
  decodePercent(raw.includes('+') ? raw.replaceAll('+', ' ') : raw)

const plainText = /^[\w.~-]*$/

const placeOf = (name: string): number =>
  name.charCodeAt(0) === 0x58 ? (places.get(name) ?? -1) : -1

const readName = (rawName: string): { name: string; plain: boolean; place: number } => {
  const place = placeOf(rawName)
  // One text for each name that is known: comparing it is comparing a pointer.
  const known = signatureParameters[place]
  if (known !== undefined) return { name: known, plain: true, place }
  if (plainText.test(rawName)) return { name: rawName, plain: true, place }
  const name = decodePart(rawName)
  return { name, plain: false, place: placeOf(name) }
}

// By place: what a client says of its signatures is the same in all of them, but for the date and the signature.
const lastOfPlace: QueryPair[] = []

const readPair = (rawName: string, rawValue: string): QueryPair => {
  const { name, plain, place } = readName(rawName)
  const last = lastOfPlace[place]
  if (last !== undefined && last.rawValue === rawValue && last.rawName === rawName) return last
  const plainValue = plainText.test(rawValue)
  const pair = {
    rawName,
    rawValue,
    name,
    value: plainValue ? rawValue : decodePart(rawValue),
    plain: plain && plainValue,
    place,
  }
  if (place >= 0) lastOfPlace[place] = pair
  return pair
}

/** Reads what stands between two places of a query; empty pairs are none. */
const readPairs = (raw: string, from: number, to: number): QueryPair[] => {
  const pairs: QueryPair[] = []
  let start = from
  while (start < to) {
    let end = raw.indexOf('&', start)
    if (end < 0 || end > to) end = to
    if (end > start) {
      const equals = raw.indexOf('=', start)
      const bare = equals < 0 || equals >= end
      const rawName = raw.slice(start, bare ? end : equals)
      const rawValue = bare ? '' : raw.slice(equals + 1, end)
      pairs.push(readPair(rawName, rawValue))
    }
    start = end + 1
  }
  return pairs
}

// Up to the last `&`. URLs that one access key presigned in the same second differ in the signature only, which comes last.
let lastHead = ''
let lastPairs: readonly QueryPair[] = []

/**
 * Parses what stands behind the `?` of a request line (without the `?`).
 * @throws S3Error InvalidURI where an escape is broken or the bytes are no UTF-8
 */
export const parseQuery = (raw: string): Query => {
  if (raw === '') return emptyQuery
  const end = raw.lastIndexOf('&')
  // A part of a text is compared as fast as memory is; `startsWith` takes it character by character.
  const head = raw.slice(0, Math.max(0, end))
  if (head !== lastHead) {
    lastPairs = readPairs(head, 0, head.length)
    lastHead = head
  }
  const pairs = readPairs(raw, end + 1, raw.length)
  return new ParsedQuery(raw, end > 0 ? lastPairs.concat(pairs) : pairs)
}

/** The bytes of a header (one character per byte, as node gives it), read as UTF-8; `undefined` if they are none. */
export const utf8OfLatin1 = (text: string): string | undefined => {
  if (!hasHighBytes(text)) return text
  try {
    return utf8.decode(Buffer.from(text, 'latin1'))
  } catch {
    return undefined
  }
}
