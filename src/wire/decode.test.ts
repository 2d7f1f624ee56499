import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { character } from '../model/characters.fixture.ts'
import { type ErrorCode, S3Error } from '../model/errors.ts'
import { operationNames } from '../model/operations.ts'
import { decode, decodeBody, payloadKind } from './decode.ts'
import type { RequestHeaders } from './headers.ts'
import { parseQuery } from './query.ts'

const request = (headers: RequestHeaders = {}, query = '') => ({
  bucket: 'b',
  key: 'k',
  query: parseQuery(query),
  headers,
})

const refused = (code: ErrorCode, run: () => unknown) =>
  assert.throws(run, (error: unknown) => error instanceof S3Error && error.code === code)

const namespace = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'

test('path, query and headers become typed members', () => {
  const input = decode(
    'GetObject',
    request(
      {
        range: 'bytes=0-1',
        'if-modified-since': 'Fri, 03 Feb 2006 16:45:09 GMT',
        'x-amz-checksum-mode': 'ENABLED',
        'x-unknown': '1',
      },
      'partNumber=7&versionId=v&response-expires=whenever',
    ),
  )
  assert.deepEqual(input, {
    Bucket: 'b',
    Key: 'k',
    Range: 'bytes=0-1',
    IfModifiedSince: new Date('2006-02-03T16:45:09Z'),
    ChecksumMode: 'ENABLED',
    PartNumber: 7,
    VersionId: 'v',
    ResponseExpires: 'whenever',
  })
})

test('metadata: UTF-8, Latin-1, encoded words, and a name that is no property', () => {
  const { Metadata } = decode(
    'PutObject',
    request({
      'x-amz-meta-a': Buffer.from('Grüße').toString('latin1'),
      'x-amz-meta-b': 'Hello World\xe9',
      'x-amz-meta-c': '=?UTF-8?B?w6TDtg==?= =?utf-8?Q?=C3=BC_x?=',
      'x-amz-meta-d': '=?x-nonsense?B?w6Q=?=',
      'x-amz-meta-__proto__': 'p',
      'x-amz-meta-': 'nameless',
    }),
  )
  assert.deepEqual(Object.entries(Metadata ?? {}), [
    ['a', 'Grüße'],
    ['b', 'Hello Worldé'],
    ['c', 'äöü x'],
    ['d', '=?x-nonsense?B?w6Q=?='],
    ['__proto__', 'p'],
  ])
})

test('headers that a presigned URL carries in its query count, real headers come first', () => {
  const input = decode(
    'PutObject',
    request(
      { 'x-amz-acl': 'private' },
      'x-amz-meta-note=gr%C3%BC%C3%9Fe&X-Amz-Acl=public-read&x-amz-storage-class=STANDARD_IA',
    ),
  )
  assert.equal(input.ACL, 'private')
  assert.equal(input.StorageClass, 'STANDARD_IA')
  assert.equal(input.Metadata?.['note'], 'grüße')
})

test('values that are not of their type', () => {
  refused('InvalidArgument', () => decode('ListObjects', request({}, 'max-keys=blah')))
  refused('InvalidArgument', () => decode('ListObjects', request({}, 'max-keys=-1')))
  refused('InvalidArgument', () => decode('ListObjects', request({}, 'max-keys=2147483648')))
  refused('InvalidArgument', () =>
    decode('PutObject', request({ 'x-amz-object-lock-retain-until-date': 'soon' })),
  )
  refused('InvalidArgument', () =>
    decode('DeleteObject', request({ 'x-amz-bypass-governance-retention': 'yes' })),
  )
  assert.equal(decode('ListObjects', request({}, 'max-keys=')).MaxKeys, undefined)
})

test('a condition whose date is none is ignored', () => {
  const input = decode('GetObject', request({ 'if-modified-since': 'yesterday' }))
  assert.equal(input.IfModifiedSince, undefined)
})

test('what must be there', () => {
  refused('InvalidArgument', () => decode('GetObjectAttributes', request()))
  const { ObjectAttributes } = decode(
    'GetObjectAttributes',
    request({ 'x-amz-object-attributes': 'ETag, Checksum,,ObjectSize' }),
  )
  assert.deepEqual(ObjectAttributes, ['ETag', 'Checksum', 'ObjectSize'])
})

test('documents with and without name space, with a prefix and unknown elements', () => {
  const inner = '<Tag><Key>a</Key><Value> b </Value><New/></Tag>'
  const expected = { Tagging: { TagSet: [{ Key: 'a', Value: ' b ' }] } }
  for (const document of [
    `<Tagging><TagSet>${inner}</TagSet></Tagging>`,
    `\ufeff<?xml version="1.0"?>\n<Tagging ${namespace}><TagSet>${inner}</TagSet></Tagging>\n`,
    `<s:Tagging xmlns:s="http://s3.amazonaws.com/doc/2006-03-01/"><s:TagSet>${inner}</s:TagSet></s:Tagging>`,
  ]) {
    assert.deepEqual(decodeBody('PutObjectTagging', Buffer.from(document)), expected, document)
  }
})

test('attributes of elements: the type of a grantee', () => {
  const document = `<AccessControlPolicy ${namespace}><AccessControlList><Grant>
    <Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>u</URI></Grantee>
    <Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>`
  assert.deepEqual(decodeBody('PutBucketAcl', document), {
    AccessControlPolicy: {
      Grants: [{ Grantee: { Type: 'Group', URI: 'u' }, Permission: 'READ' }],
    },
  })
})

