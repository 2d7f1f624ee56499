// Signatures: AWS's own examples, round trips, and each way of getting it wrong (rows of 5b by number).

import assert from 'node:assert/strict'
import { createECDH, createHmac, verify as verifyCrypto } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type ErrorCode, S3Error } from '../../model/errors.ts'
import { parseQuery } from '../query.ts'
import { readAuth, verify } from './authenticate.ts'
import { canonicalPath, canonicalQuery } from './canonical.ts'
import type { AuthOptions, AuthRequest } from './claim.ts'
import { formatAmzDate, parseAmzDate, parseHttpDate } from './dates.ts'
import { deriveSigningKey, hmacHex } from './keys.ts'
import { presign, type SignRequest, sign } from './sign.ts'
import { signV2Request } from './sigv2.ts'
import { deriveScalar, ecdsaKey, regionSetHas } from './sigv4a.ts'

const accessKeyId = 'AKIAIOSFODNN7EXAMPLE'
const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
const region = 'us-east-1'
const now = Date.UTC(2013, 4, 24)
const options: AuthOptions = { region }

const requestOf = (
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

const check = (
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

const refuses = (
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

const host = 'examplebucket.s3.amazonaws.com'
const signed = (change: Partial<SignRequest> = {}): AuthRequest => {
  const base = { accessKeyId, secret, region, now, method: 'GET', target: '/test.txt', host }
  const request: SignRequest = { ...base, ...change }
  return requestOf(request.method, request.target, sign(request))
}
const presigned = (
  change: Partial<Parameters<typeof presign>[0]> = {},
  headers: Record<string, string> = {},
): AuthRequest => {
  const base = { accessKeyId, secret, region, now, method: 'GET', path: '/k', host, expires: 60 }
  const all = { ...base, ...change }
  return requestOf(all.method, presign(all), { host: all.host, ...headers })
}
const withHeaders = (request: AuthRequest, headers: Record<string, string>): AuthRequest => ({
  ...request,
  headers: { ...request.headers, ...headers },
})
const withQuery = (request: AuthRequest, name: string, value: string): AuthRequest => {
  const pairs = request.query.raw
    .split('&')
    .map(pair => (pair.startsWith(`${name}=`) ? `${name}=${value}` : pair))
  return { ...request, query: parseQuery(pairs.join('&')) }
}

describe("SigV4: AWS's examples", () => {
  const scope = 'Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request'
  const example = (method: string, target: string, headers: Record<string, string>, tail: string) =>
    requestOf(method, target, {
      ...headers,
      host,
      'x-amz-date': '20130524T000000Z',
      authorization: `AWS4-HMAC-SHA256 ${scope},${tail}`,
    })
  const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

  it('GET with a range', () => {
    check(
      example(
        'GET',
        '/test.txt',
        { range: 'bytes=0-9', 'x-amz-content-sha256': empty },
        'SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
      ),
    )
  })

  it('PUT of a key with a dollar sign', () => {
    const sha256 = '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072'
    const claim = check(
      example(
        'PUT',
        '/test$file.text',
        {
          date: 'Fri, 24 May 2013 00:00:00 GMT',
          'x-amz-storage-class': 'REDUCED_REDUNDANCY',
          'x-amz-content-sha256': sha256,
        },
        'SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
      ),
    )
    assert.deepEqual(claim.payload, { kind: 'hash', sha256 })
  })

  it('GET of a sub-resource, and a listing', () => {
    const tail = 'SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature='
    const headers = { 'x-amz-content-sha256': empty }
    const lifecycle = 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'
    check(example('GET', '/?lifecycle', headers, tail + lifecycle))
    const listing = '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'
    check(example('GET', '/?max-keys=2&prefix=J', headers, tail + listing))
  })

  it('a presigned GET', () => {
    const url =
      '/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404'
    check(requestOf('GET', url, { host }))
    const ours = presign({
      accessKeyId,
      secret,
      region,
      now,
      method: 'GET',
      path: '/test.txt',
      host,
      expires: 86400,
    })
    assert.equal(ours, url)
  })

  it('the signing key of the IAM guide', () => {
    const key = deriveSigningKey({
      accessKeyId: '',
      secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
      date: '20150830',
      region,
      service: 'iam',
    })
    assert.equal(
      key.toString('hex'),
      'c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9',
    )
  })
})

describe('SigV4: round trips', () => {
  it('verifies what it signed, whatever path, query and headers', () => {
    const path = fc.array(fc.string({ unit: 'grapheme', minLength: 0, maxLength: 8 }), {
      maxLength: 4,
    })
    const query = fc.dictionary(
      fc.string({ minLength: 1, maxLength: 6 }),
      fc.string({ unit: 'grapheme', maxLength: 6 }),
      { maxKeys: 4 },
    )
    fc.assert(
      fc.property(path, query, fc.boolean(), (segments, parameters, ecdsa) => {
        const clean = Object.fromEntries(
          Object.entries(parameters).filter(([name]) => !name.startsWith('X-Amz-')),
        )
        check(presigned({ path: `/b/${segments.join('/')}`, query: clean, ecdsa }))
      }),
      { numRuns: 200 },
    )
  })

  it('verifies paths that clients encode in other ways', () => {
    const request = signed({ target: '/b/a%2Bb%20c%7Ed' })
    check({ ...request, paths: ['/b/a+b%20c~d'] })
    const raw = signed({ target: '/b/a$b' })
    check({ ...raw, paths: ['/b/a%24b'] })
  })

  it('refuses any change of a single byte', () => {
    const request = signed({
      target: '/b/k?versionId=1',
      headers: { 'x-amz-meta-a': 'value', range: 'bytes=0-1' },
    })
    check(request)
    const flip = (text: string, at: number, to: number) =>
      text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ to) + text.slice(at + 1)
    const parts = [
      'path',
      'value',
      'range',
      'host',
      'authorization',
      'x-amz-content-sha256',
    ] as const
    fc.assert(
      fc.property(fc.constantFrom(...parts), fc.nat(), fc.constantFrom(1, 2, 4), (part, n, bit) => {
        const change = (text: string) => flip(text, n % text.length, bit)
        const name = part === 'value' ? 'x-amz-meta-a' : part
        const old = part === 'path' ? '/b/k' : String(request.headers[name])
        const value = change(old)
        // A blank at either end, and the letters' case in a hash, are no change of what is said.
        if (value.trim() !== value || /[ \t]{2}/.test(value)) return
        const changed: AuthRequest =
          part === 'path'
            ? { ...request, paths: [value] }
            : part === 'host'
              ? { ...request, hosts: [value] }
              : withHeaders(request, { [name]: value })
        assert.throws(() => check(changed), S3Error)
      }),
      { numRuns: 500 },
    )
  })

  it('throws nothing but S3Error on random input', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom(
        'AWS4-HMAC-SHA256 Credential=a/20130524/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=',
        'AWS a:b',
        'AWS4-ECDSA-P256-SHA256 Credential=a/20130524/s3/aws4_request, SignedHeaders=host, Signature=00',
        'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
        '20130524T000000Z',
      ),
    )
    const names = [
      'authorization',
      'x-amz-date',
      'date',
      'x-amz-content-sha256',
      'x-amz-region-set',
      'content-md5',
      'x-amz-b',
    ]
    const headers = fc.dictionary(fc.constantFrom(...names), text)
    const keys = [
      'X-Amz-Algorithm',
      'X-Amz-Credential',
      'X-Amz-Date',
      'X-Amz-Expires',
      'X-Amz-SignedHeaders',
      'X-Amz-Signature',
      'Signature',
      'Expires',
      'AWSAccessKeyId',
      'acl',
    ]
    const query = fc.array(fc.tuple(fc.constantFrom(...keys), text), { maxLength: 10 })
    fc.assert(
      fc.property(headers, query, fc.boolean(), (given, pairs, sigv2) => {
        const raw = pairs.map(
          ([name, value]) => `${name}=${encodeURIComponent(value.replace(/[\ud800-\udfff]/g, ''))}`,
        )
        const request = requestOf('PUT', `/b/k?${raw.join('&')}`, { host, ...given })
        try {
          const claim = readAuth(request, { region, sigv2 })
          if (claim.kind !== 'anonymous') verify(claim, request, secret, { now, options })
        } catch (error) {
          assert.ok(error instanceof S3Error, String(error))
        }
      }),
      { numRuns: 500 },
    )
  })

  it('joins duplicate headers as they were signed', () => {
    const request = signed({ headers: { 'x-amz-meta-a': '1,2' } })
    const rawHeaders = ['X-Amz-Meta-A', '1', 'x-amz-meta-a', '2']
    check({ ...withHeaders(request, { 'x-amz-meta-a': '1, 2' }), rawHeaders })
    assert.throws(() => check(withHeaders(request, { 'x-amz-meta-a': '1, 2' })), S3Error)
  })

  it('verifies behind a proxy, with the path and host that the client saw', () => {
    const request = signed({ target: '/storage/v1/s3/b/k', host: 'public.example' })
    check({
      ...request,
      paths: ['/b/k', '/storage/v1/s3/b/k'],
      hosts: ['inner:9000', 'public.example'],
    })
    assert.throws(() => check({ ...request, paths: ['/b/k'] }), S3Error)
  })

  it('takes Date instead of x-amz-date, in the form of HTTP', () => {
    const request = signed()
    const { 'x-amz-date': _, ...headers } = request.headers
    const date = new Date(now).toUTCString()
    const names = 'host;x-amz-content-sha256'
    const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20130524/us-east-1/s3/aws4_request, SignedHeaders=${names}, Signature=${'0'.repeat(64)}`
    const error = refuses('SignatureDoesNotMatch', 403, {
      ...request,
      headers: { ...headers, date, authorization },
    })
    assert.match(String(error.fields['StringToSign']), /^AWS4-HMAC-SHA256\n20130524T000000Z\n/)
  })
})

describe('attacks on signatures', () => {
  const streaming = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
  const forged = (request: AuthRequest) => {
    const authorization = String(request.headers['authorization']).replace(
      /Signature=.*/,
      `Signature=${'ab'.repeat(32)}`,
    )
    return withHeaders(request, { authorization })
  }

  it('1: a random signature on an unsigned streaming body', () => {
    const error = refuses(
      'SignatureDoesNotMatch',
      403,
      forged(signed({ method: 'PUT', payload: streaming })),
    )
    assert.equal(error.fields['AWSAccessKeyId'], accessKeyId)
    assert.equal(error.fields['SignatureProvided'], 'ab'.repeat(32))
    const canonical = String(error.fields['CanonicalRequest'])
    assert.match(canonical, /^PUT\n\/test\.txt\n\nhost:/)
    assert.equal(
      error.fields['CanonicalRequestBytes'],
      Buffer.from(canonical)
        .toString('hex')
        .replace(/(..)(?!$)/g, '$1 '),
    )
    assert.match(String(error.fields['StringToSignBytes']), /^41 57 53 34 /)
  })

  it('2: the same with credentials in the query', () => {
    const request = withQuery(presigned({ method: 'PUT' }), 'X-Amz-Signature', 'ab'.repeat(32))
    refuses('SignatureDoesNotMatch', 403, request)
    refuses(
      'SignatureDoesNotMatch',
      403,
      withHeaders(request, { 'x-amz-content-sha256': streaming }),
    )
    // A URL that is good, with a body that it does not speak of.
    refuses(
      'SignatureDoesNotMatch',
      403,
      withHeaders(presigned({ method: 'PUT' }), { 'x-amz-content-sha256': streaming }),
    )
    const bare = requestOf(
      'PUT',
      `/k?X-Amz-Credential=${accessKeyId}%2F20130524%2Fus-east-1%2Fs3%2Faws4_request`,
      { host, 'x-amz-content-sha256': streaming },
    )
    refuses('AuthorizationQueryParametersError', 400, bare)
  })

  it('3: the same on UploadPart, with the tar header, and with a bearer token', () => {
    refuses(
      'SignatureDoesNotMatch',
      403,
      forged(signed({ method: 'PUT', target: '/k?partNumber=1&uploadId=u', payload: streaming })),
    )
    refuses(
      'SignatureDoesNotMatch',
      403,
      forged(
        signed({
          method: 'PUT',
          payload: streaming,
          headers: { 'x-amz-meta-snowball-auto-extract': 'true' },
        }),
      ),
    )
    refuses(
      'AccessDenied',
      403,
      requestOf('PUT', '/k', {
        host,
        authorization: 'Bearer a.b.c',
        'x-amz-content-sha256': streaming,
      }),
    )
    const anonymous = requestOf('PUT', '/k', {
      host,
      'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    })
    assert.throws(() => readAuth(anonymous, options), { code: 'AccessDenied' })
  })

  it('11: a clock 16 minutes off, and a replay on the next day', () => {
    const minutes = 60_000
    check(signed(), { now: now + 15 * minutes })
    check(signed(), { now: now - 15 * minutes })
    const error = refuses('RequestTimeTooSkewed', 403, signed(), { now: now + 16 * minutes })
    assert.deepEqual(error.fields, {
      RequestTime: '20130524T000000Z',
      ServerTime: '2013-05-24T00:16:00Z',
      MaxAllowedSkewMilliseconds: 900_000,
    })
    refuses('RequestTimeTooSkewed', 403, signed(), { now: now - 16 * minutes })
    refuses('RequestTimeTooSkewed', 403, signed(), { now: now + 1440 * minutes })
    const { 'x-amz-date': _, ...headers } = signed().headers
    refuses('AccessDenied', 403, { ...signed(), headers })
    refuses('AccessDenied', 403, withHeaders(signed(), { 'x-amz-date': 'Bad Date' }))
  })

  it('12: presigned URLs that have expired, are of the future, or say nonsense', () => {
    check(presigned({ expires: 60 }), { now: now + 60_000 })
    check(presigned({ expires: 604_800 }), { now: now + 604_800_000 })
    const error = refuses('AccessDenied', 403, presigned(), { now: now + 61_000 })
    assert.equal(error.message, 'Request has expired')
    assert.equal(error.fields['Expires'], '2013-05-24T00:01:00Z')
    for (const expires of [0, -1, -1000]) refuses('AccessDenied', 403, presigned({ expires }))
    refuses('AccessDenied', 403, presigned({ expires: 604_801 }))
    refuses(
      'AuthorizationQueryParametersError',
      400,
      withQuery(presigned(), 'X-Amz-Expires', 'abc'),
    )
    refuses('AuthorizationQueryParametersError', 400, withQuery(presigned(), 'X-Amz-Date', 'abc'))
    refuses('AccessDenied', 403, presigned({ now: now + 960_000 }))
  })

  it('13: headers that were not signed', () => {
    for (const name of [
      'x-amz-acl',
      'x-amz-tagging',
      'x-amz-copy-source',
      'x-amz-object-lock-mode',
      'x-amz-date',
    ]) {
      const error = refuses(
        'AccessDenied',
        403,
        withHeaders(presigned({ method: 'PUT' }), { [name]: 'x' }),
      )
      assert.equal(error.fields['HeadersNotSigned'], name)
      if (name !== 'x-amz-date')
        refuses('AccessDenied', 403, withHeaders(signed(), { [name]: 'x' }))
    }
    check(withHeaders(presigned({ method: 'PUT' }), { 'content-type': 'text/plain' }))
    check(withHeaders(presigned({ method: 'PUT' }), { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }))
    const request = signed()
    const authorization = String(request.headers['authorization']).replace('host;', '')
    const error = refuses('AccessDenied', 403, withHeaders(request, { authorization }))
    assert.equal(error.fields['HeadersNotSigned'], 'host')
    refuses('AccessDenied', 403, withQuery(presigned(), 'X-Amz-SignedHeaders', 'date'))
  })

  it('14: another region, service, date or terminal', () => {
    const wrong = (from: string, to: string) => {
      const request = signed()
      return withHeaders(request, {
        authorization: String(request.headers['authorization']).replace(from, to),
      })
    }
    const error = refuses('AuthorizationHeaderMalformed', 400, wrong('us-east-1', 'eu-west-1'))
    assert.equal(error.fields['Region'], region)
    assert.equal(
      error.message,
      "The authorization header is malformed; the region 'eu-west-1' is wrong; expecting 'us-east-1'",
    )
    for (const [from, to] of [
      ['/s3/', '/ec2/'],
      ['aws4_request', 'aws3_request'],
      ['20130524', '20130523'],
      ['20130524', 'x'],
      ['/20130524', ''],
      [accessKeyId, ''],
      ['Signature=', 'Sig='],
      ['SignedHeaders=', 'Signature='],
      ['Credential=', ''],
    ]) {
      refuses('AuthorizationHeaderMalformed', 400, wrong(from ?? '', to ?? ''))
    }
    const query = withQuery(
      presigned(),
      'X-Amz-Credential',
      `${accessKeyId}%2F20130524%2Feu-west-1%2Fs3%2Faws4_request`,
    )
    refuses('AuthorizationQueryParametersError', 400, query)
    check(signed({ region: 'eu-west-1' }), { options: { region, anyRegion: true } })
  })

  it('15: two ways of signing at once', () => {
    const both = requestOf(
      'GET',
      presign({ accessKeyId, secret, region, now, method: 'GET', path: '/k', host, expires: 60 }),
      sign({ accessKeyId, secret, region, now, method: 'GET', target: '/k', host }),
    )
    refuses('InvalidArgument', 400, both)
    const request = signed()
    const twice = [...request.rawHeaders, 'Authorization', String(request.headers['authorization'])]
    refuses('InvalidArgument', 400, { ...request, rawHeaders: twice })
    refuses('InvalidRequest', 400, {
      ...request,
      rawHeaders: [...request.rawHeaders, 'HOST', 'other'],
    })
    const raw = presigned().query.raw
    refuses('AuthorizationQueryParametersError', 400, {
      ...presigned(),
      query: parseQuery(`${raw}&X-Amz-Expires=5`),
    })
  })

  it('16: SigV2 where it is off, and algorithms that nobody knows', () => {
    refuses(
      'InvalidRequest',
      400,
      requestOf('GET', '/b', { host, authorization: 'AWS a:b', date: new Date(now).toUTCString() }),
    )
    refuses(
      'InvalidRequest',
      400,
      requestOf('GET', '/b?AWSAccessKeyId=a&Expires=1&Signature=b', { host }),
    )
    refuses(
      'InvalidRequest',
      400,
      requestOf('GET', '/b', { host, authorization: 'AWS4-HMAC-SHA512 Credential=a' }),
    )
    refuses('InvalidArgument', 400, requestOf('GET', '/b', { host, authorization: 'Basic abc' }))
    refuses(
      'AuthorizationQueryParametersError',
      400,
      withQuery(presigned(), 'X-Amz-Algorithm', 'AWS4-HMAC-SHA1'),
    )
    assert.equal(
      readAuth(requestOf('GET', '/b', { host, authorization: '' }), options).kind,
      'anonymous',
    )
  })

  it('17: a key that nobody has, and a wrong secret', () => {
    const error = refuses('InvalidAccessKeyId', 403, signed(), { secret: undefined })
    assert.equal(error.fields['AWSAccessKeyId'], accessKeyId)
    refuses('SignatureDoesNotMatch', 403, signed(), { secret: 'other' })
    // What stands for the secret of unknown keys opens nothing.
    const guess = signed({ accessKeyId: 'nobody', secret: 'nobody-has-this-secret' })
    refuses('InvalidAccessKeyId', 403, guess, { secret: undefined })
    refuses('InvalidAccessKeyId', 403, presigned(), { secret: undefined })
  })

  it('needs x-amz-content-sha256, of a known form', () => {
    const { 'x-amz-content-sha256': _, ...headers } = signed().headers
    refuses('InvalidRequest', 400, { ...signed(), headers })
    for (const payload of ['', 'abc', 'unsigned-payload', 'g'.repeat(64)]) {
      refuses('InvalidArgument', 400, signed({ payload }))
    }
  })

  it('gives a chain only to signed chunks', () => {
    const chain = (payload: string, ecdsa = false) => {
      const request = signed({ method: 'PUT', payload, ecdsa })
      const claim = readAuth(request, options)
      assert.ok(claim.kind !== 'anonymous')
      return verify(claim, request, secret, { now, options })?.kind
    }
    assert.equal(chain('STREAMING-AWS4-HMAC-SHA256-PAYLOAD'), 'hmac')
    assert.equal(chain('STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER', true), 'ecdsa')
    assert.equal(chain('STREAMING-UNSIGNED-PAYLOAD-TRAILER'), undefined)
    assert.equal(chain('UNSIGNED-PAYLOAD'), undefined)
    assert.throws(() => chain('STREAMING-AWS4-HMAC-SHA256-PAYLOAD', true), {
      code: 'InvalidRequest',
    })
  })
})

describe('SigV4A', () => {
  it("derives the key of AWS's test suite", () => {
    const scalar = deriveScalar('AKIDEXAMPLE', 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY')
    const curve = createECDH('prime256v1')
    curve.setPrivateKey(scalar)
    assert.equal(
      curve.getPublicKey('hex'),
      '04b6618f6a65740a99e650b33b6b4b5bd0d43b176d721a3edfea7e7d2d56d936b1865ed22a7eadc9c5cb9d2cbaca1b3699139fedc5043dc6661864218330c8e518',
    )
    assert.equal(
      verifyCrypto('sha256', Buffer.from('x'), ecdsaKey('a', 'b'), Buffer.from('00', 'hex')),
      false,
    )
  })

  it('verifies headers and URLs, and refuses what was changed', () => {
    check(signed({ ecdsa: true, region: '*' }))
    check(presigned({ ecdsa: true, region: 'eu-*,us-east-*' }))
    refuses('SignatureDoesNotMatch', 403, {
      ...signed({ ecdsa: true, region: '*' }),
      method: 'PUT',
    })
    refuses('SignatureDoesNotMatch', 403, signed({ ecdsa: true, region: '*' }), { secret: 'other' })
    refuses('InvalidAccessKeyId', 403, signed({ ecdsa: true, region: '*' }), { secret: undefined })
    refuses('AuthorizationHeaderMalformed', 400, signed({ ecdsa: true, region: 'eu-*' }))
  })

  it('matches region sets', () => {
    assert.equal(regionSetHas('*', region), true)
    assert.equal(regionSetHas('us-*-1', region), true)
    assert.equal(regionSetHas('eu-west-1, us-east-1', region), true)
    assert.equal(regionSetHas('us-east', region), false)
    assert.equal(regionSetHas('', region), false)
    assert.equal(regionSetHas(`${'*a'.repeat(2000)}b`, 'a'.repeat(5000)), false)
  })
})

describe('SigV2', () => {
  const v2: AuthOptions = { region, sigv2: true }
  // The examples of the developer guide.
  const headers = {
    host: 'awsexamplebucket1.us-west-1.s3.amazonaws.com',
    date: 'Tue, 27 Mar 2007 19:36:42 +0000',
  }
  const then = Date.UTC(2007, 2, 27, 19, 36, 42)
  const request = (signature: string): AuthRequest => ({
    ...requestOf('GET', '/photos/puppy.jpg', {
      ...headers,
      authorization: `AWS ${accessKeyId}:${signature}`,
    }),
    virtualBucket: 'awsexamplebucket1',
  })

  it("verifies AWS's example", () => {
    check(request('qgk2+6Sv9/oM7G3qLEjTH1a1l1g='), { now: then, options: v2, secret })
    refuses('SignatureDoesNotMatch', 403, request('rgk2+6Sv9/oM7G3qLEjTH1a1l1g='), {
      now: then,
      options: v2,
      secret,
    })
    refuses('InvalidAccessKeyId', 403, request('qgk2+6Sv9/oM7G3qLEjTH1a1l1g='), {
      now: then,
      options: v2,
      secret: undefined,
    })
  })

  it('verifies query signatures until they expire', () => {
    const expires = String(now / 1000 + 60)
    const base = `/b/k?acl&AWSAccessKeyId=${accessKeyId}&Expires=${expires}`
    const signature = signV2Request(requestOf('GET', base, { host }), expires, secret)
    const full = requestOf('GET', `${base}&Signature=${encodeURIComponent(signature)}`, { host })
    check(full, { options: v2, secret })
    refuses('AccessDenied', 403, full, { options: v2, secret, now: now + 61_000 })
    refuses('SignatureDoesNotMatch', 403, { ...full, paths: ['/b/other'] }, { options: v2, secret })
    refuses(
      'SignatureDoesNotMatch',
      403,
      { ...full, query: parseQuery(full.query.raw.replace('acl&', '')) },
      { options: v2, secret },
    )
  })

  it('tells bad dates and headers as AWS does', () => {
    const dated = (date: string, time = now) => {
      const given = requestOf('PUT', '/b', {
        host,
        'x-amz-date': date,
        authorization: `AWS ${accessKeyId}:x`,
      })
      return [given, { options: v2, secret, now: time }] as const
    }
    for (const bad of ['Bad Date', '', 'Tue, 07 Jul 1950 21:53:04 GMT'])
      refuses('AccessDenied', 403, ...dated(bad))
    for (const off of ['Tue, 07 Jul 2010 21:53:04 GMT', 'Tue, 07 Jul 9999 21:53:04 GMT']) {
      refuses('RequestTimeTooSkewed', 403, ...dated(off))
    }
    refuses('AccessDenied', 403, requestOf('PUT', '/b', { host, authorization: 'AWS a:b' }), {
      options: v2,
      secret,
    })
    refuses('InvalidArgument', 400, requestOf('PUT', '/b', { host, authorization: 'AWS HAHAHA' }), {
      options: v2,
      secret,
    })
  })
})

describe('canonical forms', () => {
  it('sorts by name before value and encodes as AWS does', () => {
    const of = (raw: string) => canonicalQuery(parseQuery(raw))
    assert.equal(of('b=2&a-b=1&a=2&a=1&c'), 'a=1&a=2&a-b=1&b=2&c=')
    assert.equal(of('k=a+b%7e%2f*&e=%C3%A9'), 'e=%C3%A9&k=a%20b~%2F%2A')
    // As sent only where that is canonical: each pair once, with its `=`, none empty, sorted.
    for (const raw of ['a&&b=1', 'b=1&a', '&a=&b=1', 'a=&b=1&'])
      assert.equal(of(raw), 'a=&b=1', raw)
    const unsigned = (raw: string) => canonicalQuery(parseQuery(raw), 'X-Amz-Signature')
    assert.equal(unsigned('a=1&b=2&X-Amz-Signature=c'), 'a=1&b=2')
    assert.equal(unsigned('X-Amz-Signature=c&a=1&b=2'), 'a=1&b=2')
    assert.equal(unsigned('a=1&X-Amz-Signature=c&b=2'), 'a=1&b=2')
    assert.equal(unsigned('X-Amz-Signature=c'), '')
    assert.equal(canonicalPath('/a//b/../%7e%2e%2E/+%2b%zz'), '/a//b/../~../%2B%2B%25zz')
  })

  it('makes the HMAC that node makes, whichever key came before', () => {
    const keys = [
      Buffer.alloc(32, 1),
      Buffer.alloc(32, 0xfe),
      Buffer.alloc(64, 7),
      Buffer.alloc(65, 7),
    ]
    fc.assert(
      fc.property(
        fc.constantFrom(...keys),
        fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ minLength: 600 })),
        (key, text) => {
          const expected = createHmac('sha256', key).update(text).digest('hex')
          return hmacHex(key, text) === expected
        },
      ),
    )
  })

  it('reads dates', () => {
    assert.equal(parseAmzDate('20130524T000000Z'), now)
    assert.equal(formatAmzDate(now), '20130524T000000Z')
    for (const bad of [
      '20130231T000000Z',
      '20131301T000000Z',
      '20130524T240000Z',
      '2013052 T000000Z',
      '',
    ]) {
      assert.ok(Number.isNaN(parseAmzDate(bad)), bad)
    }
    assert.equal(parseHttpDate('Fri, 24 May 2013 00:00:00 GMT'), now)
    assert.ok(Number.isNaN(parseHttpDate('Fri, 31 Feb 2013 00:00:00 GMT')))
  })
})
