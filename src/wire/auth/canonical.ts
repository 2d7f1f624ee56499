// The canonical request of SigV4 and SigV4A. Source: Amazon S3 API reference, "Authenticating requests (AWS SigV4)".

import type { Query, QueryPair } from '../query.ts'
import type { AuthRequest, Headers } from './claim.ts'

const unreserved = new Uint8Array(256)
for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~') {
  unreserved[char.charCodeAt(0)] = 1
}
const slash = 0x2f
const percent = 0x25
const equals = 0x3d

/** The value of a hexadecimal digit; -1 for any other character. */
const hexDigit = (code: number): number => {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}

/** The same of capitals only, in which AWS writes escapes. */
const upperHexDigit = (code: number): number => (code < 0x61 ? hexDigit(code) : -1)

/** Whether `raw` is encoded already as AWS encodes: nothing but unreserved characters and `%XX` of others. */
const isEncoded = (raw: string, keepSlash: boolean): boolean => {
  for (let i = 0; i < raw.length; i++) {
    const code = raw.charCodeAt(i)
    if (unreserved[code] === 1 || (keepSlash && code === slash)) continue
    if (code !== percent) return false
    const high = upperHexDigit(raw.charCodeAt(i + 1))
    const low = upperHexDigit(raw.charCodeAt(i + 2))
    if (high < 0 || low < 0) return false
    const byte = high * 16 + low
    if (unreserved[byte] === 1 || (keepSlash && byte === slash)) return false
    i += 2
  }
  return true
}

const escapes = Array.from({ length: 256 }, (_, byte) =>
  unreserved[byte] === 1
    ? String.fromCharCode(byte)
    : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
)

/** Decodes percent-escapes and encodes the bytes again as AWS does. `raw` has one character per byte. */
const recode = (raw: string, keepSlash: boolean): string => {
  if (isEncoded(raw, keepSlash)) return raw
  let out = ''
  for (let i = 0; i < raw.length; i++) {
    const code = raw.charCodeAt(i) & 0xff
    let byte = code
    if (code === percent) {
      const high = hexDigit(raw.charCodeAt(i + 1))
      const low = hexDigit(raw.charCodeAt(i + 2))
      if (high >= 0 && low >= 0) {
        byte = high * 16 + low
        i += 2
      }
    }
    out += keepSlash && byte === slash ? '/' : (escapes[byte] ?? '')
  }
  return out
}

/** The path as AWS encodes it; slashes and dots stay as they are. */
export const canonicalPath = (rawPath: string): string => recode(rawPath, true)

/** Encodes text for a path (slashes stay) as AWS does. */
export const encodePath = (path: string): string => encodeBytes(path, true)

/** Encodes text for a query as AWS does. */
export const encodeQueryPart = (text: string): string => encodeBytes(text, false)

const encodeBytes = (text: string, keepSlash: boolean): string => {
  let out = ''
  for (const byte of Buffer.from(text, 'utf8')) {
    out += keepSlash && byte === slash ? '/' : (escapes[byte] ?? '')
  }
  return out
}

const recodeQuery = (raw: string): string =>
  recode(raw.includes('+') ? raw.replaceAll('+', '%20') : raw, false)

// Of a presigned URL's parameters the credential alone has escapes. It is the same all day, and so is the pair: parseQuery
// gives the one before again.
let lastEncoded: QueryPair | undefined

const isPairEncoded = (pair: QueryPair): boolean => {
  if (pair.plain || pair === lastEncoded) return true
  if (!isEncoded(pair.rawName, false) || !isEncoded(pair.rawValue, false)) return false
  lastEncoded = pair
  return true
}

/** Whether the pairs but `except` are canonical as they were sent: encoded as AWS does, each name once and sorted. */
const isCanonical = (pairs: readonly QueryPair[], except: string | undefined): boolean => {
  let before = ''
  for (const pair of pairs) {
    const { name, rawName } = pair
    if (name === except) continue
    if (rawName <= before || !isPairEncoded(pair)) return false
    before = rawName
  }
  return true
}

