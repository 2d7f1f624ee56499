// Condition keys that are told by the bucket and by the connection: whose it is, and which TLS it speaks.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { admin } from '../admin.ts'
import { certificate } from '../certificate.ts'
import { Client } from '../client.ts'
import { keyOf, requireSaid } from '../command-line.ts'
import { other, type Running, root, startInProcess, temporaryFolder } from '../server.ts'

let running: Running
const numbers = { root: '', other: '' }
before(async () => {
  running = await startInProcess()
  assert.equal((await running.stranger.put('/theirs')).status, 200)
  numbers.root = await numberOf(running.client)
  numbers.other = await numberOf(running.stranger)
})
after(() => running.close())

async function numberOf(client: Client): Promise<string> {
  const { text } = await admin(client, 'PUT', '/users/somebody', {})
  return /arn:aws:iam::(\d{12}):/.exec(text)?.[1] ?? ''
}

const policy = (...Statement: readonly object[]) => ({ Version: '2012-10-17', Statement })
const everything = { Effect: 'Allow', Action: 's3:*', Resource: '*' }

/** A user of the root account with this policy. */
async function userWith(name: string, document: object): Promise<Client> {
  const { client, port } = running
  assert.equal((await admin(client, 'PUT', `/users/${name}`, {})).status, 201)
  assert.equal((await admin(client, 'PUT', `/policies/of-${name}`, { document })).status, 201)
  const attached = await admin(client, 'PUT', `/users/${name}/policies/of-${name}`)
  assert.equal(attached.status, 204)
  return new Client({ port, ...(await keyOf(running, name)) })
}

const putPolicy = async (client: Client, bucket: string, ...statements: readonly object[]) => {
  const text = JSON.stringify(policy(...statements))
  const put = await client.document('PUT', `/${bucket}?policy`, text)
  assert.equal(put.status, 204, put.text)
}

for (const key of ['aws:ResourceAccount', 's3:ResourceAccount']) {
  test(`${key} keeps a user to the buckets of one account`, async () => {
    const { client, stranger } = running
    const Resource = ['arn:aws:s3:::theirs', 'arn:aws:s3:::theirs/*']
    const Principal = { AWS: `arn:aws:iam::${numbers.root}:root` }
    await putPolicy(stranger, 'theirs', { Effect: 'Allow', Principal, Action: 's3:*', Resource })
    const name = key.replace(':', '-').toLowerCase()
    const elsewhere = { StringNotEquals: { [key]: numbers.root } }
    const inside = await userWith(
      `${name}-in`,
      policy(everything, { Effect: 'Deny', Action: 's3:*', Resource: '*', Condition: elsewhere }),
    )
    const Condition = { StringEquals: { [key]: numbers.other } }
    const outside = await userWith(`${name}-out`, policy({ ...everything, Condition }))
    for (const [target, insider, outsider] of [
      ['/bucket/key', 200, 403],
      ['/theirs/key', 403, 200],
    ] as const) {
      assert.equal((await inside.put(target, 'x')).status, insider, target)
      assert.equal((await outside.put(target, 'x')).status, outsider, target)
    }
    // A copy names a bucket of each.
    const copied = { 'x-amz-copy-source': '/theirs/key' }
    assert.equal((await inside.put('/bucket/copy', '', copied)).code, 'AccessDenied')
    assert.equal((await outside.put('/theirs/copy', '', copied)).status, 200)
    // What is in no bucket is of the own account.
    assert.equal((await inside.get('/')).status, 200)
    assert.equal((await outside.get('/')).code, 'AccessDenied')
    assert.equal((await client.get('/theirs/missing')).code, 'NoSuchKey')
    assert.equal((await inside.get('/bucket/missing')).code, 'NoSuchKey')
    assert.equal((await inside.get('/theirs/missing')).code, 'AccessDenied')
    const test = 'policy test s3:GetObject'
    await requireSaid(running, `${test} bucket/key --user ${name}-in`, /^Allowed/)
    await requireSaid(
      running,
      `${test} theirs/key --user ${name}-in`,
      /explicit deny in the policy/,
      1,
    )
    await requireSaid(running, `${test} theirs/key --user ${name}-out`, /^Allowed/)
  })
}

test('a link is asked as what its own account has', async () => {
  const body = { sourceVolume: 's3v', sourceBucket: 'theirs' }
  const made = await admin(running.client, 'PUT', '/volumes/-/links/way', body)
  assert.equal(made.status, 201)
  const Condition = { StringEquals: { 'aws:ResourceAccount': numbers.other } }
  const onLink = { Effect: 'Allow', Action: 's3:*', Resource: 'arn:aws:s3:::way/*' }
  const both = await userWith('both', policy(onLink, { ...everything, Condition }))
  const end = await userWith('end', policy({ ...everything, Condition }))
  assert.equal((await both.put('/way/key', 'x')).status, 200)
  assert.equal((await end.put('/way/key', 'x')).code, 'AccessDenied')
  assert.equal((await end.put('/theirs/key', 'x')).status, 200)
})

test('s3:TlsVersion is that of the connection of the client itself', async t => {
  const { key, cert } = certificate(temporaryFolder(), 'tls')
  const server = await startInProcess({ flags: { 'tls-cert': cert, 'tls-key': key } })
  t.after(() => server.close())
  const ca = readFileSync(cert, 'utf8')
  const clientOf = (keys: typeof root, maxVersion?: 'TLSv1.2') => {
    const tls = { ca, servername: 'localhost', ...(maxVersion && { maxVersion }) }
    return new Client({ port: server.port, tls, ...keys })
  }
  const statement = { Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::bucket/*' }
  const put = await clientOf(root).put('/bucket/key', 'x')
  assert.equal(put.status, 200, put.text)
  const old = { NumericLessThan: { 's3:TlsVersion': 1.3 } }
  const allowed = { ...statement, Effect: 'Allow' }
  await putPolicy(clientOf(root), 'bucket', allowed, {
    ...statement,
    Effect: 'Deny',
    Condition: old,
  })
  assert.equal((await clientOf(other).get('/bucket/key')).status, 200)
  assert.equal((await clientOf(other, 'TLSv1.2').get('/bucket/key')).code, 'AccessDenied')
  const exactly = { StringEquals: { 's3:TlsVersion': '1.2' } }
  await putPolicy(clientOf(root), 'bucket', { ...allowed, Condition: exactly })
  assert.equal((await clientOf(other).get('/bucket/key')).code, 'AccessDenied')
  assert.equal((await clientOf(other, 'TLSv1.2').get('/bucket/key')).status, 200)
  // A proxy's own connection says nothing of that of its client.
  await putPolicy(clientOf(root), 'bucket', {
    ...allowed,
    Condition: { Null: { 's3:TlsVersion': 'true' } },
  })
  const passedOn = { headers: { 'x-forwarded-for': '192.0.2.1' } }
  const target = '/bucket/key'
  assert.equal((await clientOf(other).send({ target, ...passedOn })).status, 200)
  assert.equal((await clientOf(other).get(target)).code, 'AccessDenied')
})
