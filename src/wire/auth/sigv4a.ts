// SigV4A: an ECDSA key on P-256 that both sides derive from the secret. Source: AWS's documentation of SigV4A and NIST
// SP 800-108 (KDF in counter mode, HMAC-SHA-256).

import { createECDH, createHmac, createPrivateKey, type KeyObject, sign, verify } from 'node:crypto'

// The order of the curve, less two: candidates above it are thrown away.
const orderMinusTwo = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63254fn
const label = Buffer.from('AWS4-ECDSA-P256-SHA256', 'latin1')

/** The private scalar of an access key, 32 bytes. */
export const deriveScalar = (accessKeyId: string, secret: string): Buffer => {
  const id = Buffer.from(accessKeyId, 'utf8')
  for (let counter = 1; counter < 255; counter++) {
    const input = Buffer.concat([
      Buffer.from([0, 0, 0, 1]),
      label,
      Buffer.from([0]),
      id,
      Buffer.from([counter, 0, 0, 1, 0]),
    ])
    const candidate = createHmac('sha256', `AWS4A${secret}`).update(input).digest()
    const value = BigInt(`0x${candidate.toString('hex')}`)
    if (value <= orderMinusTwo) {
      return Buffer.from((value + 1n).toString(16).padStart(64, '0'), 'hex')
    }
  }
  // 254 candidates out of range: a chance of 2^-8128.
  throw new RangeError('no ECDSA key can be derived from this secret')
}

const capacity = 1024
const keys = new Map<string, KeyObject>()

/** The key pair of an access key, from a bounded cache whose oldest entry makes room. */
export const ecdsaKey = (accessKeyId: string, secret: string): KeyObject => {
  const name = `${accessKeyId}\n${secret}`
  const known = keys.get(name)
  if (known !== undefined) return known
  const scalar = deriveScalar(accessKeyId, secret)
  const curve = createECDH('prime256v1')
  curve.setPrivateKey(scalar)
  const point = curve.getPublicKey()
  const key = createPrivateKey({
    format: 'jwk',
    key: {
      kty: 'EC',
      crv: 'P-256',
      d: scalar.toString('base64url'),
      x: point.subarray(1, 33).toString('base64url'),
      y: point.subarray(33, 65).toString('base64url'),
    },
  })
  if (keys.size >= capacity) {
    const oldest = keys.keys().next()
    if (oldest.done !== true) keys.delete(oldest.value)
  }
  keys.set(name, key)
  return key
}

const isHex = (text: string): boolean => text.length % 2 === 0 && /^[0-9a-fA-F]+$/.test(text)

/** Whether `signature` (DER in hex) is one of `text` by that key. */
export const verifyEcdsa = (key: KeyObject, text: string, signature: string): boolean => {
  // The longest DER of two 32-byte numbers has 72 bytes.
  if (signature.length > 144 || !isHex(signature)) return false
  try {
    return verify('sha256', Buffer.from(text, 'latin1'), key, Buffer.from(signature, 'hex'))
  } catch {
    return false
  }
}

/** Signs `text`; DER in hex. */
export const signEcdsa = (key: KeyObject, text: string): string =>
  sign('sha256', Buffer.from(text, 'latin1'), key).toString('hex')

/** Whether a set like `us-east-1,eu-*` has `region`; `*` stands for any run of characters. */
export const regionSetHas = (set: string, region: string): boolean =>
  set.split(',').some(pattern => wildcard(pattern.trim(), region))

/** Matches greedily and goes back to the last star only, so the time is at most the product of both lengths. */
const wildcard = (pattern: string, text: string): boolean => {
  let p = 0
  let t = 0
  let star = -1
  let mark = 0
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = p++
      mark = t
    } else if (p < pattern.length && pattern[p] === text[t]) {
      p++
      t++
    } else if (star >= 0) {
      p = star + 1
      t = ++mark
    } else return false
  }
  while (pattern[p] === '*') p++
  return p === pattern.length
}
