// Users, groups, roles, keys and policies from the command line, and what they may do afterwards.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { admin } from '../admin.ts'
import { Client } from '../client.ts'
import { keyOf, moongate, requireSaid } from '../command-line.ts'
import { startInProcess, temporaryFolder } from '../server.ts'

test('a user who may read one prefix, and why a PUT is denied', async t => {
  const running = await startInProcess({ buckets: ['photos'] })
  t.after(() => running.close())
  const { client, port } = running
  await client.put('/photos/2026/moon.jpg', 'moon')
  await client.put('/photos/2025/sun.jpg', 'sun')

  await requireSaid(running, 'user create ann', /User ann is made/)
  await requireSaid(running, 'policy create read-2026 --read photos/2026/', /is made/)
  await requireSaid(running, 'policy attach read-2026 --user ann', /attached to user ann/)
  const ann = new Client({ port, ...(await keyOf(running, 'ann')) })
  await requireSaid(
    running,
    'policy test s3:PutObject photos/2026/moon.jpg --user ann',
    /Denied: no statement allows\n {2}to arn:aws:iam::\d{12}:user\/ann, at \/s3v\/photos\n {2}looked at policy\/read-2026 \(2 statements, none about s3:PutObject\)\n/,
    1,
  )

  assert.equal((await ann.get('/photos/2026/moon.jpg')).text, 'moon')
  assert.equal((await ann.get('/photos?list-type=2&prefix=2026/')).status, 200)
  assert.equal((await ann.put('/photos/2026/moon.jpg', 'other')).code, 'AccessDenied')
  assert.equal((await ann.get('/photos/2025/sun.jpg')).code, 'AccessDenied')
  assert.equal((await ann.get('/photos?list-type=2')).code, 'AccessDenied')
  await requireSaid(
    running,
    'policy test GetObject photos/2026/moon.jpg --user ann',
    /Allowed: by the policy arn:aws:iam::\d{12}:policy\/read-2026, statement 2 \(Read\)\n {2}to /,
  )
  const listing = 'policy test s3:ListBucket photos --user ann --context s3:prefix='
  await requireSaid(running, `${listing}2026/`, /statement 1 \(List\)/)
  await requireSaid(
    running,
    `${listing}2025/`,
    /nearest: policy\/read-2026, statement 1 \(List\) allows s3:ListBucket, but its condition StringLike s3:prefix 2026\/\* does not hold\n/,
    1,
  )
  await requireSaid(
    running,
    'policy test GetObject photos/2025/sun.jpg --user ann',
    /2 statements, 1 about s3:GetObject\)\n {2}nearest: policy\/read-2026, statement 2 \(Read\) allows s3:GetObject, but on arn:aws:s3:::photos\/2026\/\* only\n/,
    1,
  )
})

test('what denies is told by name, of a bucket policy too', async t => {
  const running = await startInProcess()
  t.after(() => running.close())
  const deny = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: '*',
        Action: 's3:GetObject',
        Resource: 'arn:aws:s3:::bucket/*',
      },
      {
        Sid: 'NoSecrets',
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:GetObject',
        Resource: 'arn:aws:s3:::bucket/secret/*',
      },
    ],
  }
  await running.client.document('PUT', '/bucket?policy', JSON.stringify(deny))
  const denied = /Denied: an explicit deny in the bucket policy, statement 2 \(NoSecrets\)\n/
  await requireSaid(running, 'policy test GetObject bucket/secret/a --anonymous', denied, 1)
  await requireSaid(
    running,
    'policy test GetObject bucket/a --anonymous',
    /Allowed: by the bucket policy, st/,
  )
  await requireSaid(running, 'policy test GetObject bucket/a', /Allowed/)
  await requireSaid(
    running,
    'policy test GetObject nothing/a',
    /Allowed.*\n.*\n.*no such bucket yet/,
  )
  await requireSaid(running, 'policy test ListAllMyBuckets * --user nobody', /NoSuchEntity/, 2)
  await requireSaid(running, 'policy test GetObjects bucket/a', /S3 has no action s3:GetObjects/, 2)
  await requireSaid(running, 'policy test getobject s3://bucket/secret/a --anonymous', denied, 1)
  const { stdout } = await moongate(running, 'policy test GetObject bucket/a --anonymous --json')
  assert.equal((JSON.parse(stdout) as { statement: number }).statement, 1)
})

