/**
 * 5b rows 36, 45 and 46: addresses that somebody claims, tenants beside each other, and rights that are taken away.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { admin, anonymously } from '../admin.ts'
import { Client, element } from '../client.ts'
import { type Key, keyOf, moongate } from '../command-line.ts'
import {
  type Running,
  root,
  spawnServer,
  startInProcess,
  temporaryFolder,
  tenant,
} from '../server.ts'
import { refused } from './assertions.ts'

let running: Running
let rootId: string

const done = async (line: string): Promise<void> => {
  const { status, said } = await moongate(running, line)
  assert.equal(status, 0, said)
}

before(async () => {
  running = await startInProcess({ flags: { 'trusted-proxy': '192.0.2.1/32' } })
  rootId = element((await running.client.get('/')).text, 'ID')
  await done('volume create vol1')
  await done('bucket create /vol1/bucket1')
})
after(() => running.close())

test('row 36: who a header says one is, and where from, decides nothing', async () => {
  const { client } = running
  const statement = (condition: object) => ({
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      Principal: '*',
      Action: 's3:GetObject',
      Resource: 'arn:aws:s3:::bucket/*',
      Condition: condition,
    },
  })
  const put = async (condition: object) => {
    const text = JSON.stringify(statement(condition))
    assert.equal((await client.document('PUT', '/bucket?policy', text)).status, 204)
  }
  await client.put('/bucket/key', 'for some')
  const get = (headers: Readonly<Record<string, string>> = {}) =>
    client.plain({ target: '/bucket/key', headers })
  await put({ IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } })
  for (const headers of [
    { 'x-forwarded-for': '203.0.113.5' },
    { forwarded: 'for=203.0.113.5' },
    { 'x-real-ip': '203.0.113.5' },
    { 'aws:sourceip': '203.0.113.5' },
    { sourceip: '203.0.113.5' },
  ])
    refused(await get(headers), 403, 'AccessDenied')
  await put({ IpAddress: { 'aws:SourceIp': '127.0.0.0/8' } })
  assert.equal((await get({ 'x-forwarded-for': '203.0.113.5' })).status, 200)
  await put({ StringEquals: { 'aws:userid': 'admin' } })
  for (const name of ['userid', 'aws:userid', 'aws-userid', 'x-amz-userid'])
    refused(await get({ [name]: 'admin' }), 403, 'AccessDenied')
  await put({ StringEquals: { 'aws:username': 'ann' } })
  refused(await get({ username: 'ann' }), 403, 'AccessDenied')
  assert.equal((await client.delete('/bucket?policy')).status, 204)
})

test('row 45: buckets of one name in two volumes have nothing of each other', async () => {
  const { client, tenant: neighbour } = running
  for (const [who, text] of [
    [client, 'of the root'],
    [neighbour, 'of the tenant'],
  ] as const) {
    await who.put('/twin')
    assert.equal((await who.versioning('twin', 'Enabled')).status, 200)
    assert.equal((await who.put('/twin/key', text)).status, 200)
  }
  for (let warm = 0; warm < 3; warm++) {
    assert.equal((await client.get('/twin/key')).text, 'of the root')
    assert.equal((await neighbour.get('/twin/key')).text, 'of the tenant')
    refused(await neighbour.get('/s3v:twin/key'), 403, 'AccessDenied')
    refused(await client.get('/elsewhere:twin/key'), 403, 'AccessDenied')
  }
  const version = (await client.head('/twin/key')).headers['x-amz-version-id'] ?? ''
  const upload = element((await client.post('/twin/key?uploads')).text, 'UploadId')
  refused(await neighbour.get(`/twin/key?versionId=${version}`), 404, 'NoSuchVersion')
  refused(await neighbour.get(`/s3v:twin/key?versionId=${version}`), 403, 'AccessDenied')
  refused(await neighbour.get(`/twin/key?uploadId=${upload}`), 404, 'NoSuchUpload')
  refused(await neighbour.get(`/s3v:twin/key?uploadId=${upload}`), 403, 'AccessDenied')
  const part = `/s3v:twin/key?uploadId=${upload}&partNumber=1`
  refused(await neighbour.put(part, 'part'), 403, 'AccessDenied')
  refused(await neighbour.delete(`/s3v:twin/key?versionId=${version}`), 403, 'AccessDenied')
  refused(await neighbour.delete('/s3v:twin'), 403, 'AccessDenied')
  refused(await neighbour.put('/s3v:thief'), 403, 'AccessDenied')
  for (const source of ['s3v:twin/key', `s3v:twin/key?versionId=${version}`, '/s3v%3Atwin/key']) {
    const headers = { 'x-amz-copy-source': source }
    refused(await neighbour.put('/twin/stolen', '', headers), 403, 'AccessDenied')
  }
  const wrong = { 'x-amz-expected-bucket-owner': rootId }
  refused(await neighbour.get('/twin/key', wrong), 403, 'AccessDenied')
  assert.equal((await client.get('/twin/key', wrong)).text, 'of the root')
  refused(await neighbour.get('/twin/stolen'), 404, 'NoSuchKey')
})

test('row 45: a link gives nobody what its bucket does not give', async () => {
  const { client, tenant: neighbour } = running
  await client.put('/vol1:bucket1/secret', 'of the root')
  const link = { sourceVolume: 'vol1', sourceBucket: 'bucket1' }
  const made = await admin(neighbour, 'PUT', '/volumes/-/links/mine', link)
  assert.equal(made.status, 201, made.text)
  refused(await neighbour.get('/mine/secret'), 403, 'AccessDenied')
  refused(await neighbour.put('/mine/key', 'x'), 403, 'AccessDenied')
  refused(await neighbour.get('/mine?list-type=2'), 403, 'AccessDenied')
  refused(await neighbour.get('/mine?policy'), 403, 'AccessDenied')
  const open = {
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      Principal: '*',
      Action: 's3:GetObject',
      Resource: 'arn:aws:s3:::bucket1/*',
    },
  }
  await client.document('PUT', '/vol1:bucket1?policy', JSON.stringify(open))
  assert.equal((await neighbour.get('/mine/secret')).text, 'of the root')
  refused(await running.stranger.get('/elsewhere:mine/secret'), 403, 'AccessDenied')
  assert.equal((await neighbour.delete('/mine')).status, 204)
  assert.equal((await client.get('/vol1:bucket1/secret')).status, 200)
})

test('row 46: what is taken away is gone at once, on every worker', async t => {
  const server = await spawnServer({ args: ['--workers', '3'] })
  t.after(() => server.stop())
  const run = async (line: string) => {
    const { status, said } = await moongate(server, line)
    assert.equal(status, 0, said)
  }
  await server.client.put('/bucket')
  await server.client.put('/bucket/key', 'bytes')
  await run('user create ann')
  await run('policy create reading --read bucket')
  await run('policy attach reading --user ann')
  const withKey = (key: Key) => new Client({ port: server.port, ...key })
  /** Connections go to any of the workers; each asks twice, so that caches are warm. */
  const everywhere = async (client: Client): Promise<string> => {
    const codes = new Set<string>()
    for (let tries = 0; tries < 40; tries++)
      codes.add((await client.get('/bucket/key')).code || 'allowed')
    return [...codes].join()
  }
  const key = await keyOf(server, 'ann')
  const ann = withKey(key)
  assert.equal(await everywhere(ann), 'allowed')
  await run('policy detach reading --user ann')
  assert.equal(await everywhere(ann), 'AccessDenied')
  await run('group create readers')
  await run('policy attach reading --group readers')
  await run('user add ann readers')
  assert.equal(await everywhere(ann), 'allowed')
  await run('policy create reading --write bucket')
  assert.equal(await everywhere(ann), 'AccessDenied')
  await run('policy create reading --read bucket')
  assert.equal(await everywhere(ann), 'allowed')
  await run('user remove ann readers')
  assert.equal(await everywhere(ann), 'AccessDenied')
  await run('policy attach reading --user ann')
  await run(`key disable ${key.accessKeyId}`)
  assert.equal(await everywhere(ann), 'InvalidAccessKeyId')
  await run(`key enable ${key.accessKeyId}`)
  assert.equal(await everywhere(ann), 'allowed')
  await run(`key expire ${key.accessKeyId} 0s`)
  assert.equal(await everywhere(ann), 'InvalidAccessKeyId')
  await run(`key delete ${key.accessKeyId}`)
  assert.equal(await everywhere(ann), 'InvalidAccessKeyId')
  const next = withKey(await keyOf(server, 'ann'))
  assert.equal(await everywhere(next), 'allowed')
  const deny = {
    Version: '2012-10-17',
    Statement: {
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:GetObject',
      Resource: 'arn:aws:s3:::bucket/*',
    },
  }
  await server.client.document('PUT', '/bucket?policy', JSON.stringify(deny))
  assert.equal(await everywhere(next), 'AccessDenied')
})

