// Ranges: row 42 of the attacks (ends before starts, thousands of ranges, empty objects), and the strict form of copies.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseSourceRange, requireRangeOrPart, requireSourceRange, resolveRange } from './range.ts'

const refused = (code: string) => (error: Error & { code?: string }) => error.code === code

test('one range of each form', () => {
  assert.deepEqual(resolveRange('bytes=4-7', 11), { start: 4, end: 8 })
  assert.deepEqual(resolveRange('bytes=4-', 11), { start: 4, end: 11 })
  assert.deepEqual(resolveRange('bytes=-7', 11), { start: 4, end: 11 })
  assert.deepEqual(resolveRange('bytes=-70', 11), { start: 0, end: 11 })
  assert.deepEqual(resolveRange('bytes=0-99999999999999999999999', 11), { start: 0, end: 11 })
  assert.deepEqual(resolveRange('Bytes=0-0', 11), { start: 0, end: 1 })
})

test('what S3 does not understand is the whole object', () => {
  for (const header of [
    'bytes=5-2',
    'bytes=-',
    'bytes=',
    'bytes',
    '',
    'lines=1-2',
    'bytes=a-b',
    'bytes=0-1,3-4',
    `bytes=${Array.from({ length: 10_000 }, (_, i) => `${i}-${i}`).join(',')}`,
    'bytes=--1',
    'bytes=0x1-2',
  ]) {
    assert.equal(resolveRange(header, 11), undefined, header.slice(0, 40))
  }
})

test('no byte in the range is InvalidRange, which tells the size', () => {
  for (const [header, size] of [
    ['bytes=40-50', 11],
    ['bytes=11-', 11],
    ['bytes=-0', 11],
    ['bytes=0-', 0],
    ['bytes=0-0', 0],
    ['bytes=-5', 0],
    ['bytes=99999999999999999999999-', 11],
  ] as const) {
    assert.throws(() => resolveRange(header, size), {
      code: 'InvalidRange',
      status: 416,
      fields: { RangeRequested: header, ActualObjectSize: size },
    })
  }
})

test('whatever is asked, what comes out lies within the object and is not empty', () => {
  const number = fc.oneof(fc.constant(''), fc.nat(30).map(String))
  fc.assert(
    fc.property(number, number, fc.nat(20), (first, last, size) => {
      let range: ReturnType<typeof resolveRange>
      try {
        range = resolveRange(`bytes=${first}-${last}`, size)
      } catch (error) {
        assert.ok(refused('InvalidRange')(error as Error))
        return
      }
      if (range === undefined) return
      assert.ok(range.start >= 0 && range.start < range.end && range.end <= size)
      if (first !== '') assert.equal(range.start, Number(first))
    }),
  )
})

test('a part and a range together are refused', () => {
  requireRangeOrPart('bytes=0-1', undefined)
  requireRangeOrPart(undefined, 1)
  assert.throws(() => requireRangeOrPart('bytes=0-1', 1), refused('InvalidRequest'))
})

test('the range of a source has both ends, in its source', () => {
  assert.deepEqual(parseSourceRange('bytes=0-4'), { start: 0, end: 5 })
  for (const header of [
    '0-2',
    'bytes=0',
    'bytes=hello-world',
    'bytes=0-bar',
    'bytes=hello-',
    'bytes=0-2,3-5',
    'bytes=3-2',
    'bytes=-2',
    'bytes=2-',
    'bytes=0-99999999999999999999',
  ]) {
    assert.throws(() => parseSourceRange(header), refused('InvalidArgument'), header)
  }
  requireSourceRange({ start: 0, end: 5 }, 5)
  assert.throws(() => requireSourceRange({ start: 0, end: 22 }, 5), {
    code: 'InvalidRange',
    fields: { RangeRequested: 'bytes=0-21', ActualObjectSize: 5 },
  })
})
