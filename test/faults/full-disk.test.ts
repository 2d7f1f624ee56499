// A disk that is full: room is made by deleting, and a server starts on it.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { blobFiles, eventually } from '../attacks/assertions.ts'
import { type Client, element } from '../client.ts'
import { runCommand, type Spawned, spawnServer } from '../server.ts'
import { fill, skip, smallDisk } from './small-disk.ts'

const args = ['--workers', '2', '--access-log', 'off', '--audit-log', 'off']
const large = randomBytes(1_000_000)
const full = '507 InsufficientStorage'

const told = ({ status, code }: { status: number; code: string }) => `${status} ${code}`

/** Resolves when the condition holds; nobody says how long a sweep may take. */
async function comes(condition: () => Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; !(await condition()); tries += 1) {
    assert.ok(tries < 600, `never happened: ${what}`)
    await pause(100)
  }
}

const readiness = async ({ client }: Spawned) =>
  JSON.parse((await client.plain({ target: '/-/health/ready' })).text) as unknown

/** The reserve of a server that has just started is made. */
function reserveMade(data: string): Promise<void> {
  const path = join(data, 'moongate.reserve')
  const size = () => statSync(path, { throwIfNoEntry: false })?.size ?? 0
  return eventually(() => size() >= 6 * 2 ** 20, 'the reserve is made')
}

/** Puts objects until one is refused because the disk is full. */
async function untilRefused(client: Client, prefix: string, body: Buffer): Promise<string[]> {
  const kept: string[] = []
  for (;;) {
    const key = `${prefix}${kept.length}`
    const answer = await client.put(`/bucket/${key}`, body)
    if (answer.status !== 200) {
      assert.equal(told(answer), full)
      assert.match(answer.text, /<Message>The disk of this server is full\./)
      return kept
    }
    kept.push(key)
    assert.ok(kept.length < 2000, 'the disk is never full')
  }
}