/**
 * The query without `except`, where it is canonical as it was sent, and the signature stands at its end. So clients
 * send it that presign: nothing needs to be put together again.
 */
const asSent = ({ raw, pairs }: Query, except: string | undefined): string | undefined => {
  // Each pair has its `=`, and there are no empty ones.
  let at = 0
  for (const { rawName, rawValue } of pairs) {
    if (raw.charCodeAt(at + rawName.length) !== equals) return undefined
    at += rawName.length + rawValue.length + 2
  }
  if (at - 1 !== raw.length || !isCanonical(pairs, except)) return undefined
  const last = pairs.at(-1)
  if (last !== undefined && last.name === except) {
    const end = raw.length - last.rawName.length - last.rawValue.length - 2
    return pairs.length === 1 ? '' : raw.slice(0, end)
  }
  return pairs.some(({ name }) => name === except) ? undefined : raw
}

/** The query sorted by encoded name, then value; `except` names the signature, which is left out. */
export const canonicalQuery = (query: Query, except?: string): string =>
  query.pairs.length === 0 ? '' : (asSent(query, except) ?? sortedQuery(query.pairs, except))

const sortedQuery = (pairs: readonly QueryPair[], except: string | undefined): string => {
  // A blank sorts below every character that an encoded name can have, so `a` comes before `a-b` as it must.
  const sorted: string[] = []
  for (const pair of pairs) {
    if (pair.name !== except) {
      sorted.push(`${recodeQuery(pair.rawName)} ${recodeQuery(pair.rawValue)}`)
    }
  }
  if (sorted.length > 1) sorted.sort()
  let out = ''
  for (const pair of sorted) {
    if (out !== '') out += '&'
    out += pair.replace(' ', '=')
  }
  return out
}

/** Trimmed, runs of blanks as one. */
const tidyValue = (value: string): string => {
  if (!value.includes('  ') && !value.includes('\t')) return value.trim()
  return value.trim().replace(/[ \t]+/g, ' ')
}

/** node joins duplicates with `, `; what was signed has a bare comma between them. */
const joinDuplicates = (name: string, rawHeaders: readonly string[]): string | undefined => {
  let joined: string | undefined
  let count = 0
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const raw = rawHeaders[i]
    if (raw === undefined || raw.length !== name.length || raw.toLowerCase() !== name) continue
    const value = tidyValue(rawHeaders[i + 1] ?? '')
    joined = joined === undefined ? value : `${joined},${value}`
    count++
  }
  return count > 1 ? joined : undefined
}

const headerValue = (name: string, request: AuthRequest): string => {
  const value = request.headers[name]
  if (value === undefined) return ''
  if (typeof value !== 'string') return value.map(tidyValue).join(',')
  if (value.includes(',')) {
    const joined = joinDuplicates(name, request.rawHeaders)
    if (joined !== undefined) return joined
  }
  return tidyValue(value)
}

/** The canonical headers, one line each; `host` is the candidate to try. */
export const canonicalHeaders = (
  signedHeaders: string,
  request: AuthRequest,
  host: string,
): string => {
  if (signedHeaders === 'host') return `host:${host}\n`
  let out = ''
  for (const name of signedHeaders.split(';')) {
    out += name === 'host' ? `host:${host}\n` : `${name}:${headerValue(name, request)}\n`
  }
  return out
}

const isAmzHeader = (name: string): boolean =>
  name.charCodeAt(0) === 0x78 && name.startsWith('x-amz-')

const isListed = (name: string, signedHeaders: string): boolean =>
  signedHeaders === name || `;${signedHeaders};`.includes(`;${name};`)

/**
 * Names of headers that are there and should have been signed (`host` and every `x-amz-*`), but are not.
 * `exempt` may be absent from the signed ones because the signature covers its value otherwise.
 */
export const unsignedHeaders = (
  signedHeaders: string,
  headers: Headers,
  exempt?: string,
): string[] => {
  const missing: string[] = isListed('host', signedHeaders) ? [] : ['host']
  for (const name in headers) {
    if (!isAmzHeader(name) || name === exempt) continue
    if (!isListed(name, signedHeaders)) missing.push(name)
  }
  return missing
}
