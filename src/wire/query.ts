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
}

/** A parsed query string. Names are case-sensitive, as in S3; of a repeated name the first counts. */
export interface Query {
  /** What stood behind the `?`, untouched. */
  readonly raw: string
  /** In the order of the request. */
  readonly pairs: readonly QueryPair[]
  /** The decoded value of the first pair of this (decoded) name. */
  get(name: string): string | undefined
  has(name: string): boolean
}

class ParsedQuery implements Query {
  readonly raw: string
  readonly pairs: readonly QueryPair[]

  constructor(raw: string, pairs: readonly QueryPair[]) {
    this.raw = raw
    this.pairs = pairs
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

const readPair = (rawName: string, rawValue: string): QueryPair => {
  const plainName = plainText.test(rawName)
  const plainValue = plainText.test(rawValue)
  return {
    rawName,
    rawValue,
    name: plainName ? rawName : decodePart(rawName),
    value: plainValue ? rawValue : decodePart(rawValue),
    plain: plainName && plainValue,
  }
}

/**
 * Parses what stands behind the `?` of a request line (without the `?`).
 * @throws S3Error InvalidURI where an escape is broken or the bytes are no UTF-8
 */
export const parseQuery = (raw: string): Query => {
  if (raw === '') return emptyQuery
  const pairs: QueryPair[] = []
  let start = 0
  while (start <= raw.length) {
    let end = raw.indexOf('&', start)
    if (end < 0) end = raw.length
    if (end > start) {
      const equals = raw.indexOf('=', start)
      const bare = equals < 0 || equals >= end
      const rawName = raw.slice(start, bare ? end : equals)
      const rawValue = bare ? '' : raw.slice(equals + 1, end)
      pairs.push(readPair(rawName, rawValue))
    }
    start = end + 1
  }
  return new ParsedQuery(raw, pairs)
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
