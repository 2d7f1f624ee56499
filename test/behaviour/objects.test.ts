// Objects read, copied and deleted under conditions, by parts and by pages; pages of other origins; the library.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { ConfigError, startGateway } from '../../src/index.ts'
import { refused } from '../attacks/assertions.ts'
import { element, elements } from '../client.ts'
import { type Running, startInProcess } from '../server.ts'

const MiB = 2 ** 20
let running: Running
before(async () => {
  running = await startInProcess()
})
after(() => running.close())

const hour = 3_600_000
const httpDate = (ms: number) => new Date(ms).toUTCString()

test('conditions of reads', async () => {
  const { client } = running
  const etag = (await client.put('/bucket/a', 'x')).headers['etag'] ?? ''
  const statuses: readonly (readonly [Record<string, string>, number])[] = [
    [{ 'if-match': etag }, 200],
    [{ 'if-match': '*' }, 200],
    [{ 'if-match': '"other"' }, 412],
    [{ 'if-match': `"other", ${etag}` }, 200],
    [{ 'if-none-match': etag }, 304],
    [{ 'if-none-match': '"other"' }, 200],
    [{ 'if-modified-since': httpDate(Date.now() - hour) }, 200],
    [{ 'if-modified-since': httpDate(Date.now() - 1000 + 1000) }, 304],
    [{ 'if-unmodified-since': httpDate(Date.now() - hour) }, 412],
    [{ 'if-match': etag, 'if-unmodified-since': httpDate(Date.now() - hour) }, 200],
    [{ 'if-none-match': '"other"', 'if-modified-since': httpDate(Date.now()) }, 200],
  ]
  for (const [headers, status] of statuses) {
    for (const method of ['GET', 'HEAD']) {
      const answer = await client.send({ method, target: '/bucket/a', headers })
      assert.equal(answer.status, status, JSON.stringify(headers))
      if (status === 304) assert.equal(answer.headers['etag'], etag)
    }
  }
})

test('conditions of writes, copies and deletes', async () => {
  const { client } = running
  const etag = (await client.put('/bucket/a', 'x')).headers['etag'] ?? ''
  refused(await client.put('/bucket/a', 'y', { 'if-none-match': '*' }), 412, 'PreconditionFailed')
  refused(await client.put('/bucket/a', 'y', { 'if-match': '"other"' }), 412, 'PreconditionFailed')
  refused(await client.put('/bucket/absent', 'y', { 'if-match': etag }), 404, 'NoSuchKey')
  const copy = (headers: Record<string, string>) =>
    client.put('/bucket/b', '', { 'x-amz-copy-source': '/bucket/a', ...headers })
  refused(await copy({ 'x-amz-copy-source-if-match': '"other"' }), 412, 'PreconditionFailed')
  refused(await copy({ 'x-amz-copy-source-if-none-match': etag }), 412, 'PreconditionFailed')
  assert.equal((await client.head('/bucket/b')).status, 404)
  assert.equal((await copy({ 'x-amz-copy-source-if-match': etag })).status, 200)
  refused(await copy({ 'if-none-match': '*' }), 412, 'PreconditionFailed')
  refused(await client.delete('/bucket/b', { 'if-match': '"other"' }), 412, 'PreconditionFailed')
  assert.equal((await client.delete('/bucket/b', { 'if-match': etag })).status, 204)
  assert.equal((await client.get('/bucket/a')).text, 'x')
})

