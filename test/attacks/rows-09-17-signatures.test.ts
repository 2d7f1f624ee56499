// Digests that are wrong and signatures that are old, elsewhere, doubled or not there.

import assert from 'node:assert/strict'
import { hash, randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { Answer, Headers } from '../client.ts'
import { type Running, startInProcess } from '../server.ts'
import { onlyKeys, refused } from './assertions.ts'

let running: Running
before(async () => {
  running = await startInProcess()
  assert.equal((await running.client.put('/bucket/kept', 'kept')).status, 200)
})
after(() => running.close())

const unchanged = async () => {
  await onlyKeys(running, ['kept'])
  assert.equal((await running.client.get('/bucket/kept')).text, 'kept')
}

const lengths: Readonly<Record<string, number>> = {
  crc32: 4,
  crc32c: 4,
  crc64nvme: 8,
  sha1: 20,
  sha256: 32,
  sha512: 64,
  md5: 16,
  xxhash64: 8,
  xxhash3: 8,
  xxhash128: 16,
}
for (const [algorithm, length] of Object.entries(lengths)) {
  test(`row 9: a wrong ${algorithm}, small and streamed`, async () => {
    const headers = { [`x-amz-checksum-${algorithm}`]: randomBytes(length).toString('base64') }
    refused(await running.client.put('/bucket/kept', 'changed', headers), 400, 'BadDigest')
    refused(
      await running.client.put('/bucket/new', randomBytes(100_000), headers),
      400,
      'BadDigest',
    )
    const malformed = { [`x-amz-checksum-${algorithm}`]: 'AAA' }
    refused(await running.client.put('/bucket/new', 'new', malformed), 400, 'BadDigest')
    await unchanged()
  })
}

test('row 9: two checksum headers; Content-MD5 wrong and malformed', async () => {
  const two = { 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-checksum-crc32c': 'AAAAAA==' }
  refused(await running.client.put('/bucket/new', 'new', two), 400, 'InvalidRequest')
  const wrong = { 'content-md5': hash('md5', 'other', 'base64') }
  refused(await running.client.put('/bucket/kept', 'new', wrong), 400, 'BadDigest')
  for (const md5 of ['abc', 'AAAA', ''])
    refused(
      await running.client.put('/bucket/kept', 'new', { 'content-md5': md5 }),
      400,
      'InvalidDigest',
    )
  await unchanged()
})

test('row 10: x-amz-content-sha256 of another body', async () => {
  const payload = hash('sha256', 'other', 'hex')
  for (const body of ['changed', randomBytes(100_000)]) {
    const answer = await running.client.send({
      method: 'PUT',
      target: '/bucket/kept',
      body,
      payload,
    })
    refused(answer, 400, 'XAmzContentSHA256Mismatch')
  }
  await unchanged()
})

const minute = 60_000
test('row 11: x-amz-date 16 minutes off either way, and a replay of the day before', async () => {
  for (const off of [-16 * minute, 16 * minute, -1440 * minute, -1439 * minute]) {
    const answer = await running.client.send({
      method: 'DELETE',
      target: '/bucket/kept',
      now: Date.now() + off,
    })
    refused(answer, 403, 'RequestTimeTooSkewed')
    assert.match(answer.text, /<MaxAllowedSkewMilliseconds>900000</)
  }
  await unchanged()
})

const presigned = (edit: (target: string) => string, now = Date.now(), expires = 60) =>
  running.client.plain({
    method: 'DELETE',
    target: edit(running.client.presign({ method: 'DELETE', path: '/bucket/kept', now, expires })),
  })

test('row 12: presigned URLs that expired, never were valid, or are of the future', async () => {
  const { client } = running
  refused(await presigned(target => target, Date.now() - 61_000), 403, 'AccessDenied')
  refused(await presigned(target => target, Date.now() + 16 * minute), 403, 'AccessDenied')
  const of = (expires: number) =>
    client.presign({ method: 'DELETE', path: '/bucket/kept', expires })
  for (const expires of [0, -1]) {
    const answer = await client.plain({ method: 'DELETE', target: of(expires) })
    assert.ok(
      ['403 AccessDenied', '400 AuthorizationQueryParametersError'].includes(
        `${answer.status} ${answer.code}`,
      ),
      answer.text,
    )
  }
  refused(await client.plain({ method: 'DELETE', target: of(604_801) }), 403, 'AccessDenied')
  const words = await presigned(target => target.replace('X-Amz-Expires=60', 'X-Amz-Expires=abc'))
  refused(words, 400, 'AuthorizationQueryParametersError')
  const longer = await presigned(target => target.replace('X-Amz-Expires=60', 'X-Amz-Expires=6000'))
  refused(longer, 403, 'SignatureDoesNotMatch')
  await unchanged()
})

const smuggled: readonly Headers[] = [
  { 'x-amz-acl': 'public-read' },
  { 'x-amz-tagging': 'a=b' },
  { 'x-amz-copy-source': '/bucket/kept' },
  { 'x-amz-object-lock-mode': 'COMPLIANCE' },
  { 'x-amz-object-lock-legal-hold': 'ON' },
  { 'x-amz-object-lock-retain-until-date': '2040-01-01T00:00:00Z' },
  { 'x-amz-meta-a': 'b' },
  { 'x-amz-storage-class': 'GLACIER' },
]
for (const headers of smuggled) {
  test(`row 13: ${Object.keys(headers)[0]} beside a presigned PUT that did not sign it`, async () => {
    const target = running.client.presign({ method: 'PUT', path: '/bucket/new' })
    const answer = await running.client.plain({ method: 'PUT', target, headers, body: 'new' })
    refused(answer, 403, 'AccessDenied')
    assert.match(answer.text, /not signed/)
    assert.match(answer.text, new RegExp(`<HeadersNotSigned>${Object.keys(headers)[0]}<`))
    const signed = running.client.sign({ method: 'PUT', target: '/bucket/new', body: 'new' })
    refused(
      await running.client.plain({
        method: 'PUT',
        target: '/bucket/new',
        headers: signed,
        unsigned: headers,
        body: 'new',
      }),
      403,
      'AccessDenied',
    )
    await unchanged()
  })
}

test('row 13: host is not among the signed headers', async () => {
  const headers = running.client.sign({ method: 'DELETE', target: '/bucket/kept' })
  const authorization = (headers['authorization'] ?? '').replace(
    'SignedHeaders=host;',
    'SignedHeaders=',
  )
  const answer = await running.client.plain({
    method: 'DELETE',
    target: '/bucket/kept',
    headers: { ...headers, authorization },
  })
  refused(answer, 403, 'AccessDenied')
  await unchanged()
})

const scoped = (edit: (credential: string) => string): Promise<Answer> => {
  const headers = running.client.sign({ method: 'DELETE', target: '/bucket/kept' })
  const authorization = (headers['authorization'] ?? '').replace(
    /Credential=([^,]+)/,
    (_, credential: string) => `Credential=${edit(credential)}`,
  )
  return running.client.plain({
    method: 'DELETE',
    target: '/bucket/kept',
    headers: { ...headers, authorization },
  })
}
test('row 14: another region, service, date or ending in the scope', async () => {
  const elsewhere = await running.client.send({
    method: 'DELETE',
    target: '/bucket/kept',
    region: 'eu-west-1',
  })
  refused(elsewhere, 400, 'AuthorizationHeaderMalformed')
  assert.match(elsewhere.text, /<Region>us-east-1</)
  const edits = [
    (text: string) => text.replace('/s3/', '/iam/'),
    (text: string) => text.replace('aws4_request', 'aws5_request'),
    (text: string) => text.replace(/\/\d{8}\//, '/20200101/'),
    (text: string) => text.replace(/\/\d{8}\//, '/yesterday/'),
    (text: string) => text.split('/').slice(0, 3).join('/'),
    () => '',
  ]
  for (const edit of edits) refused(await scoped(edit), 400, 'AuthorizationHeaderMalformed')
  await unchanged()
})

test('row 15: header and query together; two Authorization headers', async () => {
  const { client } = running
  const target = client.presign({ method: 'DELETE', path: '/bucket/kept' })
  const both = client.sign({ method: 'DELETE', target })
  refused(await client.plain({ method: 'DELETE', target, headers: both }), 400, 'InvalidArgument')
  const headers = client.sign({ method: 'DELETE', target: '/bucket/kept' })
  const twice = await client.plain({
    method: 'DELETE',
    target: '/bucket/kept',
    headers: { ...headers, Authorization: 'AWS4-HMAC-SHA256 Credential=x' },
  })
  refused(twice, 400, 'InvalidArgument')
  await unchanged()
})

test('row 16: SigV2 and unknown ways of signing while they are off; SigV4A by another key', async () => {
  const { client } = running
  const target = '/bucket/kept'
  const date = new Date().toUTCString()
  const of = (authorization: string) =>
    client.plain({ method: 'DELETE', target, headers: { authorization, date } })
  refused(await of(`AWS ${client.accessKeyId}:c2lnbmF0dXJl`), 400, 'InvalidRequest')
  refused(await of('AWS4-HMAC-SHA512 Credential=a'), 400, 'InvalidRequest')
  refused(await of('Basic YTpi'), 400, 'InvalidArgument')
  const expires = Math.floor(Date.now() / 1000) + 60
  const query = `${target}?AWSAccessKeyId=${client.accessKeyId}&Expires=${expires}&Signature=c2ln`
  refused(await client.plain({ method: 'DELETE', target: query }), 400, 'InvalidRequest')
  const ecdsa = await client.send({ method: 'DELETE', target, ecdsa: true, secret: 'guessed' })
  refused(ecdsa, 403, 'SignatureDoesNotMatch')
  await unchanged()
})

test('row 17: an unknown key and a wrong secret', async () => {
  const target = '/bucket/kept'
  const unknown = await running.client.send({
    method: 'DELETE',
    target,
    accessKeyId: 'NOBODYSKEY00',
  })
  refused(unknown, 403, 'InvalidAccessKeyId')
  const wrong = await running.client.send({ method: 'DELETE', target, secret: 'guessed' })
  refused(wrong, 403, 'SignatureDoesNotMatch')
  await unchanged()
})
