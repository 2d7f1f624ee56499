// Managed policies by the admin API: what is refused changes nothing.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as iam from '@aws-sdk/client-iam'
import { admin, errorOf } from '../admin.ts'
import { allow, iamClient } from '../iam-client.ts'
import { type Running, startInProcess } from '../server.ts'

let running: Running
let client: iam.IAMClient
before(async () => {
  running = await startInProcess()
  client = iamClient(running)
})
after(() => running.close())

const put = async (name: string, document: unknown) =>
  admin(running.client, 'PUT', `/policies/${name}`, { document })
const documentFor = (key: string): unknown =>
  JSON.parse(allow('s3:GetObject', `arn:aws:s3:::bucket/${key}`))

async function made(name: string, count: number): Promise<string> {
  for (let i = 1; i <= count; i++) assert.ok((await put(name, documentFor(`${i}`))).status < 300)
  const { text } = await admin(running.client, 'GET', `/policies/${name}`)
  return (JSON.parse(text) as { policy: { arn: string } }).policy.arn
}

async function versionsOf(PolicyArn: string) {
  const { Versions = [] } = await client.send(new iam.ListPolicyVersionsCommand({ PolicyArn }))
  return Versions.map(({ VersionId = '' }) => VersionId).toSorted((a, b) => a.localeCompare(b))
}

test('the oldest version makes room for a new one, and not for what is no policy', async () => {
  const arn = await made('rolling', 5)
  const wrong = await put('rolling', { Version: '2012-10-17', Statement: [{}] })
  assert.equal(errorOf(wrong).code, 'MalformedPolicyDocument')
  assert.deepEqual(await versionsOf(arn), ['v1', 'v2', 'v3', 'v4', 'v5'])
  assert.equal((await put('rolling', documentFor('6'))).status, 200)
  assert.deepEqual(await versionsOf(arn), ['v2', 'v3', 'v4', 'v5', 'v6'])
})

test('a policy that bounds somebody keeps its versions when it is not deleted', async () => {
  const arn = await made('bound', 2)
  await client.send(new iam.CreateUserCommand({ UserName: 'ann', PermissionsBoundary: arn }))
  const refusal = await admin(running.client, 'DELETE', '/policies/bound')
  assert.equal(errorOf(refusal).code, 'DeleteConflict')
  assert.deepEqual(await versionsOf(arn), ['v1', 'v2'])
  await client.send(new iam.DeleteUserPermissionsBoundaryCommand({ UserName: 'ann' }))
  assert.equal((await admin(running.client, 'DELETE', '/policies/bound')).status, 204)
})
