// Tags: the header's form, every limit at its edge, and what the s3-tests suite expects of each violation.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseTagging, requireTags } from './tags.ts'

const refused = (code: string) => (error: Error & { code?: string }) => error.code === code
const one = (Key: string, Value = ''): { Key: string; Value: string }[] => [{ Key, Value }]

test('the header is a query string; tags come in the order of their keys', () => {
  assert.deepEqual(parseTagging('foo=bar&bar'), [
    { Key: 'bar', Value: '' },
    { Key: 'foo', Value: 'bar' },
  ])
  assert.deepEqual(parseTagging('a+b=c%2Bd=e&%C3%BC=1&'), [
    { Key: 'a b', Value: 'c+d=e' },
    { Key: 'ü', Value: '1' },
  ])
  assert.deepEqual(parseTagging(''), [])
  assert.throws(() => parseTagging('a=%zz'), refused('InvalidArgument'))
  assert.throws(() => parseTagging('a=1&a=2'), refused('InvalidTag'))
  assert.throws(() => parseTagging('=1'), refused('InvalidTag'))
})

test('limits at their edges', () => {
  const many = (n: number) => Array.from({ length: n }, (_, i) => ({ Key: `k${i}`, Value: '' }))
  assert.equal(requireTags(many(10), 10).length, 10)
  assert.throws(() => requireTags(many(11), 10), refused('InvalidTag'))
  assert.equal(requireTags(many(50), 50).length, 50)
  assert.throws(() => requireTags(many(51), 50), refused('InvalidTag'))
  requireTags(one('k'.repeat(128), 'v'.repeat(256)), 10)
  assert.throws(() => requireTags(one('k'.repeat(129)), 10), refused('InvalidTag'))
  assert.throws(() => requireTags(one('k', 'v'.repeat(257)), 10), refused('InvalidTag'))
})

test('characters, system tags, duplicates and missing halves', () => {
  requireTags(one('Größe a_b.c:d/e=f+g-h@i', '日本'), 10)
  for (const key of ['', 'a\nb', 'a&b', 'a;b', 'aws:x', 'AWS:x'])
    assert.throws(() => requireTags(one(key), 10), refused('InvalidTag'), key)
  assert.throws(() => requireTags(one('k', 'a<b'), 10), refused('InvalidTag'))
  assert.throws(() => requireTags([...one('a', '1'), ...one('a', '2')], 10), refused('InvalidTag'))
  assert.throws(() => requireTags([{ Key: 'a' }], 10), refused('MalformedXML'))
})

test('any tags that may be kept survive the header', () => {
  const text = (min: number, max: number) =>
    fc.string({
      unit: fc.constantFrom('a', 'Z', '9', ' ', '+', '=', '.', '_', ':', '/', '@', 'ß', '日'),
      minLength: min,
      maxLength: max,
    })
  const tags = fc.uniqueArray(fc.record({ Key: text(1, 20), Value: text(0, 20) }), {
    selector: tag => tag.Key,
    maxLength: 10,
  })
  fc.assert(
    fc.property(tags, set => {
      const header = set
        .map(tag => `${encodeURIComponent(tag.Key)}=${encodeURIComponent(tag.Value)}`)
        .join('&')
      assert.deepEqual(parseTagging(header), requireTags(set, 10))
    }),
  )
})
