// Disks that are full, cannot be written, or give back other bytes than they were given.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { blobFiles, eventually } from '../attacks/assertions.ts'
import { runCommand, spawnServer, startInProcess, temporaryFolder } from '../server.ts'
import { fill, skip, smallDisk } from './small-disk.ts'

test('row 54: a full disk refuses writes, keeps what it has, and goes on once there is room', {
  skip,
}, async () => {
  const disk = smallDisk('48m')
  const data = join(disk, 'data')
  const options = { data, args: ['--workers', '2', '--access-log', 'off', '--audit-log', 'off'] }
  const server = await spawnServer({ ...options, env: { MOONGATE_BUCKETS: 'bucket' } })
  const { client } = server
  const [small, large] = [randomBytes(1000), randomBytes(1_000_000)]
  assert.equal((await client.put('/bucket/small', small)).status, 200)
  assert.equal((await client.put('/bucket/large', large)).status, 200)
  const filler = join(disk, 'filler')
  fill(filler)
  const kept: string[] = []
  for (let count = 0; count < 40; count += 1) {
    const body = count % 2 === 0 ? randomBytes(60_000) : large
    const answer = await client.put(`/bucket/more-${count}`, body)
    if (answer.status === 200) kept.push(`more-${count}`)
    else assert.equal(`${answer.status} ${answer.code}`, '507 InsufficientStorage')
  }
  assert.ok(kept.length < 40, 'the disk is full')
  assert.ok((await client.get('/bucket/small')).bytes.equals(small))
  assert.ok((await client.get('/bucket/large')).bytes.equals(large))
  assert.deepEqual(await client.keys(), ['large', ...kept, 'small'].toSorted())
  assert.deepEqual(readdirSync(join(data, 'temporary')), [])
  rmSync(filler)
  await eventually(
    async () => (await client.put('/bucket/again', large)).status === 200,
    'objects are written once there is room',
  )
  assert.equal((await client.delete('/bucket/small')).status, 204)
  assert.equal(await server.stop(), 0)
  const next = await spawnServer(options)
  assert.deepEqual(await next.client.keys(), ['again', 'large', ...kept].toSorted())
  assert.ok((await next.client.get('/bucket/again')).bytes.equals(large))
  assert.equal(await next.stop(), 0)
})

test('a data folder that cannot be written is refused in a sentence', { skip }, async () => {
  const disk = smallDisk('48m')
  const data = join(disk, 'data')
  const first = await spawnServer({ data, env: { MOONGATE_BUCKETS: 'bucket' } })
  assert.equal((await first.client.put('/bucket/kept', 'kept')).status, 200)
  assert.equal(await first.stop(), 0)
  execFileSync('mount', ['-o', 'remount,ro', disk])
  const { status, stderr } = await runCommand(['serve', '--port', '0', '--data', data])
  assert.equal(status, 1)
  assert.match(stderr, /^moongate: .*\n$/)
  assert.ok(!stderr.includes('    at '), stderr)
  execFileSync('mount', ['-o', 'remount,rw', disk])
  const again = await spawnServer({ data })
  assert.equal((await again.client.get('/bucket/kept')).text, 'kept')
  assert.equal(await again.stop(), 0)
})

test('a blob that was cut short or is gone is never told as if it were whole', async t => {
  const data = temporaryFolder()
  const running = await startInProcess({ data })
  t.after(() => running.close())
  const { client } = running
  const body = randomBytes(3_000_000)
  const paths = new Map<string, string>()
  for (const key of ['truncated', 'gone', 'longer']) {
    const before = new Set(blobFiles(data))
    assert.equal((await client.put(`/bucket/${key}`, body)).status, 200)
    paths.set(key, blobFiles(data).find(path => !before.has(path)) ?? '')
  }
  truncateSync(paths.get('truncated') ?? '', 1_000_000)
  rmSync(paths.get('gone') ?? '')
  for (const key of ['truncated', 'gone']) {
    const answer = await client.get(`/bucket/${key}`).catch(() => undefined)
    assert.ok(answer === undefined || answer.status >= 500, `${key}: ${answer?.status}`)
  }
  assert.ok((await client.get('/bucket/longer')).bytes.equals(body))
  // Those who serve are not harmed by it.
  assert.equal((await client.put('/bucket/truncated', body)).status, 200)
  assert.ok((await client.get('/bucket/truncated')).bytes.equals(body))
})

test('a blob of which one bit has turned is never told as if it were sound', async t => {
  const data = temporaryFolder()
  const running = await startInProcess({ data })
  t.after(() => running.close())
  const { client } = running
  const body = randomBytes(3_000_000)
  for (const at of [0, 2_900_000]) {
    const before = new Set(blobFiles(data))
    assert.equal((await client.put(`/bucket/${at}`, body)).status, 200)
    const path = blobFiles(data).find(blob => !before.has(blob)) ?? ''
    const bytes = readFileSync(path)
    bytes[at] = (bytes[at] ?? 0) ^ 1
    writeFileSync(path, bytes)
    const answer = await client.get(`/bucket/${at}`).catch(() => undefined)
    assert.ok(answer === undefined || answer.status >= 500, `byte ${at}: ${answer?.status}`)
    const sound = await client.get(`/bucket/${at}`, { range: 'bytes=1000000-1000099' })
    assert.ok(sound.bytes.equals(body.subarray(1_000_000, 1_000_100)))
  }
})

test('moongate check finds a blob of which one bit has turned, and names its object', async () => {
  const data = temporaryFolder()
  const running = await startInProcess({ data })
  assert.equal((await running.client.put('/bucket/whole', randomBytes(200_000))).status, 200)
  const before = new Set(blobFiles(data))
  assert.equal((await running.client.put('/bucket/turned', randomBytes(200_000))).status, 200)
  await running.close()
  const clean = await runCommand(['check', '--data', data])
  assert.equal(clean.status, 0, clean.stderr)
  const path = blobFiles(data).find(blob => !before.has(blob)) ?? ''
  const bytes = readFileSync(path)
  bytes[100_000] = (bytes[100_000] ?? 0) ^ 1
  writeFileSync(path, bytes)
  const { status, stdout } = await runCommand(['check', '--data', data, '--json'])
  assert.equal(status, 1)
  assert.match(stdout, /turned/)
  assert.doesNotMatch(stdout, /whole/)
})

test('temporary files that a dead process left are gone after the sweep, blobs that nobody refers to too', async () => {
  const data = temporaryFolder()
  const first = await startInProcess({ data })
  await first.client.put('/bucket/kept', randomBytes(200_000))
  await first.close()
  const [kept = ''] = blobFiles(data)
  const old = new Date(Date.now() - 48 * 3_600_000)
  mkdirSync(join(data, 'temporary'), { recursive: true })
  const left = join(data, 'temporary', '0'.repeat(32))
  writeFileSync(left, 'half')
  utimesSync(left, old, old)
  const young = join(data, 'temporary', '1'.repeat(32))
  writeFileSync(young, 'half')
  const second = await startInProcess({ data, flags: { 'sweep-interval': '1s' } })
  await eventually(() => !blobFiles(data).includes(left), 'the old temporary file is removed')
  assert.deepEqual(blobFiles(data).toSorted(), [kept, young].toSorted())
  assert.equal((await second.client.head('/bucket/kept')).status, 200)
  await second.close()
})
