import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { S3Error } from '../model/errors.ts'
import { decodePercent, emptyQuery, parseQuery } from './query.ts'

test('an empty query is one shared value', () => {
  assert.equal(parseQuery(''), emptyQuery)
  assert.equal(parseQuery('').get('acl'), undefined)
})

test('raw and decoded pairs stand side by side', () => {
  const query = parseQuery('prefix=a%2Fb+c&acl&empty=&x=1=2&%61=3')
  assert.deepEqual(query.pairs[0], {
    rawName: 'prefix',
    rawValue: 'a%2Fb+c',
    name: 'prefix',
    value: 'a/b c',
    plain: false,
  })
  assert.equal(query.get('acl'), '')
  assert.equal(query.get('empty'), '')
  assert.equal(query.get('x'), '1=2')
  assert.equal(query.get('a'), '3')
  assert.equal(query.has('A'), false)
})

test('the first of a repeated name counts, empty pairs are none', () => {
  const query = parseQuery('&&a=1&a=2&')
  assert.equal(query.get('a'), '1')
  assert.equal(query.pairs.length, 2)
})

test('decoding happens once', () => {
  assert.equal(parseQuery('prefix=%252e').get('prefix'), '%2e')
  assert.equal(parseQuery('prefix=%2B').get('prefix'), '+')
})

test('broken escapes and bytes that are no UTF-8 are InvalidURI', () => {
  for (const raw of [
    'a=%',
    'a=%4',
    'a=%zz',
    'a=%ff',
    '%c3=1',
    'a=%c0%af',
    'a=%ed%a0%80',
    'a=\xff',
  ]) {
    assert.throws(
      () => parseQuery(raw),
      (error: unknown) => error instanceof S3Error && error.code === 'InvalidURI',
      raw,
    )
  }
})

test('bytes sent unescaped are read as UTF-8', () => {
  assert.equal(decodePercent(Buffer.from('ü/%C3%BC').toString('latin1')), 'ü/ü')
})

test('property: what was encoded is read back', () => {
  const text = fc.string({ unit: 'binary', maxLength: 8 })
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text), { maxLength: 5 }), entries => {
      const named = entries.filter(([name]) => name !== '')
      const raw = named.map(entry => entry.map(encodeURIComponent).join('=')).join('&')
      const pairs = parseQuery(raw).pairs.map(pair => [pair.name, pair.value])
      assert.deepEqual(pairs, named)
    }),
  )
})

test('property: nothing but S3Error is thrown', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), raw => {
      try {
        parseQuery(raw)
      } catch (error) {
        assert.ok(error instanceof S3Error)
      }
    }),
  )
})