test('groups give their policies to who is in them, and keys stop when they are told to', async t => {
  const running = await startInProcess()
  t.after(() => running.close())
  const { port } = running
  await requireSaid(running, 'user create bob --display-name Bob', /is made/)
  await requireSaid(running, 'user create bob', /is there already/)
  await requireSaid(running, 'group create staff', /is made/)
  await requireSaid(running, 'policy attach AmazonS3FullAccess --group staff', /is attached/)
  const key = await keyOf(running, 'bob')
  const bob = new Client({ port, ...key })
  assert.equal((await bob.get('/bucket')).code, 'AccessDenied')
  await requireSaid(running, 'user add bob staff', /is in group staff/)
  assert.equal((await bob.put('/bucket/key', 'of bob')).status, 200)
  await requireSaid(running, 'user info bob', /groups {3}staff/)
  await requireSaid(running, 'group info staff', /users {4}bob\n {2}managed  AmazonS3FullAccess/)

  await requireSaid(running, `key disable ${key.accessKeyId}`, /is switched off/)
  assert.equal((await bob.get('/bucket')).code, 'InvalidAccessKeyId')
  await requireSaid(running, `key enable ${key.accessKeyId}`, /is switched on/)
  assert.equal((await bob.get('/bucket')).status, 200)
  await requireSaid(running, `key expire ${key.accessKeyId} 0s`, /no longer works\.\n$/)
  assert.equal((await bob.get('/bucket')).code, 'InvalidAccessKeyId')
  await requireSaid(running, `key expire ${key.accessKeyId} never`, /stays/)
  const own = await moongate(running, `key rotate ${key.accessKeyId} --json`, key)
  assert.equal(own.status, 0, own.said)
  assert.equal((await bob.get('/bucket')).code, 'InvalidAccessKeyId')
  const next = JSON.parse(own.stdout) as { key: { accessKeyId: string }; secretAccessKey: string }
  const again = { accessKeyId: next.key.accessKeyId, secret: next.secretAccessKey }
  assert.equal((await new Client({ port, ...again }).get('/bucket')).status, 200)
  const listed = await moongate(running, 'key list', again)
  assert.match(listed.stdout, new RegExp(`^${again.accessKeyId} {2}Active {4}used 20[^ ]+\n$`))

  await requireSaid(running, 'user delete bob', /DeleteConflict/, 1)
  await requireSaid(running, 'user remove bob staff', /is no more in group staff/)
  await requireSaid(running, `key delete ${again.accessKeyId}`, /is gone/)
  await requireSaid(running, 'user delete bob', /is gone/)
  await requireSaid(running, 'policy detach AmazonS3FullAccess --group staff', /is taken away/)
  await requireSaid(running, 'group delete staff', /is gone/)
  await requireSaid(running, 'user list', /^$/)
})

test('policies and roles from files', async t => {
  const running = await startInProcess()
  t.after(() => running.close())
  const folder = temporaryFolder()
  const file = (name: string, document: object) => {
    const path = join(folder, name)
    writeFileSync(path, JSON.stringify(document))
    return path
  }
  const allow = (action: string) => ({
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Action: action, Resource: '*' },
  })
  const policy = file('policy.json', allow('s3:GetObject'))
  await requireSaid(running, `policy create reports ${policy}`, /is made/)
  await requireSaid(running, `policy create reports ${policy}`, /is there already/)
  for (let version = 0; version < 7; version++) {
    const next = file('policy.json', allow(`s3:GetObject${'*'.repeat(version + 1)}`))
    await requireSaid(running, `policy create reports ${next}`, /has a new version/)
  }
  await requireSaid(running, 'policy info reports', /held by {2}nobody[^]*GetObject\*{7}"/)
  const wrong = file('wrong.json', { Statement: [{ Effect: 'Maybe' }] })
  await requireSaid(running, `policy create wrong ${wrong}`, /MalformedPolicyDocument/, 1)
  await requireSaid(running, 'policy create wrong', /Name a FILE/, 2)
  const trust = file('trust.json', {
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' },
  })
  await requireSaid(running, `role create reader --trust ${trust}`, /is made/)
  await requireSaid(running, 'policy attach reports --role reader', /is attached/)
  await requireSaid(running, 'policy test GetObject bucket/a --role reader', /Allowed/)
  await requireSaid(running, 'policy delete reports', /DeleteConflict/, 1)
  await requireSaid(running, 'policy detach reports --role reader', /is taken away/)
  await requireSaid(running, 'policy delete reports', /is gone/)
  await requireSaid(running, 'role delete reader', /is gone/)
})

test('a user with as many keys as there may be rotates one, and has as many', async t => {
  const running = await startInProcess()
  t.after(() => running.close())
  const { client, port } = running
  await requireSaid(running, 'user create ann', /is made/)
  const keys = [await keyOf(running, 'ann')]
  while (keys.length < 10) keys.push(await keyOf(running, 'ann'))
  await requireSaid(running, 'key create ann', /LimitExceeded/, 1)
  const [first, second] = keys
  assert.ok(first !== undefined && second !== undefined)
  await requireSaid(running, `key rotate ${first.accessKeyId}`, /is gone\. The secret is not/)
  const count = async () =>
    (JSON.parse((await admin(client, 'GET', '/keys?user=ann')).text) as { keys: object[] }).keys
      .length
  assert.equal(await count(), 10)
  assert.equal((await new Client({ port, ...first }).get('/')).code, 'InvalidAccessKeyId')
  await requireSaid(running, `key rotate ${second.accessKeyId} --grace 1h`, /works for 1h more/)
  assert.equal(await count(), 11)
  assert.equal((await new Client({ port, ...second }).get('/')).code, 'AccessDenied')
  await requireSaid(running, `key rotate ${second.accessKeyId} --grace 1h`, /LimitExceeded/, 1)
})
