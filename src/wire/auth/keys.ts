// Signing keys of SigV4, kept for a while: four HMACs a day and key, not a request.

import { createHmac, hash } from 'node:crypto'

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

// A client signs with the same key all day long, and most requests follow one of the same client.
let lastScope: KeyScope | undefined
let lastKey: Buffer | undefined

const sameScope = (a: KeyScope, b: KeyScope): boolean =>
  a.secret === b.secret &&
  a.accessKeyId === b.accessKeyId &&
  a.date === b.date &&
  a.region === b.region &&
  a.service === b.service

/**
 * The signing key of a scope, from a bounded cache whose oldest entry makes room. The secret is part of the entry's
 * name, so a key that came back with another secret never meets the old one.
 */
export const signingKey = (scope: KeyScope): Buffer => {
  if (lastKey !== undefined && lastScope !== undefined && sameScope(scope, lastScope)) {
    return lastKey
  }
  const key = keptKey(scope)
  lastScope = scope
  lastKey = key
  return key
}

const keptKey = (scope: KeyScope): Buffer => {
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

const blockBytes = 64
const digestBytes = 32
const textMax = 2048
// The two messages that an HMAC hashes (RFC 2104): the key with its padding, then the text or the first digest.
const inner = Buffer.alloc(blockBytes + textMax)
const outer = Buffer.alloc(blockBytes + digestBytes)
/** Whose padding stands in both. */
let padded: Buffer | undefined
/** What of `inner` was hashed last. Most texts are of one length, and a view made for each is work for the garbage collector. */
let message = inner

const pad = (key: Buffer): void => {
  for (let i = 0; i < blockBytes; i++) {
    const byte = key[i] ?? 0
    inner[i] = byte ^ 0x36
    outer[i] = byte ^ 0x5c
  }
  padded = key
}

/**
 * HMAC-SHA-256 of text, in hex. Of a short text by two plain hashes: an object of node's for each signature costs twice
 * as much, and the garbage collector has to see to each of them.
 */
export const hmacHex = (key: Buffer, text: string): string => {
  if (text.length * 3 > textMax || key.length > blockBytes) {
    return createHmac('sha256', key).update(text).digest('hex')
  }
  if (key !== padded) pad(key)
  const end = blockBytes + inner.write(text, blockBytes, 'utf8')
  if (message.length !== end) message = inner.subarray(0, end)
  outer.write(hash('sha256', message, 'latin1'), blockBytes, 'latin1')
  return hash('sha256', outer, 'hex')
}
