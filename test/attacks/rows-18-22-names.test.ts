// Names that would like to be paths: keys, copy sources, buckets, and what is planted in the data folder.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { linkSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { elements } from '../client.ts'
import { type Running, startInProcess, temporaryFolder } from '../server.ts'
import { blobFiles, onlyKeys, refused } from './assertions.ts'

const parent = temporaryFolder()
let running: Running
before(async () => {
  const data = join(parent, 'inner', 'data')
  running = await startInProcess({ data, flags: { 'inline-max': '0' } })
})
after(() => running.close())

const keys: Readonly<Record<string, string>> = {
  '../x': '../x',
  '%2e%2e%2f': '../',
  '..%5c': '..\\',
  '%252e': '%2e',
  '/etc/passwd': '/etc/passwd',
  'a//b': 'a//b',
  '.': '.',
  '..': '..',
  './': './',
  CON: 'CON',
  'aux.txt': 'aux.txt',
  [`${'n'.repeat(300)}/x`]: `${'n'.repeat(300)}/x`,
  '%C3%A9%20%2B+%26': 'é ++&',
  '-/health/live': '-/health/live',
}
for (const [raw, key] of Object.entries(keys)) {
  test(`row 18: the key ${raw.slice(0, 40)} is kept, listed and told under that name`, async () => {
    const { client } = running
    const body = randomBytes(1000)
    assert.equal((await client.put(`/bucket/${raw}`, body)).status, 200)
    await onlyKeys(running, [key])
    assert.ok((await client.get(`/bucket/${raw}`)).bytes.equals(body))
    assert.deepEqual(readdirSync(parent), ['inner'])
    assert.deepEqual(readdirSync(join(parent, 'inner')), ['data'])
    assert.equal((await client.delete(`/bucket/${raw}`)).status, 204)
    await onlyKeys(running, [])
  })
}

test('row 18: a key with NUL, broken escapes or bytes that are no UTF-8', async () => {
  for (const raw of ['a%00b', '%00', 'a%', 'a%4', 'a%zz', '%ff', '%c0%ae', '%ed%a0%80']) {
    const answer = await running.client.put(`/bucket/${raw}`, 'x')
    assert.equal(answer.status, 400, raw)
    assert.match(answer.code, /^Invalid(?:URI|Argument)$/)
  }
  await onlyKeys(running, [])
})

test('row 19: a copy source with dots or of a bucket that is not ours', async () => {
  const { client, stranger } = running
  assert.equal((await stranger.put('/theirs')).status, 200)
  assert.equal((await stranger.put('/theirs/secret', 'theirs')).status, 200)
  assert.equal((await client.put('/bucket/own', 'own')).status, 200)
  const denied = [
    '/theirs/secret',
    'theirs/secret',
    'theirs%2Fsecret',
    '%2Ftheirs%2Fsecret',
    'theirs/secret?versionId=null',
  ]
  const elsewhere = [
    '/bucket/../theirs/secret',
    '/bucket/%2e%2e/theirs/secret',
    '/bucket/%252e%252e%252ftheirs%252fsecret',
    'bucket/..%2ftheirs%2fsecret',
    '../theirs/secret',
    '/../theirs/secret',
    'bucket/own?versionId=../../theirs/secret',
    'bucket/own?versionId=',
    'bucket/%ff',
    'bucket',
    'bucket/',
    '/',
    '',
  ]
  for (const source of [...denied, ...elsewhere]) {
    const answer = await client.put('/bucket/copy', '', { 'x-amz-copy-source': source })
    const wanted = denied.includes(source)
      ? /^403 AccessDenied$/
      : /^(?:400 InvalidArgument|404 NoSuchKey|404 NoSuchBucket)$/
    // An empty header announces a copy of nothing; AWS takes it for none, and the upload is of no bytes.
    if (source === '' && answer.status === 200) await client.delete('/bucket/copy')
    else assert.match(`${answer.status} ${answer.code}`, wanted, source)
  }
  await onlyKeys(running, ['own'])
  await client.delete('/bucket/own')
})

const plants: Readonly<Record<string, (path: string, secret: string) => void>> = {
  'a symbolic link': (path, secret) => symlinkSync(secret, path),
  'a symbolic link to nothing': path => symlinkSync('/nowhere/at/all', path),
  'a FIFO': path => execFileSync('mkfifo', [path]),
  'a hard link of another length': (path, secret) => linkSync(secret, path),
}
for (const [name, plant] of Object.entries(plants)) {
  test(`row 20: ${name} in place of a blob is not followed`, async () => {
    const { client, data = '' } = running
    const before = new Set(blobFiles(data))
    assert.equal((await client.put('/bucket/planted', randomBytes(1000))).status, 200)
    const blob = blobFiles(data).find(path => !before.has(path)) ?? ''
    const secret = join(parent, 'secret')
    writeFileSync(secret, 'a secret of the machine')
    rmSync(blob)
    plant(blob, secret)
    const answer = await client.get('/bucket/planted').catch(() => undefined)
    assert.ok(answer === undefined || answer.status >= 400, `${answer?.status}`)
    assert.ok(answer?.text.includes('secret') !== true)
    assert.equal((await client.head('/bucket/planted')).status, 200)
    rmSync(blob)
    rmSync(secret)
    await client.delete('/bucket/planted')
  })
}

const names = [
  '..',
  '.',
  'A_B',
  'a_b',
  'ab',
  'a'.repeat(64),
  '192.168.0.1',
  'xn--x',
  'x-s3alias',
  'x--ol-s3',
  'a..b',
  '.ab',
  'ab.',
  '-ab',
  'ab-',
  'a b',
  'sthree-x',
  'amzn-s3-demo-x',
  '-',
  'x.mrap',
  'moongate.db',
]
for (const name of names) {
  test(`row 21: no bucket "${name.slice(0, 20)}"`, async () => {
    const { client } = running
    const answer = await client.put(`/${encodeURIComponent(name)}`)
    if (name === 'moongate.db') {
      // Buckets are no folders: the name of a file beside them is as good as any.
      assert.equal(answer.status, 200)
      await client.delete(`/${name}`)
    } else refused(answer, 400, 'InvalidBucketName')
    assert.deepEqual(elements((await client.get('/')).text, 'Name'), ['bucket'])
  })
}

test('row 22: a, a/ and a/b coexist in every order, and so do their versions', async () => {
  const { client } = running
  const all = ['a', 'a/', 'a/b', 'a/b/c']
  for (const order of [all, all.toReversed()]) {
    for (const key of order) assert.equal((await client.put(`/bucket/${key}`, key)).status, 200)
    await onlyKeys(running, all)
    for (const key of all) assert.equal((await client.get(`/bucket/${key}`)).text, key)
    const { text } = await client.get('/bucket?list-type=2&delimiter=/')
    assert.deepEqual(
      elements(text, 'Prefix').filter(prefix => prefix !== ''),
      ['a/'],
    )
    for (const key of order) await client.delete(`/bucket/${key}`)
  }
  assert.equal((await client.versioning('bucket', 'Enabled')).status, 200)
  for (const key of [...all, ...all]) await client.put(`/bucket/${key}`, key)
  await client.delete('/bucket/a')
  const { text } = await client.get('/bucket?versions')
  // Markers may stand behind all versions: S3's clients read the two lists apart.
  assert.deepEqual(elements(text, 'Key').toSorted(), [
    'a',
    'a',
    'a',
    ...all.slice(1).flatMap(key => [key, key]),
  ])
  assert.equal((await client.get('/bucket/a/b')).text, 'a/b')
})
