/**
 * Who may read the metrics: with a token whoever shows it, without one this machine only, and not through a proxy on
 * it. They tell nothing of environment or configuration.
 */
import { createHash, timingSafeEqual } from 'node:crypto'

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.')

/** A name that has only digits and dots, or a colon, can be no name of DNS. */
const isAddress = (name: string): boolean =>
  /^[\d.]+$/.test(name) || /^[\da-f.]*:[\da-f.:]*$/.test(name)

/** Whether a `Host` can only mean this machine to a browser: a name may be anybody's, and lead here all the same. */
function isOwnHost(host: string): boolean {
  const name = host.replace(/:\d{1,5}$/, '').toLowerCase()
  const address = name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name
  return name === 'localhost' || isAddress(address)
}

/** What is looked at of a request; header names in lower case. */
export interface Asking {
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Of the peer on the socket. */
  readonly remoteAddress: string
}

export function mayReadMetrics(
  { headers, remoteAddress }: Asking,
  token: string | undefined,
): boolean {
  if (token !== undefined) {
    const shown = headers['authorization'] ?? ''
    return timingSafeEqual(digest(shown), digest(`Bearer ${token}`))
  }
  const forwarded = headers['x-forwarded-for'] ?? headers['forwarded'] ?? headers['via']
  if (!isLoopback(remoteAddress) || forwarded !== undefined) return false
  const host = headers['host']
  return headers['origin'] === undefined && (host === undefined || isOwnHost(host))
}
