import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { character } from '../model/characters.fixture.ts'
import { S3Error } from '../model/errors.ts'
import { decodeBody } from './decode.ts'
import { encode, encodeError } from './encode.ts'
import { decodeWords, encodeMetadata } from './metadata.ts'
import { parseXml } from './xml/parse.ts'
import { escapeXml, shapeAppender } from './xml/write.ts'

const start = '<?xml version="1.0" encoding="UTF-8"?>\n'
const namespace = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
const date = new Date('2026-11-21T08:00:00.007Z')

test('a listing, in the order of the API reference', () => {
  const { status, headers, body } = encode('ListObjectsV2', {
    IsTruncated: true,
    Contents: [
      {
        Key: 'a&b\x01\r"',
        LastModified: date,
        ETag: '"e"',
        Size: 5,
        StorageClass: 'STANDARD',
        Owner: { ID: 'o' },
      },
      { Key: 'c', Size: 0, ChecksumAlgorithm: ['CRC32', 'SHA1'] },
    ],
    Name: 'bucket',
    Prefix: '',
    KeyCount: 3,
    MaxKeys: 1000,
    CommonPrefixes: [{ Prefix: 'd/' }],
    RequestCharged: 'requester',
  })
  assert.equal(status, 200)
  assert.deepEqual(headers, [
    'x-amz-request-charged',
    'requester',
    'Content-Type',
    'application/xml',
  ])
  assert.equal(
    body,
    `${start}<ListBucketResult ${namespace}><Name>bucket</Name><Prefix></Prefix><KeyCount>3</KeyCount>` +
      '<MaxKeys>1000</MaxKeys><IsTruncated>true</IsTruncated>' +
      '<Contents><Key>a&amp;b&#x1;&#13;&quot;</Key><LastModified>2026-11-21T08:00:00.007Z</LastModified>' +
      '<ETag>&quot;e&quot;</ETag><Size>5</Size><Owner><ID>o</ID></Owner><StorageClass>STANDARD</StorageClass></Contents>' +
      '<Contents><Key>c</Key><ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumAlgorithm>SHA1</ChecksumAlgorithm>' +
      '<Size>0</Size></Contents><CommonPrefixes><Prefix>d/</Prefix></CommonPrefixes></ListBucketResult>',
  )
})

test('headers of an object', () => {
  const { headers, body } = encode('GetObject', {
    ETag: '"e"',
    ContentLength: 5,
    LastModified: date,
    ContentType: 'text/plain',
    ContentDisposition: 'attachment; filename="ü\r\nX: y"',
    DeleteMarker: false,
    ObjectLockRetainUntilDate: date,
    Expires: 'never',
    Metadata: { plain: 'a b', odd: 'Grüße' },
  })
  const pairs = new Map(headers.flatMap((name, i) => (i % 2 === 0 ? [[name, headers[i + 1]]] : [])))
  assert.equal(body, undefined)
  assert.equal(pairs.get('ETag'), '"e"')
  assert.equal(pairs.get('Content-Length'), '5')
  assert.equal(pairs.get('Last-Modified'), 'Sat, 21 Nov 2026 08:00:00 GMT')
  assert.equal(pairs.get('x-amz-object-lock-retain-until-date'), '2026-11-21T08:00:00.007Z')
  assert.equal(pairs.get('Expires'), 'never')
  assert.equal(pairs.get('Content-Disposition'), 'attachment; filename="Ã¼  X: y"')
  assert.equal(pairs.get('x-amz-meta-plain'), 'a b')
  assert.equal(pairs.get('x-amz-meta-odd'), '=?UTF-8?B?R3LDvMOfZQ==?=')
})

