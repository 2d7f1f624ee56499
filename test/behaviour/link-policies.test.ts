// Links that let other accounts through: by a policy of the link's own, beside that of the bucket at the end.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { admin, anonymously, errorOf } from '../admin.ts'
import { type Answer, Client } from '../client.ts'
import { moongate, requireSaid } from '../command-line.ts'
import { other, type Running, startInProcess, temporaryFolder } from '../server.ts'

let running: Running
let number: string
before(async () => {
  running = await startInProcess({ buckets: [] })
  const { client, stranger } = running
  const { text } = await admin(stranger, 'PUT', '/users/ann', {})
  number = /arn:aws:iam::(\d{12}):/.exec(text)?.[1] ?? ''
  assert.equal((await admin(client, 'PUT', '/volumes/vol1', {})).status, 201)
  assert.equal((await admin(client, 'PUT', '/volumes/vol1/buckets/deep', {})).status, 201)
  const source = { sourceVolume: 'vol1', sourceBucket: 'deep' }
  assert.equal((await admin(client, 'PUT', '/volumes/-/links/way', source)).status, 201)
  await client.put('/way/key', 'at the end')
})
after(() => running.close())

const said = ({ status, code, text }: Answer): string => (status < 300 ? text : code)
const policy = (bucket: string, ...statements: readonly object[]) => ({
  Version: '2012-10-17',
  Statement: statements.map(statement => ({
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${number}:root` },
    Action: 's3:*',
    Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
    ...statement,
  })),
})
const link = '/volumes/-/links/way/policy'
const letThrough = (...statements: readonly object[]) =>
  admin(running.client, 'PUT', link, { document: policy('way', ...statements) })
const open = async (...statements: readonly object[]) => {
  const text = JSON.stringify(policy('deep', ...statements))
  const put = await running.client.document('PUT', '/vol1:deep?policy', text)
  assert.equal(put.status, 204, put.text)
}

test('another account comes through where link and bucket both let it', async () => {
  const { stranger, client } = running
  await open({})
  assert.equal(said(await stranger.get('/vol1:deep/key')), 'at the end')
  assert.equal(said(await stranger.get('/way/key')), 'AccessDenied')
  assert.equal((await letThrough({ Action: 's3:GetObject' })).status, 204)
  assert.equal(said(await stranger.get('/way/key')), 'at the end')
  assert.equal(said(await stranger.put('/way/key', 'x')), 'AccessDenied')
  assert.equal((await admin(client, 'GET', link)).status, 200)
  // The link opens nothing that the bucket keeps shut.
  await open({ Action: 's3:PutObject' })
  assert.equal(said(await stranger.get('/way/key')), 'AccessDenied')
  await open({})
  assert.equal((await letThrough({}, { Effect: 'Deny', Action: 's3:Delete*' })).status, 204)
  assert.equal(said(await stranger.put('/way/other', 'x')), '')
  assert.equal(said(await stranger.delete('/way/other')), 'AccessDenied')
  assert.equal(said(await stranger.delete('/way')), 'AccessDenied')
  assert.equal(said(await stranger.delete('/vol1:deep/other')), '')
  // Its owner cannot be shut out of it for good, and a policy through the link is still that of the bucket.
  assert.match(said(await client.get('/way?policy')), /arn:aws:s3:::deep/)
  assert.equal((await admin(client, 'DELETE', link)).status, 204)
  assert.equal(said(await stranger.get('/way/key')), 'AccessDenied')
  assert.equal(errorOf(await admin(client, 'GET', link)).code, 'NoSuchBucketPolicy')
})

test('users of another account need their own policies too; everybody can be let through', async () => {
  const { stranger, client, port } = running
  await open({ Principal: '*', Action: 's3:GetObject' })
  assert.equal((await letThrough({ Principal: '*', Action: 's3:GetObject' })).status, 204)
  assert.equal(said(await client.plain({ target: '/way/key' })), 'at the end')
  const made = await admin(stranger, 'POST', '/keys', { user: 'ann' })
  const { key, secretAccessKey: secret } = JSON.parse(made.text) as {
    key: { accessKeyId: string }
    secretAccessKey: string
  }
  const ann = new Client({ port, accessKeyId: key.accessKeyId, secret })
  assert.equal(said(await ann.get('/way/key')), 'AccessDenied')
  const attach = '/users/ann/policies/AmazonS3FullAccess'
  assert.equal((await admin(stranger, 'PUT', attach)).status, 204)
  assert.equal(said(await ann.get('/way/key')), 'at the end')
})

test('keys that the link gives can be deleted together', async () => {
  const { stranger, client } = running
  await open({})
  assert.equal((await letThrough({ Resource: 'arn:aws:s3:::way/mine/*' })).status, 204)
  for (const key of ['mine/a', 'theirs/a'])
    assert.equal((await client.put(`/way/${key}`, 'x')).status, 200)
  const keys = ['mine/a', 'theirs/a'].map(key => `<Object><Key>${key}</Key></Object>`).join('')
  const deleted = await stranger.document('POST', '/way?delete', `<Delete>${keys}</Delete>`)
  assert.match(deleted.text, /<Deleted><Key>mine\/a<\/Key><\/Deleted>/)
  assert.match(deleted.text, /<Key>theirs\/a<\/Key><Code>AccessDenied<\/Code>/)
})

test('what a request takes beside its own right is asked of the link too', async () => {
  const { stranger, client } = running
  await open({})
  assert.equal((await letThrough({ Resource: 'arn:aws:s3:::way/mine/*' })).status, 204)
  await client.put('/way/theirs/secret', 'a secret')
  const rename = (source: string) =>
    stranger.put('/way/mine/moved?renameObject', '', { 'x-amz-rename-source': source })
  for (const source of ['theirs/secret', '/way/theirs/secret'])
    assert.equal(said(await rename(source)), 'AccessDenied')
  assert.equal(said(await stranger.put('/way/mine/a', 'mine')), '')
  assert.equal(said(await rename('/way/mine/a')), '')
  assert.equal(said(await stranger.get('/way/mine/moved')), 'mine')
  await letThrough({ Action: ['s3:PutObject', 's3:GetObjectAttributes'] })
  const attributes = { 'x-amz-object-attributes': 'ETag' }
  assert.equal(said(await stranger.get('/way/key?attributes', attributes)), 'AccessDenied')
  const tagging = { 'x-amz-tagging': 'a=b' }
  assert.equal(said(await stranger.put('/way/tagged', 'x', tagging)), 'AccessDenied')
  const acl = { 'x-amz-acl': 'bucket-owner-full-control' }
  assert.equal(said(await stranger.put('/way/shared', 'x', acl)), 'AccessDenied')
  await stranger.put('/own', '')
  assert.equal(said(await stranger.put('/own/tagged', 'x', tagging)), '')
  const copy = { 'x-amz-copy-source': '/own/tagged' }
  assert.equal(said(await stranger.put('/way/copy', '', copy)), 'AccessDenied')
})

test('a link tells which keys are not there only to who may list through it', async () => {
  const { stranger, client } = running
  await open({})
  await letThrough({ Action: 's3:GetObject' })
  assert.equal(said(await stranger.get('/way/nowhere')), 'AccessDenied')
  await letThrough({ Action: ['s3:GetObject', 's3:ListBucket'] })
  assert.equal(said(await stranger.get('/way/nowhere')), 'NoSuchKey')
  assert.equal(said(await client.get('/way/nowhere')), 'NoSuchKey')
  await open({ Action: ['s3:ListBucket', 's3:PutBucketPolicy'] })
  assert.equal(said(await stranger.get('/way/nowhere')), 'NoSuchKey')
  await letThrough({ Action: 's3:GetObject' })
  assert.equal(said(await stranger.get('/way/nowhere')), 'AccessDenied')
})

test('a policy that a link cannot have is refused, and others put none', async () => {
  const { client, stranger, tenant } = running
  const put = async (document: object, path = link) =>
    errorOf(await admin(client, 'PUT', path, { document })).code
  assert.equal(await put(policy('deep', {})), 'MalformedPolicy')
  assert.equal(await put({ Version: '2012-10-17', Statement: [{}] }), 'MalformedPolicy')
  const Condition = { StringEquals: { 's3:ExistingObjectTag/open': 'yes' } }
  assert.equal(await put(policy('way', { Condition })), 'InvalidInput')
  const bucket = '/volumes/vol1/links/deep/policy'
  assert.equal(await put(policy('deep', {}), bucket), 'InvalidInput')
  assert.equal(await put(policy('none', {}), '/volumes/-/links/none/policy'), 'NoSuchBucket')
  const document = policy('way', {})
  const s3v = '/volumes/s3v/links/way/policy'
  for (const client of [stranger, tenant])
    assert.equal(errorOf(await admin(client, 'PUT', s3v, { document })).code, 'AccessDenied')
  assert.equal((await anonymously(client, 'PUT', s3v, { document })).status, 401)
})

test('the command shows, puts and lifts it, and the simulator sees it', async () => {
  await open({})
  const file = join(temporaryFolder(), 'policy.json')
  writeFileSync(file, JSON.stringify(policy('way', { Sid: 'Readers', Action: 's3:GetObject' })))
  await requireSaid(running, `bucket policy way ${file}`, /The policy of link way is in force/)
  await requireSaid(running, 'bucket policy way', /"Sid": "Readers"/)
  const asking = (action: string) => moongate(running, `policy test ${action} way/key`, other)
  assert.match((await asking('GetObject')).stdout, /^Allowed/)
  assert.match((await asking('PutObject')).stdout, /^Denied: neither .*\n.*at \/s3v\/way\n/)
  await requireSaid(running, `bucket policy way ${file} --none`, /FILE or say --none/, 2)
  await requireSaid(running, 'bucket policy way --none', /has no policy/)
  await requireSaid(running, 'bucket policy way', /NoSuchBucketPolicy/, 1)
})
