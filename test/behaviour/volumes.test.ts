// Volumes and links as Ozone's pages have them: what they print there works here, under our names.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { admin } from '../admin.ts'
import { Client, elements } from '../client.ts'
import { keyOf, moongate, requireSaid } from '../command-line.ts'
import { runCommand, startInProcess, temporaryFolder } from '../server.ts'

test('whoever makes a bucket, it has the ownership that the server gives', async t => {
  const flags = { 'default-object-ownership': 'ObjectWriter' }
  const running = await startInProcess({ buckets: ['given'], flags })
  t.after(() => running.close())
  const { client } = running
  const made = await admin(client, 'PUT', '/volumes/-/buckets/made', {})
  assert.equal(made.status, 201)
  for (const bucket of ['given', 'made']) {
    const { text } = await client.get(`/${bucket}?ownershipControls`)
    assert.deepEqual(elements(text, 'ObjectOwnership'), ['ObjectWriter'], bucket)
    assert.equal((await client.put(`/${bucket}`, '')).status, 200)
  }
})

test('a bucket of any volume is exposed by a link', async t => {
  const running = await startInProcess({ buckets: [] })
  t.after(() => running.close())
  const { client } = running
  await requireSaid(running, 'volume create /s3v', /\/s3v is there already/)
  await requireSaid(running, 'volume create /vol1', /\/vol1 is made/)
  await requireSaid(running, 'volume create /vol1', /\/vol1 is there already/)
  await requireSaid(running, 'bucket create /vol1/bucket1', /\/vol1\/bucket1 is made/)
  await requireSaid(running, 'bucket create /vol1/bucket1', /is there already/)
  await requireSaid(running, 'bucket link /vol1/bucket1 /s3v/common-bucket', /is made/)
  await requireSaid(running, 'bucket link /vol1/bucket1 /s3v/common-bucket', /is there already/)
  for (const [line, words] of [
    [
      'link /vol1/other common-bucket',
      /\/s3v\/common-bucket is a link already and leads elsewhere/,
    ],
    ['create common-bucket', /\/s3v\/common-bucket is a link already/],
    ['link /s3v/common-bucket /vol1/bucket1', /\/vol1\/bucket1 is a bucket already/],
    ['create A_B', /A_B cannot be a bucket's name: 3 to 63 lower-case letters/],
  ] as const)
    await requireSaid(running, `bucket ${line}`, words, 1)
  await requireSaid(running, 'bucket quota x --quota-objects -1', /a whole number from 0/, 2)

  assert.equal((await client.put('/common-bucket/key', 'through the link')).status, 200)
  assert.equal((await client.get('/vol1:bucket1/key')).text, 'through the link')
  assert.equal((await client.get('/bucket1/key')).code, 'NoSuchBucket')
  assert.deepEqual(elements((await client.get('/')).text, 'Name'), ['common-bucket'])
  assert.deepEqual(await client.keys('common-bucket'), ['key'])
  const copied = await client.put('/common-bucket/copy', '', {
    'x-amz-copy-source': 'vol1:bucket1/key',
  })
  assert.equal(copied.status, 200)
  assert.equal((await client.versioning('common-bucket', 'Enabled')).status, 200)
  assert.match((await client.get('/vol1:bucket1?versioning')).text, /Enabled/)

  const path = `Volume name for S3Bucket is : s3v\nMoongate Uri is : ${running.endpoint}/s3v:common-bucket\n`
  assert.equal((await moongate(running, 'bucket path common-bucket')).stdout, path)
  assert.equal((await client.get('/s3v:common-bucket/copy')).text, 'through the link')
  assert.equal((await client.get('/:common-bucket/copy')).text, 'through the link')
  await requireSaid(running, 'user create ann', /is made/)
  const both = '--read common-bucket --read /vol1/bucket1'
  await requireSaid(running, `policy create both ${both}`, /is made/)
  await requireSaid(running, 'policy create one --read common-bucket', /is made/)
  const testing = 'policy test GetObject common-bucket/key --user ann'
  await requireSaid(running, 'policy attach one --user ann', /is attached/)
  await requireSaid(running, testing, /Denied: .*\n.*, at \/vol1\/bucket1/, 1)
  await requireSaid(running, 'policy attach both --user ann', /is attached/)
  await requireSaid(running, testing, /Allowed: .*\n.*, at \/vol1\/bucket1/)
  const ann = new Client({ port: running.port, ...(await keyOf(running, 'ann')) })
  assert.equal((await ann.get('/common-bucket/key')).text, 'through the link')
  assert.equal((await ann.get('/vol1:bucket1/key')).text, 'through the link')
  await requireSaid(running, 'bucket info common-bucket', /link to {2}\/vol1\/bucket1/)
  await requireSaid(running, 'bucket delete /vol1/bucket1', /BucketNotEmpty: /, 1)
  await requireSaid(running, 'volume delete /vol1', /VolumeNotEmpty: /, 1)
  await requireSaid(running, 'volume delete /s3v', /none of their own: it stays/, 1)
  await requireSaid(running, 'bucket delete common-bucket', /^Link common-bucket is gone/)
  assert.equal((await client.get('/common-bucket/key')).code, 'NoSuchBucket')
  assert.equal((await client.get('/vol1:bucket1/key')).status, 200)
})

test('links to links, to nothing and in circles', async t => {
  const running = await startInProcess({ buckets: ['source'] })
  t.after(() => running.close())
  const { client } = running
  const links = ['source first', 'first second', 'ping pong', 'pong ping', 'nothing dangling']
  for (const link of links) await requireSaid(running, `bucket link ${link}`, /is made/)
  assert.equal((await client.put('/second/key', 'two links away')).status, 200)
  assert.equal((await client.get('/source/key')).text, 'two links away')
  const circle = await client.get('/ping/key')
  assert.equal(`${circle.status} ${circle.code}`, '400 TooManyLinks')
  const nowhere = await client.get('/dangling/key')
  assert.equal(`${nowhere.status} ${nowhere.code}`, '404 NoSuchBucket')
  assert.doesNotMatch(nowhere.text, /nothing/)
  await requireSaid(running, 'bucket info dangling', /leads nowhere \(NoSuchBucket\)/)
  for (const [name, code] of [
    ['dangling', 'NoSuchBucket'],
    ['ping', 'TooManyLinks'],
  ]) {
    const path = await moongate(running, `bucket path ${name}`)
    assert.equal(path.stderr, `moongate: link /s3v/${name} leads nowhere (${code})\n`)
    assert.match(path.stdout, /^Volume name for S3Bucket is : s3v\nMoongate Uri is : /)
    assert.equal(path.status, 1)
  }
  await requireSaid(running, 'bucket path second', /s3v:second\n$/)
  for (const name of ['dangling', 'ping', 'first'])
    assert.equal((await client.delete(`/${name}`)).status, 204, name)
  assert.equal((await client.get('/second/key')).code, 'NoSuchBucket')
  assert.equal((await client.get('/source/key')).status, 200)
})

test('a quota is set where something is already, and told when it is reached', async t => {
  const running = await startInProcess()
  t.after(() => running.close())
  const { client } = running
  await client.put('/bucket/key', 'x'.repeat(60))
  await requireSaid(
    running,
    'bucket quota bucket --quota-bytes 100',
    /1 version of objects were counted/,
  )
  assert.equal((await client.put('/bucket/other', 'x'.repeat(41))).code, 'QuotaExceeded')
  assert.equal((await client.put('/bucket/other', 'x'.repeat(40))).status, 200)
  await requireSaid(running, 'bucket info bucket', /bytes {4}100 B of 100 B/)
  await requireSaid(running, 'volume quota /s3v --quota-objects 2', /2 versions/)
  assert.equal((await client.put('/bucket/third', '')).code, 'QuotaExceeded')
  await requireSaid(running, 'volume quota /s3v --none', /is set/)
  await requireSaid(running, 'bucket quota bucket --none', /is set/)
  assert.equal((await client.put('/bucket/third', 'x'.repeat(100))).status, 200)
  await requireSaid(running, 'volume quota /s3v', /Say what is to be the limit/, 2)
})

test('a limit that is not named stays, and one that is told to be none goes', async t => {
  const running = await startInProcess()
  t.after(() => running.close())
  await requireSaid(running, 'volume create /vol1 --quota-bytes 1GiB --quota-buckets 3', /is made/)
  const all = (bytes: string, objects: string, buckets: string) =>
    new RegExp(`is set.*\\n  bytes    ${bytes}\\n  objects  ${objects}\\n  buckets  ${buckets}\\n$`)
  const one = 'volume quota /vol1 --quota-objects 5'
  await requireSaid(running, one, all('1\\.0 GiB', '5', '3'))
  const lifted = 'volume quota /vol1 --quota-bytes none'
  await requireSaid(running, lifted, all('no limit', '5', '3'))
  await requireSaid(running, 'volume quota /vol1 --none --quota-bytes 1', /Say what is/, 2)
  await requireSaid(running, 'volume quota /vol1 --none', all('no limit', 'no limit', 'no limit'))
  const left = /is there already\. Its quota is left as it is\.\n$/
  await requireSaid(running, 'volume create /vol1 --quota-buckets 1', left)
  await requireSaid(running, 'volume create /vol1', /is there already\.\n$/)
  await requireSaid(running, 'volume info /vol1', /^\/vol1\n {2}owner .*\n {2}created .*\n$/)

  await requireSaid(running, 'bucket quota bucket --quota-bytes 1KiB', /is set/)
  const both = / {2}bytes {4}1\.0 KiB\n {2}objects {2}7\n$/
  await requireSaid(running, 'bucket quota bucket --quota-objects 7', both)
  await requireSaid(running, 'bucket create bucket --quota-bytes 9KiB', left)
  await requireSaid(running, 'bucket info bucket', /of 1\.0 KiB\n.*of 7\n/)
})

test('without security each key may have a volume of its own', async t => {
  const flags = { insecure: 'true', 'volume-per-key': 'true' }
  const running = await startInProcess({ flags, buckets: [] })
  t.after(() => running.close())
  const keyed = (accessKeyId: string) => {
    const key = { accessKeyId, secret: 'anything' }
    return { key, client: new Client({ port: running.port, ...key }) }
  }
  const one = keyed('thisisakey')
  const two = keyed('ThisIsAKey')
  for (const { client } of [one, two]) assert.equal((await client.put('/bucket1')).status, 200)
  await one.client.put('/bucket1/key', 'of one')
  assert.equal((await two.client.get('/bucket1/key')).code, 'NoSuchKey')
  const path = await moongate(running, 'bucket path bucket1', one.key)
  assert.equal(
    path.stdout,
    `Volume name for S3Bucket is : s3thisisakey\nMoongate Uri is : ${running.endpoint}/s3thisisakey:bucket1\n`,
  )
  const other = await moongate(running, 'bucket path bucket1', two.key)
  assert.match(other.stdout, /^Volume name for S3Bucket is : s3-[0-9a-f]{32}\n/)
  await requireSaid(running, 'volume create /vol1', /is made/)
  const volumes = await moongate(running, 'volume list', one.key)
  assert.equal(volumes.stdout, '/elsewhere\n/s3thisisakey\n/s3v\n/vol1\n')
  assert.match((await moongate(running, 'account info', one.key)).stdout, / \/s3thisisakey\n/)
  assert.equal((await running.client.plain({ target: '/bucket1/key' })).code, 'NoSuchBucket')
})

test('a bucket of another volume is exported by its place or through a link, and checked', async t => {
  const data = temporaryFolder()
  const running = await startInProcess({ data, buckets: [] })
  t.after(() => running.close())
  await requireSaid(running, 'volume create /vol1', /is made/)
  await requireSaid(running, 'bucket create /vol1/bucket1 --quota-bytes 1MiB', /is made/)
  await requireSaid(running, 'bucket link /vol1/bucket1 linked', /is made/)
  await running.client.put('/vol1:bucket1/key', 'bytes')
  await running.close()
  for (const bucket of ['/vol1/bucket1', 'linked']) {
    const folder = join(temporaryFolder(), 'out')
    const done = await runCommand(['export', bucket, folder, '--data', data])
    assert.equal(done.status, 0, done.stderr)
    assert.equal(readFileSync(join(folder, 'key'), 'utf8'), 'bytes')
  }
  const checked = await runCommand(['check', '--data', data])
  assert.equal(checked.status, 0, checked.stdout + checked.stderr)
})
