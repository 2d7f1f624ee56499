import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { S3Error } from '../../model/errors.ts'
import { bucketOf, contextOf, keyspaceOf } from '../stand-in.test.ts'
import { parseCopySource, resolveSource } from './copy-source.ts'

const id = 'A'.repeat(32)

const code = (expected: string) => (thrown: unknown) =>
  thrown instanceof S3Error && thrown.code === expected

test('reads a source with and without a slash before it, decoded once', () => {
  const plain = { bucket: 'garden', key: 'a b', versionId: undefined }
  assert.deepEqual(parseCopySource('garden/a%20b'), plain)
  assert.deepEqual(parseCopySource('/garden/a%20b'), plain)
  assert.deepEqual(parseCopySource('garden%2Fa%20b'), plain)
  assert.deepEqual(parseCopySource('%2Fgarden%2Fa%20b'), plain)
  assert.equal(parseCopySource('garden/%252e%252e').key, '%2e%2e')
  assert.equal(parseCopySource('garden/a+b').key, 'a+b')
  assert.equal(parseCopySource('garden//a//').key, '/a//')
})

test('a version follows an unencoded question mark, an encoded one belongs to the key', () => {
  assert.equal(parseCopySource(`garden/a?versionId=${id}`).versionId, id)
  assert.equal(parseCopySource('garden/a?versionId=null').versionId, 'null')
  assert.equal(parseCopySource('garden/%3FversionId').key, '?versionId')
  const both = parseCopySource(`garden/a%3FversionId%3Db?versionId=${id}`)
  assert.deepEqual(both, { bucket: 'garden', key: 'a?versionId=b', versionId: id })
})

test('a volume stands before a colon, in either form', () => {
  const named = { volume: 'vol1', bucket: 'garden', key: 'a:b', versionId: undefined }
  assert.deepEqual(parseCopySource('vol1:garden/a:b'), named)
  assert.deepEqual(parseCopySource('/vol1%3Agarden%2Fa%3Ab'), named)
  assert.equal(parseCopySource(':garden/k').volume, '')
  assert.throws(() => parseCopySource('vol1:/k'), code('InvalidArgument'))
  assert.throws(() => parseCopySource('a:b:garden/k'), code('InvalidArgument'))
})

test('refuses what is no source', () => {
  const wrong = ['garden', 'garden/', '/', '', '../other/key', '%2e%2e/other', 'A_B/key']
  wrong.push('garden/%', 'garden/%ff', 'garden/a?versionId=', 'garden/a?versionId=..', '%2fgarden')
  for (const source of wrong) {
    assert.throws(() => parseCopySource(source), code('InvalidArgument'), source)
  }
  const arn = 'arn:aws:s3:eu-west-1:123456789012:accesspoint/x/object/key'
  assert.throws(() => parseCopySource(arn), code('NotImplemented'))
  assert.throws(() => parseCopySource(encodeURIComponent(arn)), code('NotImplemented'))
})

test('every key that may be stored comes through encoded', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 300, unit: 'grapheme' }), key => {
      fc.pre(!key.includes('\0') && key.isWellFormed() && Buffer.byteLength(key) <= 1024)
      assert.equal(parseCopySource(`garden/${encodeURIComponent(key)}`).key, key)
    }),
  )
})

test('the right to read is asked of the bucket that the name resolved to', async () => {
  const asked: string[] = []
  const other = bucketOf('elsewhere', { id: 'resolved' })
  const link = bucketOf('link', { id: 'way' })
  const keyspace = keyspaceOf({ bucket: other })
  const context = contextOf({
    buckets: {
      resolve: (volume: string, name: string) => {
        asked.push(`resolve ${volume}/${name}`)
        return Promise.resolve({ bucket: other, via: [link] })
      },
      keyspace: () => keyspace,
    } as never,
    authorize: (action, { bucket, via = [], key }) => {
      asked.push(`${action} ${[...via, bucket].map(step => step?.id).join()}/${key}`)
    },
  })
  const source = { bucket: 'link', key: 'k', versionId: id }
  const resolved = await resolveSource(source, context, undefined)
  assert.equal(resolved.keyspace, keyspace)
  assert.deepEqual(asked, ['resolve s3v/link', 's3:GetObjectVersion way,resolved/k'])
  asked.length = 0
  for (const volume of ['vol1', '']) await resolveSource({ ...source, volume }, context, undefined)
  assert.deepEqual(
    asked.filter(line => line.startsWith('resolve')),
    ['resolve vol1/link', 'resolve s3v/link'],
  )
  await assert.rejects(resolveSource(source, context, '210987654321'), code('AccessDenied'))
})
