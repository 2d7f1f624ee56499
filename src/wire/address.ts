// Where a request goes: from host and request target to bucket and key, and the readings its signature may be of.

import { S3Error } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import type { Headers } from './auth/claim.ts'
import { type Forwarded, readForwarded } from './forwarded.ts'
import { decodePercent } from './query.ts'

export interface AddressInput {
  /** The Host header as received; `''` where there is none. */
  readonly host: string
  /** The raw request target. */
  readonly target: string
  readonly headers: Headers
  /** Whether the peer is a proxy whose forwarding headers count. */
  readonly peerTrusted: boolean
  /** Whether the connection is encrypted. */
  readonly encrypted?: boolean
  /** From `prepareDomains`: lower case, longest first. */
  readonly domains: readonly string[]
  /** From `preparePrefix`: `''` or a path without a slash at its end. */
  readonly prefix: string
}

export interface Address {
  /** Decoded once. Its form is not checked. */
  readonly bucket?: string | undefined
  /** From a path that names `volume:bucket`; `''` where nothing stands before the colon. */
  readonly volume?: string | undefined
  /** Decoded once; `a//b`, `../x` and `.` are what they are. */
  readonly key?: string | undefined
  readonly level: 'service' | 'bucket' | 'object'
  readonly style: 'path' | 'virtual-host'
  /** As received, without the query. */
  readonly rawPath: string
  /** Behind the `?`, as received. */
  readonly rawQuery: string
  /** Raw paths that the client may have signed, as received first. */
  readonly paths: readonly string[]
  /** Hosts that the client may have signed, as received first; all of them name the same bucket, or none. */
  readonly hosts: readonly string[]
  /**
   * The prefix that a proxy says it took away and that nobody configured. Whoever can send the header can use it to
   * move a signature: the path that was signed may begin with a bucket's name. So it counts only where no bucket is
   * called like its first segment.
   */
  readonly claimedPrefix?: string | undefined
  /** The bucket, where the host names it (for SigV2). */
  readonly virtualBucket?: string | undefined
  /** What links back to here begin with. */
  readonly scheme: 'http' | 'https'
  readonly host: string
}

/** Domains in lower case without dots at either end, longest first. */
export const prepareDomains = (domains: readonly string[]): string[] =>
  domains
    .map(domain => hostName(domain).replace(/^\.+/, ''))
    .filter(domain => domain !== '')
    .toSorted((a, b) => b.length - a.length)

/** A path prefix with one slash before and none behind; `''` for none. */
export const preparePrefix = (prefix: string): string => {
  const inner = prefix.split('/').filter(segment => segment !== '')
  return inner.length === 0 ? '' : `/${inner.join('/')}`
}

/** The host without port, in lower case, without a dot at its end; brackets of IPv6 stay. */
const hostName = (host: string): string => {
  let end = host.length
  if (host.charCodeAt(0) === 0x5b) {
    const close = host.indexOf(']')
    if (close > 0) end = close + 1
  } else {
    const colon = host.indexOf(':')
    if (colon >= 0) end = colon
  }
  if (end > 1 && host.charCodeAt(end - 1) === 0x2e) end--
  return (end === host.length ? host : host.slice(0, end)).toLowerCase()
}

const bucketOfHost = (host: string, domains: readonly string[]): string | undefined => {
  if (domains.length === 0) return undefined
  const name = hostName(host)
  for (const domain of domains) {
    if (name === domain) return undefined
    const dot = name.length - domain.length - 1
    if (dot > 0 && name.charCodeAt(dot) === 0x2e && name.endsWith(domain)) return name.slice(0, dot)
  }
  return undefined
}

const invalidUri = (target: string, why?: string) => new S3Error('InvalidURI', { URI: target }, why)

/** The target without scheme and authority, which must be the host's. */
const originForm = (target: string, host: string): string => {
  if (target.charCodeAt(0) === 0x2f) return target
  if (target === '*') return '/'
  const scheme = target.slice(0, 8).toLowerCase()
  const start = scheme === 'https://' ? 8 : scheme.startsWith('http://') ? 7 : 0
  if (start === 0) throw invalidUri(target)
  let end = start
  while (end < target.length && target[end] !== '/' && target[end] !== '?') end++
  if (target.slice(start, end).toLowerCase() !== host.toLowerCase()) {
    throw invalidUri(target, 'The request target names another host than the Host header.')
  }
  const rest = target.slice(end)
  return rest.startsWith('/') ? rest : `/${rest}`
}

const readKey = (raw: string): string => {
  const key = decodePercent(raw)
  if (key.includes('\0')) throw invalidUri(raw, 'A key cannot contain the character NUL.')
  // A UTF-16 unit makes at most three bytes of UTF-8.
  if (key.length * 3 > limits.key_bytes_max) {
    const size = Buffer.byteLength(key, 'utf8')
    if (size > limits.key_bytes_max) {
      throw new S3Error('KeyTooLongError', { Size: size, MaxSizeAllowed: limits.key_bytes_max })
    }
  }
  return key
}

const underPrefix = (path: string, prefix: string): boolean =>
  path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === '/')