test('the odd documents of S3', () => {
  assert.equal(
    encode('GetBucketLocation', { LocationConstraint: 'eu' }).body,
    `${start}<LocationConstraint ${namespace}>eu</LocationConstraint>`,
  )
  assert.equal(
    encode('GetBucketLocation', {}).body,
    `${start}<LocationConstraint ${namespace}></LocationConstraint>`,
  )
  assert.equal(
    encode('GetBucketVersioning', {}).body,
    `${start}<VersioningConfiguration ${namespace}></VersioningConfiguration>`,
  )
  assert.equal(
    encode('CopyObject', { CopyObjectResult: { ETag: '"e"' }, VersionId: 'v' }).body,
    `${start}<CopyObjectResult ${namespace}><ETag>&quot;e&quot;</ETag></CopyObjectResult>`,
  )
  assert.equal(
    encode('GetObjectLegalHold', { LegalHold: { Status: 'ON' } }).body,
    `${start}<LegalHold ${namespace}><Status>ON</Status></LegalHold>`,
  )
  assert.deepEqual(encode('GetBucketPolicy', { Policy: '{}' }), {
    status: 200,
    headers: ['Content-Type', 'application/json'],
    body: '{}',
  })
  assert.deepEqual(encode('DeleteBucket', {}), { status: 204, headers: [] })
  assert.equal(
    encode('ListBuckets', {
      Buckets: [{ Name: 'b', CreationDate: date }],
      Owner: { ID: 'o', DisplayName: 'd' },
    }).body,
    `${start}<ListAllMyBucketsResult ${namespace}><Owner><ID>o</ID><DisplayName>d</DisplayName></Owner><Buckets>` +
      '<Bucket><Name>b</Name><CreationDate>2026-11-21T08:00:00.007Z</CreationDate></Bucket></Buckets></ListAllMyBucketsResult>',
  )
})

test('a grantee has its type as an attribute', () => {
  const { body } = encode('GetBucketAcl', {
    Owner: { ID: 'o' },
    Grants: [{ Grantee: { Type: 'CanonicalUser', ID: 'o' }, Permission: 'FULL_CONTROL' }],
  })
  assert.equal(
    body,
    `${start}<AccessControlPolicy ${namespace}><Owner><ID>o</ID></Owner><AccessControlList><Grant>` +
      '<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>o</ID></Grantee>' +
      '<Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>',
  )
})

test('an error has its fields and no name space', () => {
  const error = new S3Error('NoSuchKey', { Key: '<k>' })
  assert.equal(
    encodeError(error, { resource: '/b/<k>', requestId: 'r', hostId: 'h' }),
    `${start}<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>&lt;k&gt;</Key>` +
      '<Resource>/b/&lt;k&gt;</Resource><RequestId>r</RequestId><HostId>h</HostId></Error>',
  )
})

/** Any text that UTF-8 can carry, without NUL, which keys cannot hold. */
const text = fc.string({ unit: character }).map(value => value.replaceAll('\0', ''))

test('quotes around a text, and within, are written as references', () => {
  for (const [text, written] of [
    ['"e1"', '&quot;e1&quot;'],
    ['"', '&quot;'],
    ['""', '&quot;&quot;'],
    ['"a', '&quot;a'],
    ['a"', 'a&quot;'],
    ['"a"b"', '&quot;a&quot;b&quot;'],
    ['"<é>"', '&quot;&lt;é&gt;&quot;'],
    ['\u{1f311}\t\uffff', '\u{1f311}\t&#xffff;'],
    ['', ''],
  ] as const)
    assert.equal(escapeXml(text), written)
})

test('property: text is read as it was written', () => {
  fc.assert(
    fc.property(text, value => {
      assert.equal(parseXml(`<a>${escapeXml(value)}</a>`).text, value)
    }),
    { numRuns: 1000 },
  )
})

test('property: a document is read as it was written', () => {
  const entry = fc.record(
    {
      Key: text,
      VersionId: text,
      ETag: text,
      Size: fc.nat(),
      LastModifiedTime: fc
        .date({ min: new Date(0), max: new Date('9999-01-01'), noInvalidDate: true })
        .map(value => new Date(Math.floor(value.getTime() / 1000) * 1000)),
    },
    { requiredKeys: ['Key'], noNullPrototype: true },
  )
  const list = fc.array(entry, { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(list, fc.boolean(), (Objects, Quiet) => {
      const value = { Objects, Quiet }
      const document = `${shapeAppender('Delete')('<Delete>', value)}</Delete>`
      assert.deepEqual(decodeBody('DeleteObjects', document), { Delete: value })
    }),
  )
})

test('property: metadata survives the header, which is printable ASCII', () => {
  fc.assert(
    fc.property(fc.string({ unit: character }), value => {
      const header = encodeMetadata(value)
      assert.match(header, /^[\x20-\x7e\t]*$/)
      assert.equal(decodeWords(header), value)
    }),
  )
})
