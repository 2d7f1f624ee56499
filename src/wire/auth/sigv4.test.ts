/** SigV4: AWS's own examples, round trips and canonical forms. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { character } from '../../model/characters.fixture.ts'
import { S3Error } from '../../model/errors.ts'
import { parseQuery } from '../query.ts'
import { readAuth, verify } from './authenticate.ts'
import { canonicalPath, canonicalQuery } from './canonical.ts'
import type { AuthRequest } from './claim.ts'
import { formatAmzDate, parseAmzDate, parseHttpDate } from './dates.ts'
import { deriveSigningKey, hmacHex } from './keys.ts'
import {
  accessKeyId,
  check,
  host,
  now,
  options,
  presigned,
  refuses,
  region,
  requestOf,
  secret,
  signed,
  withHeaders,
} from './requests.fixture.ts'
import { presign } from './sign.ts'

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
      fc.string({ unit: character, maxLength: 40 }),
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
        fc.oneof(fc.string({ unit: character, maxLength: 300 }), fc.string({ minLength: 600 })),
        (key, text) => {
          const expected = createHmac('sha256', key).update(text).digest('hex')
          return hmacHex(key, text) === expected
        },
      ),
    )
  })

  it('reads the date of any day and second, whatever the one before was', () => {
    const from = Date.UTC(1970, 0, 1) / 1000
    const seconds = fc.integer({ min: from, max: Date.UTC(9999, 11, 31) / 1000 })
    fc.assert(
      fc.property(seconds, fc.integer({ min: 0, max: 86_399 }), (second, later) => {
        for (const ms of [second * 1000, (second + later) * 1000]) {
          assert.equal(parseAmzDate(formatAmzDate(ms)), ms)
        }
      }),
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
