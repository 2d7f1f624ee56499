import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatHttpDate, formatIso, parseEpoch, parseHttpDate, parseIso } from './dates.ts'

const moment = new Date(Date.UTC(2006, 1, 3, 16, 45, 9))

test('the three forms of RFC 9110 are one moment', () => {
  for (const text of [
    'Fri, 03 Feb 2006 16:45:09 GMT',
    'Fri, 3 Feb 2006 16:45:09 +0000',
    'Friday, 03-Feb-06 16:45:09 GMT',
    'Fri Feb  3 16:45:09 2006',
  ]) {
    assert.deepEqual(parseHttpDate(text), moment, text)
  }
})

test('ISO 8601 with and without its parts', () => {
  assert.deepEqual(parseIso('2006-02-03T16:45:09Z'), moment)
  assert.deepEqual(parseIso('2006-02-03T18:45:09.000+02:00'), moment)
  assert.deepEqual(parseIso('2006-02-03'), new Date(Date.UTC(2006, 1, 3)))
})

test('what is no date is undefined', () => {
  for (const text of [
    '',
    'x',
    'Fri, 31 Feb 2006 16:45:09 GMT',
    'Fri, 03 Foo 2006 16:45:09 GMT',
    '-1',
  ]) {
    assert.equal(parseHttpDate(text), undefined, text)
  }
  for (const text of ['2006-13-01', '2006-02-30', '2006-02-03T25:00:00Z', '20060203', '']) {
    assert.equal(parseIso(text), undefined, text)
  }
  assert.equal(parseEpoch('-5'), undefined)
  assert.deepEqual(parseEpoch('5'), new Date(5000))
})

test('property: what was written is read, and written as the platform does', () => {
  const date = fc.date({
    min: new Date(0),
    max: new Date('9999-12-31T23:59:59.999Z'),
    noInvalidDate: true,
  })
  fc.assert(
    fc.property(date, value => {
      assert.equal(formatIso(value), value.toISOString())
      assert.deepEqual(parseIso(formatIso(value)), value)
      assert.equal(formatHttpDate(value), value.toUTCString())
      const seconds = new Date(Math.floor(value.getTime() / 1000) * 1000)
      assert.deepEqual(parseHttpDate(formatHttpDate(value)), seconds)
    }),
  )
})

test('dates of more days than are kept in mind are right', () => {
  for (let day = 0; day < 10_000; day++) {
    const date = new Date(day * 86_400_000 + day)
    assert.equal(formatIso(date), date.toISOString())
  }
})
