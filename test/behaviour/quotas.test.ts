// Quotas of accounts and users, and of uploads under way, as clients and people meet them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeleteUserCommand } from '@aws-sdk/client-iam'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import * as sts from '@aws-sdk/client-sts'
import { admin, errorOf } from '../admin.ts'
import { Client, element, elements } from '../client.ts'
import { keyOf, moongate, requireSaid } from '../command-line.ts'
import { allow, fails, iamClient, keysOf, s3Client, stsClient } from '../iam-client.ts'
import {
  otherId,
  other as otherKey,
  runCommand,
  spawnServer,
  startInProcess,
  temporaryFolder,
  tenantId,
} from '../server.ts'

const body = (bytes: number) => 'x'.repeat(bytes)

async function begin(client: Client, target: string) {
  return element((await client.post(`${target}?uploads`)).text, 'UploadId')
}

const completion = (parts: readonly [number, string | undefined][]) =>
  `<CompleteMultipartUpload>${parts
    .map(([number, etag]) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`)
    .join('')}</CompleteMultipartUpload>`

test('a user is made with a quota, which holds wherever in the account the user writes', async t => {
  const running = await startInProcess({ buckets: ['one', 'two'] })
  t.after(() => running.close())
  const { client } = running
  await requireSaid(running, 'user create ann --quota-bytes 100 --quota-objects 3', /is made\.\n$/)
  const left = /is there already\. Its quota is left as it is\.\n$/
  await requireSaid(running, 'user create ann --quota-bytes 9', left)
  await requireSaid(running, 'policy create all --write one --write two --read one', /is made/)
  await requireSaid(running, 'policy attach all --user ann', /is attached/)
  const key = await keyOf(running, 'ann')
  const ann = new Client({ port: running.port, ...key })
  assert.equal((await ann.put('/one/a', body(60))).status, 200)
  assert.equal((await ann.put('/two/b', body(41))).code, 'QuotaExceeded')
  assert.equal((await ann.put('/two/b', body(40))).status, 200)
  assert.equal((await client.put('/two/roots', body(500))).status, 200)
  await requireSaid(running, 'user info ann', /bytes {4}100 B of 100 B\n {2}objects {2}2 of 3/)
  const copied = await ann.put('/one/copy', '', { 'x-amz-copy-source': '/one/a' })
  assert.equal(copied.code, 'QuotaExceeded')
  assert.equal((await client.delete('/one/a')).status, 204)
  const put = { Bucket: 'one', Key: 'a', Body: body(61) }
  const given = await stsClient(running, { ...key, secretAccessKey: key.secret }).send(
    new sts.GetSessionTokenCommand({}),
  )
  const session = s3Client(running, keysOf(given.Credentials))
  await fails(session.send(new PutObjectCommand(put)), /^QuotaExceeded$/, 403)
  await session.send(new PutObjectCommand({ ...put, Body: body(60) }))
  await requireSaid(running, 'user info ann', /bytes {4}100 B of 100 B/)
  await requireSaid(running, 'user quota ann --quota-objects none', /bytes {4}100 B\n.*no limit/)
  await requireSaid(running, 'user quota ann --none', /is set/)
  assert.equal((await ann.put('/one/more', body(1000))).status, 200)
  await requireSaid(running, 'user quota ann --quota-bytes 1KiB', /4 versions of objects/)
  assert.equal((await ann.put('/one/less', 'x')).code, 'QuotaExceeded')
  assert.equal((await ann.delete('/one/more')).status, 204)
  assert.equal((await ann.put('/one/less', 'x')).status, 200)
  await requireSaid(running, 'user quota nobody --quota-bytes 1', /NoSuchEntity/, 1)
})

test('a quota that is below what is there says what that is, and that writes are refused', async t => {
  const running = await startInProcess({ buckets: ['one', 'two'] })
  t.after(() => running.close())
  const { client } = running
  assert.equal((await client.put('/one/a', body(60))).status, 200)
  assert.equal((await client.put('/one/b', body(60))).status, 200)
  const { stdout } = await moongate(running, 'account info --json')
  const { id } = (JSON.parse(stdout) as { account: { id: string } }).account
  for (const line of ['bucket quota one', 'volume quota s3v', `account quota ${id}`]) {
    const more =
      / {2}bytes {4}120 B of 100 B\n {2}objects {2}2 of 2\n[^]*More bytes are there than that: writes/
    await requireSaid(running, `${line} --quota-bytes 100 --quota-objects 2`, more)
    assert.equal((await client.put('/one/c', 'x')).code, 'QuotaExceeded', line)
    const fits = / {2}bytes {4}120 B\n {2}objects {2}2\n/
    const fitting = await moongate(running, `${line} --quota-bytes 120`)
    assert.match(fitting.stdout, fits)
    assert.doesNotMatch(fitting.stdout, /refused/)
    await requireSaid(running, `${line} --none`, /is set\.(?![^]*refused)/)
  }
  const both = /2 of 1\n {2}buckets {2}2 of 1\nMore objects and buckets are there/
  await requireSaid(running, 'volume quota s3v --quota-objects 1 --quota-buckets 1', both)
  const answer = await admin(client, 'PUT', '/volumes/s3v/quota', { bytes: 7 })
  assert.deepEqual(JSON.parse(answer.text), {
    quota: { bytes: 7, objects: null, buckets: null },
    usage: { bytes: 120, objects: 2, buckets: 2 },
    exceeded: ['bytes'],
    counted: 0,
  })
})

test('which quota refused is told to the owner of the bucket and to the administrator', async t => {
  const running = await startInProcess({ buckets: [] })
  t.after(() => running.close())
  const { client, tenant } = running
  const owner = new Client({ port: running.port, ...otherKey })
  assert.equal((await owner.put('/first')).status, 200)
  const everybody = { Effect: 'Allow', Principal: '*', Action: 's3:PutObject' }
  const statement = { ...everybody, Resource: 'arn:aws:s3:::first/*' }
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
  assert.equal((await owner.document('PUT', '/first?policy', policy)).status, 204)
  const generic = /The quota of the bucket, its volume, its owner or the user is exhausted\./
  const quotas = [
    [
      'bucket quota /s3v/first --quota-bytes 3',
      /The quota of the bucket is exhausted: it allows 3 bytes\./,
    ],
    [
      'volume quota s3v --quota-objects 0',
      /The quota of the volume is exhausted: it allows 0 objects\./,
    ],
    [
      `account quota ${otherId} --quota-bytes 1`,
      /The quota of the account that owns the bucket is exhausted: it allows 1 byte\./,
    ],
  ] as const
  for (const [line, words] of quotas) {
    await requireSaid(running, line, /is set/)
    for (const who of [owner, client]) {
      const { status, text } = await who.put('/first/key', 'four')
      assert.equal(status, 403)
      // The root writes by the policy as everybody does, and is told all the same.
      assert.match(text, words)
    }
    const stranger = await tenant.put('/s3v:first/key', 'four')
    assert.equal(stranger.code, 'QuotaExceeded')
    assert.match(stranger.text, generic)
    assert.match(
      (await client.plain({ method: 'PUT', target: '/first/key', body: 'four' })).text,
      generic,
    )
    await requireSaid(running, line.replace(/--.*/, '--none'), /is set/)
  }
  await requireSaid(running, 'user create ann --quota-bytes 2', /is made/)
  await requireSaid(running, 'bucket create mine', /is made/)
  await requireSaid(running, 'policy create write --write mine', /is made/)
  await requireSaid(running, 'policy attach write --user ann', /is attached/)
  const ann = new Client({ port: running.port, ...(await keyOf(running, 'ann')) })
  assert.match(
    (await ann.put('/mine/key', 'four')).text,
    /quota of the user is exhausted: it allows 2 bytes/,
  )
})

test('which limit of the number of buckets refused is told, to the commands too', async t => {
  const running = await startInProcess({ buckets: [] })
  t.after(() => running.close())
  const owner = new Client({ port: running.port, ...otherKey })
  assert.equal((await owner.put('/first')).status, 200)
  await requireSaid(running, `account quota ${otherId} --quota-buckets 1`, /is set/)
  const second = await owner.put('/second')
  assert.equal(second.code, 'TooManyBuckets')
  assert.match(second.text, /quota of the account is exhausted: it allows 1 bucket\./)
  await requireSaid(running, 'volume create /vol1 --quota-buckets 0', /is made/)
  const words = /QuotaExceeded: The quota of the volume is exhausted: it allows 0 buckets\.\n$/
  await requireSaid(running, 'bucket create /vol1/photos', words, 1)
})

test('federated users write for the quota of who asked for them', async t => {
  const running = await startInProcess()
  t.after(() => running.close())
  await requireSaid(running, 'user create ann --quota-bytes 10', /is made/)
  const key = await keyOf(running, 'ann')
  const document = allow(['s3:*', 'sts:*'])
  const added = await admin(running.client, 'PUT', '/policies/all', {
    document: JSON.parse(document),
  })
  assert.equal(added.status, 201)
  await requireSaid(running, 'policy attach all --user ann', /is attached/)
  const given = await stsClient(running, { ...key, secretAccessKey: key.secret }).send(
    new sts.GetFederationTokenCommand({ Name: 'guest', Policy: allow('s3:*') }),
  )
  const guest = s3Client(running, keysOf(given.Credentials))
  const put = { Bucket: 'bucket', Key: 'a', Body: body(11) }
  await fails(guest.send(new PutObjectCommand(put)), /^QuotaExceeded$/, 403)
  await guest.send(new PutObjectCommand({ ...put, Body: body(10) }))
  await requireSaid(running, 'user info ann', /bytes {4}10 B of 10 B/)
})

test('the quota of a user goes with the user, by IAM too', async t => {
  const running = await startInProcess()
  t.after(() => running.close())
  for (const name of ['ann', 'bob']) {
    const route = `/users/${name}`
    assert.equal((await admin(running.client, 'PUT', route, { bytes: 10 })).status, 201)
  }
  await requireSaid(running, 'user delete ann', /is gone/)
  await iamClient(running).send(new DeleteUserCommand({ UserName: 'bob' }))
  for (const name of ['ann', 'bob']) {
    await admin(running.client, 'PUT', `/users/${name}`, {})
    await requireSaid(running, `user quota ${name} --quota-objects 1`, /bytes {4}no limit/)
  }
})

test('an account has a quota over all of its buckets, which only the administrator sets', async t => {
  const running = await startInProcess({ buckets: [] })
  t.after(() => running.close())
  const { client, tenant } = running
  const other = new Client({ port: running.port, ...otherKey })
  const quota = `account quota ${otherId} --quota-bytes 100`
  await requireSaid(running, quota, /The quota of account b+ is set/)
  await requireSaid(running, `account quota ${'d'.repeat(64)} --quota-bytes 1`, /no account/, 1)
  for (const bucket of ['first', 'second'])
    assert.equal((await other.put(`/${bucket}`)).status, 200)
  assert.equal((await other.put('/first/a', body(60))).status, 200)
  assert.equal((await other.put('/second/b', body(41))).code, 'QuotaExceeded')
  assert.equal((await other.put('/second/b', body(40))).status, 200)
  const shown = await admin(other, 'GET', '/accounts/-')
  assert.deepEqual(JSON.parse(shown.text).usage, {
    quota: { bytes: 100, objects: null, buckets: null },
    bytes: 100,
    objects: 2,
  })
  const route = `/accounts/${otherId}/quota`
  for (const who of [other, tenant]) {
    const refused = await admin(who, 'PUT', route, {})
    assert.equal(`${refused.status} ${errorOf(refused).code}`, '403 AccessDenied')
  }
  for (const account of [otherId, 'd'.repeat(64)]) {
    const refused = await admin(tenant, 'GET', `/accounts/${account}`)
    assert.equal(`${refused.status} ${errorOf(refused).code}`, '403 AccessDenied')
  }
  assert.equal((await admin(client, 'GET', `/accounts/${tenantId}`)).status, 200)
  await requireSaid(running, `account info ${otherId}`, /bytes {4}100 B of 100 B\n.*2 of no limit/)
  await requireSaid(running, 'account info', /governs {2}this Moongate/)
  await requireSaid(running, `account quota ${otherId} --none`, /is set/)
  assert.equal((await other.put('/second/c', body(1000))).status, 200)
  await requireSaid(running, `account quota ${otherId} --quota-buckets 2`, /buckets {2}2\n/)
  const third = await other.put('/third')
  assert.equal(`${third.status} ${third.code}`, '400 TooManyBuckets')
  assert.equal((await other.delete('/first/a')).status, 204)
  assert.equal((await other.delete('/first')).status, 204)
  assert.equal((await other.put('/third')).status, 200)
  await requireSaid(running, `account info ${otherId}`, /buckets {2}2 of 2/)
})

test('parts of uploads count, and are given back however the upload ends', async t => {
  const running = await startInProcess()
  t.after(() => running.close())
  const { client } = running
  await requireSaid(running, 'bucket quota bucket --quota-bytes 6MiB', /is set/)
  const mebibyte = 1 << 20
  const uploadId = await begin(client, '/bucket/parts')
  const part = (number: number, bytes: number) =>
    client.put(`/bucket/parts?partNumber=${number}&uploadId=${uploadId}`, body(bytes))
  const first = await part(1, 5 * mebibyte)
  assert.equal(first.status, 200)
  assert.equal((await part(2, 2 * mebibyte)).code, 'QuotaExceeded')
  assert.equal((await client.put('/bucket/key', body(2 * mebibyte))).code, 'QuotaExceeded')
  for (const _ of [1, 2]) assert.equal((await part(2, mebibyte)).status, 200)
  await requireSaid(
    running,
    'bucket info bucket',
    /bytes {4}6\.0 MiB of 6\.0 MiB\n {2}objects {2}0/,
  )
  const document = completion([[1, first.headers['etag']]])
  const done = await client.post(`/bucket/parts?uploadId=${uploadId}`, document)
  assert.equal(done.status, 200, done.text)
  await requireSaid(
    running,
    'bucket info bucket',
    /bytes {4}5\.0 MiB of 6\.0 MiB\n {2}objects {2}1/,
  )
  const second = await begin(client, '/bucket/other')
  const target = `/bucket/other?partNumber=1&uploadId=${second}`
  assert.equal((await client.put(target, body(mebibyte))).status, 200)
  assert.equal((await client.put('/bucket/key', 'x')).code, 'QuotaExceeded')
  assert.equal((await client.delete(`/bucket/other?uploadId=${second}`)).status, 204)
  assert.equal((await client.put('/bucket/key', body(mebibyte))).status, 200)
})

test('after a kill at any moment of uploads the counts are right', async () => {
  const data = temporaryFolder()
  const options = { data, args: ['--workers', '2'] }
  let server = await spawnServer({ ...options, env: { MOONGATE_BUCKETS: 'bucket' } })
  await requireSaid(server, 'bucket quota bucket --quota-bytes 1GiB', /is set/)
  await requireSaid(server, 'account quota --quota-bytes 1GiB', /is set/)
  for (let round = 0; round < 3; round += 1) {
    const { client } = server
    const lanes = Array.from({ length: 6 }, async (_, lane) => {
      for (let turn = 0; ; turn += 1) {
        const target = `/bucket/${lane}-${turn % 3}`
        const uploadId = await begin(client, target)
        const parts: [number, string | undefined][] = []
        for (const number of [1, 1, 2]) {
          const path = `${target}?partNumber=${number}&uploadId=${uploadId}`
          const { headers } = await client.put(path, body(number * 30_000))
          if (number !== parts.at(-1)?.[0]) parts.push([number, headers['etag']])
        }
        if (turn % 3 === 0) await client.delete(`${target}?uploadId=${uploadId}`)
        else if (turn % 3 === 1)
          await client.post(`${target}?uploadId=${uploadId}`, completion(parts.slice(0, 1)))
      }
    })
    const all = Promise.allSettled(lanes)
    await new Promise(resolve => setTimeout(resolve, 300 + 200 * round))
    assert.equal(await server.stop('SIGKILL'), 'SIGKILL')
    await all
    const checked = await runCommand(['check', '--data', data, '--json'])
    assert.equal(checked.status, 0, checked.stdout)
    server = await spawnServer(options)
  }
  const listed = await server.client.get('/bucket?uploads')
  const keys = elements(listed.text, 'Key')
  assert.ok(keys.length > 0)
  for (const [at, uploadId] of elements(listed.text, 'UploadId').entries())
    await server.client.delete(`/bucket/${keys[at]}?uploadId=${uploadId}`)
  for (const key of await server.client.keys('bucket')) await server.client.delete(`/bucket/${key}`)
  await requireSaid(server, 'bucket info bucket', /bytes {4}0 B of 1\.0 GiB/)
  await requireSaid(server, 'account info', /bytes {4}0 B of 1\.0 GiB/)
  assert.equal(await server.stop(), 0)
})
