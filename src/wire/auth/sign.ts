// Signing, the other half of verification: presigned URLs, and requests for tests and clients of ours.

import { hash } from 'node:crypto'
import { parseQuery } from '../query.ts'
import {
  canonicalHeaders,
  canonicalPath,
  canonicalQuery,
  encodePath,
  encodeQueryPart,
} from './canonical.ts'
import type { Headers } from './claim.ts'
import { formatAmzDate } from './dates.ts'
import { hmacHex, signingKey } from './keys.ts'
import { emptySha256 } from './payload.ts'
import { ecdsaAlgorithm, hmacAlgorithm } from './sigv4-read.ts'
import { ecdsaKey, signEcdsa } from './sigv4a.ts'

/** Who signs, where and when. */
export interface Signing {
  readonly accessKeyId: string
  readonly secret: string
  /** SigV4A: the region set. */
  readonly region: string
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly sessionToken?: string
  /** SigV4A instead of SigV4. */
  readonly ecdsa?: boolean
}

export interface SignRequest extends Signing {
  readonly method: string
  /** As it will be sent, with the query. */
  readonly target: string
  readonly host: string
  /** Further headers, all of which are signed; names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
  /** `x-amz-content-sha256`; the hash of nothing by default. */
  readonly payload?: string
}

const scopeOf = (signing: Signing, timestamp: string): string => {
  const date = timestamp.slice(0, 8)
  return signing.ecdsa === true
    ? `${date}/s3/aws4_request`
    : `${date}/${signing.region}/s3/aws4_request`
}

const signatureOf = (signing: Signing, timestamp: string, canonicalRequest: string): string => {
  const digest = hash('sha256', Buffer.from(canonicalRequest, 'latin1'), 'hex')
  const tail = `${timestamp}\n${scopeOf(signing, timestamp)}\n${digest}`
  const { accessKeyId, secret, region } = signing
  if (signing.ecdsa === true) {
    return signEcdsa(ecdsaKey(accessKeyId, secret), `${ecdsaAlgorithm}\n${tail}`)
  }
  const date = timestamp.slice(0, 8)
  const key = signingKey({ accessKeyId, secret, date, region, service: 's3' })
  return hmacHex(key, `${hmacAlgorithm}\n${tail}`)
}

const canonicalOf = (
  method: string,
  target: string,
  signed: { headers: Headers; host: string; names: string; payload: string },
): string => {
  const question = target.indexOf('?')
  const path = question < 0 ? target : target.slice(0, question)
  const query = parseQuery(question < 0 ? '' : target.slice(question + 1))
  const request = {
    method,
    headers: signed.headers,
    rawHeaders: [],
    query,
    paths: [path],
    hosts: [signed.host],
  }
  const headers = canonicalHeaders(signed.names, request, signed.host)
  return `${method}\n${canonicalPath(path)}\n${canonicalQuery(query)}\n${headers}\n${signed.names}\n${signed.payload}`
}

/** Signs a request in its headers. @returns all headers to send, `host` and `authorization` included */
export const sign = (request: SignRequest): Record<string, string> => {
  const timestamp = formatAmzDate(request.now)
  const payload = request.payload ?? emptySha256
  const headers: Record<string, string> = {
    ...request.headers,
    host: request.host,
    'x-amz-date': timestamp,
    'x-amz-content-sha256': payload,
    ...(request.sessionToken === undefined
      ? undefined
      : { 'x-amz-security-token': request.sessionToken }),
    ...(request.ecdsa === true ? { 'x-amz-region-set': request.region } : undefined),
  }
  const names = Object.keys(headers).sort().join(';')
  const canonical = canonicalOf(request.method, request.target, {
    headers,
    host: request.host,
    names,
    payload,
  })
  const algorithm = request.ecdsa === true ? ecdsaAlgorithm : hmacAlgorithm
  const credential = `${request.accessKeyId}/${scopeOf(request, timestamp)}`
  const signature = signatureOf(request, timestamp, canonical)
  headers['authorization'] =
    `${algorithm} Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`
  return headers
}

export interface Presign extends Signing {
  readonly method: string
  readonly host: string
  /** Not encoded. */
  readonly path: string
  /** Further parameters, not encoded. */
  readonly query?: Readonly<Record<string, string>>
  /** Headers that the sender must send so; names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
  /** Seconds. */
  readonly expires: number
}

/** A presigned URL's path and query, to be put behind `https://host`. */
export const presign = (request: Presign): string => {
  const timestamp = formatAmzDate(request.now)
  const headers = { ...request.headers, host: request.host }
  const names = Object.keys(headers).sort().join(';')
  const parameters: Record<string, string> = {
    ...request.query,
    'X-Amz-Algorithm': request.ecdsa === true ? ecdsaAlgorithm : hmacAlgorithm,
    'X-Amz-Credential': `${request.accessKeyId}/${scopeOf(request, timestamp)}`,
    'X-Amz-Date': timestamp,
    'X-Amz-Expires': String(request.expires),
    'X-Amz-SignedHeaders': names,
    ...(request.sessionToken === undefined
      ? undefined
      : { 'X-Amz-Security-Token': request.sessionToken }),
    ...(request.ecdsa === true ? { 'X-Amz-Region-Set': request.region } : undefined),
  }
  const query = Object.entries(parameters)
    .map(([name, value]) => `${encodeQueryPart(name)}=${encodeQueryPart(value)}`)
    .join('&')
  const target = `${encodePath(request.path)}?${query}`
  const canonical = canonicalOf(request.method, target, {
    headers,
    host: request.host,
    names,
    payload: 'UNSIGNED-PAYLOAD',
  })
  return `${target}&X-Amz-Signature=${signatureOf(request, timestamp, canonical)}`
}
