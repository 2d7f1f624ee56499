// Listings: page lengths, tokens that survive the trip and no other, names spelled so that every client reads them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  decodeToken,
  encodeToken,
  lastName,
  resolveEncoding,
  resolveLimit,
  splitPage,
  urlEncode,
} from './listing.ts'

const refused = (code: string) => (error: Error & { code?: string }) => error.code === code

test('page lengths', () => {
  assert.equal(resolveLimit(undefined, 'max-keys', 1000), 1000)
  assert.equal(resolveLimit('', 'max-keys', 1000), 1000)
  assert.equal(resolveLimit('0', 'max-keys', 1000), 0)
  assert.equal(resolveLimit('7', 'max-keys', 1000), 7)
  assert.equal(resolveLimit(7, 'max-keys', 1000), 7)
  assert.equal(resolveLimit('2147483647', 'max-keys', 1000), 1000)
  for (const written of ['blah', '-1', '1.5', '2147483648', '1e3', ' 1', -1, Number.NaN])
    assert.throws(() => resolveLimit(written, 'max-keys', 1000), refused('InvalidArgument'))
})

test('encoding-type', () => {
  assert.equal(resolveEncoding(undefined), false)
  assert.equal(resolveEncoding('url'), true)
  assert.throws(() => resolveEncoding('base64'), refused('InvalidArgument'))
})

test('names as the s3-tests suite expects them', () => {
  assert.equal(urlEncode('asdf+b'), 'asdf%2Bb')
  assert.equal(urlEncode('quux ab/'), 'quux%20ab/')
  assert.equal(urlEncode('foo/bar'), 'foo/bar')
  assert.equal(urlEncode("a!'()*"), 'a%21%27%28%29%2A')
  assert.equal(urlEncode('\n日'), '%0A%E6%97%A5')
})

test('any name is read back, whether or not a plus is taken for a space', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), name => {
      const spelled = urlEncode(name)
      assert.match(spelled, /^[A-Za-z0-9\-_.~/%]*$/)
      assert.equal(decodeURIComponent(spelled), name)
      assert.equal(decodeURIComponent(spelled.replaceAll('+', ' ')), name)
    }),
  )
})

test('a token leads back to its key', () => {
  assert.equal(decodeToken(''), '')
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), key => {
      assert.equal(decodeToken(encodeToken(key)), key)
    }),
  )
})

test('another token is refused', () => {
  for (const token of ['x', 'blah', 'bar', '!!!!', `${encodeToken('a')}A`, `${encodeToken('a')}=`])
    assert.throws(() => decodeToken(token), refused('InvalidArgument'), token)
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (key, at, flip) => {
        const bytes = Buffer.from(encodeToken(key), 'base64url')
        const index = at % bytes.length
        bytes.writeUInt8(bytes.readUInt8(index) ^ flip, index)
        assert.throws(() => decodeToken(bytes.toString('base64url')), refused('InvalidArgument'))
      },
    ),
  )
})

test('a page taken apart', () => {
  const page = [{ key: 'a' }, 'b/', { key: 'c' }, 'd/']
  assert.deepEqual(splitPage(page), { items: [{ key: 'a' }, { key: 'c' }], prefixes: ['b/', 'd/'] })
  assert.equal(lastName(page), 'd/')
  assert.equal(lastName(page.slice(0, 3)), 'c')
  assert.equal(lastName([]), '')
})
