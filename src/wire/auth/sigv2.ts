// SigV2: HMAC-SHA-1 of a handful of headers. Old, weak, and only on demand. Source: Amazon S3 developer guide,
// "Signing and authenticating REST requests (SigV2)".

import { createHmac } from 'node:crypto'
import { S3Error } from '../../model/errors.ts'
import { limits } from '../../model/limits.ts'
import type { AuthRequest, V2Claim } from './claim.ts'
import { sameSecret } from './compare.ts'
import { isoSeconds, parseAmzDate, parseHttpDate } from './dates.ts'
import { readPayload, unsignedPayload } from './payload.ts'
import { headerOf, shown } from './sigv4-read.ts'
import { hexBytes, nobody, skewed, unknownKey } from './sigv4-verify.ts'

/** Query parameters that belong to what is signed. Those that AWS added after SigV2 are here too: all must be covered. */
const signedParameters = new Set(
  `accelerate acl analytics attributes cors defaultObjectAcl delete encryption intelligent-tiering inventory legal-hold
  lifecycle location logging metadataConfiguration metadataTable metrics notification object-lock ownershipControls
  partNumber policy policyStatus publicAccessBlock renameObject replication requestPayment response-cache-control
  response-content-disposition response-content-encoding response-content-language response-content-type
  response-expires restore retention select select-type storageClass tagging torrent uploadId uploads versionId
  versioning versions website`.split(/\s+/),
)

const accessDenied = (message: string, fields: Record<string, string | number> = {}) =>
  new S3Error('AccessDenied', fields, message)

const payloadOf = (request: AuthRequest) => {
  const text = headerOf(request, 'x-amz-content-sha256')
  return text === undefined ? unsignedPayload : readPayload(text)
}

const tokenOf = (token: string | undefined) =>
  token === undefined ? undefined : { sessionToken: token }

/**
 * Reads `AWS AKID:signature`; `text` is what follows `AWS `.
 * @throws S3Error InvalidArgument (form), AccessDenied (date)
 */
export const readV2Header = (text: string, request: AuthRequest): V2Claim => {
  const colon = text.lastIndexOf(':')
  if (colon <= 0 || colon === text.length - 1) {
    throw new S3Error(
      'InvalidArgument',
      { ArgumentName: 'Authorization', ArgumentValue: `AWS ${text}` },
      'AWS authorization header is invalid.  Expected AwsAccessKeyId:signature',
    )
  }
  const amzDate = headerOf(request, 'x-amz-date')
  const sentDate = amzDate ?? headerOf(request, 'date') ?? ''
  const time = Number.isNaN(parseHttpDate(sentDate))
    ? parseAmzDate(sentDate)
    : parseHttpDate(sentDate)
  if (Number.isNaN(time) || time < 0) {
    throw accessDenied('AWS authentication requires a valid Date or x-amz-date header')
  }
  return {
    kind: 'v2-header',
    accessKeyId: text.slice(0, colon).trim(),
    signature: text.slice(colon + 1).trim(),
    dateLine: amzDate === undefined ? sentDate : '',
    time,
    sentDate,
    payload: payloadOf(request),
    ...tokenOf(headerOf(request, 'x-amz-security-token')),
  }
}

/**
 * Reads `AWSAccessKeyId`, `Expires` and `Signature` of the query.
 * @throws S3Error AccessDenied
 */
export const readV2Query = (request: AuthRequest): V2Claim => {
  const accessKeyId = request.query.get('AWSAccessKeyId')
  const signature = request.query.get('Signature')
  const expires = request.query.get('Expires')
  if (!accessKeyId || !signature || !expires) {
    throw accessDenied(
      'Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters',
    )
  }
  if (!/^-?\d{1,12}$/.test(expires)) {
    throw accessDenied(`Invalid date (should be seconds since epoch): ${expires}`)
  }
  return {
    kind: 'v2-query',
    accessKeyId,
    signature,
    dateLine: expires,
    time: Number(expires) * 1000,
    sentDate: expires,
    payload: payloadOf(request),
    ...tokenOf(request.query.get('x-amz-security-token')),
  }
}

/**
 * The `x-amz-*` headers; those that a presigned URL carries in its query count as such, as they do when the request is
 * read: what is obeyed must be signed.
 */
const amzLines = (request: AuthRequest): string => {
  const values = new Map<string, string>()
  for (const name of Object.keys(request.headers)) {
    if (name.startsWith('x-amz-')) values.set(name, headerOf(request, name) ?? '')
  }
  for (const pair of request.query.pairs) {
    const name = pair.name.toLowerCase()
    if (!name.startsWith('x-amz-') || values.has(name)) continue
    values.set(name, Buffer.from(pair.value, 'utf8').toString('latin1'))
  }
  let lines = ''
  for (const name of [...values.keys()].sort()) {
    lines += `${name}:${(values.get(name) ?? '').replaceAll(', ', ',').trim()}\n`
  }
  return lines
}

/** The resource's query parameters, decoded where they override response headers. */
const resourceQuery = (request: AuthRequest): string => {
  const signed = request.query.pairs.filter(pair => signedParameters.has(pair.name))
  if (signed.length === 0) return ''
  const sorted = signed.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  const parts = sorted.map(pair => {
    const bare = pair.rawValue === ''
    return bare ? pair.name : `${pair.name}=${Buffer.from(pair.value, 'utf8').toString('latin1')}`
  })
  return `?${parts.join('&')}`
}

/** The string to sign for one reading of the path. One character per byte. */
const stringToSign = (request: AuthRequest, dateLine: string, rawPath: string): string => {
  const md5 = headerOf(request, 'content-md5') ?? ''
  const type = headerOf(request, 'content-type') ?? ''
  const bucket = request.virtualBucket === undefined ? '' : `/${request.virtualBucket}`
  return `${request.method}\n${md5}\n${type}\n${dateLine}\n${amzLines(request)}${bucket}${rawPath}${resourceQuery(request)}`
}

/** HMAC-SHA-1 of text with one character per byte, in base64. */
export const signV2 = (secret: string, text: string): string =>
  createHmac('sha1', secret).update(text, 'latin1').digest('base64')

/** The signature of a request, for tests and for clients. */
export const signV2Request = (request: AuthRequest, dateLine: string, secret: string): string =>
  signV2(secret, stringToSign(request, dateLine, request.paths[0] ?? '/'))

const checkTime = (claim: V2Claim, now: number): void => {
  if (claim.kind === 'v2-header') {
    if (Math.abs(now - claim.time) > limits.clock_skew_seconds_max * 1000) {
      throw skewed(claim.sentDate, now)
    }
  } else if (now > claim.time) {
    throw accessDenied('Request has expired', {
      Expires: isoSeconds(claim.time),
      ServerTime: isoSeconds(now),
    })
  }
}

/** Verifies a SigV2 claim; see `verify`. */
export const verifyV2 = (
  claim: V2Claim,
  request: AuthRequest,
  secret: string | undefined,
  now: number,
): void => {
  checkTime(claim, now)
  const key = secret ?? nobody.secret
  let first: string | undefined
  for (const rawPath of request.paths) {
    const text = stringToSign(request, claim.dateLine, rawPath)
    first ??= text
    if (sameSecret(signV2(key, text), claim.signature) && secret !== undefined) return
  }
  if (secret === undefined) throw unknownKey(claim.accessKeyId)
  throw new S3Error('SignatureDoesNotMatch', {
    AWSAccessKeyId: claim.accessKeyId,
    StringToSign: shown(first ?? ''),
    SignatureProvided: claim.signature,
    StringToSignBytes: hexBytes(first ?? ''),
  })
}
