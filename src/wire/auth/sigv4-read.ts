// Reads SigV4 and SigV4A claims from the Authorization header or the query.

import { S3Error } from '../../model/errors.ts'
import { limits } from '../../model/limits.ts'
import { signatureParameters, utf8OfLatin1 } from '../query.ts'
import type { AuthRequest, V4Claim } from './claim.ts'
import { parseAmzDate, parseHttpDate } from './dates.ts'
import { readPayload } from './payload.ts'
import { splitCredential } from './scope.ts'

export const hmacAlgorithm = 'AWS4-HMAC-SHA256'
export const ecdsaAlgorithm = 'AWS4-ECDSA-P256-SHA256'

/** One header's value, or undefined where it is absent. */
export const headerOf = (request: AuthRequest, name: string): string | undefined => {
  const value = request.headers[name]
  return typeof value === 'string' ? value : value?.join(', ')
}

const malformedHeader = (why: string) =>
  new S3Error('AuthorizationHeaderMalformed', {}, `The authorization header is malformed; ${why}`)

const malformedQuery = (why: string) => new S3Error('AuthorizationQueryParametersError', {}, why)

/** The three components of the header, each exactly once. */
const headerComponents = (text: string) => {
  let credential: string | undefined
  let signedHeaders: string | undefined
  let signature: string | undefined
  for (const part of text.split(',')) {
    const component = part.trim()
    const equals = component.indexOf('=')
    const name = component.slice(0, Math.max(equals, 0))
    const value = component.slice(equals + 1)
    if (name === 'Credential' && credential === undefined) credential = value
    else if (name === 'SignedHeaders' && signedHeaders === undefined) signedHeaders = value
    else if (name === 'Signature' && signature === undefined) signature = value
    else throw malformedHeader('an authorization component is unknown, repeated or malformed.')
  }
  if (!credential) throw malformedHeader('missing Credential.')
  if (!signedHeaders) throw malformedHeader('missing SignedHeaders.')
  if (!signature) throw malformedHeader('missing Signature.')
  return { credential, signedHeaders, signature }
}

const noDate = () =>
  new S3Error('AccessDenied', {}, 'AWS authentication requires a valid Date or x-amz-date header')

/** `x-amz-date`, else `Date`, in either of their forms. */
const headerDate = (request: AuthRequest): { time: number; sentDate: string } => {
  const sentDate = headerOf(request, 'x-amz-date') || headerOf(request, 'date')
  if (!sentDate) throw noDate()
  const time = parseAmzDate(sentDate)
  if (!Number.isNaN(time)) return { time, sentDate }
  const httpTime = parseHttpDate(sentDate)
  if (Number.isNaN(httpTime)) throw noDate()
  return { time: httpTime, sentDate }
}

const compact = (time: number): string =>
  `${new Date(time).toISOString().slice(0, 19).replaceAll('-', '').replaceAll(':', '')}Z`

/**
 * Reads the Authorization header of SigV4 or SigV4A. `text` is what follows the algorithm.
 * @throws S3Error AuthorizationHeaderMalformed, AccessDenied (date), InvalidRequest, InvalidArgument (payload hash)
 */
export const readV4Header = (text: string, ecdsa: boolean, request: AuthRequest): V4Claim => {
  const { credential, signedHeaders, signature } = headerComponents(text)
  const scope = splitCredential(credential, ecdsa)
  if (scope === undefined) {
    throw malformedHeader(
      'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    )
  }
  if (scope.accessKeyId === '') {
    throw malformedHeader('a non-empty Access Key (AKID) must be provided in the credential.')
  }
  const { time, sentDate } = headerDate(request)
  const payloadText = headerOf(request, 'x-amz-content-sha256') ?? request.bodySha256
  if (payloadText === undefined) {
    throw new S3Error(
      'InvalidRequest',
      {},
      'Missing required header for this request: x-amz-content-sha256',
    )
  }
  const sessionToken = headerOf(request, 'x-amz-security-token')
  const regionSet = ecdsa ? headerOf(request, 'x-amz-region-set') : undefined
  if (ecdsa && !regionSet) throw malformedHeader('missing X-Amz-Region-Set header.')
  return {
    kind: ecdsa ? 'v4a-header' : 'v4-header',
    accessKeyId: scope.accessKeyId,
    date: scope.date,
    region: scope.region,
    service: scope.service,
    terminal: scope.terminal,
    scope: scope.scope,
    signedHeaders,
    signature,
    timestamp: sentDate.length === 16 ? sentDate : compact(time),
    time,
    sentDate,
    payload: readPayload(payloadText),
    payloadText,
    regionSet,
    sessionToken,
  }
}

const required =
  'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.'

/** Seconds. Zero and less are numbers too: such an URL has expired before it was sent. */
const readExpires = (text: string): number => {
  if (!/^-?\d{1,15}$/.test(text)) throw malformedQuery('X-Amz-Expires should be a number')
  const expires = Number(text)
  if (expires > limits.presign_seconds_max) {
    // AWS says 400 here and there; what tests of the field want is that nobody gets in.
    throw new S3Error(
      'AccessDenied',
      {},
      'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds',
    )
  }
  return expires
}

const queryAlgorithm = (algorithm: string): boolean => {
  if (algorithm === hmacAlgorithm) return false
  if (algorithm === ecdsaAlgorithm) return true
  throw malformedQuery(
    'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"',
  )
}

/** The parameters of a presigned URL by their places in `signatureParameters`, each at most once. */
const queryParameters = (request: AuthRequest): (string | undefined)[] => {
  const found: (string | undefined)[] = signatureParameters.map(() => undefined)
  for (const { name, value, place } of request.query.pairs) {
    if (place < 0) continue
    if (found[place] !== undefined) throw malformedQuery(`${name} must be given only once.`)
    found[place] = value
  }
  return found
}

/**
 * Reads a presigned URL.
 * @throws S3Error AuthorizationQueryParametersError, InvalidArgument (payload hash)
 */
export const readV4Query = (request: AuthRequest): V4Claim => {
  const [
    algorithm,
    credential,
    sentDate,
    expires,
    signedHeaders,
    signature,
    sessionToken,
    regionSet,
    payloadHash,
  ] = queryParameters(request)
  if (!algorithm || !credential || !sentDate || !expires || !signedHeaders || !signature) {
    throw malformedQuery(required)
  }
  const ecdsa = queryAlgorithm(algorithm)
  const scope = splitCredential(credential, ecdsa)
  if (scope === undefined || scope.accessKeyId === '') {
    throw malformedQuery(
      'Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    )
  }
  const time = parseAmzDate(sentDate)
  if (Number.isNaN(time)) {
    throw malformedQuery("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
  }
  const payloadText = payloadHash ?? headerOf(request, 'x-amz-content-sha256') ?? 'UNSIGNED-PAYLOAD'
  if (ecdsa && !regionSet) throw malformedQuery('X-Amz-Region-Set is required.')
  return {
    kind: ecdsa ? 'v4a-query' : 'v4-query',
    accessKeyId: scope.accessKeyId,
    date: scope.date,
    region: scope.region,
    service: scope.service,
    terminal: scope.terminal,
    scope: scope.scope,
    signedHeaders,
    signature,
    timestamp: sentDate,
    time,
    sentDate,
    expires: readExpires(expires),
    payload: readPayload(payloadText),
    payloadText,
    regionSet,
    sessionToken,
  }
}

/** Bytes of a header shown in an error as the text they were meant to be. */
export const shown = (latin1: string): string => utf8OfLatin1(latin1) ?? latin1
