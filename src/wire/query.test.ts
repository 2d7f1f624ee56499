import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { character } from '../model/characters.fixture.ts'
import { S3Error } from '../model/errors.ts'
import { decodePercent, emptyQuery, parseQuery, signatureParameters } from './query.ts'

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
    place: -1,
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
  const text = fc.string({ unit: character, maxLength: 8 })
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
    fc.property(fc.string({ unit: character }), raw => {
      try {
        parseQuery(raw)
      } catch (error) {
        assert.ok(error instanceof S3Error)
      }
    }),
  )
})

test('what the query before had in common changes nothing', () => {
  const part = fc.constantFrom(
    '',
    'a',
    'a=1',
    'a=%2F',
    'X-Amz-Date=1',
    'X%2DAmz-Date=2',
    'x=+',
    '=',
  )
  const raws = fc.array(
    fc.array(part, { minLength: 1, maxLength: 4 }).map(parts => parts.join('&')),
  )
  const pairsOf = (raw: string) =>
    raw
      .split('&')
      .filter(pair => pair !== '')
      .map(pair => [pair.split('=')[0] ?? '', pair.split('=').slice(1).join('=')])
  fc.assert(
    fc.property(raws, all => {
      for (const raw of all) {
        const query = parseQuery(raw)
        assert.equal(query.raw, raw)
        const sent = query.pairs.map(({ rawName, rawValue }) => [rawName, rawValue])
        assert.deepEqual(sent, pairsOf(raw))
        for (const { rawName, rawValue, name, value, place } of query.pairs) {
          assert.equal(name, decodePercent(rawName))
          assert.equal(value, decodePercent(rawValue).replaceAll('+', ' '))
          assert.equal(place, signatureParameters.indexOf(name))
        }
      }
    }),
  )
})

test('a broken escape stays one for who sends it again', () => {
  for (let i = 0; i < 2; i++) assert.throws(() => parseQuery('a=%zz&b=1'), S3Error)
  assert.equal(parseQuery('a=1&b=1').get('a'), '1')
})

test('only parameters that each presigned URL has say nothing but the signature', () => {
  assert.equal(parseQuery('X-Amz-Date=1&X-Amz-Signature=2').onlySignature, true)
  assert.equal(parseQuery('X%2DAmz-Date=1').onlySignature, true)
  assert.equal(parseQuery('X-Amz-Security-Token=1&X-Amz-Signature=2').onlySignature, false)
  assert.equal(parseQuery('x-amz-date=1').onlySignature, false)
  assert.equal(parseQuery('X-Amz-Signature=2&acl').onlySignature, false)
})
