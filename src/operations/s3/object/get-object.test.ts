import assert from 'node:assert/strict'
import { test } from 'node:test'
import { S3Error } from '../../../model/errors.ts'
import { BlobMissing } from '../../../ports/blob-store.ts'
import type { ObjectInfo, OpenObject, Span } from '../../../ports/keyspace.ts'
import { contextOf, infoOf, keyspaceOf } from '../../stand-in.test.ts'
import { getObject } from './get-object.ts'
import { headObject } from './head-object.ts'

const text = Buffer.from('0123456789')

function opened(info: ObjectInfo, changes: Partial<OpenObject> = {}): OpenObject {
  return {
    info,
    bytes: info.size === text.length ? text : undefined,
    stream: () => Promise.reject(new Error('not expected')),
    part: number =>
      Promise.resolve(number <= 2 ? { start: (number - 1) * 5, end: number * 5 } : undefined),
    parts: marker =>
      Promise.resolve({ parts: [{ number: marker + 1, size: 5, checksum: 'part' }], more: false }),
    ...changes,
  }
}

const contextWith = (object: OpenObject) =>
  contextOf({
    keyspace: keyspaceOf({
      open: () => Promise.resolve(object),
      head: () => Promise.resolve(object.info),
    }),
  })

const get = (input: object, object = opened(infoOf())) =>
  getObject.run({ Bucket: 'garden', Key: 'key', ...input }, contextWith(object))

const head = (input: object, object = opened(infoOf())) =>
  headObject.run({ Bucket: 'garden', Key: 'key', ...input }, contextWith(object))

const code = (expected: string) => (thrown: unknown) =>
  thrown instanceof S3Error && thrown.code === expected

test('a whole object is 200, a range 206, and a range that S3 does not understand is the whole', async () => {
  const whole = await get({})
  assert.equal(whole.status, 200)
  assert.equal(whole.body, text)
  assert.equal(whole.output.ContentType, 'binary/octet-stream')
  const part = await get({ Range: 'bytes=2-4' })
  assert.equal(part.status, 206)
  assert.deepEqual(part.body, text.subarray(2, 5))
  assert.equal(part.output.ContentRange, 'bytes 2-4/10')
  assert.equal(part.output.ContentLength, 3)
  assert.equal((await get({ Range: 'bytes=5-2' })).status, 200)
  assert.equal((await head({ Range: 'bytes=-3' })).output.ContentRange, 'bytes 7-9/10')
  await assert.rejects(get({ Range: 'bytes=10-' }), code('InvalidRange'))
  await assert.rejects(get({ Range: 'bytes=0-', PartNumber: 1 }), code('InvalidRequest'))
})

test('a part is told with its place, the number of parts and its own checksum', async () => {
  const object = opened(infoOf({ partCount: 2 }))
  for (const read of [get, head]) {
    const { output, status } = await read({ PartNumber: 2, ChecksumMode: 'ENABLED' }, object)
    assert.equal(status, 206)
    assert.equal(output.ContentRange, 'bytes 5-9/10')
    assert.equal(output.PartsCount, 2)
    assert.equal(output.ChecksumCRC32, 'part')
  }
  await assert.rejects(get({ PartNumber: 3 }, object), code('InvalidPartNumber'))
  await assert.rejects(get({ PartNumber: 0 }, object), code('InvalidArgument'))
})

test('an object that was not uploaded in parts is its own first part', async () => {
  const { output, status } = await get({ PartNumber: 1 })
  assert.equal(status, 206)
  assert.equal(output.ContentRange, 'bytes 0-9/10')
  assert.equal(output.PartsCount, undefined)
  await assert.rejects(get({ PartNumber: 2 }), code('InvalidPartNumber'))
  const empty = await get({ PartNumber: 1 }, opened(infoOf({ size: 0 })))
  assert.equal(empty.status, 200)
  assert.equal(empty.output.ContentRange, undefined)
})

test('the checksum of the whole is told only with the whole, and only when asked for', async () => {
  assert.equal((await get({})).output.ChecksumCRC32, undefined)
  assert.equal((await get({ ChecksumMode: 'ENABLED' })).output.ChecksumCRC32, 'AAAAAA==')
  const range = await get({ ChecksumMode: 'ENABLED', Range: 'bytes=0-1' })
  assert.equal(range.output.ChecksumCRC32, undefined)
})

test('response overrides take the place of headers, but not for the anonymous nor with line breaks', async () => {
  const { output } = await get({
    ResponseContentType: 'text/plain',
    ResponseExpires: 'Thu, 01 Jan 1970 00:00:00 GMT',
  })
  assert.equal(output.ContentType, 'text/plain')
  assert.equal(output.Expires, 'Thu, 01 Jan 1970 00:00:00 GMT')
  await assert.rejects(get({ ResponseCacheControl: 'a\r\nb: c' }), code('InvalidArgument'))
  const principal = { ...contextOf({}).principal, kind: 'anonymous' as const }
  const input = { Bucket: 'garden', Key: 'key', ResponseContentType: 'text/html' }
  await assert.rejects(getObject.run(input, contextOf({ principal })), code('InvalidRequest'))
})

test('conditions come before ranges', async () => {
  const etag = infoOf().etag
  await assert.rejects(
    get({ IfNoneMatch: etag, Range: 'bytes=99-' }),
    (thrown: unknown) =>
      code('NotModified')(thrown) && (thrown as S3Error).headers.includes(`"${etag}"`),
  )
  await assert.rejects(get({ IfMatch: 'other' }), code('PreconditionFailed'))
})

test('bytes that went before the first was read are asked for once more, and decided anew', async () => {
  let times = 0
  const spans: Span[] = []
  const stale = infoOf({ size: 1000, etag: 'old' })
  const fresh = infoOf({ size: 2000, etag: 'new' })
  const context = contextOf({
    keyspace: keyspaceOf({
      open: () => {
        times += 1
        const gone = times === 1
        const stream = (span: Span) => {
          spans.push(span)
          return gone
            ? Promise.reject(new BlobMissing('b'))
            : Promise.resolve((async function* () {})())
        }
        return Promise.resolve(opened(gone ? stale : fresh, { stream }))
      },
    }),
  })
  const input = { Bucket: 'garden', Key: 'key', Range: 'bytes=-1' }
  const reply = await getObject.run(input, context)
  assert.equal(reply.output.ETag, '"new"')
  assert.deepEqual(spans, [
    { start: 999, end: 1000 },
    { start: 1999, end: 2000 },
  ])
  const never = contextWith(opened(stale, { stream: () => Promise.reject(new BlobMissing('b')) }))
  await assert.rejects(getObject.run(input, never), BlobMissing)
})

test('a key that holds nothing says that no delete marker hides it', async () => {
  const context = contextOf({
    keyspace: keyspaceOf({ head: () => Promise.reject(new S3Error('NoSuchKey')) }),
  })
  await assert.rejects(
    headObject.run({ Bucket: 'garden', Key: 'key' }, context),
    (thrown: unknown) => {
      assert.ok(thrown instanceof S3Error)
      assert.deepEqual(thrown.headers, ['x-amz-delete-marker', 'false'])
      return true
    },
  )
})