/** Path without the configured prefix, wherever a proxy may have left it. */
const withoutPrefix = (path: string, prefix: string, forwarded: Forwarded): string => {
  if (prefix === '') return path
  if (underPrefix(path, prefix)) return path.slice(prefix.length) || '/'
  // The proxy took the first part of the prefix away and left the rest.
  if (forwarded.prefix !== undefined && prefix.startsWith(`${forwarded.prefix}/`)) {
    const rest = prefix.slice(forwarded.prefix.length)
    if (underPrefix(path, rest)) return path.slice(rest.length) || '/'
  }
  return path
}

const unique = (values: readonly (string | undefined)[]): string[] => [
  ...new Set(values.filter(value => value !== undefined)),
]

/** Where the host names the bucket, a prefix would move a signature to another key, so none is taken. */
const claimedPrefix = (
  configured: string,
  bucket: string | undefined,
  forwarded: Forwarded,
): string | undefined => {
  const { prefix } = forwarded
  if (prefix === undefined || bucket !== undefined) return undefined
  return underPrefix(configured, prefix) ? undefined : prefix
}

const candidatePaths = (
  path: string,
  inner: string,
  input: AddressInput,
  claimed: string | undefined,
) =>
  unique([
    path,
    claimed === undefined ? undefined : claimed + path,
    input.prefix === '' ? undefined : input.prefix + inner,
    input.prefix === '' ? undefined : inner,
  ])

const defaultPort: Readonly<Record<string, string>> = { http: '80', https: '443' }

const withPort = (host: string, port: string | undefined, scheme: string): string | undefined => {
  if (port === undefined || hostName(host).length !== host.length) return undefined
  return port === defaultPort[scheme] ? undefined : `${host}:${port}`
}

/** Host and scheme that the client saw, and the hosts that it may have signed. */
const outside = (input: AddressInput, forwarded: Forwarded) => {
  if (!input.peerTrusted) {
    const scheme: 'http' | 'https' = input.encrypted === true ? 'https' : 'http'
    return { scheme, host: input.host, hosts: [input.host] }
  }
  const scheme = forwarded.proto ?? (input.encrypted === true ? 'https' : 'http')
  if (forwarded.host === undefined && forwarded.port === undefined) {
    return { scheme, host: input.host, hosts: [input.host] }
  }
  const named = forwarded.host ?? input.host
  const ported = withPort(named, forwarded.port, scheme)
  return { scheme, host: ported ?? named, hosts: unique([input.host, named, ported]) }
}

/** `volume:bucket` addresses a bucket of another volume; no name of either has a colon. */
export const bucketOfPath = (
  written: string,
): { readonly bucket: string; readonly volume?: string } => {
  const colon = written.indexOf(':')
  if (colon < 0) return { bucket: written }
  return { bucket: written.slice(colon + 1), volume: written.slice(0, colon) }
}

/** What host and path name. */
type Place = Pick<Address, 'bucket' | 'volume' | 'key' | 'level' | 'style' | 'virtualBucket'>

const place = (bucketOfName: string | undefined, inner: string): Place => {
  if (bucketOfName !== undefined) {
    const style = 'virtual-host'
    const named = { bucket: bucketOfName, virtualBucket: bucketOfName, style } as const
    if (inner === '/') return { ...named, level: 'bucket' }
    return { ...named, key: readKey(inner.slice(1)), level: 'object' }
  }
  const style = 'path'
  if (inner === '/') return { style, level: 'service' }
  const slash = inner.indexOf('/', 1)
  const end = slash < 0 ? inner.length : slash
  const { bucket, volume } = bucketOfPath(decodePercent(inner.slice(1, end)))
  if (end >= inner.length - 1) return { bucket, volume, style, level: 'bucket' }
  return { bucket, volume, key: readKey(inner.slice(end + 1)), style, level: 'object' }
}

/**
 * Addresses a request.
 * @throws S3Error InvalidURI (broken escapes, no UTF-8, NUL, another host in an absolute target), KeyTooLongError
 */
export const address = (input: AddressInput): Address => {
  const target = originForm(input.target, input.host)
  const question = target.indexOf('?')
  const rawPath = question < 0 ? target : target.slice(0, question)
  const rawQuery = question < 0 ? '' : target.slice(question + 1)
  const forwarded = readForwarded(input.headers, input.peerTrusted)
  const inner = withoutPrefix(rawPath, input.prefix, forwarded)
  const seen = outside(input, forwarded)
  const named = bucketOfHost(seen.host, input.domains)
  const claimed = claimedPrefix(input.prefix, named, forwarded)
  const { bucket, volume, key, level, style, virtualBucket } = place(named, inner)
  return {
    bucket,
    volume,
    key,
    level,
    style,
    rawPath,
    rawQuery,
    paths:
      input.prefix === '' && claimed === undefined
        ? [rawPath]
        : candidatePaths(rawPath, inner, input, claimed),
    hosts:
      seen.hosts.length === 1
        ? seen.hosts
        : seen.hosts.filter(host => bucketOfHost(host, input.domains) === named),
    claimedPrefix: claimed,
    virtualBucket,
    scheme: seen.scheme,
    host: seen.host,
  }
}

/** The bucket that a path names first: what a claimed prefix must not be. */
export const firstSegment = (path: string): string => decodePercent(path.split('/')[1] ?? '')
