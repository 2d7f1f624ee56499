// Names: every rule of AWS's page on bucket names, one example each way, and the keys that must and must not pass.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isBucketName, requireBucketName, requireKey } from './names.ts'

const refused = (code: string) => (error: Error & { code?: string }) => error.code === code

test('good bucket names', () => {
  for (const name of [
    'abc',
    '123',
    'a-b.c-d',
    'a'.repeat(63),
    '0aaa',
    'my--bucket',
    '1.2.3',
    '1.2.3.4.5',
    'a.2.3.4',
    'xn-a',
    's3alias',
  ]) {
    assert.ok(isBucketName(name), name)
  }
})

test('bad bucket names', () => {
  for (const name of [
    '',
    'ab',
    'a'.repeat(64),
    '..',
    'A_B',
    'Abc',
    'foo_bar',
    'foo-',
    '-foo',
    'foo..bar',
    'foo.-bar',
    'foo-.bar',
    '.foo',
    'foo.',
    '192.168.5.123',
    'xn--abc',
    'sthree-abc',
    'amzn-s3-demo-abc',
    'abc-s3alias',
    'abc--ol-s3',
    'abc.mrap',
    'abc--x-s3',
    'abc--table-s3',
    'äbc',
    'abc\n',
    'a/b',
  ]) {
    assert.throws(() => requireBucketName(name), refused('InvalidBucketName'), name)
  }
})

test('whatever passes can stand in a host name', () => {
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.constantFrom('a', 'b', '0', '.', '-', '_', 'A'),
        minLength: 1,
        maxLength: 70,
      }),
      name => {
        if (!isBucketName(name)) return
        for (const label of name.split('.')) assert.match(label, /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/)
        assert.ok(name.length >= 3 && name.length <= 63)
      },
    ),
  )
})

test('keys of any text but NUL, of at most 1,024 bytes', () => {
  for (const key of ['a', 'a/b', 'a//b', '../x', '.', '..', '/', 'CON', '\u0001', '😀'.repeat(256)])
    requireKey(key)
  requireKey('k'.repeat(1024))
  assert.throws(() => requireKey('k'.repeat(1025)), refused('KeyTooLongError'))
  assert.throws(() => requireKey(`${'😀'.repeat(256)}k`), refused('KeyTooLongError'))
  assert.throws(() => requireKey('ü'.repeat(513)), refused('KeyTooLongError'))
  assert.throws(() => requireKey(''), refused('InvalidArgument'))
  assert.throws(() => requireKey('a\0b'), refused('InvalidArgument'))
  assert.throws(() => requireKey('\ud800'), refused('InvalidURI'))
})