test('who changes something stands in the audit log, with what and from where', async t => {
  const audit = `${temporaryFolder()}/audit.log`
  const server = await startInProcess({ flags: { 'audit-log': audit } })
  t.after(() => server.close())
  await admin(server.client, 'PUT', '/users/ann', {})
  await admin(server.client, 'GET', '/users')
  await anonymously(server.client, 'GET', '/users')
  await admin(server.tenant, 'DELETE', '/volumes/s3v')
  const shown = { authorization: `Basic ${Buffer.from('ann:wrong').toString('base64')}` }
  await server.client.plain({ target: '/-/admin/v1/users', headers: shown })
  await server.close()
  const lines = readFileSync(audit, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>)
    .filter(({ path }) => typeof path === 'string' && path.startsWith('/-/admin'))
  assert.deepEqual(
    lines.map(({ operation, accessKeyId, path, volume, result, remote, error }) => ({
      operation,
      accessKeyId,
      path,
      volume,
      result,
      remote,
      error,
    })),
    [
      {
        operation: 'admin:CreateUser',
        accessKeyId: root.accessKeyId,
        path: '/-/admin/v1/users/ann',
        volume: 's3v',
        result: 'done',
        remote: '127.0.0.1',
        error: undefined,
      },
      {
        operation: 'admin:DeleteVolume',
        accessKeyId: tenant.accessKeyId,
        path: '/-/admin/v1/volumes/s3v',
        volume: 's3v',
        result: 'refused',
        remote: '127.0.0.1',
        error: 'AccessDenied',
      },
      {
        operation: '-',
        accessKeyId: undefined,
        path: '/-/admin/v1/users',
        volume: undefined,
        result: 'refused',
        remote: '127.0.0.1',
        error: 'SignInFailed',
      },
    ],
  )
})
