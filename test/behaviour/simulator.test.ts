// The policy simulator on buckets of other accounts: judged as whose they are, and their documents kept back.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { admin, errorOf } from '../admin.ts'
import { Client } from '../client.ts'
import { keyOf, moongate, requireSaid } from '../command-line.ts'
import { other, otherId, type Running, startInProcess, tenantId } from '../server.ts'

let running: Running
let number: string
before(async () => {
  running = await startInProcess()
  const { text } = await admin(running.stranger, 'PUT', '/users/ann', {})
  number = /arn:aws:iam::(\d{12}):/.exec(text)?.[1] ?? ''
  const attach = '/users/ann/policies/AmazonS3FullAccess'
  assert.equal((await admin(running.stranger, 'PUT', attach)).status, 204)
})
after(() => running.close())

interface Told {
  readonly allowed: boolean
  readonly reason: string
  readonly policy: string | null
  readonly sid: string | null
  readonly statement: number | null
  readonly exists: boolean
  readonly judged: readonly { readonly policy: string; readonly statements: number | null }[]
  readonly nearest: { readonly policy: string } | null
}

async function ask(question: object): Promise<Told> {
  const body = { action: 's3:GetObject', bucket: 'bucket', key: 'a', ...question }
  const answer = await admin(running.stranger, 'POST', '/policy/test', body)
  assert.equal(answer.status, 200, answer.text)
  return JSON.parse(answer.text) as Told
}

const policyOf = (...Statement: readonly object[]) =>
  running.client.document(
    'PUT',
    '/bucket?policy',
    JSON.stringify({ Version: '2012-10-17', Statement }),
  )

const Resource = 'arn:aws:s3:::bucket/*'

test('a bucket of another account in the same volume is not one of the own', async () => {
  for (const who of [{}, { user: 'ann' }]) {
    const { allowed, reason, exists } = await ask(who)
    assert.deepEqual([allowed, exists], [false, true])
    assert.equal(reason, 'neither bucket policy nor ACL allows')
  }
  assert.equal((await running.stranger.get('/bucket/a')).code, 'AccessDenied')
  // What is not there is still judged as one that the account made.
  const missing = await ask({ bucket: 'not-there', user: 'ann' })
  assert.deepEqual([missing.allowed, missing.exists], [true, false])
})

test('what its policy allows and denies is told, and not what it says', async () => {
  const Principal = { AWS: `arn:aws:iam::${number}:root` }
  const shared = { Sid: 'Shared', Effect: 'Allow', Principal, Action: 's3:GetObject', Resource }
  const Condition = { IpAddress: { 'aws:SourceIp': '10.0.0.1' } }
  const secret = `${Resource.slice(0, -1)}secret`
  const deny = { Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: secret, Sid: 'Secret' }
  const put = await policyOf(shared, deny, {
    ...shared,
    Sid: 'Here',
    Action: 's3:PutObject',
    Condition,
  })
  assert.equal(put.status, 204)
  for (const who of [{}, { user: 'ann' }]) {
    const open = await ask(who)
    assert.deepEqual([open.allowed, open.policy], [true, 'bucket policy'])
    assert.deepEqual([open.sid, open.statement], [null, null])
    const denied = await ask({ ...who, key: 'secret' })
    assert.deepEqual([denied.allowed, denied.reason], [false, 'explicit deny'])
    assert.deepEqual([denied.sid, denied.statement], [null, null])
  }
  const body = { action: 's3:PutObject', bucket: 'bucket', key: 'a' }
  const context = { 'aws:SourceIp': '10.0.0.1' }
  const guess = await admin(running.stranger, 'POST', '/policy/test', { ...body, context })
  assert.equal(errorOf(guess).code, 'InvalidInput')
  const kept = await ask({ ...body, context: { 's3:x-amz-acl': 'private' } })
  assert.equal(kept.allowed, false)
  // Nor is it told what came near, or whether there is a policy.
  const ofBucket = ({ judged }: Told) => judged.filter(({ policy }) => policy === 'bucket policy')
  assert.equal(kept.nearest, null)
  const untold = [{ kind: 'resource', policy: 'bucket policy', statements: null, about: null }]
  assert.deepEqual(ofBucket(kept), untold)
  // The administrator, whose bucket it is too, is told all.
  const all = await admin(running.client, 'POST', '/policy/test', {
    ...body,
    account: otherId,
    context,
  })
  assert.equal((JSON.parse(all.text) as Told).sid, 'Here')
  const near = await admin(running.client, 'POST', '/policy/test', {
    ...body,
    account: otherId,
    context: { 'aws:SourceIp': '10.0.0.2' },
  })
  const told = JSON.parse(near.text) as Told
  assert.equal(ofBucket(told)[0]?.statements, 3)
  assert.deepEqual(told.nearest, {
    policy: 'bucket policy',
    statement: 3,
    sid: 'Here',
    lacks: [
      {
        what: 'condition',
        operator: 'IpAddress',
        key: 'aws:SourceIp',
        values: ['10.0.0.1'],
      },
    ],
  })
  assert.equal((await running.client.delete('/bucket?policy')).status, 204)
  assert.deepEqual(ofBucket(await ask(body)), untold)
})

