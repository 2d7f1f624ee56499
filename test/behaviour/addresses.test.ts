// How a bucket is named (path, host, prefix) and what proxies in front may change of that.

import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { Client, element } from '../client.ts'
import { root, startInProcess } from '../server.ts'

interface Rewriting {
  readonly to: number
  /** Changes the path before it is passed on. */
  readonly path: (path: string) => string
  readonly headers: (received: IncomingHttpHeaders) => Record<string, string>
}

/** A reverse proxy as small as they come: it rewrites path and headers and passes bytes on. */
async function startProxy({ to, path, headers }: Rewriting) {
  const server = createServer((received, response) => {
    const passed = request(
      {
        port: to,
        host: '127.0.0.1',
        method: received.method,
        path: path(received.url ?? ''),
        headers: { ...received.headers, ...headers(received.headers) },
      },
      answer => {
        response.writeHead(answer.statusCode ?? 0, answer.rawHeaders)
        answer.pipe(response)
      },
    )
    received.pipe(passed)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    client: new Client({ port, ...root }),
    close: () => new Promise(resolve => server.close(resolve)),
  }
}

/** What a completed upload says where the object is. */
async function toldLocation(client: Client, at: { host?: string; target: string }) {
  const send = (method: string, query: string, body = '') =>
    client.send({ ...at, method, target: `${at.target}?${query}`, body })
  const uploadId = element((await send('POST', 'uploads=')).text, 'UploadId')
  const { headers } = await send('PUT', `partNumber=1&uploadId=${uploadId}`, 'x')
  const part = `<Part><PartNumber>1</PartNumber><ETag>${headers['etag']}</ETag></Part>`
  const document = `<CompleteMultipartUpload>${part}</CompleteMultipartUpload>`
  return element((await send('POST', `uploadId=${uploadId}`, document)).text, 'Location')
}

test('virtual-host style: several domains, the longest suffix, ports, IPv6, path style beside it', async t => {
  const running = await startInProcess({
    buckets: ['bucket', 'with.dots'],
    flags: { domain: ['example.com', 's3.example.com', 'localhost'] },
  })
  t.after(() => running.close())
  const { client, port } = running
  await client.put('/bucket/a/b', 'here')
  await client.put('/with.dots/a/b', 'dots')
  const get = (host: string, target: string) => client.send({ host, target })
  for (const host of [
    'bucket.s3.example.com',
    `bucket.s3.example.com:${port}`,
    'BUCKET.S3.Example.com',
    'bucket.example.com',
    'bucket.localhost',
  ])
    assert.equal((await get(host, '/a/b')).text, 'here', host)
  assert.equal((await get('with.dots.s3.example.com', '/a/b')).text, 'dots')
  for (const host of [
    's3.example.com',
    'example.com',
    `127.0.0.1:${port}`,
    `[::1]:${port}`,
    '[::1]',
    'other.org',
  ])
    assert.equal((await get(host, '/bucket/a/b')).text, 'here', host)
  assert.equal(element((await get('bucket.s3.example.com', '/?list-type=2')).text, 'Key'), 'a/b')
  assert.equal((await get('absent.example.com', '/a')).code, 'NoSuchBucket')
  const host = 'bucket.s3.example.com:81'
  assert.equal(await toldLocation(client, { host, target: '/a%20b/c' }), `http://${host}/a%20b/c`)
})

test('a path prefix, as Supabase has one', async t => {
  const running = await startInProcess({ flags: { prefix: '/storage/v1/s3' } })
  t.after(() => running.close())
  const { client } = running
  assert.equal((await client.put('/storage/v1/s3/bucket/a', 'x')).status, 200)
  assert.equal((await client.get('/storage/v1/s3/bucket/a')).text, 'x')
  assert.match((await client.get('/storage/v1/s3')).text, /<Name>bucket</)
  assert.match((await client.get('/storage/v1/s3/bucket?list-type=2')).text, /<Key>a</)
  const presigned = client.presign({ path: '/storage/v1/s3/bucket/a' })
  assert.equal((await client.plain({ target: presigned })).text, 'x')
  const target = '/storage/v1/s3/bucket/m'
  assert.equal(await toldLocation(client, { target }), `http://127.0.0.1:${running.port}${target}`)
})

test('behind a trusted proxy that takes a prefix away and names another host, signatures verify', async t => {
  const running = await startInProcess()
  t.after(() => running.close())
  const proxy = await startProxy({
    to: running.port,
    path: path => path.replace('/deep/prefix', '') || '/',
    headers: ({ host = '' }) => ({
      host: 'inner.internal:1234',
      'x-forwarded-host': host,
      'x-forwarded-proto': 'https',
      'x-forwarded-prefix': '/deep/prefix',
      'x-forwarded-for': '203.0.113.9',
    }),
  })
  t.after(() => proxy.close())
  const { client } = proxy
  assert.equal((await client.put('/deep/prefix/bucket/a%20b', 'x')).status, 200)
  assert.equal((await client.get('/deep/prefix/bucket/a%20b')).text, 'x')
  const presigned = client.presign({ path: '/deep/prefix/bucket/a b' })
  assert.equal((await client.plain({ target: presigned })).text, 'x')
  const target = '/deep/prefix/bucket/m'
  assert.equal(await toldLocation(client, { target }), `https://${client.host}${target}`)
  const wrong = await client.send({ target: '/deep/prefix/bucket/a', secret: 'guessed' })
  assert.equal(wrong.code, 'SignatureDoesNotMatch')
})

test('Forwarded (RFC 7239), and host and port told apart', async t => {
  const running = await startInProcess({ flags: { domain: 's3.example.com' } })
  t.after(() => running.close())
  const proxy = await startProxy({
    to: running.port,
    path: path => path,
    headers: () => ({
      host: 'inner',
      forwarded: 'for=203.0.113.9;host="bucket.s3.example.com";proto=https',
    }),
  })
  t.after(() => proxy.close())
  const host = 'bucket.s3.example.com'
  assert.equal(
    (await proxy.client.send({ method: 'PUT', target: '/a', body: 'x', host })).status,
    200,
  )
  const ported = await startProxy({
    to: running.port,
    path: path => path,
    headers: () => ({
      host: 'inner',
      'x-forwarded-host': host,
      'x-forwarded-port': '8443',
      'x-forwarded-proto': 'https',
    }),
  })
  t.after(() => ported.close())
  assert.equal((await ported.client.send({ target: '/a', host: `${host}:8443` })).text, 'x')
})

test('what a peer that is not trusted says about forwarding is nothing', async t => {
  const running = await startInProcess({
    flags: { 'trusted-proxy': '192.0.2.0/24', domain: 's3.example.com' },
  })
  t.after(() => running.close())
  const proxy = await startProxy({
    to: running.port,
    path: path => path.replace('/deep', ''),
    headers: ({ host = '' }) => ({
      host: 'inner',
      'x-forwarded-host': host,
      'x-forwarded-prefix': '/deep',
    }),
  })
  t.after(() => proxy.close())
  assert.equal((await proxy.client.get('/deep/bucket')).code, 'SignatureDoesNotMatch')
  const forged = await running.client.get('/?list-type=2', {
    'x-forwarded-host': 'bucket.s3.example.com',
  })
  assert.ok(!forged.text.includes('ListBucketResult'))
})

test('--public-url is what returned URLs begin with', async t => {
  const running = await startInProcess({ flags: { 'public-url': 'https://files.example.com/s3' } })
  t.after(() => running.close())
  assert.equal(running.endpoint, 'https://files.example.com/s3')
  const { client } = running
  const uploadId = element((await client.post('/bucket/a?uploads')).text, 'UploadId')
  const { headers } = await client.put(`/bucket/a?partNumber=1&uploadId=${uploadId}`, 'x')
  const list = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${headers['etag']}</ETag></Part></CompleteMultipartUpload>`
  const done = await client.post(`/bucket/a?uploadId=${uploadId}`, list)
  assert.equal(element(done.text, 'Location'), 'https://files.example.com/s3/bucket/a')
})

test('SignatureDoesNotMatch shows what the server signed, as text and as bytes', async t => {
  const running = await startInProcess()
  t.after(() => running.close())
  const { text } = await running.client.send({ target: '/bucket?prefix=a%20b', secret: 'guessed' })
  const canonical = element(text, 'CanonicalRequest')
  assert.match(canonical, /^GET\n\/bucket\nprefix=a%20b\nhost:127\.0\.0\.1:\d+\n/)
  assert.match(
    element(text, 'StringToSign'),
    /^AWS4-HMAC-SHA256\n\d{8}T\d{6}Z\n\d{8}\/us-east-1\/s3\/aws4_request\n[0-9a-f]{64}$/,
  )
  const bytes = (name: string) =>
    Buffer.from(element(text, name).replaceAll(' ', ''), 'hex').toString()
  assert.equal(bytes('CanonicalRequestBytes'), canonical)
  assert.equal(bytes('StringToSignBytes'), element(text, 'StringToSign'))
  assert.equal(element(text, 'AWSAccessKeyId'), root.accessKeyId)
  assert.match(element(text, 'SignatureProvided'), /^[0-9a-f]{64}$/)
})
