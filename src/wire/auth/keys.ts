// Signing keys of SigV4, kept for a while: four HMACs a day and key, not a request.

import { createHmac } from 'node:crypto'

const capacity = 4096
const keys = new Map<string, Buffer>()

const hmac = (key: string | Buffer, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest()

/** Whose key, and for what. */
export interface KeyScope {
  readonly accessKeyId: string
  readonly secret: string
  /** `YYYYMMDD`. */
  readonly date: string
  readonly region: string
  readonly service: string
}

/** Derives a signing key without keeping it. */
export const deriveSigningKey = (scope: KeyScope): Buffer => {
  const date = hmac(`AWS4${scope.secret}`, scope.date)
  return hmac(hmac(hmac(date, scope.region), scope.service), 'aws4_request')
}

/**
 * The signing key of a scope, from a bounded cache whose oldest entry makes room. The secret is part of the entry's
 * name, so a key that came back with another secret never meets the old one.
 */
export const signingKey = (scope: KeyScope): Buffer => {
  const name = `${scope.accessKeyId}\n${scope.date}\n${scope.region}\n${scope.service}\n${scope.secret}`
  const known = keys.get(name)
  if (known !== undefined) return known
  const key = deriveSigningKey(scope)
  if (keys.size >= capacity) {
    const oldest = keys.keys().next()
    if (oldest.done !== true) keys.delete(oldest.value)
  }
  keys.set(name, key)
  return key
}

/** HMAC-SHA-256 of text, in hex. */
export const hmacHex = (key: Buffer, text: string): string =>
  createHmac('sha256', key).update(text).digest('hex')
