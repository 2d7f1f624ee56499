// What is told in logs, how much may be kept beside an object, and who wins when many write at once.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { element, elements } from '../client.ts'
import { type Running, root, startInProcess, temporaryFolder } from '../server.ts'
import { eventually, onlyKeys, refused } from './assertions.ts'

let running: Running
const folder = temporaryFolder()
before(async () => {
  running = await startInProcess({
    data: folder,
    flags: {
      'access-log': join(folder, 'access.log'),
      'audit-log': join(folder, 'audit.log'),
    },
  })
})
after(() => running.close())

test('row 47: what is to be encrypted is refused, as long as nothing is, and never kept in the clear', async () => {
  const { client } = running
  const sse = 'x-amz-server-side-encryption'
  const key = Buffer.alloc(32, 7)
  const wanted: Record<string, string>[] = [
    { [sse]: 'AES256' },
    { [sse]: 'aws:kms', [`${sse}-aws-kms-key-id`]: 'alias/a' },
    {
      [`${sse}-customer-algorithm`]: 'AES256',
      [`${sse}-customer-key`]: key.toString('base64'),
      [`${sse}-customer-key-md5`]: createHash('md5').update(key).digest('base64'),
    },
  ]
  for (const headers of wanted) {
    refused(await client.put('/bucket/sealed', 'in the clear', headers), 501, 'NotImplemented')
    refused(await client.post('/bucket/sealed?uploads', '', headers), 501, 'NotImplemented')
    assert.equal((await client.head('/bucket/sealed')).status, 404)
  }
})

test('row 48: neither logs nor errors tell secrets, signatures or tokens', async () => {
  const { client } = running
  const token = 'session-token-that-nobody-may-read'
  const presigned = client.presign({ path: '/bucket/logged' })
  const signature = /X-Amz-Signature=([0-9a-f]+)/.exec(presigned)?.[1] ?? ''
  const signed = client.sign({ target: '/bucket/logged' })
  const other = /Signature=([0-9a-f]+)/.exec(signed['authorization'] ?? '')?.[1] ?? ''
  const wrong = client.sign({ target: '/bucket/logged', secret: 'guessed-secret' })
  await client.put('/bucket/logged', 'x')
  const answers = [
    await client.plain({ target: presigned }),
    await client.plain({
      target: `${presigned}&x=y`,
      headers: { referer: `http://a${presigned}` },
    }),
    await client.plain({ target: '/bucket/logged', headers: signed }),
    await client.plain({ target: '/bucket/logged', headers: wrong }),
    await client.get('/bucket/logged', { 'x-amz-security-token': token }),
    await client.plain({ target: '/bucket/logged', headers: { authorization: `Bearer ${token}` } }),
    await client.plain({ target: `/bucket/logged?X-Amz-Security-Token=${token}` }),
    await client.get('/bucket/logged', { 'x-amz-server-side-encryption-customer-key': token }),
  ]
  const last = answers.at(-1)?.headers['x-amz-request-id'] ?? 'none'
  const logs = () =>
    ['access.log', 'audit.log']
      .map(name => join(folder, name))
      .map(path => (existsSync(path) ? readFileSync(path, 'utf8') : ''))
      .join('')
  await eventually(() => logs().includes(last), 'the last request is logged')
  const stored = readFileSync(join(folder, 'moongate.db')).toString('latin1')
  for (const text of [logs(), ...answers.map(answer => answer.text), stored]) {
    assert.ok(!text.includes(root.secret))
    assert.ok(!text.includes(token))
  }
  for (const secret of [signature, other, 'guessed-secret']) assert.ok(!logs().includes(secret))
  for (const line of logs().trim().split('\n')) assert.equal(typeof JSON.parse(line), 'object')
  await client.delete('/bucket/logged')
})

test('row 52: metadata of 2 KiB is kept and one byte more refused', async () => {
  const { client } = running
  const name = 'x-amz-meta-a'
  assert.equal((await client.put('/bucket/meta', 'x', { [name]: 'v'.repeat(2047) })).status, 200)
  assert.equal((await client.head('/bucket/meta')).headers[name]?.length, 2047)
  const more = await client.put('/bucket/meta', 'y', { [name]: 'v'.repeat(2048) })
  refused(more, 400, 'MetadataTooLarge')
  assert.equal((await client.get('/bucket/meta')).text, 'x')
  await client.delete('/bucket/meta')
})

