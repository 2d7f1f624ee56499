// Verifies SigV4 and SigV4A claims: scope, time, headers, signature.

import { hash } from 'node:crypto'
import { S3Error } from '../../model/errors.ts'
import { limits } from '../../model/limits.ts'
import { canonicalHeaders, canonicalPath, canonicalQuery, unsignedHeaders } from './canonical.ts'
import type { AuthOptions, AuthRequest, V4Claim } from './claim.ts'
import { sameSecret } from './compare.ts'
import { isoSeconds } from './dates.ts'
import { hmacHex, signingKey } from './keys.ts'
import { checkScope } from './scope.ts'
import { ecdsaAlgorithm, hmacAlgorithm, shown } from './sigv4-read.ts'
import { ecdsaKey, verifyEcdsa } from './sigv4a.ts'
import type { ChunkSigner } from './verified.ts'

const skewMs = limits.clock_skew_seconds_max * 1000
// Stands for the secret of keys that nobody has, so that they take the same path as known ones.
export const nobody = { accessKeyId: 'nobody', secret: 'nobody-has-this-secret' }

const isQuery = (claim: V4Claim): boolean => claim.expires !== undefined

const isEcdsa = (claim: V4Claim): boolean =>
  claim.kind === 'v4a-header' || claim.kind === 'v4a-query'

const wrongScope =
  (claim: V4Claim) =>
  (why: string, fields: Record<string, string> = {}) =>
    isQuery(claim)
      ? new S3Error(
          'AuthorizationQueryParametersError',
          fields,
          `Error parsing the X-Amz-Credential parameter; ${why}`,
        )
      : new S3Error(
          'AuthorizationHeaderMalformed',
          fields,
          `The authorization header is malformed; ${why}`,
        )

const checkTime = (claim: V4Claim, now: number): void => {
  if (claim.expires === undefined) {
    if (Math.abs(now - claim.time) > skewMs) throw skewed(claim.sentDate, now)
    return
  }
  if (claim.time > now + skewMs) {
    throw new S3Error(
      'AccessDenied',
      { 'X-Amz-Date': claim.sentDate, ServerTime: isoSeconds(now) },
      'Request is not valid yet',
    )
  }
  const end = claim.time + claim.expires * 1000
  if (now > end || claim.expires < limits.presign_seconds_min) {
    throw new S3Error(
      'AccessDenied',
      { 'X-Amz-Expires': claim.expires, Expires: isoSeconds(end), ServerTime: isoSeconds(now) },
      'Request has expired',
    )
  }
}

/** The error for a clock that is more than 15 minutes off. */
export const skewed = (sentDate: string, now: number): S3Error =>
  new S3Error('RequestTimeTooSkewed', {
    RequestTime: sentDate,
    ServerTime: isoSeconds(now),
    MaxAllowedSkewMilliseconds: skewMs,
  })

const checkSignedHeaders = (claim: V4Claim, request: AuthRequest): void => {
  // In a presigned URL the value of this header is the canonical request's last line: signed without its name.
  const bound =
    isQuery(claim) && request.headers['x-amz-content-sha256'] === claim.payloadText
      ? 'x-amz-content-sha256'
      : undefined
  const missing = unsignedHeaders(claim.signedHeaders, request.headers, bound)
  if (missing.length === 0) return
  throw new S3Error(
    'AccessDenied',
    { HeadersNotSigned: missing.join(', ') },
    'There were headers present in the request which were not signed',
  )
}

/** One way of reading the request: a path and a host that the client may have seen. */
interface Reading {
  readonly canonicalRequest: string
  readonly stringToSign: string
}

/** What all readings of a request have in common. */
interface Common {
  readonly query: string
  /** Of the string to sign, all but the digest. */
  readonly start: string
}

const commonOf = (claim: V4Claim, request: AuthRequest): Common => ({
  query: canonicalQuery(request.query, isQuery(claim) ? 'X-Amz-Signature' : undefined),
  start: `${isEcdsa(claim) ? ecdsaAlgorithm : hmacAlgorithm}\n${claim.timestamp}\n${claim.scope}\n`,
})

