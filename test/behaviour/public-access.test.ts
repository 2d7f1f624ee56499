// New buckets that cannot be shared with everybody, where the server is told so, whichever way they are made.

import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { admin } from '../admin.ts'
import { type Answer, elements } from '../client.ts'
import { requireSaid } from '../command-line.ts'
import { runCommand, startInProcess, temporaryFolder } from '../server.ts'

const names = ['BlockPublicAcls', 'IgnorePublicAcls', 'BlockPublicPolicy', 'RestrictPublicBuckets']
const settingsOf = ({ status, text, code }: Answer): string =>
  status === 200 ? names.flatMap(name => elements(text, name)).join(' ') : code
const on = 'true true true true'
const off = 'NoSuchPublicAccessBlockConfiguration'

const open = (bucket: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      Principal: '*',
      Action: 's3:GetObject',
      Resource: `arn:aws:s3:::${bucket}/*`,
    },
  })

test('a new bucket is blocked for the public where the server is told so, and not else', async t => {
  for (const [flags, expected] of [
    [{ 'public-access-block': 'true' }, on],
    [{}, off],
  ] as const) {
    const running = await startInProcess({ flags })
    t.after(() => running.close())
    const { client } = running
    assert.equal((await client.put('/by-s3')).status, 200)
    assert.equal((await admin(client, 'PUT', '/volumes/-/buckets/by-admin', {})).status, 201)
    await requireSaid(running, 'bucket create by-command', /is made/)
    for (const bucket of ['bucket', 'by-s3', 'by-admin', 'by-command']) {
      const block = await client.get(`/${bucket}?publicAccessBlock`)
      assert.equal(settingsOf(block), expected, bucket)
      const policy = await client.document('PUT', `/${bucket}?policy`, open(bucket))
      assert.equal(policy.status, expected === on ? 403 : 204, bucket)
    }
  }
})

test('its owner can open it, and make it again, but not with an ACL for everybody', async t => {
  const running = await startInProcess({ flags: { 'public-access-block': 'true' } })
  t.after(() => running.close())
  const { client } = running
  const writer = { 'x-amz-object-ownership': 'ObjectWriter' }
  const refused = await client.put('/shared', '', { ...writer, 'x-amz-acl': 'public-read' })
  assert.equal(refused.code, 'InvalidBucketAclWithBlockPublicAccessError')
  assert.equal((await client.get('/shared')).code, 'NoSuchBucket')
  assert.equal((await client.put('/shared', '', { ...writer, 'x-amz-acl': 'private' })).status, 200)
  const opened = await client.send({ method: 'DELETE', target: '/shared?publicAccessBlock' })
  assert.equal(opened.status, 204)
  assert.equal((await client.document('PUT', '/shared?policy', open('shared'))).status, 204)
  assert.equal((await client.put('/shared', '', { ...writer, 'x-amz-acl': 'private' })).status, 200)
  assert.equal(settingsOf(await client.get('/shared?publicAccessBlock')), off)
})

test('an import makes its bucket so too', async t => {
  const [data, tree] = [temporaryFolder(), join(temporaryFolder(), 'tree')]
  mkdirSync(tree)
  writeFileSync(join(tree, 'a.txt'), 'a')
  const config = join(temporaryFolder(), 'moongate.toml')
  writeFileSync(config, 'public_access_block = true\n')
  const done = await runCommand(['import', tree, 'www', '--data', data, '--config', config])
  assert.equal(done.status, 0, done.stderr)
  const running = await startInProcess({ data })
  t.after(() => running.close())
  assert.equal(settingsOf(await running.client.get('/www?publicAccessBlock')), on)
})
