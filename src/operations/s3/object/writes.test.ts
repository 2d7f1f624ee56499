import assert from 'node:assert/strict'
import { test } from 'node:test'
import { S3Error } from '../../../model/errors.ts'
import { readHeaders, storedEncoding } from '../attributes.ts'
import { writtenChecksum } from '../checksums.ts'
import { requireNoEncryption } from '../refusals.ts'
import { listedParts } from '../upload/complete-multipart-upload.ts'
import { replaces, requireChange } from './copy-object.ts'
import { fieldTags, redirectOf, writtenFields } from './post-object.ts'
import { parseRenameSource } from './rename-object.ts'

const code = (expected: string) => (thrown: unknown) =>
  thrown instanceof S3Error && thrown.code === expected

test('aws-chunked is how a body travelled, not what is stored', () => {
  assert.equal(storedEncoding('gzip'), 'gzip')
  assert.equal(storedEncoding('deflate, gzip'), 'deflate, gzip')
  assert.equal(storedEncoding('gzip, aws-chunked'), 'gzip')
  assert.equal(storedEncoding('AWS-Chunked,gzip'), 'gzip')
  assert.equal(storedEncoding('aws-chunked, aws-chunked'), undefined)
})

test('headers that would break an answer are refused, empty ones not kept', () => {
  assert.deepEqual(readHeaders({ ContentType: '', CacheControl: 'no-store' }), {
    cacheControl: 'no-store',
  })
  assert.throws(() => readHeaders({ ContentType: 'a\nb' }), code('InvalidArgument'))
  assert.throws(() => readHeaders({ WebsiteRedirectLocation: 'ftp://x' }), code('InvalidArgument'))
})

test('encryption is refused by the name of its header', () => {
  const refused = (input: Parameters<typeof requireNoEncryption>[0], header: string) =>
    assert.throws(
      () => requireNoEncryption(input),
      (thrown: unknown) => code('NotImplemented')(thrown) && String(thrown).includes(header),
    )
  refused({ ServerSideEncryption: 'AES256' }, 'x-amz-server-side-encryption')
  refused({ SSECustomerKey: 'x' }, 'customer')
  refused({ CopySourceSSECustomerAlgorithm: 'AES256' }, 'x-amz-copy-source-server-side')
  requireNoEncryption({})
})

test('one checksum at most is named', () => {
  assert.deepEqual(writtenChecksum({ ChecksumSHA1: 'x' }), { algorithm: 'SHA1', value: 'x' })
  assert.equal(writtenChecksum({}), undefined)
  const two = { ChecksumSHA1: 'x', ChecksumCRC32: 'y' }
  assert.throws(() => writtenChecksum(two), code('InvalidRequest'))
})

test('a copy over itself must change something', () => {
  const base = { Bucket: 'garden', Key: 'k', CopySource: 'garden/k' }
  const source = { bucket: 'garden', key: 'k', versionId: undefined }
  assert.throws(() => requireChange(base, source, true), code('InvalidRequest'))
  requireChange(base, source, false)
  requireChange(base, { ...source, versionId: 'null' }, true)
  requireChange({ ...base, MetadataDirective: 'REPLACE' }, source, true)
  requireChange({ ...base, StorageClass: 'GLACIER' }, source, true)
  assert.equal(replaces(undefined, 'h', 'metadata'), false)
  assert.equal(replaces('REPLACE', 'h', 'metadata'), true)
  assert.throws(() => replaces('replace', 'h', 'metadata'), code('InvalidArgument'))
})

test('the parts of Complete are ascending, whole and without quotes', () => {
  const input = (...Parts: object[]) => ({
    Bucket: 'garden',
    Key: 'k',
    UploadId: 'u',
    MultipartUpload: { Parts },
  })
  assert.deepEqual(
    listedParts(input({ PartNumber: 1, ETag: '"a"' }, { PartNumber: 3, ETag: 'b' })),
    [
      { number: 1, etag: 'a', checksum: undefined },
      { number: 3, etag: 'b', checksum: undefined },
    ],
  )
  const twice = input({ PartNumber: 2, ETag: 'a' }, { PartNumber: 2, ETag: 'b' })
  assert.deepEqual(listedParts(twice), [{ number: 2, etag: 'b', checksum: undefined }])
  const back = input({ PartNumber: 2, ETag: 'a' }, { PartNumber: 1, ETag: 'b' })
  assert.throws(() => listedParts(back), code('InvalidPartOrder'))
  assert.throws(() => listedParts(input()), code('MalformedXML'))
  assert.throws(() => listedParts(input({ PartNumber: 1 })), code('MalformedXML'))
})

test('a rename names its source alone or with the bucket', () => {
  assert.equal(parseRenameSource('a%20b', 'garden'), 'a b')
  assert.equal(parseRenameSource('/garden/a/b', 'garden'), 'a/b')
  assert.equal(parseRenameSource('garden/a', 'garden'), 'garden/a')
  assert.throws(() => parseRenameSource('%', 'garden'), code('InvalidArgument'))
})

test('fields of a form are what headers are elsewhere', () => {
  const fields = new Map([
    ['content-type', 'text/plain'],
    ['x-amz-meta-__proto__', 'x'],
    ['acl', 'private'],
  ])
  const written = writtenFields(fields)
  assert.equal(written.ContentType, 'text/plain')
  assert.equal(written.ACL, 'private')
  assert.deepEqual(Object.entries(written.Metadata ?? {}), [['__proto__', 'x']])
  const encrypted = new Map([['x-amz-server-side-encryption', 'AES256']])
  assert.throws(() => writtenFields(encrypted), code('NotImplemented'))
  const document = '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>'
  assert.deepEqual(fieldTags(document), [{ Key: 'a', Value: 'b' }])
  assert.throws(() => fieldTags('<Other/>'), code('MalformedXML'))
})

test('a form sends the browser on only to web addresses', () => {
  const place = { bucket: 'garden', key: 'a b&c', etag: 'e' }
  const to = (target: string) => redirectOf(new Map([['success_action_redirect', target]]), place)
  assert.equal(
    to('http://x.example/done?p=1'),
    'http://x.example/done?p=1&bucket=garden&key=a%20b%26c&etag=%22e%22',
  )
  assert.equal(to('javascript:alert(1)'), undefined)
  assert.equal(to('nonsense'), undefined)
})