test('on a full disk objects are read and deleted, and written again once that has made room', {
  skip,
}, async () => {
  const data = join(smallDisk('64m'), 'data')
  const server = await spawnServer({ data, args, env: { MOONGATE_BUCKETS: 'bucket' } })
  const { client } = server
  await reserveMade(data)
  const upload = element((await client.post('/bucket/upload?uploads')).text, 'UploadId')
  const part = `/bucket/upload?partNumber=1&uploadId=${upload}`
  assert.equal((await client.put(part, large)).status, 200)
  const kept = await untilRefused(client, 'large', large)
  assert.ok(kept.length > 20)
  // What is small is refused too, and from then on the whole server knows.
  kept.push(...(await untilRefused(client, 'small', large.subarray(0, 60_000))))
  assert.equal(told(await client.put('/bucket/another', large)), full)
  assert.equal(told(await client.put('/bucket/another', 'x')), full)
  assert.equal(told(await client.put(part, 'x')), full)
  const copy = { 'x-amz-copy-source': '/bucket/large0' }
  assert.equal(told(await client.put('/bucket/another', '', copy)), full)
  assert.equal(told(await client.post('/bucket/another?uploads')), full)
  assert.deepEqual(await readiness(server), { status: 'ready', disk: 'full' })
  const metrics = (await client.plain({ target: '/-/metrics' })).text
  assert.match(metrics, /^moongate_disk_full 1$/m)
  assert.match(metrics, /^moongate_disk_reserve_bytes 0$/m)
  assert.ok((await client.get('/bucket/large0')).bytes.equals(large))
  assert.deepEqual(await client.keys(), kept.toSorted())

  assert.equal((await client.delete('/bucket/large0')).status, 204)
  assert.equal((await client.delete(`/bucket/upload?uploadId=${upload}`)).status, 204)
  const gone = kept.filter(key => key.startsWith('large')).slice(1)
  const entries = gone.map(key => `<Object><Key>${key}</Key></Object>`).join('')
  const answer = await client.document('POST', '/bucket?delete', `<Delete>${entries}</Delete>`)
  assert.equal(answer.status, 200)
  assert.ok(!answer.text.includes('<Error>'), answer.text)
  await comes(async () => blobFiles(data).length === 0, 'the bytes of what was deleted go')
  await comes(
    async () => (await client.put('/bucket/again', large)).status === 200,
    'there is room for another object',
  )
  await reserveMade(data)
  assert.deepEqual(await readiness(server), { status: 'ready' })
  assert.ok((await client.get('/bucket/again')).bytes.equals(large))
  const small = kept.filter(key => key.startsWith('small'))
  assert.deepEqual(await client.keys(), [...small, 'again'].toSorted())
  assert.match(server.stderr(), /"the disk is full/)
  assert.match(server.stderr(), /"there is room on the disk again/)
  assert.equal(await server.stop(), 0)
  assert.equal((await runCommand(['check', '--data', data])).status, 0)
})

test('a server that was killed on a full disk starts again, and room can be made then', {
  skip,
}, async () => {
  const disk = smallDisk('64m')
  const data = join(disk, 'data')
  const server = await spawnServer({ data, args, env: { MOONGATE_BUCKETS: 'bucket' } })
  await reserveMade(data)
  const kept = await untilRefused(server.client, 'large', large)
  const small = await untilRefused(server.client, 'small', large.subarray(0, 60_000))
  assert.equal(await server.stop('SIGKILL'), 'SIGKILL')
  const next = await spawnServer({ data, args })
  assert.deepEqual(await next.client.keys(), [...kept, ...small].toSorted())
  assert.equal(told(await next.client.put('/bucket/another', large)), full)
  for (const key of kept) assert.equal((await next.client.delete(`/bucket/${key}`)).status, 204)
  await comes(
    async () => (await next.client.put('/bucket/again', large)).status === 200,
    'there is room for another object',
  )
  assert.equal(await next.stop(), 0)
  assert.equal((await runCommand(['check', '--data', data])).status, 0)
})

test('a stopped server starts on a disk that somebody else has filled, and so do commands', {
  skip,
}, async () => {
  const disk = smallDisk('64m')
  const data = join(disk, 'data')
  const options = { data, args, env: { MOONGATE_BUCKETS: 'bucket' } }
  const server = await spawnServer(options)
  await reserveMade(data)
  assert.equal((await server.client.put('/bucket/kept', large)).status, 200)
  assert.equal((await server.client.put('/bucket/gone', large)).status, 200)
  assert.equal(await server.stop(), 0)
  const filler = join(disk, 'filler')
  fill(filler)
  const check = await runCommand(['check', '--data', data])
  assert.equal(check.status, 0, check.stderr)
  // A bucket that is declared only now needs a little room itself.
  const next = await spawnServer({ ...options, env: { MOONGATE_BUCKETS: 'bucket,other' } })
  assert.equal(told(await next.client.put('/bucket/another', large)), full)
  assert.ok((await next.client.get('/bucket/kept')).bytes.equals(large))
  assert.equal((await next.client.delete('/bucket/gone')).status, 204)
  assert.deepEqual(await readiness(next), { status: 'ready', disk: 'full' })
  rmSync(filler)
  await comes(
    async () => (await next.client.put('/other/again', large)).status === 200,
    'there is room for another object',
  )
  assert.equal(await next.stop(), 0)
})

test('room that small objects leave in the database is used for small objects', {
  skip,
}, async () => {
  const data = join(smallDisk('64m'), 'data')
  const server = await spawnServer({ data, args, env: { MOONGATE_BUCKETS: 'bucket' } })
  const { client } = server
  await reserveMade(data)
  const small = large.subarray(0, 60_000)
  const kept = await untilRefused(client, 'small', small)
  for (const key of kept.slice(0, -100))
    assert.equal((await client.delete(`/bucket/${key}`)).status, 204)
  await comes(
    async () => (await client.put('/bucket/again', small)).status === 200,
    'a small object takes the place of those that went',
  )
  assert.equal(told(await client.put('/bucket/large', large)), full)
  // However much of it is written and deleted, there is room to delete.
  for (let round = 0; round < 3; round += 1) {
    const more = await untilRefused(client, `round${round}-`, small)
    assert.ok(more.length > 50, `${more.length} in round ${round}`)
    for (const key of more) assert.equal((await client.delete(`/bucket/${key}`)).status, 204)
  }
  assert.equal(await server.stop(), 0)
  assert.equal((await runCommand(['check', '--data', data])).status, 0)
})
