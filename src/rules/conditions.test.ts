// Conditions: every precedence that RFC 9110 and S3 state, and what the s3-tests suite asks of writes and deletes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { S3Error } from '../model/errors.ts'
import {
  isConditional,
  judgeRead,
  parseEtags,
  requireDelete,
  requireRead,
  requireSource,
  requireWrite,
} from './conditions.ts'

const at = Date.UTC(2026, 4, 1, 12, 0, 0, 700)
const object = { etag: 'abc', modified: at, size: 3 }
const earlier = at - 5_000
const later = at + 5_000

const thrown = (act: () => void): S3Error => {
  try {
    act()
  } catch (error) {
    assert.ok(error instanceof S3Error)
    return error
  }
  assert.fail('nothing was thrown')
}

test('ETags are read with and without quotes, weak prefix and lists', () => {
  assert.deepEqual(parseEtags('"abc"'), ['abc'])
  assert.deepEqual(parseEtags('abc'), ['abc'])
  assert.deepEqual(parseEtags('W/"abc"'), ['abc'])
  assert.deepEqual(parseEtags('"a", W/"b" ,c,"d,e"'), ['a', 'b', 'c', 'd,e'])
  assert.deepEqual(parseEtags('*'), ['*'])
  assert.deepEqual(parseEtags(' '), [])
  assert.deepEqual(parseEtags('"open'), ['open'])
})

test('any list of ETags, written in quotes, is read back', () => {
  const etag = fc.stringMatching(/^[!#-~]{1,40}$/)
  fc.assert(
    fc.property(fc.array(etag), etags => {
      assert.deepEqual(parseEtags(etags.map(e => `"${e}"`).join(', ')), etags)
    }),
  )
})

test('any header at all ends, and yields no more ETags than it has characters', () => {
  fc.assert(
    fc.property(fc.string(), header => {
      assert.ok(parseEtags(header).length <= header.length)
    }),
  )
})

test('each condition of a read alone', () => {
  assert.equal(judgeRead({}, object), 'ok')
  assert.equal(judgeRead({ ifMatch: ['abc'] }, object), 'ok')
  assert.equal(judgeRead({ ifMatch: ['*'] }, object), 'ok')
  assert.equal(judgeRead({ ifMatch: ['x', 'y'] }, object), 'failed')
  assert.equal(judgeRead({ ifMatch: [] }, object), 'failed')
  assert.equal(judgeRead({ ifNoneMatch: ['x'] }, object), 'ok')
  assert.equal(judgeRead({ ifNoneMatch: ['x', 'abc'] }, object), 'not-modified')
  assert.equal(judgeRead({ ifNoneMatch: ['*'] }, object), 'not-modified')
  assert.equal(judgeRead({ ifModifiedSince: earlier }, object), 'ok')
  assert.equal(judgeRead({ ifModifiedSince: later }, object), 'not-modified')
  assert.equal(judgeRead({ ifUnmodifiedSince: later }, object), 'ok')
  assert.equal(judgeRead({ ifUnmodifiedSince: earlier }, object), 'failed')
})

test('an ETag outweighs a date', () => {
  assert.equal(judgeRead({ ifMatch: ['abc'], ifUnmodifiedSince: earlier }, object), 'ok')
  assert.equal(
    judgeRead({ ifNoneMatch: ['abc'], ifModifiedSince: earlier }, object),
    'not-modified',
  )
  assert.equal(judgeRead({ ifNoneMatch: ['x'], ifModifiedSince: later }, object), 'ok')
  assert.equal(judgeRead({ ifMatch: ['x'], ifNoneMatch: ['abc'] }, object), 'failed')
})

test('dates are compared by the second', () => {
  const told = Date.UTC(2026, 4, 1, 12, 0, 0)
  assert.equal(judgeRead({ ifModifiedSince: told }, object), 'not-modified')
  assert.equal(judgeRead({ ifUnmodifiedSince: told }, object), 'ok')
  assert.equal(judgeRead({ ifModifiedSince: told - 1 }, object), 'ok')
})

test('a read is refused with 304 or 412 and names the condition', () => {
  requireRead({ ifMatch: ['abc'] }, object)
  const failed = thrown(() => requireRead({ ifMatch: ['x'] }, object))
  assert.equal(failed.status, 412)
  assert.deepEqual(failed.fields, { Condition: 'If-Match' })
  const same = thrown(() => requireRead({ ifNoneMatch: ['abc'] }, object))
  assert.equal(same.status, 304)
  assert.deepEqual(same.headers, [
    'ETag',
    '"abc"',
    'Last-Modified',
    'Fri, 01 May 2026 12:00:00 GMT',
  ])
})

test('the source of a copy is refused with 412 only', () => {
  requireSource({ ifMatch: ['abc'] }, object)
  for (const conditions of [{ ifNoneMatch: ['abc'] }, { ifModifiedSince: later }, { ifMatch: [] }])
    assert.equal(thrown(() => requireSource(conditions, object)).status, 412)
})

test('writes: what the suite asks', () => {
  requireWrite({}, object)
  requireWrite({}, undefined)
  requireWrite({ ifNoneMatch: ['*'] }, undefined)
  requireWrite({ ifNoneMatch: ['abc'] }, undefined)
  requireWrite({ ifNoneMatch: ['x'] }, object)
  requireWrite({ ifMatch: ['abc'] }, object)
  requireWrite({ ifMatch: ['*'] }, object)
  const code = (c: Parameters<typeof requireWrite>[0], o?: { etag: string }): string =>
    thrown(() => requireWrite(c, o, 'k')).code
  assert.equal(code({ ifNoneMatch: ['*'] }, object), 'PreconditionFailed')
  assert.equal(code({ ifNoneMatch: ['abc'] }, object), 'PreconditionFailed')
  assert.equal(code({ ifMatch: ['x'] }, object), 'PreconditionFailed')
  assert.equal(code({ ifMatch: ['*'] }), 'NoSuchKey')
  assert.equal(code({ ifMatch: ['x'] }), 'NoSuchKey')
  assert.equal(code({ ifMatch: ['abc'], ifNoneMatch: ['*'] }, object), 'NotImplemented')
  assert.equal(isConditional({}), false)
  assert.equal(isConditional({ ifMatch: ['x'] }), true)
})

test('deletes: every condition must hold, and what is gone fails none', () => {
  const marker = { etag: '', modified: at, size: 0 }
  requireDelete({ etag: 'x', size: 9, modified: 0 }, undefined)
  requireDelete({ etag: '*' }, object)
  requireDelete({ etag: '*' }, marker)
  requireDelete({ etag: 'abc', size: 3, modified: Math.floor(at / 1000) * 1000 }, object)
  const status = (c: Parameters<typeof requireDelete>[0], o = object): number =>
    thrown(() => requireDelete(c, o)).status
  assert.equal(status({ etag: 'x' }), 412)
  assert.equal(status({ etag: 'x' }, marker), 412)
  assert.equal(status({ etag: 'abc', size: 4 }), 412)
  assert.equal(status({ size: 9 }, marker), 412)
  assert.equal(status({ modified: earlier }), 412)
})
