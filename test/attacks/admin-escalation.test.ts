// Getting more than one was given by way of the admin API: other letters, keys of others, keys that last.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { STS } from '@aws-sdk/client-sts'
import { admin, errorOf } from '../admin.ts'
import { type Answer, Client, element } from '../client.ts'
import { keyOf, moongate } from '../command-line.ts'
import { type Running, startInProcess, tenantId } from '../server.ts'

let running: Running
let number: string

before(async () => {
  running = await startInProcess()
  const text = (await admin(running.client, 'PUT', '/users/boss', {})).text
  number = /arn:aws:iam::(\d{12}):/.exec(text)?.[1] ?? ''
})
after(() => running.close())

const said = (answer: Answer): string =>
  answer.status < 300 ? `${answer.status}` : `${answer.status} ${errorOf(answer).code}`

/** A user with this one policy. */
async function userWith(name: string, ...statements: readonly object[]): Promise<Client> {
  const { client, port } = running
  const document = { Version: '2012-10-17', Statement: statements }
  assert.equal(said(await admin(client, 'PUT', `/users/${name}`, {})), '201')
  assert.equal(said(await admin(client, 'PUT', `/policies/of-${name}`, { document })), '201')
  assert.equal(said(await admin(client, 'PUT', `/users/${name}/policies/of-${name}`)), '204')
  return new Client({ port, ...(await keyOf(running, name)) })
}

const on = (path: string): string => `arn:moongate:admin::${number}:${path}`

test('a right on some is none on others, in whichever letters they are written', async () => {
  const helper = await userWith(
    'helper',
    { Effect: 'Allow', Action: 'admin:*', Resource: on('user/*') },
    { Effect: 'Deny', Action: '*', Resource: on('user/boss') },
  )
  assert.equal(said(await admin(helper, 'GET', '/users')), '200')
  assert.equal(said(await admin(helper, 'GET', '/users/boss')), '403 AccessDenied')
  for (const name of ['BOSS', 'Boss', 'bosS']) {
    assert.equal(said(await admin(helper, 'GET', `/users/${name}`)), '404 NoSuchEntity', name)
    assert.equal(said(await admin(helper, 'PUT', `/users/${name}`, {})), '404 NoSuchEntity', name)
    assert.equal(said(await admin(helper, 'DELETE', `/users/${name}`)), '404 NoSuchEntity', name)
    const key = await admin(helper, 'POST', '/keys', { user: name })
    assert.equal(said(key), '404 NoSuchEntity', name)
    const attach = await admin(helper, 'PUT', `/users/${name}/policies/AdministratorAccess`)
    assert.equal(said(attach), '404 NoSuchEntity', name)
  }
  const { accessKeyId } = await keyOf(running, 'boss')
  for (const [method, path, body] of [
    ['PUT', `/keys/${accessKeyId}`, { status: 'Inactive' }],
    ['POST', `/keys/${accessKeyId}/rotate`, {}],
    ['DELETE', `/keys/${accessKeyId}`],
  ] as const)
    assert.equal(said(await admin(helper, method, path, body)), '403 AccessDenied', path)
  assert.equal(said(await admin(helper, 'GET', '/groups')), '403 AccessDenied')
  assert.equal(said(await admin(helper, 'PUT', '/volumes/mine', {})), '403 AccessDenied')
})

