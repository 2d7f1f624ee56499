/**
 * Who may read the metrics: with a token whoever shows it, without one this machine only, and not through a proxy on
 * it. They tell nothing of environment or configuration.
 */
import { createHash, timingSafeEqual } from 'node:crypto'

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.')

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
  return isLoopback(remoteAddress) && forwarded === undefined
}
