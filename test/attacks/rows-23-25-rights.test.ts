// Rights that one action does not bring along: the source of a copy, versions, listings of versions; and who says where
// a request is from.

import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { element } from '../client.ts'
import { otherId, type Running, root, startInProcess, temporaryFolder } from '../server.ts'
import { refused } from './assertions.ts'

let running: Running
before(async () => {
  running = await startInProcess({ buckets: ['garden', 'target'] })
  const { client } = running
  const enabled = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
  await client.document('PUT', '/garden?versioning', enabled)
  await client.put('/garden/secret', 'seed')
})
after(() => running.close())

const policyOf = (bucket: string, ...statements: readonly object[]) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: statements.map(statement => ({
      Effect: 'Allow',
      Principal: '*',
      Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
      ...statement,
    })),
  })
const allow = async (bucket: string, Action: readonly string[], more: object = {}) => {
  const put = await running.client.document(
    'PUT',
    `/${bucket}?policy`,
    policyOf(bucket, { Action, ...more }),
  )
  assert.equal(put.status, 204, put.text)
}
beforeEach(async () => {
  for (const bucket of ['garden', 'target']) {
    await running.client.delete(`/${bucket}?policy`)
    await running.client.delete(`/${bucket}?publicAccessBlock`)
  }
})

test('row 23: a copy and a part that is copied take the right to read the source', async () => {
  const { client, stranger } = running
  await allow('target', ['s3:PutObject'])
  const source = { 'x-amz-copy-source': '/garden/secret' }
  refused(await stranger.put('/target/copy', '', source), 403, 'AccessDenied')
  const begun = await stranger.post('/target/parts?uploads')
  const upload = element(begun.text, 'UploadId')
  const part = `/target/parts?partNumber=1&uploadId=${upload}`
  refused(await stranger.put(part, '', source), 403, 'AccessDenied')
  refused(await client.get('/target/copy'), 404, 'NoSuchKey')
  await allow('garden', ['s3:GetObject'])
  assert.equal((await stranger.put('/target/copy', '', source)).status, 200)
  assert.equal((await stranger.put(part, '', source)).status, 200)
  assert.equal((await client.get('/target/copy')).text, 'seed')
})

test('row 24: a version takes rights of its own', async () => {
  const { client, stranger } = running
  const head = await client.get('/garden/secret')
  const version = head.headers['x-amz-version-id'] ?? ''
  const target = `/garden/secret?versionId=${version}`
  await allow('garden', ['s3:GetObject', 's3:DeleteObject'])
  await allow('target', ['s3:PutObject'])
  assert.equal((await stranger.get('/garden/secret')).text, 'seed')
  refused(await stranger.get(target), 403, 'AccessDenied')
  assert.equal((await stranger.head(target)).status, 403)
  refused(await stranger.delete(target), 403, 'AccessDenied')
  const source = { 'x-amz-copy-source': target }
  refused(await stranger.put('/target/copied', '', source), 403, 'AccessDenied')
  const many = `<Delete><Object><Key>secret</Key><VersionId>${version}</VersionId></Object></Delete>`
  assert.match(
    (await stranger.document('POST', '/garden?delete', many)).text,
    /<Code>AccessDenied<\/Code>/,
  )
  assert.equal((await client.get(target)).text, 'seed')
  await allow('garden', ['s3:GetObjectVersion'])
  assert.equal((await stranger.get(target)).text, 'seed')
  refused(await stranger.get('/garden/secret'), 403, 'AccessDenied')
})

test('row 25: listing is not listing versions, and a bucket that restricts the public gives neither', async () => {
  const { client } = running
  const anonymous = (target: string) => client.plain({ target })
  await allow('garden', ['s3:ListBucket'])
  assert.equal((await anonymous('/garden')).status, 200)
  refused(await anonymous('/garden?versions'), 403, 'AccessDenied')
  await allow('garden', ['s3:ListBucket', 's3:ListBucketVersions'])
  assert.equal((await anonymous('/garden?versions')).status, 200)
  const block =
    '<PublicAccessBlockConfiguration><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>'
  assert.equal((await client.document('PUT', '/garden?publicAccessBlock', block)).status, 200)
  refused(await anonymous('/garden?versions'), 403, 'AccessDenied')
  refused(await anonymous('/garden'), 403, 'AccessDenied')
  assert.equal((await client.get('/garden?versions')).status, 200)
})

test('row 32: a root secret that is empty, or given without its key, is refused at start', async () => {
  const start = (keys: Record<string, string>) =>
    startInProcess({ data: temporaryFolder(), flags: keys })
  for (const keys of [
    { 'root-access-key-id': 'admin', 'root-secret-access-key': '' },
    { 'root-access-key-id': 'admin', 'root-secret-access-key': 'abc' },
  ]) {
    await assert.rejects(async () => (await start(keys)).close(), JSON.stringify(keys))
  }
  assert.notEqual(root.secret, 'minioadmin')
})

test('row 36: headers that anybody can send do not say where a request is from', async () => {
  const { client, stranger } = running
  const Condition = { IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } }
  const far = await startInProcess({
    buckets: ['garden'],
    flags: { 'trusted-proxy': '198.51.100.0/24' },
  })
  try {
    await far.client.put('/garden/secret', 'seed')
    const policy = policyOf('garden', { Action: 's3:GetObject', Condition })
    assert.equal((await far.client.document('PUT', '/garden?policy', policy)).status, 204)
    for (const headers of [
      { 'x-forwarded-for': '203.0.113.7' },
      { forwarded: 'for=203.0.113.7' },
      { 'x-real-ip': '203.0.113.7' },
      { 'aws:sourceip': '203.0.113.7' },
      { userid: otherId },
    ]) {
      const answer = await far.client.plain({ target: '/garden/secret', headers })
      refused(answer, 403, 'AccessDenied')
    }
  } finally {
    await far.close()
  }
  // From a trusted proxy, as loopback is by default, the header counts.
  const policy = policyOf('garden', { Action: 's3:GetObject', Condition })
  await client.document('PUT', '/garden?policy', policy)
  refused(await stranger.get('/garden/secret'), 403, 'AccessDenied')
  const told = await stranger.get('/garden/secret', { 'x-forwarded-for': '203.0.113.7' })
  assert.equal(told.text, 'seed')
})
