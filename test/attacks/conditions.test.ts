// Saying to a policy something else than to the operation: headers in the query, fields of forms, versions, signatures.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { postForm } from '../form.ts'
import { type Running, startInProcess } from '../server.ts'
import { refused } from './assertions.ts'

let running: Running
before(async () => {
  running = await startInProcess({
    buckets: ['vault'],
    flags: { 'default-object-ownership': 'ObjectWriter' },
  })
})
after(() => running.close())

const bucketPolicy = async (...statements: readonly object[]) => {
  const text = JSON.stringify({
    Version: '2012-10-17',
    Statement: statements.map(statement => ({
      Effect: 'Allow',
      Principal: '*',
      Resource: ['arn:aws:s3:::vault', 'arn:aws:s3:::vault/*'],
      ...statement,
    })),
  })
  const put = await running.client.document('PUT', '/vault?policy', text)
  assert.equal(put.status, 204, put.text)
}

const denyWhere = (Action: string, Condition: object) => ({ Effect: 'Deny', Action, Condition })

/** A form of the other account. */
const form = (key: string, fields: Readonly<Record<string, string>>) =>
  postForm(running.stranger, {
    bucket: 'vault',
    conditions: [
      { bucket: 'vault' },
      ...Object.entries({ key, ...fields }).map(([n, v]) => ({ [n]: v })),
    ],
    fields: { key, ...fields },
    file: 'bytes',
  })

test('an ACL that a policy denies is denied in a header, in the query and in a form', async () => {
  const shared = { StringEquals: { 's3:x-amz-acl': 'public-read' } }
  await bucketPolicy(
    { Action: ['s3:PutObject', 's3:PutObjectAcl'] },
    denyWhere('s3:PutObject', shared),
  )
  const { stranger } = running
  refused(await stranger.put('/vault/a', '', { 'x-amz-acl': 'public-read' }), 403, 'AccessDenied')
  for (const query of ['x-amz-acl=public-read', 'X-Amz-Acl=private&x-amz-acl=public-read'])
    refused(await stranger.put(`/vault/a?${query}`), 403, 'AccessDenied')
  for (const name of ['acl', 'x-amz-acl'])
    refused(await form('a', { [name]: 'public-read' }), 403, 'AccessDenied')
  assert.equal((await stranger.put('/vault/a?x-amz-acl=private')).status, 200)
  assert.equal((await form('a', { acl: 'private' })).status, 204)
})

test('tags that a policy denies are denied in a header, in the query and in a form', async () => {
  const open = { StringEquals: { 's3:RequestObjectTag/class': 'open' } }
  await bucketPolicy(
    { Action: ['s3:PutObject', 's3:PutObjectTagging'] },
    denyWhere('s3:PutObject', open),
  )
  const { stranger } = running
  const tagging = (value: string) =>
    `<Tagging><TagSet><Tag><Key>class</Key><Value>${value}</Value></Tag></TagSet></Tagging>`
  refused(
    await stranger.put('/vault/a', '', { 'x-amz-tagging': 'class=open' }),
    403,
    'AccessDenied',
  )
  refused(await stranger.put('/vault/a?x-amz-tagging=class%3Dopen'), 403, 'AccessDenied')
  refused(await form('a', { tagging: tagging('open') }), 403, 'AccessDenied')
  assert.equal((await form('a', { tagging: tagging('closed') })).status, 204)
})

test('how a request is signed, and how long ago, is told as it is', async () => {
  const { stranger } = running
  await bucketPolicy(
    { Action: 's3:PutObject' },
    denyWhere('s3:PutObject', { StringNotEquals: { 's3:authType': 'REST-HEADER' } }),
  )
  refused(await form('a', {}), 403, 'AccessDenied')
  assert.equal((await stranger.put('/vault/a', 'bytes')).status, 200)
  await bucketPolicy(
    { Action: ['s3:PutObject', 's3:GetObject'] },
    denyWhere('s3:*', { NumericGreaterThan: { 's3:signatureAge': 60_000 } }),
    denyWhere('s3:*', { StringNotEquals: { 's3:signatureversion': 'AWS4-HMAC-SHA256' } }),
  )
  const of = (now: number) =>
    stranger.plain({ target: stranger.presign({ path: '/vault/a', expires: 3600, now }) })
  refused(await of(Date.now() - 120_000), 403, 'AccessDenied')
  refused(
    await stranger.send({ target: '/vault/a', now: Date.now() - 120_000 }),
    403,
    'AccessDenied',
  )
  assert.equal((await of(Date.now())).text, 'bytes')
  assert.equal((await form('b', {})).status, 204)
})

test('a version that a policy denies is denied wherever the request names it', async () => {
  const { client, stranger } = running
  await client.versioning('vault', 'Enabled')
  const made = await client.put('/vault/versioned', 'first')
  const version = made.headers['x-amz-version-id'] ?? ''
  await bucketPolicy(
    { Action: ['s3:DeleteObject*', 's3:GetObject*', 's3:PutObject'] },
    denyWhere('s3:*ObjectVersion', { StringEquals: { 's3:VersionId': version } }),
  )
  refused(await stranger.delete(`/vault/versioned?versionId=${version}`), 403, 'AccessDenied')
  const many = `<Delete><Object><Key>versioned</Key><VersionId>${version}</VersionId></Object></Delete>`
  const answer = await stranger.document('POST', '/vault?delete', many)
  assert.match(answer.text, /<Code>AccessDenied<\/Code>/)
  const source = { 'x-amz-copy-source': `/vault/versioned?versionId=${version}` }
  refused(await stranger.put('/vault/copied', '', source), 403, 'AccessDenied')
  await client.delete('/vault?policy')
  assert.equal((await client.get(`/vault/versioned?versionId=${version}`)).text, 'first')
})

test('the owner that a client expects is looked at in the query too, where presigned URLs have it', async () => {
  const { client } = running
  await client.delete('/vault?policy')
  const stranger = 'x-amz-expected-bucket-owner=000000000000'
  refused(await client.get(`/vault?${stranger}`), 403, 'AccessDenied')
  refused(await client.put(`/vault/expected?${stranger}`, 'bytes'), 403, 'AccessDenied')
  refused(await client.get('/vault/expected'), 404, 'NoSuchKey')
})