test('an upload of parts: by number, by range, its attributes page by page, the list of its parts', async () => {
  const { client } = running
  const uploadId = element((await client.post('/bucket/parts?uploads')).text, 'UploadId')
  const bodies = [randomBytes(5 * MiB), randomBytes(5 * MiB), randomBytes(1000)]
  const items: string[] = []
  for (const [at, body] of bodies.entries()) {
    const { headers } = await client.put(
      `/bucket/parts?partNumber=${at + 1}&uploadId=${uploadId}`,
      body,
    )
    items.push(`<Part><PartNumber>${at + 1}</PartNumber><ETag>${headers['etag']}</ETag></Part>`)
  }
  const listed = await client.get(`/bucket/parts?uploadId=${uploadId}&max-parts=2`)
  assert.deepEqual(elements(listed.text, 'PartNumber'), ['1', '2'])
  assert.equal(element(listed.text, 'NextPartNumberMarker'), '2')
  const document = `<CompleteMultipartUpload>${items.join('')}</CompleteMultipartUpload>`
  const done = await client.post(`/bucket/parts?uploadId=${uploadId}`, document)
  assert.match(element(done.text, 'ETag'), /^"[0-9a-f]{32}-3"$/)
  const second = await client.get('/bucket/parts?partNumber=2')
  assert.equal(second.status, 206)
  assert.equal(second.headers['x-amz-mp-parts-count'], '3')
  assert.ok(second.bytes.equals(bodies[1] ?? Buffer.alloc(0)))
  assert.equal((await client.get('/bucket/parts?partNumber=4')).status, 416)
  const whole = Buffer.concat(bodies)
  const across = await client.get('/bucket/parts', {
    range: `bytes=${5 * MiB - 10}-${5 * MiB + 9}`,
  })
  assert.ok(across.bytes.equals(whole.subarray(5 * MiB - 10, 5 * MiB + 10)))
  assert.equal(
    across.headers['content-range'],
    `bytes ${5 * MiB - 10}-${5 * MiB + 9}/${whole.length}`,
  )
  const attributes = await client.get('/bucket/parts?attributes', {
    'x-amz-object-attributes': 'ETag,ObjectSize,ObjectParts,StorageClass,Checksum',
    'x-amz-max-parts': '2',
  })
  assert.equal(element(attributes.text, 'ObjectSize'), String(whole.length))
  assert.equal(element(attributes.text, 'StorageClass'), 'STANDARD')
  assert.ok(/<(?:TotalPartsCount|PartsCount)>3</.test(attributes.text), attributes.text)
})

test('pages of other origins: a preflight without a signature, headers that scripts may read', async t => {
  const chosen = await startInProcess({
    flags: { 'cors-origin': ['https://app.example', 'https://two.example'] },
  })
  t.after(() => chosen.close())
  const ask = (origin: string, method = 'PUT') =>
    chosen.client.plain({
      method: 'OPTIONS',
      target: '/bucket/a',
      headers: {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': 'x-amz-date,authorization',
      },
    })
  const allowed = await ask('https://app.example')
  assert.equal(allowed.status, 200)
  assert.equal(allowed.headers['access-control-allow-origin'], 'https://app.example')
  assert.match(allowed.headers['access-control-allow-methods'] ?? '', /PUT/)
  assert.match(allowed.headers['access-control-allow-headers'] ?? '', /authorization/i)
  assert.equal(allowed.headers['access-control-allow-credentials'], undefined)
  refused(await ask('https://evil.example'), 403, 'AccessForbidden')
  refused(await ask('https://app.example', 'PATCH'), 403, 'AccessForbidden')
  await chosen.client.put('/bucket/a', '0123456789')
  const got = await chosen.client.get('/bucket/a', {
    origin: 'https://two.example',
    range: 'bytes=1-2',
  })
  const exposed = (got.headers['access-control-expose-headers'] ?? '').toLowerCase()
  for (const name of ['etag', 'content-range', 'x-amz-request-id'])
    assert.ok(exposed.includes(name), exposed)
  const failed = await chosen.client.get('/bucket/absent', { origin: 'https://two.example' })
  assert.equal(failed.headers['access-control-allow-origin'], 'https://two.example')
  const other = await chosen.client.get('/bucket/a', { origin: 'https://evil.example' })
  assert.equal(other.headers['access-control-allow-origin'], undefined)
})

test('the library: a gateway of its own for a test, and AWS’s client on it', async () => {
  await using gateway = await startGateway({ buckets: ['photos'] })
  const { endpoint, region, accessKeyId, secretAccessKey = '' } = gateway
  const credentials = { accessKeyId, secretAccessKey }
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
  await client.send(new PutObjectCommand({ Bucket: 'photos', Key: 'a/b c', Body: 'hello' }))
  const { Body } = await client.send(new GetObjectCommand({ Bucket: 'photos', Key: 'a/b c' }))
  assert.equal(await Body?.transformToString(), 'hello')
  client.destroy()
  await gateway.close()
  await assert.rejects(startGateway({ port: 70_000 }), ConfigError)
})

test('headers with bytes outside ASCII come back as they were sent, and overrides are checked', async () => {
  const { client } = running
  const value = Buffer.from('attachment; filename="日本.txt"').toString('latin1')
  await client.put('/bucket/named', 'hello', { 'content-disposition': value })
  for (const method of ['GET', 'HEAD']) {
    const answer = await client.send({ method, target: '/bucket/named' })
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['content-disposition'], value)
  }
  const asked = encodeURIComponent('attachment; filename="日本.txt"')
  const answer = await client.get(`/bucket/named?response-content-disposition=${asked}`)
  refused(answer, 400, 'InvalidArgument')
})
