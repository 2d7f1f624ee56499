// The way in: who does a request say it is from (`readAuth`), and is that true (`verify`)?

import { S3Error } from '../../model/errors.ts'
import type { AuthOptions, AuthRequest, Claim, SignedClaim, V2Claim } from './claim.ts'
import { readPayload, unsignedPayload } from './payload.ts'
import { readV2Header, readV2Query, verifyV2 } from './sigv2.ts'
import { ecdsaAlgorithm, headerOf, hmacAlgorithm, readV4Header, readV4Query } from './sigv4-read.ts'
import { verifyV4 } from './sigv4-verify.ts'
import type { ChunkSigner } from './verified.ts'

const oneMechanism = (value: string) =>
  new S3Error(
    'InvalidArgument',
    { ArgumentName: 'Authorization', ArgumentValue: value },
    'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified',
  )

/** The error for a way of signing that is not taken. */
export const unsupported = (): S3Error =>
  new S3Error(
    'InvalidRequest',
    {},
    'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
  )

/** node keeps the first of several `Authorization` and `Host` headers and says nothing; only the raw list tells. */
const refuseDuplicates = (request: AuthRequest): void => {
  let authorizations = 0
  let hosts = 0
  const { rawHeaders } = request
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]
    if (name === undefined) continue
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++
    else if (name.length === 13 && name.toLowerCase() === 'authorization') authorizations++
  }
  if (authorizations > 1) throw oneMechanism(headerOf(request, 'authorization') ?? '')
  if (hosts > 1) {
    throw new S3Error('InvalidRequest', {}, 'A request must have exactly one Host header.')
  }
}

const readHeader = (authorization: string, request: AuthRequest, options: AuthOptions): Claim => {
  const blank = authorization.indexOf(' ')
  const scheme = blank < 0 ? authorization : authorization.slice(0, blank)
  const rest = blank < 0 ? '' : authorization.slice(blank + 1)
  if (scheme === hmacAlgorithm) return readV4Header(rest, false, request)
  if (scheme === ecdsaAlgorithm) return readV4Header(rest, true, request)
  if (scheme === 'AWS') {
    if (options.sigv2 === true) return readV2Header(rest.trim(), request)
    throw unsupported()
  }
  if (scheme.startsWith('AWS4-')) throw unsupported()
  // A token that nobody checks must not look like a mistake of form: it grants nothing.
  if (scheme.toLowerCase() === 'bearer') {
    throw new S3Error('AccessDenied', {}, 'Bearer tokens are not accepted here.')
  }
  throw new S3Error(
    'InvalidArgument',
    { ArgumentName: 'Authorization', ArgumentValue: scheme },
    'Unsupported Authorization Type',
  )
}

const anonymous: Claim = Object.freeze({ kind: 'anonymous', payload: unsignedPayload })

/** Chunks cannot be signed by nobody. */
const readAnonymous = (request: AuthRequest): Claim => {
  const text = headerOf(request, 'x-amz-content-sha256')
  if (text === undefined) return anonymous
  const payload = readPayload(text)
  if (payload.kind === 'streaming' && payload.signed !== undefined) {
    throw new S3Error('AccessDenied', {}, 'A body of signed chunks needs a signed request.')
  }
  return { kind: 'anonymous', payload }
}

/** Which of the query's ways of signing is used, if any. */
const queryMechanism = (request: AuthRequest): 'v4' | 'v2' | undefined => {
  let v2: 'v2' | undefined
  for (const { name } of request.query.pairs) {
    if (name === 'X-Amz-Algorithm' || name === 'X-Amz-Signature' || name === 'X-Amz-Credential') {
      return 'v4'
    }
    if (name === 'Signature' || name === 'AWSAccessKeyId') v2 = 'v2'
  }
  return v2
}

/**
 * Reads who a request says it is from. Nothing is verified yet.
 * @throws S3Error of malformed input: AuthorizationHeaderMalformed, AuthorizationQueryParametersError, InvalidArgument,
 *   InvalidRequest, AccessDenied
 */
export const readAuth = (request: AuthRequest, options: AuthOptions): Claim => {
  refuseDuplicates(request)
  const authorization = headerOf(request, 'authorization')
  const inQuery = request.query.pairs.length === 0 ? undefined : queryMechanism(request)
  // An empty header says as much as none: nobody.
  if (authorization) {
    if (inQuery !== undefined) throw oneMechanism(authorization)
    return readHeader(authorization, request, options)
  }
  if (inQuery === 'v4') return readV4Query(request)
  if (inQuery === 'v2') {
    if (options.sigv2 === true) return readV2Query(request)
    throw unsupported()
  }
  return readAnonymous(request)
}

const isV2 = (claim: SignedClaim): claim is V2Claim =>
  claim.kind === 'v2-header' || claim.kind === 'v2-query'

/**
 * Verifies a claim against the secret of its access key; `undefined` where no such key exists, which costs as much.
 * @param context the time (milliseconds since the epoch) and what is accepted
 * @returns what continues the chain of signatures where the body's chunks are signed, and only there
 * @throws S3Error SignatureDoesNotMatch, InvalidAccessKeyId, RequestTimeTooSkewed, AccessDenied (expired, unsigned
 *   headers), AuthorizationHeaderMalformed, AuthorizationQueryParametersError (scope)
 */
export const verify = (
  claim: SignedClaim,
  request: AuthRequest,
  secret: string | undefined,
  context: { readonly now: number; readonly options: AuthOptions },
): ChunkSigner | undefined => {
  if (isV2(claim)) {
    const { payload } = claim
    verifyV2(claim, request, secret, context.now)
    if (payload.kind === 'streaming' && payload.signed !== undefined) {
      throw new S3Error('InvalidRequest', {}, 'SigV2 cannot sign the chunks of a body.')
    }
    return undefined
  }
  const signer = verifyV4(claim, request, secret, context)
  const { payload } = claim
  if (payload.kind !== 'streaming' || payload.signed === undefined) return undefined
  if (payload.signed === signer.kind) return signer
  throw new S3Error(
    'InvalidRequest',
    {},
    'x-amz-content-sha256 names another algorithm than the one that signed the request.',
  )
}