test('row 52: eleven tags, a tag twice, tags too long', async () => {
  const { client } = running
  const tags = (count: number) => Array.from({ length: count }, (_, at) => `k${at}=v`).join('&')
  const put = (tagging: string) => client.put('/bucket/tagged', 'x', { 'x-amz-tagging': tagging })
  for (const tagging of [
    'k=1&k=2',
    `${'k'.repeat(129)}=v`,
    `k=${'v'.repeat(257)}`,
    '=v',
    'aws:a=b',
  ])
    refused(await put(tagging), 400, 'InvalidTag')
  const eleven = await put(tags(11))
  assert.match(`${eleven.status} ${eleven.code}`, /^400 (?:BadRequest|InvalidTag)$/)
  await onlyKeys(running, [])
  assert.equal((await put(tags(10))).status, 200)
  const listed = await client.get('/bucket/tagged?tagging')
  assert.equal(elements(listed.text, 'Tag').length, 10)
  await client.delete('/bucket/tagged')
})

test('row 52: keys of 1,024 and 1,025 bytes', async () => {
  const { client } = running
  const long = 'é'.repeat(512)
  assert.equal((await client.put(`/bucket/${encodeURIComponent(long)}`, 'x')).status, 200)
  await onlyKeys(running, [long])
  const longer = await client.put(`/bucket/${encodeURIComponent(`${long}x`)}`, 'x')
  refused(longer, 400, 'KeyTooLongError')
  assert.equal(element(longer.text, 'MaxSizeAllowed'), '1024')
  await client.delete(`/bucket/${encodeURIComponent(long)}`)
})

test('row 52: control characters in a list, plain and URL-encoded', async () => {
  const { client } = running
  const key = 'a\u0001b\nc\u007f<&>"\u2028'
  assert.equal((await client.put(`/bucket/${encodeURIComponent(key)}`, 'x')).status, 200)
  await onlyKeys(running, [key])
  const plain = await client.get('/bucket?list-type=2')
  assert.equal(element(plain.text, 'Key'), key)
  assert.ok(!Array.from(plain.text).some(char => char < ' ' && char !== '\n'))
  assert.equal(elements(plain.text, 'Contents').length, 1)
  await client.delete(`/bucket/${encodeURIComponent(key)}`)
  await onlyKeys(running, [])
})

test('row 53: of 100 uploads at once with If-None-Match: * one is kept', async () => {
  const { client } = running
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, at) =>
      client.put('/bucket/raced', `body ${at}`, { 'if-none-match': '*' }),
    ),
  )
  const won = answers.flatMap(({ status }, at) => (status === 200 ? [at] : []))
  assert.equal(won.length, 1)
  for (const { status } of answers) assert.ok([200, 409, 412].includes(status), String(status))
  assert.equal((await client.get('/bucket/raced')).text, `body ${won[0]}`)
  await client.delete('/bucket/raced')
})

test('row 53: of 50 uploads at once with one If-Match one is kept', async () => {
  const { client } = running
  const first = await client.put('/bucket/raced', 'first')
  const headers = { 'if-match': first.headers['etag'] ?? '' }
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, at) => client.put('/bucket/raced', `body ${at}`, headers)),
  )
  const won = answers.flatMap(({ status }, at) => (status === 200 ? [at] : []))
  assert.equal(won.length, 1)
  assert.equal((await client.get('/bucket/raced')).text, `body ${won[0]}`)
  await client.delete('/bucket/raced')
})

test('row 53: with versions, a delete marker counts as absent and one of many fills it', async () => {
  const { client } = running
  await client.put('/versioned')
  await client.versioning('versioned', 'Enabled')
  await client.put('/versioned/raced', 'old')
  await client.delete('/versioned/raced')
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, at) =>
      client.put('/versioned/raced', `body ${at}`, { 'if-none-match': '*' }),
    ),
  )
  assert.equal(answers.filter(({ status }) => status === 200).length, 1)
  const versions = await client.get('/versioned?versions')
  assert.equal(elements(versions.text, 'VersionId').length, 3)
})
