// Addresses: styles, prefixes, proxies, and keys that try to be something else (5b rows 18, 36, 43).

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { character } from '../model/characters.fixture.ts'
import { S3Error } from '../model/errors.ts'
import { type AddressInput, address, prepareDomains, preparePrefix } from './address.ts'
import { clientAddress } from './forwarded.ts'

const at = (target: string, change: Partial<AddressInput> = {}) =>
  address({
    host: 'localhost:9000',
    target,
    headers: {},
    peerTrusted: false,
    domains: [],
    prefix: '',
    ...change,
  })
const place = (target: string, change: Partial<AddressInput> = {}) => {
  const { bucket, key, level, style } = at(target, change)
  return [level, style, bucket, key]
}
const code = (expected: string) => (error: unknown) =>
  error instanceof S3Error && error.code === expected && error.status === 400

describe('address', () => {
  it('reads path style', () => {
    assert.deepEqual(place('/'), ['service', 'path', undefined, undefined])
    assert.deepEqual(place('/?x-id=ListBuckets'), ['service', 'path', undefined, undefined])
    assert.deepEqual(place('/b'), ['bucket', 'path', 'b', undefined])
    assert.deepEqual(place('/b/?acl'), ['bucket', 'path', 'b', undefined])
    assert.deepEqual(place('/b/k/l?versionId=1'), ['object', 'path', 'b', 'k/l'])
    assert.deepEqual(place('/b//'), ['object', 'path', 'b', '/'])
    assert.deepEqual(place('//k'), ['object', 'path', '', 'k'])
    assert.equal(at('/b/k?a?b').rawQuery, 'a?b')
    assert.deepEqual(place('*'), ['service', 'path', undefined, undefined])
  })

  it('reads a volume before the bucket of a path, as it is or encoded', () => {
    const named = (target: string) => {
      const { volume, bucket, key } = at(target)
      return [volume, bucket, key]
    }
    assert.deepEqual(named('/vol1:bucket/k:1'), ['vol1', 'bucket', 'k:1'])
    assert.deepEqual(named('/vol1%3Abucket'), ['vol1', 'bucket', undefined])
    assert.deepEqual(named('/:bucket/k'), ['', 'bucket', 'k'])
    assert.deepEqual(named('/a:b:c'), ['a', 'b:c', undefined])
    assert.deepEqual(named('/bucket/k'), [undefined, 'bucket', 'k'])
  })

  it('reads virtual-host style, the longest domain first', () => {
    const domains = prepareDomains(['s3.example', '.EU.s3.example.', '[::1]'])
    assert.deepEqual(domains, ['eu.s3.example', 's3.example', '[::1]'])
    const on = (host: string, target = '/k') => place(target, { host, domains })
    assert.deepEqual(on('b.s3.example:9000'), ['object', 'virtual-host', 'b', 'k'])
    assert.deepEqual(on('B.EU.S3.Example'), ['object', 'virtual-host', 'b', 'k'])
    assert.deepEqual(on('a.b.eu.s3.example.'), ['object', 'virtual-host', 'a.b', 'k'])
    assert.deepEqual(on('b.s3.example', '/'), ['bucket', 'virtual-host', 'b', undefined])
    assert.deepEqual(on('b.s3.example', '//'), ['object', 'virtual-host', 'b', '/'])
    for (const host of ['s3.example', 'xs3.example', '[::1]:9000', 'b.other', '.s3.example', '']) {
      assert.deepEqual(on(host, '/b'), ['bucket', 'path', 'b', undefined], host)
    }
  })

  it('18: keeps keys as they are, decoded exactly once', () => {
    const keys = [
      ['../x', '../x'],
      ['%2e%2e%2f', '../'],
      ['..%5c', '..\\'],
      ['%252e', '%2e'],
      ['/etc/passwd', '/etc/passwd'],
      ['a//b', 'a//b'],
      ['.', '.'],
      ['..', '..'],
      ['CON', 'CON'],
      ['a+b', 'a+b'],
      ['%E2%82%AC', '€'],
      ['\u00e2\u0082\u00ac', '€'],
      ['x'.repeat(1024), 'x'.repeat(1024)],
    ]
    for (const [raw, key] of keys) assert.equal(at(`/b/${raw}`).key, key)
    for (const raw of ['%00', 'a%00b', '%', '%zz', '%ff', '%ed%a0%80', '\u00ff']) {
      assert.throws(() => at(`/b/${raw}`), code('InvalidURI'), raw)
    }
    assert.throws(() => at(`/b/${'x'.repeat(1025)}`), code('KeyTooLongError'))
    assert.throws(() => at(`/b/${'%E2%82%AC'.repeat(342)}`), code('KeyTooLongError'))
  })

  it('gives every key back that was encoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }), key => {
        fc.pre(!key.includes('\0') && Buffer.byteLength(key) <= 1024)
        assert.equal(at(`/b/${encodeURIComponent(key)}`).key, key)
      }),
    )
  })

  it('43: takes absolute targets of the same host only', () => {
    assert.deepEqual(place('http://localhost:9000/b/k'), ['object', 'path', 'b', 'k'])
    assert.deepEqual(place('HTTPS://LOCALHOST:9000?a'), ['service', 'path', undefined, undefined])
    assert.throws(() => at('http://evil.example/b/k'), code('InvalidURI'))
    assert.throws(() => at('http://localhost:9000@evil/b'), code('InvalidURI'))
    assert.throws(() => at('b/k'), code('InvalidURI'))
    assert.throws(() => at(''), code('InvalidURI'))
  })

  it('takes the prefix off, wherever the proxy left it', () => {
    const prefix = preparePrefix('storage//v1/s3/')
    assert.equal(prefix, '/storage/v1/s3')
    assert.equal(preparePrefix('/'), '')
    const direct = at('/storage/v1/s3/b/k', { prefix })
    assert.deepEqual([direct.bucket, direct.key], ['b', 'k'])
    assert.deepEqual(direct.paths, ['/storage/v1/s3/b/k', '/b/k'])
    assert.equal(at('/storage/v1/s3', { prefix }).level, 'service')
    const stripped = at('/b/k', { prefix })
    assert.deepEqual([stripped.bucket, stripped.paths], ['b', ['/b/k', '/storage/v1/s3/b/k']])
    const headers = { 'x-forwarded-prefix': '/storage/v1/' }
    const half = at('/s3/b/k', { prefix, headers, peerTrusted: true })
    assert.deepEqual([half.bucket, half.key], ['b', 'k'])
    assert.ok(half.paths.includes('/storage/v1/s3/b/k') && half.paths.length <= 4)
    assert.equal(at('/s3/b/k', { prefix, headers }).bucket, 's3')
    assert.equal(at('/storage/v1/s3x/k', { prefix }).bucket, 'storage')
  })

  it('believes what trusted proxies forward, and nobody else', () => {
    const headers = {
      'x-forwarded-host': 'b.s3.example, inner',
      'x-forwarded-proto': 'https',
      'x-forwarded-port': '8443',
      'x-forwarded-prefix': '/p',
    }
    const domains = prepareDomains(['s3.example'])
    const trusted = at('/k', { headers, domains, peerTrusted: true })
    assert.deepEqual(
      [trusted.bucket, trusted.scheme, trusted.host],
      ['b', 'https', 'b.s3.example:8443'],
    )
    // The host as received names no bucket, so a signature over it is not one for this request.
    assert.deepEqual(trusted.hosts, ['b.s3.example', 'b.s3.example:8443'])
    assert.deepEqual(
      trusted.paths,
      ['/k'],
      'with the bucket in the host a prefix would be part of a key',
    )
    const plain = at('/k', { headers: { 'x-forwarded-prefix': '/p' }, domains, peerTrusted: true })
    assert.deepEqual([plain.paths, plain.claimedPrefix], [['/k', '/p/k'], '/p'])
    const bare = { 'x-forwarded-host': 's3.example' }
    const host = 'b.s3.example'
    assert.deepEqual(at('/k', { headers: bare, host, domains, peerTrusted: true }).hosts, [
      's3.example',
    ])
    const other = at('/k', { headers, domains })
    assert.deepEqual(
      [other.bucket, other.scheme, other.hosts, other.paths],
      ['k', 'http', ['localhost:9000'], ['/k']],
    )
    const standard = at('/k', {
      headers: { forwarded: 'for=1.2.3.4;host="a.s3.example:81";proto=https, for=x' },
      domains,
      peerTrusted: true,
    })
    assert.deepEqual(
      [standard.bucket, standard.host, standard.scheme],
      ['a', 'a.s3.example:81', 'https'],
    )
    assert.equal(at('/k', { encrypted: true }).scheme, 'https')
  })

  it('throws nothing but S3Error', () => {
    const part = fc.oneof(
      fc.string({ unit: character, maxLength: 20 }),
      fc.constantFrom('/', '%', '?', 'http://', '[', ':', '"', ';host='),
    )
    const text = fc.array(part, { maxLength: 6 }).map(parts => parts.join(''))
    fc.assert(
      fc.property(text, text, text, (target, host, header) => {
        const headers = {
          forwarded: header,
          'x-forwarded-host': header,
          'x-forwarded-prefix': header,
        }
        try {
          at(target, { host, headers, peerTrusted: true, domains: ['a'], prefix: '/p' })
        } catch (error) {
          assert.ok(error instanceof S3Error, String(error))
        }
      }),
    )
  })
})

describe('clientAddress (5b 36)', () => {
  const trusts = (address: string) => address === '127.0.0.1' || address === '10.0.0.1'

  it('believes only trusted proxies, from the socket inwards', () => {
    const headers = { 'x-forwarded-for': '6.6.6.6, 1.2.3.4, 10.0.0.1' }
    assert.equal(clientAddress(headers, '9.9.9.9', trusts), '9.9.9.9')
    assert.equal(clientAddress(headers, '127.0.0.1', trusts), '1.2.3.4')
    assert.equal(clientAddress({}, '127.0.0.1', trusts), '127.0.0.1')
    const forwarded = { forwarded: 'for=6.6.6.6, for="[2001:db8::1]:80";proto=http' }
    assert.equal(clientAddress(forwarded, '127.0.0.1', trusts), '2001:db8::1')
    assert.equal(clientAddress({ 'x-forwarded-for': '1.2.3.4:55' }, '127.0.0.1', trusts), '1.2.3.4')
  })
})
