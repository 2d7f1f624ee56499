/** Signed requests of a client with one key, and what the server says of them. */
import assert from 'node:assert/strict'
import { type ErrorCode, S3Error } from '../../model/errors.ts'
import { parseQuery } from '../query.ts'
import { readAuth, verify } from './authenticate.ts'
import type { AuthOptions, AuthRequest } from './claim.ts'
import { presign, type SignRequest, sign } from './sign.ts'

export const accessKeyId = 'AKIAIOSFODNN7EXAMPLE'
export const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
export const region = 'us-east-1'
export const now = Date.UTC(2013, 4, 24)
export const options: AuthOptions = { region }

export const requestOf = (
  method: string,
  target: string,
  headers: Readonly<Record<string, string>>,
): AuthRequest => {
  const question = target.indexOf('?')
  const path = question < 0 ? target : target.slice(0, question)
  return {
    method,
    headers,
    rawHeaders: Object.entries(headers).flat(),
    query: parseQuery(question < 0 ? '' : target.slice(question + 1)),
    paths: [path],
    hosts: [headers['host'] ?? ''],
  }
}

export const check = (
  request: AuthRequest,
  given: { secret?: string | undefined; now?: number; options?: AuthOptions } = {},
) => {
  const context = { now: given.now ?? now, options: given.options ?? options }
  const claim = readAuth(request, context.options)
  assert.notEqual(claim.kind, 'anonymous')
  if (claim.kind === 'anonymous') throw new Error('anonymous')
  // The signature does not cover the access key id: it is what finds the secret.
  const known = claim.accessKeyId === accessKeyId ? secret : undefined
  verify(claim, request, 'secret' in given ? given.secret : known, context)
  return claim
}

export const refuses = (
  code: ErrorCode,
  status: number,
  request: AuthRequest,
  given?: Parameters<typeof check>[1],
): S3Error => {
  let error: unknown
  try {
    check(request, given)
  } catch (thrown) {
    error = thrown
  }
  assert.ok(error instanceof S3Error, `expected ${code}, got ${String(error)}`)
  assert.deepEqual([error.code, error.status], [code, status])
  return error
}

export const host = 'examplebucket.s3.amazonaws.com'
export const signed = (change: Partial<SignRequest> = {}): AuthRequest => {
  const base = { accessKeyId, secret, region, now, method: 'GET', target: '/test.txt', host }
  const request: SignRequest = { ...base, ...change }
  return requestOf(request.method, request.target, sign(request))
}
export const presigned = (
  change: Partial<Parameters<typeof presign>[0]> = {},
  headers: Record<string, string> = {},
): AuthRequest => {
  const base = { accessKeyId, secret, region, now, method: 'GET', path: '/k', host, expires: 60 }
  const all = { ...base, ...change }
  return requestOf(all.method, presign(all), { host: all.host, ...headers })
}
export const withHeaders = (
  request: AuthRequest,
  headers: Record<string, string>,
): AuthRequest => ({
  ...request,
  headers: { ...request.headers, ...headers },
})
export const withQuery = (request: AuthRequest, name: string, value: string): AuthRequest => {
  const pairs = request.query.raw
    .split('&')
    .map(pair => (pair.startsWith(`${name}=`) ? `${name}=${value}` : pair))
  return { ...request, query: parseQuery(pairs.join('&')) }
}
