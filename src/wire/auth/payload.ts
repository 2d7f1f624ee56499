// `x-amz-content-sha256`: a hash of the body, or what takes its place.

import { S3Error } from '../../model/errors.ts'
import type { Payload } from './claim.ts'

/** The SHA-256 of nothing, in hex. */
export const emptySha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

export const unsignedPayload: Payload = Object.freeze({ kind: 'unsigned' })

const streaming = (signed: 'hmac' | 'ecdsa' | undefined, trailer: boolean): Payload =>
  Object.freeze({ kind: 'streaming', signed, trailer })

const named = new Map<string, Payload>([
  ['UNSIGNED-PAYLOAD', unsignedPayload],
  ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', streaming(undefined, true)],
  ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', streaming('hmac', false)],
  ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', streaming('hmac', true)],
  ['STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD', streaming('ecdsa', false)],
  ['STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER', streaming('ecdsa', true)],
])

const isHex64 = (text: string): boolean => {
  if (text.length !== 64) return false
  for (let i = 0; i < 64; i++) {
    const code = text.charCodeAt(i) | 0x20
    if (!((code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66))) return false
  }
  return true
}

/**
 * Reads `x-amz-content-sha256`.
 * @throws S3Error InvalidArgument where it is neither a SHA-256 in hex nor one of the six words
 */
export const readPayload = (text: string): Payload => {
  const word = named.get(text)
  if (word !== undefined) return word
  if (isHex64(text)) return { kind: 'hash', sha256: text.toLowerCase() }
  throw new S3Error(
    'InvalidArgument',
    { ArgumentName: 'x-amz-content-sha256', ArgumentValue: text },
    `x-amz-content-sha256 must be ${[...named.keys()].join(', ')} or a valid sha256 value.`,
  )
}
