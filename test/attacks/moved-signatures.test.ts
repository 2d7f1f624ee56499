// A signature is one of a bucket and a key; nothing that travels beside it may move it to others.

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { root, startInProcess } from '../server.ts'

test('forwarding headers do not move a presigned URL to another bucket', async t => {
  const flags = { domain: 's3.test' }
  const running = await startInProcess({ flags, buckets: ['uploads', 'private'] })
  t.after(() => running.close())
  const { client } = running
  assert.equal((await client.put('/private/secret', 'the secret')).status, 200)
  for (const method of ['GET', 'PUT']) {
    const url = client.presign({ method, path: '/uploads/private/secret' })
    const moved = url.slice('/uploads'.length)
    const headers = { 'x-forwarded-prefix': '/uploads' }
    const answer = await client.plain({ method, target: moved, headers, body: 'mine' })
    assert.equal(answer.code, 'SignatureDoesNotMatch', method)
  }
  const host = 'uploads.s3.test'
  const named = client.presign({ path: '/secret', host })
  for (const headers of [
    { host, 'x-forwarded-host': 'private.s3.test' },
    { host, forwarded: 'host=private.s3.test' },
    { host, 'x-forwarded-host': 's3.test' },
    { host, 'x-forwarded-prefix': '/a' },
  ]) {
    const answer = await client.plain({ target: named, headers })
    assert.ok(!answer.text.includes('the secret'), JSON.stringify(headers))
  }
  const inPath = client.presign({ path: '/private/secret', host: 's3.test' })
  const asKey = { host: 's3.test', 'x-forwarded-host': 'uploads.s3.test' }
  assert.equal((await client.plain({ target: inPath, headers: asKey })).status, 403)
  assert.equal((await client.get('/private/secret')).text, 'the secret')
})

test('what a presigned URL of SigV2 carries in its query is signed, or the URL is none', async t => {
  const running = await startInProcess({
    flags: { sigv2: 'true' },
    buckets: ['uploads', 'private'],
  })
  t.after(() => running.close())
  const { client } = running
  await client.put('/private/secret', 'the secret')
  const expires = Math.floor(Date.now() / 1000) + 600
  const sign = (lines: string) => {
    const text = `PUT\n\n\n${expires}\n${lines}/uploads/mine`
    const signature = createHmac('sha1', root.secret).update(text).digest('base64')
    return `/uploads/mine?AWSAccessKeyId=${root.accessKeyId}&Expires=${expires}&Signature=${encodeURIComponent(signature)}`
  }
  const put = (target: string) => client.plain({ method: 'PUT', target, body: 'x' })
  assert.equal((await put(sign(''))).status, 200)
  for (const added of ['x-amz-copy-source=/private/secret', 'x-amz-meta-a=b', 'X-Amz-Acl=private'])
    assert.equal((await put(`${sign('')}&${added}`)).code, 'SignatureDoesNotMatch', added)
  // As botocore presigns: the header stands in the query and among the lines that are signed.
  assert.equal((await put(`${sign('x-amz-meta-a:b\n')}&x-amz-meta-a=b`)).status, 200)
  assert.equal((await client.head('/uploads/mine')).headers['x-amz-meta-a'], 'b')
})

test('names that no bucket can have are not there, whoever asks', async t => {
  const running = await startInProcess({})
  t.after(() => running.close())
  for (const target of ['/%00', '/%00/k', '/a%00b/k']) {
    const answer = await running.client.plain({ target })
    assert.ok(answer.status === 404 || answer.status === 400, `${target}: ${answer.status}`)
  }
})