const readingOf = (
  claim: V4Claim,
  request: AuthRequest,
  { query, start }: Common,
  { path, host }: { readonly path: string; readonly host: string },
): Reading => {
  const headers = canonicalHeaders(claim.signedHeaders, request, host)
  const canonicalRequest = `${request.method}\n${path}\n${query}\n${headers}\n${claim.signedHeaders}\n${claim.payloadText}`
  return { canonicalRequest, stringToSign: start + hashOf(canonicalRequest) }
}

const beyondAscii = /[^\0-\x7f]/

/** SHA-256 of text that has one character per byte. */
const hashOf = (bytes: string): string =>
  hash('sha256', beyondAscii.test(bytes) ? Buffer.from(bytes, 'latin1') : bytes, 'hex')

/** Every reading of the request that its signature may be of but the likeliest, which is the first; a handful at most. */
function* otherReadings(claim: V4Claim, request: AuthRequest, common: Common): Generator<Reading> {
  let first = true
  for (const host of request.hosts) {
    for (const rawPath of request.paths) {
      const path = canonicalPath(rawPath)
      for (const candidate of path === rawPath ? [path] : [path, rawPath]) {
        if (!first) yield readingOf(claim, request, common, { path: candidate, host })
        first = false
      }
    }
  }
}

/** Bytes as errors show them: hex, a blank between. */
export const hexBytes = (text: string): string =>
  Buffer.from(text, 'latin1')
    .toString('hex')
    .replace(/(..)(?!$)/g, '$1 ')

const mismatch = (claim: V4Claim, first: Reading): S3Error => {
  const { canonicalRequest, stringToSign } = first
  return new S3Error('SignatureDoesNotMatch', {
    AWSAccessKeyId: claim.accessKeyId,
    StringToSign: shown(stringToSign),
    SignatureProvided: claim.signature,
    StringToSignBytes: hexBytes(stringToSign),
    CanonicalRequest: shown(canonicalRequest),
    CanonicalRequestBytes: hexBytes(canonicalRequest),
  })
}

/** The error for a key that nobody has. */
export const unknownKey = (accessKeyId: string): S3Error =>
  new S3Error('InvalidAccessKeyId', { AWSAccessKeyId: accessKeyId })

/** Who is asked whether a signature is right, and what signs the chunks that follow. */
const signerOf = (claim: V4Claim, known: string | undefined): ChunkSigner => {
  const { timestamp, scope, signature: seedSignature, date, region, service } = claim
  const accessKeyId = known === undefined ? nobody.accessKeyId : claim.accessKeyId
  const secret = known ?? nobody.secret
  if (isEcdsa(claim)) {
    return { timestamp, scope, seedSignature, kind: 'ecdsa', key: ecdsaKey(accessKeyId, secret) }
  }
  const key = signingKey({ accessKeyId, secret, date, region, service })
  return { timestamp, scope, seedSignature, kind: 'hmac', key }
}

const isOf = (signer: ChunkSigner, { stringToSign }: Reading, { signature }: V4Claim): boolean =>
  signer.kind === 'hmac'
    ? sameSecret(hmacHex(signer.key, stringToSign), signature)
    : verifyEcdsa(signer.key, stringToSign, signature)

/**
 * Verifies a SigV4 or SigV4A claim; see `verify`.
 * @returns what signs the chunks of a streaming body
 */
export const verifyV4 = (
  claim: V4Claim,
  request: AuthRequest,
  secret: string | undefined,
  context: { readonly now: number; readonly options: AuthOptions },
): ChunkSigner => {
  checkScope(claim, context.options, wrongScope(claim))
  checkTime(claim, context.now)
  checkSignedHeaders(claim, request)
  const signer = signerOf(claim, secret)
  const common = commonOf(claim, request)
  const path = request.paths[0] ?? '/'
  const host = request.hosts[0] ?? ''
  const first = readingOf(claim, request, common, { path: canonicalPath(path), host })
  if (isOf(signer, first, claim) && secret !== undefined) return signer
  for (const reading of otherReadings(claim, request, common)) {
    if (isOf(signer, reading, claim) && secret !== undefined) return signer
  }
  throw secret === undefined ? unknownKey(claim.accessKeyId) : mismatch(claim, first)
}
