// What everybody with a key may ask of the admin API: who they are, and which routes there are.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import * as sts from '@aws-sdk/client-sts'
import { admin, anonymously, errorOf } from '../admin.ts'
import { Client } from '../client.ts'
import { type Key, keyOf, moongate, requireSaid } from '../command-line.ts'
import { keysOf, stsClient } from '../iam-client.ts'
import { type Running, startInProcess } from '../server.ts'

let running: Running
let key: Key
let ann: Client
before(async () => {
  running = await startInProcess()
  await requireSaid(running, 'user create ann', /is made/)
  await requireSaid(running, 'user create bob', /is made/)
  key = await keyOf(running, 'ann')
  ann = new Client({ port: running.port, ...key })
})
after(() => running.close())

const denied = (said: string) => assert.match(said, /AccessDenied/)

test('everybody sees themselves and their account, and nobody else', async () => {
  const account = await moongate(running, 'account info', key)
  assert.match(
    account.stdout,
    /^[0-9a-z]+\n {2}number {3}\d{12}\n {2}name .*\n {2}volume {3}\/s3v\n$/,
  )
  const user = await moongate(running, 'user info ann', key)
  assert.match(user.stdout, /^ann\n {2}arn .*:user\/ann\n[^]* {2}managed {2}none\n/)
  for (const line of ['user info bob', 'user info ANN', 'account info nobody', 'user list'])
    denied((await moongate(running, line, key)).said)
  await requireSaid(running, 'account info', /governs {2}this Moongate/)
})

test('a session sees whose it is, and makes no keys', async () => {
  const signed = { ...key, secretAccessKey: key.secret }
  const given = await stsClient(running, signed).send(new sts.GetSessionTokenCommand({}))
  const { accessKeyId, secretAccessKey, sessionToken = '' } = keysOf(given.Credentials)
  const session = new Client({ port: running.port, accessKeyId, secret: secretAccessKey })
  const ask = (method: 'GET' | 'POST', path: string) =>
    session.send({
      method,
      target: `/-/admin/v1${path}`,
      headers: { 'x-amz-security-token': sessionToken },
    })
  assert.equal((await ask('GET', '/users/ann')).status, 200)
  assert.equal((await ask('GET', '/accounts/-')).status, 200)
  assert.equal((await ask('POST', '/keys')).status, 403)
})

test('a policy that denies it takes it away, by the number of the account too', async t => {
  const { account } = JSON.parse((await admin(running.client, 'GET', '/accounts/-')).text) as {
    account: { number: string }
  }
  const Resource = `arn:moongate:admin::${account.number}:user/ann`
  const Action = ['admin:GetUser', 'admin:CreateKey']
  const document = { Version: '2012-10-17', Statement: [{ Effect: 'Deny', Action, Resource }] }
  const path = '/users/ann/inline/no'
  assert.equal((await admin(running.client, 'PUT', path, { document })).status, 201)
  t.after(() => admin(running.client, 'DELETE', path))
  denied((await admin(ann, 'GET', '/users/ann')).text)
  denied((await admin(ann, 'POST', '/keys', {})).text)
})

test('the routes are told to everybody with a key, and nothing else is there', async () => {
  const printed = new URL('../../docs/openapi.json', import.meta.url)
  const answer = await admin(ann, 'GET', '/openapi.json')
  assert.equal(answer.status, 200)
  assert.deepEqual(JSON.parse(answer.text), JSON.parse(readFileSync(printed, 'utf8')))
  for (const path of ['', '/', '?a=b', '/nothing']) {
    const missing = await admin(ann, 'GET', path)
    assert.equal(`${missing.status} ${errorOf(missing).code}`, '404 NoSuchRoute', path)
    assert.match(errorOf(missing).message, /\/-\/admin\/v1\/openapi\.json lists them/)
  }
  for (const path of ['', '/openapi.json'])
    assert.equal((await anonymously(running.client, 'GET', path)).status, 401, path)
})
