import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ErrorCode, S3Error } from '../model/errors.ts'
import { operationNames, operations, shapeOf } from '../model/operations.ts'
import type { Level } from '../model/schema.ts'
import type { RequestHeaders } from './headers.ts'
import { parseQuery } from './query.ts'
import { type RouteRequest, route } from './route.ts'

const ask = (method: string, level: Level, query = '', headers: RequestHeaders = {}) =>
  route({ method, level, query: parseQuery(query), headers })

const refused = (code: ErrorCode, mention: RegExp, run: () => unknown) =>
  assert.throws(run, (error: unknown) => {
    assert.ok(error instanceof S3Error)
    assert.equal(error.code, code)
    assert.match(`${error.message} ${JSON.stringify(error.fields)}`, mention)
    return true
  })

for (const name of operationNames) {
  test(`${name} routes to itself`, () => {
    const entry = operations[name]
    const { members } = shapeOf(entry.input)
    const needed = members.filter(member => member.required)
    const query = [
      ...(entry.query ?? []).map(([word, value]) =>
        value === undefined ? word : `${word}=${value}`,
      ),
      ...needed
        .filter(member => member.in === 'query')
        .map(member => `${member.as ?? member.name}=1`),
      `x-id=${name}`,
      'X-Amz-Signature=0',
    ]
    const headers: Record<string, string> = {}
    for (const member of needed) if (member.in === 'header') headers[member.as ?? ''] = 'x'
    if (name === 'PostObject') headers['content-type'] = 'multipart/form-data; boundary=x'
    const request: RouteRequest = {
      method: entry.method,
      level: entry.level,
      query: parseQuery(query.join('&')),
      headers,
      directory: name === 'ListDirectoryBuckets',
      ...(entry.path === undefined ? {} : { path: entry.path }),
    }
    assert.equal(route(request), name)
  })
}

test('plain requests need no query', () => {
  assert.equal(ask('GET', 'object'), 'GetObject')
  assert.equal(ask('HEAD', 'object'), 'HeadObject')
  assert.equal(ask('PUT', 'object'), 'PutObject')
  assert.equal(ask('PUT', 'object', '', { 'x-amz-copy-source': 'b/k' }), 'CopyObject')
  assert.equal(ask('DELETE', 'object'), 'DeleteObject')
  assert.equal(ask('GET', 'bucket'), 'ListObjects')
  assert.equal(ask('PUT', 'bucket'), 'CreateBucket')
  assert.equal(ask('DELETE', 'bucket'), 'DeleteBucket')
  assert.equal(ask('GET', 'service'), 'ListBuckets')
})

test('parameters of the operation and of the transport are let through', () => {
  assert.equal(
    ask('GET', 'object', 'versionId=a&partNumber=1&response-content-type=a'),
    'GetObject',
  )
  assert.equal(ask('GET', 'bucket', 'prefix=a&list-type=2'), 'ListObjectsV2')
  assert.equal(ask('GET', 'bucket', 'prefix=&delimiter=/'), 'ListObjects')
  assert.equal(ask('GET', 'object', 'foo=bar'), 'GetObject')
  assert.equal(ask('PUT', 'object', 'foo=bar'), 'PutObject')
  assert.equal(ask('GET', 'bucket', 'cachebuster'), 'ListObjects')
  assert.equal(ask('PUT', 'object', 'x-amz-copy-source=b%2Fk'), 'CopyObject')
  assert.equal(ask('PUT', 'object', 'AWSAccessKeyId=a&Signature=b&Expires=1'), 'PutObject')
})

test('a sub-resource never falls through to the plain operation', () => {
  for (const word of [
    'torrent',
    'versions',
    'retention',
    'restore',
    'uploads',
    'location',
    'quota',
  ]) {
    for (const method of ['PUT', 'DELETE', 'GET', 'HEAD', 'POST']) {
      for (const level of ['bucket', 'object'] as const) {
        let answer: string
        try {
          answer = ask(method, level, word)
        } catch (error) {
          assert.ok(error instanceof S3Error)
          assert.match(error.code, /^(MethodNotAllowed|NotImplemented)$/)
          continue
        }
        const literals = operations[answer as keyof typeof operations].query ?? []
        assert.ok(
          literals.some(([literal]) => literal === word),
          `${method} ${level}?${word} → ${answer}`,
        )
      }
    }
  }
})

test('a method that the sub-resource lacks is 405, an unknown sub-resource 501 by name', () => {
  refused('MethodNotAllowed', /DELETE/, () => ask('DELETE', 'bucket', 'versioning'))
  refused('MethodNotAllowed', /HEAD/, () => ask('HEAD', 'object', 'acl'))
  refused('NotImplemented', /"policy"/, () => ask('DELETE', 'object', 'policy'))
  refused('NotImplemented', /"quota"/, () => ask('GET', 'bucket', 'quota'))
  refused('NotImplemented', /"newThing"/, () => ask('DELETE', 'bucket', 'newThing'))
  refused('NotImplemented', /"newThing"/, () => ask('PUT', 'object', 'newThing='))
  refused('MethodNotAllowed', /PATCH/, () => ask('PATCH', 'object'))
  refused('MethodNotAllowed', /POST/, () => ask('POST', 'bucket'))
})

test('contradictions are InvalidArgument', () => {
  refused('InvalidArgument', /Conflicting.*acl.*policy|Conflicting.*policy.*acl/, () =>
    ask('PUT', 'bucket', 'acl&policy'),
  )
  refused('InvalidArgument', /partNumber/, () => ask('PUT', 'object', 'partNumber=1'))
  refused('InvalidArgument', /uploadId/, () => ask('PUT', 'object', 'uploadId=a'))
  refused('InvalidArgument', /versionId/, () => ask('PUT', 'object', 'versionId=a'))
  refused('InvalidArgument', /versionId/, () => ask('DELETE', 'bucket', 'versionId=a'))
  refused('InvalidArgument', /List Type/, () => ask('GET', 'bucket', 'list-type=3'))
})

test('a form is no DeleteObjects and DeleteObjects is no form', () => {
  const headers = { 'content-type': 'Multipart/Form-Data; boundary=a' }
  assert.equal(ask('POST', 'bucket', '', headers), 'PostObject')
  assert.equal(ask('POST', 'bucket', 'delete', headers), 'DeleteObjects')
})

test('property: any query routes to an operation of that method and level, or is an S3Error', () => {
  const part = fc.constantFrom(
    'acl',
    'policy',
    'uploads',
    'uploadId=1',
    'partNumber=2',
    'x',
    'a=b',
    'list-type=2',
  )
  const level = fc.constantFrom<Level>('service', 'bucket', 'object')
  const method = fc.constantFrom('GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'BREW')
  fc.assert(
    fc.property(method, level, fc.array(part, { maxLength: 3 }), (verb, where, parts) => {
      try {
        const entry = operations[ask(verb, where, parts.join('&'))]
        assert.equal(entry.method, verb)
        assert.equal(entry.level, where)
      } catch (error) {
        if (!(error instanceof S3Error)) throw error
      }
    }),
  )
})
