// Who may list and abort a multipart upload: who began it, its account, the owner of the bucket, and whom a policy lets.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { admin } from '../admin.ts'
import { type Answer, Client, element } from '../client.ts'
import { otherId, type Running, startInProcess, tenantId } from '../server.ts'

let running: Running
before(async () => {
  running = await startInProcess({ flags: { 'default-object-ownership': 'ObjectWriter' } })
})
after(() => running.close())

const said = ({ status, code }: Answer): string => (status < 300 ? String(status) : code)

async function begin(client: Client, key = 'big'): Promise<string> {
  const begun = await client.send({ method: 'POST', target: `/bucket/${key}?uploads` })
  assert.equal(begun.status, 200, begun.text)
  return element(begun.text, 'UploadId')
}

const list = (client: Client, id: string, key = 'big') =>
  client.get(`/bucket/${key}?uploadId=${id}`)
const abort = (client: Client, id: string, key = 'big') =>
  client.send({ method: 'DELETE', target: `/bucket/${key}?uploadId=${id}` })

const share = async (grants: Readonly<Record<string, string>>) =>
  assert.equal((await running.client.put('/bucket?acl', '', grants)).status, 200)

const policy = (...Statement: readonly object[]) => ({ Version: '2012-10-17', Statement })

/** A user of the account with this policy. */
async function userOf(owner: Client, name: string, ...statements: readonly object[]) {
  const document = policy(...statements)
  assert.equal((await admin(owner, 'PUT', `/users/${name}`, {})).status, 201)
  assert.equal((await admin(owner, 'PUT', `/policies/of-${name}`, { document })).status, 201)
  const attached = await admin(owner, 'PUT', `/users/${name}/policies/of-${name}`)
  assert.equal(attached.status, 204)
  const { port } = running
  const made = await admin(owner, 'POST', '/keys', { user: name })
  const { key, secretAccessKey } = JSON.parse(made.text) as {
    key: { accessKeyId: string }
    secretAccessKey: string
  }
  return new Client({ port, accessKeyId: key.accessKeyId, secret: secretAccessKey })
}

const may = (Action: string | readonly string[], more: object = {}) => ({
  Effect: 'Allow',
  Action,
  Resource: '*',
  ...more,
})

test('an ACL that lets somebody write gives no right in the uploads of others', async () => {
  await share({ 'x-amz-grant-write': `id=${otherId}, id=${tenantId}` })
  const { client, stranger, tenant } = running
  const id = await begin(client)
  assert.equal(said(await list(stranger, id)), 'AccessDenied')
  assert.equal(said(await abort(stranger, id)), 'AccessDenied')
  assert.equal(said(await stranger.get('/bucket?uploads')), 'AccessDenied')
  // His own he may list and abort; the bucket's owner may all.
  const own = await begin(stranger)
  assert.equal(said(await list(stranger, own)), '200')
  assert.equal(said(await list(client, own)), '200')
  const through = { method: 'DELETE', target: `/s3v:bucket/big?uploadId=${own}` }
  assert.equal(said(await tenant.send(through)), 'AccessDenied')
  assert.equal(said(await abort(stranger, own)), '204')
  assert.equal(said(await list(client, own)), 'NoSuchUpload')
  assert.equal(said(await abort(stranger, own)), 'AccessDenied')
  const second = await begin(stranger)
  assert.equal(said(await abort(client, second)), '204')
  assert.equal(said(await list(client, id)), '200')
  // Who may read the bucket sees which uploads there are, and not what is in them.
  await share({ 'x-amz-grant-full-control': `id=${otherId}` })
  assert.equal(said(await stranger.get('/bucket?uploads')), '200')
  assert.equal(said(await list(stranger, id)), 'AccessDenied')
  assert.equal(said(await abort(stranger, id)), 'AccessDenied')
  assert.equal(said(await abort(client, id)), '204')
})

test('who is nobody began nothing', async () => {
  await share({ 'x-amz-acl': 'public-read-write' })
  const { client } = running
  const begun = await client.plain({ method: 'POST', target: '/bucket/open?uploads' })
  assert.equal(begun.status, 200)
  const id = element(begun.text, 'UploadId')
  const target = `/bucket/open?uploadId=${id}`
  assert.equal((await client.plain({ method: 'DELETE', target })).code, 'AccessDenied')
  assert.equal((await client.plain({ method: 'GET', target })).code, 'AccessDenied')
  assert.equal(said(await abort(client, id, 'open')), '204')
  await share({ 'x-amz-acl': 'private' })
})