test('keys with control characters come as references', () => {
  const { Delete } = decodeBody(
    'DeleteObjects',
    '<Delete><Object><Key>a&#x1;&#13;&#31;&amp;#x1;&#x1F600;</Key></Object></Delete>',
  )
  assert.equal(Delete?.Objects[0]?.Key, 'a\x01\r\x1f&#x1;😀')
})

const wrap = (inner: string) => `<Delete><Object><Key>${inner}</Key></Object></Delete>`

const attacks: Readonly<Record<string, string>> = {
  'a DTD': `<!DOCTYPE Delete>${wrap('a')}`,
  'an external entity': `<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>${wrap('&x;')}`,
  'an unknown entity': wrap('&nbsp;'),
  'billion laughs': `<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>${wrap('&b;')}`,
  'ten thousand deep': `${'<a>'.repeat(10_000)}${'</a>'.repeat(10_000)}`,
  'too many elements': `<Delete>${'<x/>'.repeat(30_000)}</Delete>`,
  'too many attributes': `<Delete ${Array.from({ length: 17 }, (_, i) => `a${i}="1"`).join(' ')}/>`,
  'another root': '<Remove><Object><Key>a</Key></Object></Remove>',
  'another name space':
    '<Delete xmlns="http://example.com/"><Object><Key>a</Key></Object></Delete>',
  'trailing text': `${wrap('a')}x`,
  'a second root': `${wrap('a')}${wrap('b')}`,
  'an open element': '<Delete><Object>',
  'a NUL': wrap('&#0;'),
  'no XML': '{"Objects":[]}',
  'only blanks': '   ',
  'a key twice': '<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>',
  'no key': '<Delete><Object/></Delete>',
  'no object': '<Delete/>',
  'an element in a text': wrap('<b>a</b>'),
  'a switch that is none': '<Delete><Quiet>maybe</Quiet><Object><Key>a</Key></Object></Delete>',
  '1001 keys': `<Delete>${'<Object><Key>a</Key></Object>'.repeat(1001)}</Delete>`,
}

for (const [name, document] of Object.entries(attacks)) {
  test(`MalformedXML: ${name}`, () => {
    refused('MalformedXML', () => decodeBody('DeleteObjects', Buffer.from(document)))
  })
}

test('bytes that are no UTF-8 are MalformedXML', () => {
  const bytes = Buffer.from(wrap('\xff'), 'latin1')
  refused('MalformedXML', () => decodeBody('DeleteObjects', bytes))
})

test('the greatest requests are read', () => {
  const keys = `<Delete ${namespace}>${'<Object><Key>a</Key></Object>'.repeat(1000)}</Delete>`
  assert.equal(decodeBody('DeleteObjects', keys).Delete?.Objects.length, 1000)
  const part = '<Part><ETag>&quot;e&quot;</ETag><PartNumber>3</PartNumber></Part>'
  const upload = `<CompleteMultipartUpload>${part.repeat(10_000)}</CompleteMultipartUpload>`
  const { MultipartUpload } = decodeBody('CompleteMultipartUpload', upload)
  assert.equal(MultipartUpload?.Parts?.length, 10_000)
  assert.deepEqual(MultipartUpload?.Parts?.[0], { ETag: '"e"', PartNumber: 3 })
})

test('empty bodies', () => {
  assert.deepEqual(decodeBody('CreateBucket', ''), {})
  refused('MissingRequestBodyError', () => decodeBody('DeleteObjects', ''))
  refused('MissingRequestBodyError', () => decodeBody('PutBucketPolicy', ''))
  assert.deepEqual(decodeBody('PutBucketPolicy', '{}'), { Policy: '{}' })
})

test('what a body is', () => {
  assert.equal(payloadKind('GetObject'), 'none')
  assert.equal(payloadKind('PutObject'), 'stream')
  assert.equal(payloadKind('DeleteObjects'), 'xml')
  assert.equal(payloadKind('SelectObjectContent'), 'xml')
  assert.equal(payloadKind('PutBucketPolicy'), 'text')
  assert.equal(payloadKind('PostObject'), 'stream')
})

test('property: random requests and documents throw nothing but S3Error', () => {
  const text = fc.string({ unit: character, maxLength: 12 })
  const name = fc.constantFrom(
    'x-amz-meta-a',
    'range',
    'content-length',
    'if-modified-since',
    'x-amz-object-lock-mode',
    'x-amz-mp-object-size',
    'max-keys',
    'versionId',
    'partNumber',
    'x-amz-rename-source-if-modified-since',
  )
  const pieces = fc.constantFrom(
    '<',
    '>',
    '<Delete>',
    '</Delete>',
    '<Key>',
    '&#x1;',
    '&',
    '"',
    ' ',
    'x',
    '<!--',
    ']]>',
  )
  fc.assert(
    fc.property(
      fc.constantFrom(...operationNames),
      fc.array(fc.tuple(name, text)),
      fc.oneof(
        text,
        fc.array(pieces).map(list => list.join('')),
      ),
      (operation, pairs, document) => {
        const query = pairs.map(pair => pair.map(encodeURIComponent).join('=')).join('&')
        for (const run of [
          () => decode(operation, request(Object.fromEntries(pairs), query)),
          () => decodeBody(operation, document),
        ]) {
          try {
            run()
          } catch (error) {
            if (!(error instanceof S3Error)) throw error
          }
        }
      },
    ),
    { numRuns: 1000 },
  )
})