test('who may make keys of users makes none of the root, and rotates none', async () => {
  const maker = await userWith('maker', {
    Effect: 'Allow',
    Action: ['admin:CreateKey', 'admin:RotateKey', 'admin:ListKeys'],
    Resource: on('user/*'),
  })
  assert.equal(said(await admin(maker, 'POST', '/keys', { user: 'boss' })), '201')
  const own = element((await running.client.get('/')).text, 'ID')
  assert.equal(said(await admin(maker, 'POST', `/keys?account=${own}`, {})), '403 AccessDenied')
  assert.equal(said(await admin(maker, 'GET', `/keys?account=${own}`)), '403 AccessDenied')
  const made = await admin(running.client, 'POST', '/keys', {})
  const { key } = JSON.parse(made.text) as { key: { accessKeyId: string; user: string | null } }
  assert.equal(key.user, null)
  const rotate = `/keys/${key.accessKeyId}/rotate`
  assert.equal(said(await admin(maker, 'POST', rotate, {})), '403 AccessDenied')
  assert.equal(said(await admin(running.client, 'DELETE', `/keys/${key.accessKeyId}`)), '204')
  const theirs = await admin(maker, 'POST', `/keys?account=${tenantId}`, { user: 'ann' })
  assert.equal(said(theirs), '403 AccessDenied')
})

test('the root key itself is not changed by anybody', async () => {
  const { client } = running
  const { accessKeyId } = client
  for (const [method, path, body] of [
    ['PUT', `/keys/${accessKeyId}`, { status: 'Inactive' }],
    ['POST', `/keys/${accessKeyId}/rotate`, {}],
    ['DELETE', `/keys/${accessKeyId}`],
  ] as const)
    assert.equal(said(await admin(client, method, path, body)), '400 UnmodifiableEntity', path)
  assert.equal((await client.get('/')).status, 200)
  const { stdout } = await moongate(running, 'key list --json')
  assert.equal(stdout.trim().split('\n').length, 1)
})

test('a temporary key makes no lasting one, and a denied user none at all', async () => {
  const lasting = await userWith('lasting', {
    Effect: 'Allow',
    Action: 'sts:*',
    Resource: '*',
  })
  assert.equal(said(await admin(lasting, 'POST', '/keys', {})), '201')
  const { endpoint, port } = running
  const { accessKeyId, secret } = lasting
  const sts = new STS({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId, secretAccessKey: secret },
  })
  const { Credentials: session } = await sts.getSessionToken({})
  const temporary = new Client({
    port,
    accessKeyId: session?.AccessKeyId ?? '',
    secret: session?.SecretAccessKey ?? '',
  })
  const headers = {
    'content-type': 'application/json',
    'x-amz-security-token': session?.SessionToken ?? '',
  }
  const target = '/-/admin/v1/keys'
  const made = await temporary.send({ method: 'POST', target, headers, body: '{}' })
  assert.equal(said(made), '403 AccessDenied')
  const denied = await userWith('denied', { Effect: 'Deny', Action: 'admin:*', Resource: '*' })
  assert.equal(said(await admin(denied, 'POST', '/keys', {})), '403 AccessDenied')
})

test('a key that expires makes none that outlives it, and lengthens none', async () => {
  const { client, port } = running
  assert.equal(said(await admin(client, 'PUT', '/users/guest', {})), '201')
  const other = await keyOf(running, 'guest')
  const expires = new Date(Date.now() + 3_600_000).toISOString()
  const made = await admin(client, 'POST', '/keys', { user: 'guest', expires })
  const { key, secretAccessKey } = JSON.parse(made.text)
  const guest = new Client({ port, accessKeyId: key.accessKeyId, secret: secretAccessKey })
  const path = `/keys/${key.accessKeyId}`
  assert.equal(said(await admin(guest, 'POST', '/keys', { expires })), '403 AccessDenied')
  assert.equal(said(await admin(guest, 'POST', '/keys', { user: 'guest' })), '403 AccessDenied')
  assert.equal(said(await admin(guest, 'PUT', path, { expires: 'never' })), '403 AccessDenied')
  const another = `/keys/${other.accessKeyId}/rotate`
  assert.equal(said(await admin(guest, 'POST', another, {})), '403 AccessDenied')
  assert.equal(said(await admin(guest, 'GET', '/keys')), '200')
  const rotated = await admin(guest, 'POST', `${path}/rotate`, {})
  assert.equal(rotated.status, 201)
  assert.equal(JSON.parse(rotated.text).key.expires, expires)
})
