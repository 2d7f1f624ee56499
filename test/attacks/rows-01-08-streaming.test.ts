// Bodies in chunks: whoever did not sign them, or changed them, leaves nothing behind.

import assert from 'node:assert/strict'
import { hash, randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { type Piece, type Streaming, stream, streamingKinds } from '../chunks.ts'
import { type Answer, Connection, element, headOf } from '../client.ts'
import { type Running, startInProcess, temporaryFolder } from '../server.ts'
import { blobFiles, eventually, onlyKeys, refused } from './assertions.ts'

let running: Running
before(async () => {
  // Nothing is kept inline, so that what a refused body leaves would be a file.
  const data = temporaryFolder()
  running = await startInProcess({ data, flags: { 'inline-max': '0' } })
})
after(() => running.close())

const trailerPayload = streamingKinds.unsignedTrailer
const body = Buffer.from('no one signed this')
const crc = (bytes: Buffer): [string, string] => [
  'x-amz-checksum-sha256',
  hash('sha256', bytes, 'base64'),
]
const unsigned = (headers: Record<string, string> = {}) => ({
  'x-amz-content-sha256': trailerPayload,
  'content-encoding': 'aws-chunked',
  'x-amz-decoded-content-length': String(body.length),
  'x-amz-trailer': 'x-amz-checksum-sha256',
  ...headers,
})
const framed = Buffer.concat([
  Buffer.from(`${body.length.toString(16)}\r\n`),
  body,
  Buffer.from(`\r\n0\r\n${crc(body).join(':')}\r\n\r\n`),
])

async function nothingLeft(): Promise<void> {
  await onlyKeys(running, [])
  await eventually(() => blobFiles(running.data ?? '').length === 0, 'partial data is removed')
}

test('row 1: unsigned trailer body with the right key id and a random signature', async () => {
  const answer = await stream(running.client, {
    target: '/bucket/row-1',
    payload: trailerPayload,
    chunks: [body],
    trailers: [crc(body)],
    secret: 'guessed',
  })
  refused(answer, 403, 'SignatureDoesNotMatch')
  assert.ok(!answer.text.includes('a-secret-of-the-root'))
  await nothingLeft()
})

test('row 2: the same with credentials only in the query, no Authorization', async () => {
  const { accessKeyId } = running.client
  const day = new Date().toISOString().slice(0, 10).replaceAll('-', '')
  const scope = encodeURIComponent(`${accessKeyId}/${day}/us-east-1/s3/aws4_request`)
  const alone = await running.client.plain({
    method: 'PUT',
    target: `/bucket/row-2?X-Amz-Credential=${scope}`,
    headers: unsigned(),
    body: framed,
  })
  refused(alone, 400, 'AuthorizationQueryParametersError')
  const target = running.client.presign({
    method: 'PUT',
    path: '/bucket/row-2',
    headers: unsigned(),
  })
  const forged = target.replace(/(X-Amz-Signature=)[0-9a-f]{64}/, `$1${'0'.repeat(64)}`)
  const guessed = await running.client.plain({
    method: 'PUT',
    target: forged,
    headers: unsigned(),
    body: framed,
  })
  refused(guessed, 403, 'SignatureDoesNotMatch')
  await nothingLeft()
})

test('row 3: the same on UploadPart, with the tar-extract header, with a Bearer token, with nothing', async () => {
  const { client } = running
  const created = await client.post('/bucket/row-3?uploads')
  const uploadId = element(created.text, 'UploadId')
  const part = await stream(client, {
    target: `/bucket/row-3?partNumber=1&uploadId=${uploadId}`,
    payload: trailerPayload,
    chunks: [body],
    trailers: [crc(body)],
    secret: 'guessed',
  })
  refused(part, 403, 'SignatureDoesNotMatch')
  const listed = await client.get(`/bucket/row-3?uploadId=${uploadId}`)
  assert.equal(element(listed.text, 'PartNumber'), '')
  const put = (headers: Record<string, string>) =>
    client.plain({
      method: 'PUT',
      target: '/bucket/row-3',
      headers: unsigned(headers),
      body: framed,
    })
  refused(await put({ authorization: 'Bearer eyJhbGciOiJub25lIn0.e30.' }), 403, 'AccessDenied')
  refused(await put({ 'x-amz-meta-snowball-auto-extract': 'true' }), 403, 'AccessDenied')
  refused(await put({}), 403, 'AccessDenied')
  await client.delete(`/bucket/row-3?uploadId=${uploadId}`)
  await nothingLeft()
})

const edits: Readonly<Record<string, (pieces: Piece[]) => Piece[]>> = {
  'a chunk changed': ([first, ...rest]) => [
    { data: Buffer.alloc(first?.data.length ?? 0, 7), signature: first?.signature ?? '' },
    ...rest,
  ],
  'a chunk dropped': ([, ...rest]) => rest,
  'chunks reordered': ([first, second, ...rest]) =>
    [second, first, ...rest].filter(p => p !== undefined),
  'a chunk twice': ([first, ...rest]) => [first, first, ...rest].filter(p => p !== undefined),
  'the last signature wrong': pieces =>
    pieces.map((piece, at) =>
      at === pieces.length - 1 ? { ...piece, signature: '0'.repeat(64) } : piece,
    ),
}

for (const payload of [streamingKinds.signed, streamingKinds.ecdsa]) {
  for (const [name, edit] of Object.entries(edits)) {
    test(`row 4: ${payload}, ${name}`, async () => {
      const chunks = [randomBytes(100_000), randomBytes(100_000), randomBytes(100_000)]
      // The announced length fits what is sent, so that only the signatures tell.
      const count = edit([...chunks, Buffer.alloc(0)].map(data => ({ data, signature: '' })))
      const decodedLength = count.reduce((sum, { data }) => sum + data.length, 0)
      const target = '/bucket/row-4'
      const answer = await stream(running.client, { target, payload, chunks, edit, decodedLength })
      refused(answer, 403, 'SignatureDoesNotMatch')
      await nothingLeft()
    })
  }
}

for (const [name, decodedLength] of [
  ['shorter', 19_999],
  ['longer', 20_001],
] as const) {
  test(`row 5: a body of 20,000 bytes whose decoded length is told ${name}`, async () => {
    for (const payload of [streamingKinds.signed, trailerPayload]) {
      const chunks = [randomBytes(20_000)]
      const trailers = payload === trailerPayload ? [] : undefined
      const upload: Streaming = { target: '/bucket/row-5', payload, chunks, decodedLength }
      const answer = await stream(
        running.client,
        trailers === undefined ? upload : { ...upload, trailers },
      )
      refused(answer, 400, 'IncompleteBody')
    }
    await nothingLeft()
  })
}

test('row 6: aws-chunked without Content-Length, without decoded length', async () => {
  const { client } = running
  const noDecoded = client.sign({
    method: 'PUT',
    target: '/bucket/row-6',
    payload: trailerPayload,
    headers: { 'content-encoding': 'aws-chunked' },
  })
  refused(
    await client.plain({
      method: 'PUT',
      target: '/bucket/row-6',
      headers: noDecoded,
      body: framed,
    }),
    411,
    'MissingContentLength',
  )
  const headers = client.sign({
    method: 'PUT',
    target: '/bucket/row-6',
    payload: trailerPayload,
    headers: { 'content-encoding': 'aws-chunked', 'x-amz-decoded-content-length': '18' },
  })
  const connection = new Connection(client.wire)
  connection.write(headOf('PUT', '/bucket/row-6', { ...headers, connection: 'close' }))
  refused(await connection.answer(), 411, 'MissingContentLength')
  connection.close()
  await nothingLeft()
})

/** Sends these bytes as an unsigned streaming body. */
async function sendFramed(bytes: Buffer, decoded: number): Promise<Answer> {
  const { client } = running
  const target = '/bucket/row-7'
  const headers = client.sign({
    method: 'PUT',
    target,
    payload: trailerPayload,
    headers: {
      'content-encoding': 'aws-chunked',
      'x-amz-decoded-content-length': String(decoded),
    },
  })
  return await client.plain({ method: 'PUT', target, headers, body: bytes })
}

for (const size of ['FFFFFFFFFFFFFFFF', '-1', '0x5', '+5', ' 5', '', '5_0']) {
  test(`row 7: a chunk of size "${size}"`, async () => {
    const answer = await sendFramed(Buffer.from(`${size}\r\nhello\r\n0\r\n\r\n`), 5)
    assert.equal(answer.code, 'InvalidChunkSizeError')
    assert.ok(answer.status === 400 || answer.status === 403)
    await nothingLeft()
  })
}

test('row 7: a chunk that is not the last is shorter than 8 KiB', async () => {
  const chunks = [randomBytes(8191), randomBytes(10)]
  const answer = await stream(running.client, {
    target: '/bucket/row-7',
    payload: streamingKinds.signed,
    chunks,
  })
  assert.equal(answer.code, 'InvalidChunkSizeError')
  await nothingLeft()
})

test('row 7: a header line of 9 MB takes no memory; CRLF missing, a bare LF, an end too early', async () => {
  const before = process.memoryUsage().rss
  refused(await sendFramed(Buffer.alloc(9_000_000, 0x35), 5), 400, 'IncompleteBody')
  // The test's own 9 MB and what node keeps of them are in this figure, too.
  assert.ok(process.memoryUsage().rss - before < 64 * 2 ** 20)
  for (const text of [
    '5\r\nhelloX0\r\n\r\n',
    '5\nhello\n0\n\n',
    '5\r\nhello\r\n',
    '5\r\nhel',
    '5\r\nhello\r\n0\r\n',
  ])
    refused(await sendFramed(Buffer.from(text), 5), 400, 'IncompleteBody')
  await nothingLeft()
})

const trailerAttacks: Readonly<Record<string, [Partial<Streaming>, string]>> = {
  missing: [{ trailers: [], announced: 'x-amz-checksum-sha256' }, 'MalformedTrailerError'],
  'not announced': [{ trailers: [crc(body)], announced: '' }, 'MalformedTrailerError'],
  'of another algorithm': [
    { trailers: [crc(body)], announced: 'x-amz-checksum-crc32' },
    'MalformedTrailerError',
  ],
  extra: [
    { trailers: [crc(body), ['x-amz-meta-more', '1']], announced: 'x-amz-checksum-sha256' },
    'MalformedTrailerError',
  ],
  'of something that is no checksum': [{ trailers: [['x-amz-meta-a', '1']] }, 'InvalidRequest'],
  'malformed base64': [{ trailers: [['x-amz-checksum-sha256', '!!!']] }, 'InvalidRequest'],
  'wrong value': [{ trailers: [crc(Buffer.from('other'))] }, 'BadDigest'],
}
for (const [name, [upload, code]] of Object.entries(trailerAttacks)) {
  test(`row 8: trailer ${name}`, async () => {
    const payload = trailerPayload
    const answer = await stream(running.client, {
      target: '/bucket/row-8',
      payload,
      chunks: [body],
      ...upload,
    })
    refused(answer, 400, code)
    await nothingLeft()
  })
}

test('row 8: a signed trailer whose signature is of another one', async () => {
  const answer = await stream(running.client, {
    target: '/bucket/row-8',
    payload: streamingKinds.signedTrailer,
    chunks: [body],
    trailers: [crc(body)],
    // Another last chunk's signature changes the chain that the trailer's signature continues.
    edit: pieces =>
      pieces.map(piece => ({
        ...piece,
        signature: piece.signature.replace(/^./, c => (c === '0' ? '1' : '0')),
      })),
  })
  refused(answer, 403, 'SignatureDoesNotMatch')
  await nothingLeft()
})