test('the command says which policy decided where nobody is told which statement', async () => {
  const put = await policyOf({
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:GetObject',
    Resource,
  })
  assert.equal(put.status, 204)
  const { said, status } = await moongate(running, 'policy test GetObject bucket/a', other)
  assert.match(said, /^Denied: an explicit deny in the bucket policy\n/)
  assert.equal(status, 1)
})

test('a name is looked up in the volume of whose account is thought of', async () => {
  const { client, tenant } = running
  assert.equal((await tenant.put('/theirs')).status, 200)
  const body = { account: tenantId, action: 's3:ListBucket', bucket: 'theirs' }
  const answer = await admin(client, 'POST', '/policy/test', body)
  const { at, exists } = JSON.parse(answer.text)
  assert.deepEqual([at, exists], ['/elsewhere/theirs', true])
})

test('the command lists a prefix, and asks for the key of an object', async () => {
  await requireSaid(running, 'policy create in-a --read bucket/a/', /is made/)
  await requireSaid(running, 'user create lister', /is made/)
  await requireSaid(running, 'policy attach in-a --user lister', /is attached/)
  const test = (question: string, words: RegExp, status: number) =>
    requireSaid(running, `policy test ${question} --user lister`, words, status)
  await test('ListBucket bucket/a/', /^Allowed: by the policy [^ ]+in-a, statement 1/, 0)
  await test('s3:listbucket bucket/b/', /^Denied/, 1)
  await test('s3:ListBucket bucket', /^Denied/, 1)
  await test('s3:ListBucket bucket/b/ --context s3:prefix=a/', /^Allowed/, 0)
  await test('s3:GetObject bucket', /GetObject is asked of an object: say its key too\.\n$/, 2)
  await test('ListObjectsV2 bucket', /S3 has no action s3:ListObjectsV2, by/, 2)
})

test('what came near is told to who may read policies', async () => {
  const { client, port } = running
  await requireSaid(running, 'user create tester', /is made/)
  await requireSaid(running, 'policy create near --read bucket/near/', /is made/)
  await requireSaid(running, 'policy attach near --user tester', /is attached/)
  const tester = new Client({ port, ...(await keyOf(running, 'tester')) })
  const allowed = (Action: readonly string[]) =>
    admin(client, 'PUT', '/users/tester/inline/own', {
      document: { Version: '2012-10-17', Statement: { Effect: 'Allow', Action, Resource: '*' } },
    })
  const body = { action: 's3:GetObjectTagging', bucket: 'bucket', key: 'a', user: 'tester' }
  const asked = async () =>
    JSON.parse((await admin(tester, 'POST', '/policy/test', body)).text) as Told
  assert.ok((await allowed(['admin:TestPolicy'])).status < 300)
  const without = await asked()
  assert.deepEqual([without.reason, without.nearest], ['no statement allows', null])
  assert.ok((await allowed(['admin:TestPolicy', 'admin:GetPolicy'])).status < 300)
  assert.match((await asked()).nearest?.policy ?? '', /:policy\/near$/)
})

test('a link is judged by its own policy', async () => {
  const { client, stranger } = running
  const way = { sourceVolume: 's3v', sourceBucket: 'bucket' }
  assert.equal((await admin(client, 'PUT', '/volumes/-/links/way', way)).status, 201)
  const Principal = { AWS: `arn:aws:iam::${number}:root` }
  const statement = { Effect: 'Deny', Principal, Action: 's3:*', Resource: 'arn:aws:s3:::way/*' }
  const document = { Version: '2012-10-17', Statement: statement }
  const put = await admin(client, 'PUT', '/volumes/-/links/way/policy', { document })
  assert.equal(put.status, 204)
  const body = { action: 's3:GetObject', bucket: 'way', key: 'a' }
  const all = await admin(client, 'POST', '/policy/test', { ...body, account: otherId })
  assert.equal((JSON.parse(all.text) as Told).policy, 'link policy')
  const kept = JSON.parse((await admin(stranger, 'POST', '/policy/test', body)).text) as Told
  assert.deepEqual([kept.reason, kept.policy], ['explicit deny', 'bucket policy'])
  assert.deepEqual(
    [kept.statement, kept.judged.map(({ statements }) => statements)],
    [null, [null]],
  )
})
