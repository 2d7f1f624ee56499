/** Secrets as they are kept: encrypted with AES-256-GCM under the master key, each bound to what it is the secret of. */
import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto'

/** The master key; as a KeyObject it does not show when it is printed, and may be passed to a worker. */
export type MasterKey = KeyObject

const cipher = 'aes-256-gcm'
const format = 1
const nonceBytes = 12
const tagBytes = 16
const keyBytes = 32
const headBytes = 1 + nonceBytes + tagBytes

export class WrongMasterKey extends Error {
  override readonly name = 'WrongMasterKey'
  constructor() {
    super('the master key is not the one that the stored secrets were encrypted under')
  }
}

/** A new master key as text, for its file. */
export const newMasterKey = (): string => randomBytes(keyBytes).toString('base64')

/** A master key from its text: 32 bytes in base64 (either alphabet) or hex. Throws an Error for anything else. */
export function parseMasterKey(text: string): MasterKey {
  const trimmed = text.trim()
  if (/^[0-9a-fA-F]{64}$/.test(trimmed)) return createSecretKey(Buffer.from(trimmed, 'hex'))
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(trimmed)) {
    return createSecretKey(Buffer.from(trimmed, 'base64'))
  }
  throw new Error('a master key is 32 bytes in base64 or hex')
}

/** Encrypts a secret; `owner` (an access key id) must be given again to open it. */
export function seal(key: MasterKey, owner: string, secret: string): Uint8Array {
  const nonce = randomBytes(nonceBytes)
  const sealing = createCipheriv(cipher, key, nonce)
  sealing.setAAD(Buffer.from(owner))
  const hidden = Buffer.concat([sealing.update(secret, 'utf8'), sealing.final()])
  return Buffer.concat([Buffer.of(format), nonce, sealing.getAuthTag(), hidden])
}

/** The secret again. Throws {@link WrongMasterKey} under another key, for another owner, or if a bit was changed. */
export function open(key: MasterKey, owner: string, sealed: Uint8Array): string {
  if (sealed[0] !== format || sealed.length < headBytes) throw new WrongMasterKey()
  const opening = createDecipheriv(cipher, key, sealed.subarray(1, 1 + nonceBytes), {
    authTagLength: tagBytes,
  })
  opening.setAAD(Buffer.from(owner))
  opening.setAuthTag(sealed.subarray(1 + nonceBytes, headBytes))
  try {
    return opening.update(sealed.subarray(headBytes), undefined, 'utf8') + opening.final('utf8')
  } catch {
    throw new WrongMasterKey()
  }
}