test('a user who may only put aborts what he began, and nothing else', async () => {
  const { client } = running
  const ann = await userOf(client, 'ann', may('s3:PutObject'))
  const bob = await userOf(client, 'bob', may('s3:PutObject'), may('s3:ListBucket'))
  const deny = { Effect: 'Deny', Action: 's3:AbortMultipartUpload', Resource: '*' }
  const eve = await userOf(client, 'eve', may('s3:PutObject'), deny)
  const id = await begin(ann)
  const told = await list(ann, id)
  assert.match(element(told.text, 'Initiator'), /<ID>arn:aws:iam::\d{12}:user\/ann<\/ID>/)
  assert.match(element(told.text, 'Initiator'), /<DisplayName>ann<\/DisplayName>/)
  // There is no object of that name yet, which he may know: that is not to say that there is no upload.
  assert.equal(said(await list(bob, id)), 'AccessDenied')
  assert.equal(said(await abort(bob, id)), 'AccessDenied')
  const uploads = await client.get('/bucket?uploads')
  assert.match(element(uploads.text, 'Initiator'), /user\/ann<\/ID>/)
  assert.equal(said(await abort(ann, id)), '204')
  const kept = await begin(eve)
  assert.equal(said(await list(eve, kept)), '200')
  assert.equal(said(await abort(eve, kept)), 'AccessDenied')
  assert.equal(said(await abort(client, kept)), '204')
})

test('a user of the same name, made when the one before was deleted, began nothing of it', async () => {
  const { client } = running
  const before = await userOf(client, 'again', may('s3:PutObject'))
  const id = await begin(before)
  assert.equal(said(await list(before, id)), '200')
  const { accessKeyId } = before
  const gone = [`/keys/${accessKeyId}`, '/users/again/policies/of-again', '/users/again']
  for (const path of [...gone, '/policies/of-again'])
    assert.equal((await admin(client, 'DELETE', path)).status, 204, path)
  const later = await userOf(client, 'again', may('s3:PutObject'))
  assert.equal(said(await list(later, id)), 'AccessDenied')
  assert.equal(said(await abort(later, id)), 'AccessDenied')
  const own = await begin(later)
  assert.equal(said(await abort(later, own)), '204')
  const told = await list(client, id)
  assert.match(element(told.text, 'Initiator'), /<ID>arn:aws:iam::\d{12}:user\/again<\/ID>/)
  assert.equal(said(await abort(client, id)), '204')
})

test('in a bucket of another account the account of who began it has a say too', async () => {
  await share({ 'x-amz-grant-write': `id=${otherId}` })
  const { stranger } = running
  const putter = await userOf(stranger, 'putter', may('s3:PutObject'))
  const cleaner = await userOf(stranger, 'cleaner', may('s3:AbortMultipartUpload'))
  const watcher = await userOf(stranger, 'watcher', may('s3:ListBucket'))
  for (const who of [putter, cleaner, stranger]) {
    const id = await begin(putter)
    assert.equal(said(await abort(watcher, id)), 'AccessDenied')
    assert.equal(said(await abort(who, id)), '204')
  }
})

test('through a link the right is needed on the link, which is had on those of the own account', async () => {
  const link = async (client: Client, name: string) => {
    const source = { sourceVolume: 's3v', sourceBucket: 'bucket' }
    const made = await admin(client, 'PUT', `/volumes/-/links/${name}`, source)
    assert.equal(made.status, 201, made.text)
  }
  await share({ 'x-amz-grant-write': `id=${otherId}` })
  await link(running.stranger, 'own-way')
  await link(running.client, 'their-way')
  const { stranger } = running
  const putter = await userOf(stranger, 'walker', may('s3:PutObject'))
  const id = await begin(putter)
  const through = (name: string) => `/${name}/big?uploadId=${id}`
  const delivered = async (name: string) =>
    said(await putter.send({ method: 'DELETE', target: through(name) }))
  assert.equal(await delivered('their-way'), 'AccessDenied')
  assert.equal(await delivered('own-way'), '204')
})
