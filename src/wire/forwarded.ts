// What proxies say about the request they pass on. Worth something only from a proxy that is trusted. Source: RFC 7239.

import type { Headers } from './auth/claim.ts'

/** What the client saw, as far as a proxy told. */
export interface Forwarded {
  readonly host?: string
  readonly proto?: 'http' | 'https'
  readonly port?: string
  /** The path that the proxy took away; no slash at its end. */
  readonly prefix?: string
}

const nothing: Forwarded = Object.freeze({})

const first = (value: string | readonly string[] | undefined): string | undefined => {
  const text = typeof value === 'string' ? value : value?.[0]
  if (text === undefined) return undefined
  const comma = text.indexOf(',')
  const item = (comma < 0 ? text : text.slice(0, comma)).trim()
  return item === '' ? undefined : item
}

/** Cuts at `separator` outside quotes; quotes are taken off the values by `unquote`. */
const splitQuoted = (text: string, separator: string): string[] => {
  const parts: string[] = []
  let start = 0
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const char = text[i]
    if (quoted && char === '\\') i++
    else if (char === '"') quoted = !quoted
    else if (!quoted && char === separator) {
      parts.push(text.slice(start, i))
      start = i + 1
    }
  }
  parts.push(text.slice(start))
  return parts
}

const unquote = (text: string): string =>
  text.startsWith('"') && text.endsWith('"') && text.length > 1
    ? text.slice(1, -1).replace(/\\(.)/g, '$1')
    : text

/** One parameter of each element of a `Forwarded` header, in order. */
const parameters = (header: string, wanted: string): (string | undefined)[] =>
  splitQuoted(header, ',').map(element => {
    for (const pair of splitQuoted(element, ';')) {
      const equals = pair.indexOf('=')
      if (equals > 0 && pair.slice(0, equals).trim().toLowerCase() === wanted) {
        return unquote(pair.slice(equals + 1).trim())
      }
    }
    return undefined
  })

const trimSlashes = (prefix: string | undefined): string | undefined => {
  if (prefix === undefined || !prefix.startsWith('/')) return undefined
  let end = prefix.length
  while (end > 0 && prefix[end - 1] === '/') end--
  return end === 0 ? undefined : prefix.slice(0, end)
}

/** Whether a proxy (or who wants to be taken for one) says how the client saw this server. */
export const hasForwarded = (headers: Headers): boolean =>
  headers['x-forwarded-host'] !== undefined ||
  headers['x-forwarded-proto'] !== undefined ||
  headers['x-forwarded-port'] !== undefined ||
  headers['x-forwarded-prefix'] !== undefined ||
  headers['forwarded'] !== undefined

/** Reads `X-Forwarded-Host`, `-Proto`, `-Port`, `-Prefix` and `Forwarded`; all of it is ignored from an untrusted peer. */
export const readForwarded = (headers: Headers, peerTrusted: boolean): Forwarded => {
  if (!peerTrusted || !hasForwarded(headers)) return nothing
  const forwarded = headers['forwarded']
  const element = typeof forwarded === 'string' ? forwarded : (forwarded?.[0] ?? '')
  const host = first(headers['x-forwarded-host']) ?? parameters(element, 'host')[0]
  const proto = (
    first(headers['x-forwarded-proto']) ?? parameters(element, 'proto')[0]
  )?.toLowerCase()
  const port = first(headers['x-forwarded-port'])
  const prefix = trimSlashes(first(headers['x-forwarded-prefix']))
  return {
    ...(host === undefined ? undefined : { host }),
    ...(proto === 'http' || proto === 'https' ? { proto } : undefined),
    ...(port !== undefined && /^\d{1,5}$/.test(port) ? { port } : undefined),
    ...(prefix === undefined ? undefined : { prefix }),
  }
}

const addressForm = /^[0-9a-f:.]{2,45}$/i

/** An address without port, brackets and quotes. */
const bare = (node: string): string => {
  if (node.startsWith('[')) return node.slice(1, Math.max(node.indexOf(']'), 1))
  const colon = node.indexOf(':')
  return colon >= 0 && colon === node.lastIndexOf(':') ? node.slice(0, colon) : node
}

/**
 * The client's address: the socket's own, unless that is a trusted proxy; then the last one in the chain that no
 * trusted proxy wrote about itself.
 */
export const clientAddress = (
  headers: Headers,
  socketAddress: string,
  isTrusted: (address: string) => boolean,
): string => {
  if (!isTrusted(socketAddress)) return socketAddress
  const listed = [headers['x-forwarded-for']].flat().filter(value => value !== undefined)
  const chain =
    listed.length > 0
      ? listed.join(',').split(',')
      : parameters([headers['forwarded']].flat().join(','), 'for').map(node => node ?? '')
  let address = socketAddress
  for (const node of chain.toReversed()) {
    const candidate = bare(node.trim())
    // What is no address is nobody's: a client may write anything there.
    if (!addressForm.test(candidate)) break
    address = candidate
    if (!isTrusted(candidate)) break
  }
  return address
}
