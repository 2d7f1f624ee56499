// Bodies in every form that they may come in, checksums of every kind, and clients that stop or wait.

import assert from 'node:assert/strict'
import { createHmac, hash, randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { checksumAlgorithms } from '../../src/model/checksums.ts'
import { hashBytes, readyChecksums } from '../../src/wire/checksums/hashers.ts'
import { blobFiles, eventually, refused } from '../attacks/assertions.ts'
import { stream, streamingKinds } from '../chunks.ts'
import { Connection, element, elements, headOf } from '../client.ts'
import { type Running, root, startInProcess, temporaryFolder } from '../server.ts'

const MiB = 2 ** 20
let running: Running
before(async () => {
  await readyChecksums()
  running = await startInProcess({ data: temporaryFolder(), flags: { 'idle-timeout': '500ms' } })
})
after(() => running.close())

for (const [name, payload] of Object.entries(streamingKinds)) {
  test(`a streaming body of kind ${payload}, small and large`, async () => {
    for (const size of [0, 5, 300_000]) {
      const body = randomBytes(size)
      const chunks =
        size > 65_536 ? [body.subarray(0, 65_536), body.subarray(65_536)] : size > 0 ? [body] : []
      const trailers = name.endsWith('railer')
        ? ([['x-amz-checksum-crc32', hashBytes('CRC32', body)]] as const)
        : undefined
      const target = `/bucket/stream-${name}`
      const answer = await stream(running.client, {
        target,
        payload,
        chunks,
        ...(trailers === undefined ? {} : { trailers }),
      })
      assert.equal(answer.status, 200, answer.text)
      const got = await running.client.get(target, { 'x-amz-checksum-mode': 'ENABLED' })
      assert.ok(got.bytes.equals(body))
      assert.equal(got.headers['content-encoding'], undefined)
      if (trailers !== undefined) assert.equal(got.headers['x-amz-checksum-crc32'], trailers[0][1])
    }
  })
}

test('an unsigned payload, a chunked one of HTTP, one signed by SigV4A', async () => {
  const { client } = running
  const body = randomBytes(200_000)
  const put = (request: object) =>
    client.send({ method: 'PUT', target: '/bucket/plain', body, ...request })
  assert.equal((await put({ payload: 'UNSIGNED-PAYLOAD' })).status, 200)
  assert.equal((await put({ ecdsa: true })).status, 200)
  const headers = client.sign({
    method: 'PUT',
    target: '/bucket/plain',
    payload: 'UNSIGNED-PAYLOAD',
  })
  const chunked = Buffer.concat([
    Buffer.from(`${body.length.toString(16)}\r\n`),
    body,
    Buffer.from('\r\n0\r\n\r\n'),
  ])
  const unsigned = { 'transfer-encoding': 'chunked' }
  const answer = await client.plain({
    method: 'PUT',
    target: '/bucket/plain',
    headers,
    unsigned,
    body: chunked,
  })
  assert.equal(answer.status, 200, answer.text)
  assert.ok((await client.get('/bucket/plain')).bytes.equals(body))
})

test('bodies of every size around those at which they are handled otherwise', async () => {
  const { client } = running
  for (const mark of [0, 65_536, 98_304, 131_072, 262_144, MiB]) {
    for (const size of [mark - 1, mark, mark + 1].filter(wanted => wanted >= 0)) {
      const body = randomBytes(size)
      const put = await client.put('/bucket/sized', body)
      assert.equal(put.status, 200, `${size}: ${put.text}`)
      assert.equal(put.headers['etag'], `"${hash('md5', body)}"`)
      assert.ok((await client.get('/bucket/sized')).bytes.equals(body), String(size))
    }
  }
})

for (const algorithm of checksumAlgorithms) {
  test(`${algorithm}: of an upload in one piece, told again, and of parts`, async () => {
    const { client } = running
    const header = `x-amz-checksum-${algorithm.toLowerCase()}`
    const body = randomBytes(100_000)
    const value = hashBytes(algorithm, body)
    const put = await client.put('/bucket/summed', body, { [header]: value })
    assert.equal(`${put.status} ${put.headers[header]}`, `200 ${value}`, put.text)
    const enabled = { 'x-amz-checksum-mode': 'ENABLED' }
    const got = await client.get('/bucket/summed', enabled)
    assert.equal(got.headers[header], value)
    assert.equal(got.headers['x-amz-checksum-type'], 'FULL_OBJECT')
    const whole = ['CRC64NVME', 'CRC32', 'CRC32C'].includes(algorithm)
    const kinds =
      algorithm === 'CRC64NVME'
        ? ['FULL_OBJECT']
        : whole
          ? ['COMPOSITE', 'FULL_OBJECT']
          : ['COMPOSITE']
    for (const kind of kinds) {
      const asked = { 'x-amz-checksum-algorithm': algorithm, 'x-amz-checksum-type': kind }
      const created = await client.post('/bucket/parts?uploads', '', asked)
      assert.equal(created.status, 200, created.text)
      const uploadId = element(created.text, 'UploadId')
      const parts = [randomBytes(5 * MiB), body]
      const items: string[] = []
      for (const [at, bytes] of parts.entries()) {
        const sum = hashBytes(algorithm, bytes)
        const part = await client.put(
          `/bucket/parts?partNumber=${at + 1}&uploadId=${uploadId}`,
          bytes,
          { [header]: sum },
        )
        assert.equal(`${part.status} ${part.headers[header]}`, `200 ${sum}`)
        items.push(
          `<Part><PartNumber>${at + 1}</PartNumber><ETag>${part.headers['etag']}</ETag><Checksum${algorithm}>${sum}</Checksum${algorithm}></Part>`,
        )
      }
      const document = `<CompleteMultipartUpload>${items.join('')}</CompleteMultipartUpload>`
      const done = await client.post(`/bucket/parts?uploadId=${uploadId}`, document)
      assert.equal(done.status, 200, done.text)
      const sums = parts.map(bytes => Buffer.from(hashBytes(algorithm, bytes), 'base64'))
      const composite = `${hashBytes(algorithm, Buffer.concat(sums))}-2`
      const wanted = kind === 'COMPOSITE' ? composite : hashBytes(algorithm, Buffer.concat(parts))
      const { headers } = await client.head('/bucket/parts', enabled)
      assert.equal(headers[header], wanted, kind)
      assert.equal(headers['x-amz-checksum-type'], kind)
      const again = await client.post(`/bucket/parts?uploadId=${uploadId}`, document)
      assert.equal(element(again.text, 'ETag'), element(done.text, 'ETag'))
    }
  })
}

test('Expect: 100-continue is answered after authorization only', async () => {
  const { client, stranger } = running
  const body = randomBytes(100_000)
  const open = (sender: typeof client) => {
    const headers = sender.sign({ method: 'PUT', target: '/bucket/expected', body })
    const connection = new Connection(sender.wire)
    connection.write(
      headOf('PUT', '/bucket/expected', {
        ...headers,
        'content-length': String(body.length),
        expect: '100-continue',
      }),
    )
    return connection
  }
  const denied = open(stranger)
  const answer = await denied.answer()
  refused(answer, 403, 'AccessDenied')
  assert.deepEqual(answer.interim, [])
  denied.close()
  const allowed = open(client)
  await eventually(() => allowed.socket.bytesRead > 0, 'the server asks for the body')
  allowed.write(body)
  const done = await allowed.answer()
  assert.equal(done.status, 200)
  assert.deepEqual(done.interim, [100])
  allowed.close()
})

test('a client that stops half-way leaves nothing; one that stalls is told so', async () => {
  const { client, data = '' } = running
  const before = blobFiles(data).length
  const begin = (key: string) => {
    const headers = client.sign({
      method: 'PUT',
      target: `/bucket/${key}`,
      payload: 'UNSIGNED-PAYLOAD',
    })
    const connection = new Connection(client.wire)
    connection.write(headOf('PUT', `/bucket/${key}`, { ...headers, 'content-length': '1000000' }))
    connection.write(randomBytes(500_000))
    return connection
  }
  const gone = begin('half')
  await eventually(() => blobFiles(data).length > before, 'bytes are on their way')
  gone.close()
  await eventually(() => blobFiles(data).length === before, 'the half file is gone')
  const slow = begin('half')
  refused(await slow.answer(), 400, 'RequestTimeout')
  slow.close()
  await eventually(() => blobFiles(data).length === before, 'the half file is gone')
  assert.equal((await client.head('/bucket/half')).status, 404)
})

test('appends: at the end, elsewhere, and to what is not there', async () => {
  const { client } = running
  const at = (offset: number) => ({ 'x-amz-write-offset-bytes': String(offset) })
  assert.equal((await client.put('/bucket/log', 'one ', at(0))).status, 200)
  assert.equal((await client.put('/bucket/log', 'two ', at(4))).status, 200)
  refused(await client.put('/bucket/log', 'no', at(3)), 400, 'InvalidWriteOffset')
  assert.equal((await client.put('/bucket/log', randomBytes(200_000), at(8))).status, 200)
  const got = await client.get('/bucket/log')
  assert.equal(got.text.slice(0, 8), 'one two ')
  assert.equal(got.bytes.length, 200_008)
})

test('a rename moves the object, and refuses what is not there', async () => {
  const { client } = running
  await client.put('/bucket/before', 'moved')
  const renamed = await client.put('/bucket/after?renameObject', '', {
    'x-amz-rename-source': '/bucket/before',
  })
  assert.equal(renamed.status, 200, renamed.text)
  assert.equal((await client.get('/bucket/after')).text, 'moved')
  assert.equal((await client.get('/bucket/before')).code, 'NoSuchKey')
  const none = await client.put('/bucket/x?renameObject', '', {
    'x-amz-rename-source': '/bucket/before',
  })
  refused(none, 404, 'NoSuchKey')
})

test('presigned URLs of several operations', async () => {
  const { client } = running
  const send = (method: string, path: string, query: Record<string, string> = {}, body = '') =>
    client.plain({ method, target: client.presign({ method, path, query }), body })
  assert.equal((await send('PUT', '/bucket/pre signed+é', {}, 'x')).status, 200)
  assert.equal((await send('GET', '/bucket/pre signed+é')).text, 'x')
  assert.equal((await send('HEAD', '/bucket/pre signed+é')).status, 200)
  const typed = await send('GET', '/bucket/pre signed+é', { 'response-content-type': 'text/x' })
  assert.equal(typed.headers['content-type'], 'text/x')
  assert.match(
    (await send('GET', '/bucket', { 'list-type': '2', prefix: 'pre' })).text,
    /<KeyCount>1</,
  )
  assert.equal(
    elements((await send('POST', '/bucket/p', { uploads: '' })).text, 'UploadId').length,
    1,
  )
  assert.equal((await send('DELETE', '/bucket/pre signed+é')).status, 204)
  const ecdsa = client.presign({ method: 'PUT', path: '/bucket/ecdsa', ecdsa: true })
  assert.equal((await client.plain({ method: 'PUT', target: ecdsa, body: 'x' })).status, 200)
})

test('SigV2 behind --sigv2, in header and query; --insecure takes any key and answers no page', async t => {
  const old = await startInProcess({ flags: { sigv2: 'true' } })
  t.after(() => old.close())
  const hmac = (text: string) => createHmac('sha1', root.secret).update(text).digest('base64')
  const date = new Date().toUTCString()
  const signature = hmac(`PUT\n\n\n${date}\n/bucket/a`)
  const headers = { date, authorization: `AWS ${root.accessKeyId}:${signature}` }
  const put = await old.client.plain({ method: 'PUT', target: '/bucket/a', headers, body: 'x' })
  assert.equal(put.status, 200, put.text)
  const expires = Math.floor(Date.now() / 1000) + 60
  const query = encodeURIComponent(hmac(`GET\n\n\n${expires}\n/bucket/a`))
  const target = `/bucket/a?AWSAccessKeyId=${root.accessKeyId}&Expires=${expires}&Signature=`
  assert.equal((await old.client.plain({ target: target + query })).text, 'x')
  assert.equal((await old.client.plain({ target: `${target}AAAA` })).code, 'SignatureDoesNotMatch')
  const open = await startInProcess({ flags: { insecure: 'true' } })
  t.after(() => open.close())
  const any = await open.client.send({
    method: 'PUT',
    target: '/bucket/a',
    body: 'x',
    accessKeyId: 'anything',
    secret: 'x',
  })
  assert.equal(any.status, 200)
  const page = await open.client.plain({
    target: '/bucket/a',
    headers: { origin: 'http://evil.example' },
  })
  assert.equal(page.text, 'x')
  assert.equal(page.headers['access-control-allow-origin'], undefined)
  const preflight = await open.client.plain({
    method: 'OPTIONS',
    target: '/bucket/a',
    headers: { origin: 'http://evil.example', 'access-control-request-method': 'PUT' },
  })
  assert.equal(preflight.status, 403)
})

test('keys of any UTF-8 are listed in the order of their bytes, page by page', async () => {
  const { client } = running
  await client.put('/ordered')
  const keys = [
    'a',
    'a/b',
    'a//b',
    '../x',
    '.',
    '\u00e9',
    '\ufffd',
    '\u{10000}',
    '\u{1f600}',
    'z',
    '\ud7ff',
    '\ue000',
    ' ',
    '+',
  ]
  for (const key of keys)
    assert.equal(
      (await client.put(`/ordered/${encodeURIComponent(key)}`, hash('md5', key))).status,
      200,
    )
  const sorted = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  assert.deepEqual(await client.keys('ordered'), sorted)
  const paged: string[] = []
  for (let token = ''; ; ) {
    const after_ = token === '' ? '' : `&continuation-token=${encodeURIComponent(token)}`
    const { text } = await client.get(`/ordered?list-type=2&max-keys=3${after_}`)
    paged.push(...elements(text, 'Key'))
    token = element(text, 'NextContinuationToken')
    if (token === '') break
  }
  assert.deepEqual(paged, sorted)
})
