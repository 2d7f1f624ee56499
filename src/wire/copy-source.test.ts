import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { S3Error } from '../model/errors.ts'
import { parseCopySource } from './copy-source.ts'

test('the forms that clients send', () => {
  assert.deepEqual(parseCopySource('b/k'), { Bucket: 'b', Key: 'k' })
  assert.deepEqual(parseCopySource('/b/a/%2B+c'), { Bucket: 'b', Key: 'a/+ c' })
  assert.deepEqual(parseCopySource('b%2Fa%2Fc'), { Bucket: 'b', Key: 'a/c' })
  assert.deepEqual(parseCopySource('b//k'), { Bucket: 'b', Key: '/k' })
  assert.deepEqual(parseCopySource('b/k?x?versionId=v%2F1'), {
    Bucket: 'b',
    Key: 'k?x',
    VersionId: 'v/1',
  })
  assert.deepEqual(parseCopySource('b/k%3FversionId=v'), { Bucket: 'b', Key: 'k?versionId=v' })
  assert.deepEqual(parseCopySource('b/%252e%252e'), { Bucket: 'b', Key: '%2e%2e' })
})

test('what names no object', () => {
  for (const value of ['', '/', 'b', 'b/', '/b/', '//k', 'b/k?versionId=', 'b/%', 'b/%ff']) {
    assert.throws(
      () => parseCopySource(value),
      (error: unknown) => error instanceof S3Error && error.code === 'InvalidArgument',
      value,
    )
  }
})

test('property: an encoded source is read back, decoded once', () => {
  const key = fc.string({ unit: 'binary', minLength: 1 })
  fc.assert(
    fc.property(key, key, (Key, VersionId) => {
      const value = `bucket/${encodeURIComponent(Key)}?versionId=${encodeURIComponent(VersionId)}`
      assert.deepEqual(parseCopySource(value), { Bucket: 'bucket', Key, VersionId })
    }),
  )
})
