/** What a house does while the disk is full, and how that state is watched over. */
import assert from 'node:assert/strict'
import { createSecretKey, hash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { Incoming } from '../gateway/message.ts'
import { silentLog } from '../ports/log.ts'
import { createReserve, Reserve } from '../stores/files/reserve.ts'
import { openHouse } from './compose.ts'
import { loadConfig } from './config.ts'
import { keepReserve } from './disk-room.ts'
import { furnish } from './furnish.ts'

const mebibyte = 2 ** 20

/** A house on a disk that says to have so much left. */
async function houseOf(t: TestContext, disk: { free: number }) {
  const folder = mkdtempSync(join(tmpdir(), 'moongate-room-'))
  const flags = { data: folder, insecure: 'true', 'inline-max': '1KiB' }
  const { config } = loadConfig({
    flags: new Map(Object.entries(flags).map(([name, value]) => [name, [value]])),
    env: { MOONGATE_BUCKETS: 'bucket' },
    readFile: () => '',
  })
  const look = () => ({ free: disk.free, size: 64 * mebibyte })
  const reserve = new Reserve({ folder, shared: createReserve(), look })
  const house = await openHouse({
    config,
    masterKey: createSecretKey(Buffer.alloc(32)),
    shared: undefined,
    reserve,
    started: Date.now(),
    index: 0,
  })
  await furnish(house, config)
  t.after(async () => {
    await house.close()
    rmSync(folder, { recursive: true })
  })
  return { house, reserve }
}

interface Sent {
  readonly body?: Buffer
  readonly headers?: Readonly<Record<string, string>>
  /** Told when somebody wants the body. */
  readonly wanted?: () => void
}

function request(
  method: string,
  target: string,
  { body = Buffer.alloc(0), headers = {}, wanted }: Sent = {},
) {
  const incoming: Incoming = {
    method,
    target,
    headers: { host: 'localhost', 'content-length': String(body.byteLength), ...headers },
    rawHeaders: [],
    remoteAddress: '127.0.0.1',
    secure: false,
    body: {
      async *[Symbol.asyncIterator]() {
        wanted?.()
        yield body
      },
    },
    proceed: () => wanted?.(),
  }
  return incoming
}

test('on a full disk what brings something in is refused before its body is read; all else goes on', async t => {
  const { house, reserve } = await houseOf(t, { free: 60 * mebibyte })
  const send = async (...args: Parameters<typeof request>) => {
    const { status, body, record } = await house.handler(request(...args))
    if (body instanceof Uint8Array || body === undefined || typeof body === 'string')
      return { told: `${status} ${record.error}`.trim(), text: String(body) }
    const chunks: Uint8Array[] = []
    for await (const chunk of body) chunks.push(Buffer.from(chunk))
    return { told: `${status} ${record.error}`.trim(), text: Buffer.concat(chunks).toString() }
  }
  const large = Buffer.alloc(5000, 'x')
  for (const key of ['a', 'b', 'c']) {
    assert.equal((await send('PUT', `/bucket/${key}`, { body: large })).told, '200')
  }
  assert.equal((await send('PUT', '/bucket/small', { body: Buffer.from('small') })).told, '200')
  reserve.release()
  let wanted = 0
  const refused: [string, string, Sent][] = [
    ['PUT', '/bucket/new', { body: large }],
    ['PUT', '/bucket/new', { body: Buffer.from('small') }],
    ['PUT', '/bucket/new', { headers: { 'x-amz-copy-source': '/bucket/a' } }],
    ['POST', '/bucket/new?uploads', {}],
    ['PUT', '/new-bucket', {}],
  ]
  for (const [method, target, sent] of refused) {
    const answer = await send(method, target, {
      ...sent,
      wanted() {
        wanted += 1
      },
    })
    assert.equal(answer.told, '507 InsufficientStorage', `${method} ${target}`)
    assert.match(answer.text, /The disk of this server is full/)
  }
  assert.equal(wanted, 0)
  assert.equal((await send('GET', '/bucket/a')).text, large.toString())
  assert.equal((await send('DELETE', '/bucket/a')).told, '204')
  const document = Buffer.from('<Delete><Object><Key>b</Key></Object></Delete>')
  const headers = { 'content-md5': hash('md5', document, 'base64') }
  assert.equal((await send('POST', '/bucket?delete', { body: document, headers })).told, '200')
  const list = await send('GET', '/bucket?list-type=2')
  assert.deepEqual(
    [...list.text.matchAll(/<Key>(\w+)</g)].map(found => found[1]),
    ['c', 'small'],
  )
  // Where the database has room of its own, what is small has room too.
  reserve.allowsSmall = true
  assert.equal((await send('PUT', '/bucket/new', { body: large })).told, '507 InsufficientStorage')
  assert.equal((await send('POST', '/bucket/new?uploads')).told, '200')
  await reserve.make(() => false)
  assert.equal((await send('PUT', '/bucket/new', { body: large })).told, '200')
})

/** Waits until it is so; a test that waits in vain is stopped by its runner. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn()
}

function keeping(t: TestContext, free: number) {
  const folder = mkdtempSync(join(tmpdir(), 'moongate-room-'))
  const disk = { free, failing: false }
  const said: string[] = []
  let hurried = 0
  const look = () => {
    if (disk.failing) throw new Error('no disk')
    return { free: disk.free, size: 64 * mebibyte }
  }
  const reserve = new Reserve({ folder, shared: createReserve(), look })
  const say = (_: object, message: string) => void said.push(message)
  const stop = keepReserve({
    reserve,
    store: { hasSpare: () => true },
    sweeper: {
      async hurry() {
        hurried += 1
      },
    },
    log: { ...silentLog, error: say, info: say },
    everyMs: 1,
  })
  t.after(async () => {
    await stop()
    rmSync(folder, { recursive: true })
  })
  return { reserve, disk, said, hurried: () => hurried }
}

test('a full disk is told once, swept again and again, and told again when it has room', async t => {
  const { reserve, disk, said, hurried } = keeping(t, 60 * mebibyte)
  await until(() => reserve.held === 8 * mebibyte)
  assert.equal(hurried(), 0)
  disk.free = 0
  await until(() => hurried() > 2)
  assert.equal(reserve.full, true)
  assert.equal(reserve.allowsSmall, true)
  assert.equal(said.length, 1)
  assert.match(said[0] ?? '', /the disk is full/)
  disk.free = 60 * mebibyte
  await until(() => said.length > 1)
  assert.equal(reserve.full, false)
  assert.equal(reserve.held, 8 * mebibyte)
  assert.match(said[1] ?? '', /there is room/)
})

test('what was refused for want of room makes the sweep hurry', async t => {
  const { reserve, hurried } = keeping(t, 60 * mebibyte)
  await until(() => reserve.held > 0)
  assert.equal(hurried(), 0)
  reserve.refused()
  await until(() => hurried() > 1)
  assert.equal(reserve.full, false)
})

test('a disk that says nothing is told once', async t => {
  const { disk, said, reserve } = keeping(t, 60 * mebibyte)
  await until(() => reserve.held > 0)
  disk.failing = true
  await until(() => said.length > 0)
  for (let turns = 0; turns < 100; turns += 1) await turn()
  assert.deepEqual(said, ['the reserve on the disk cannot be kept'])
})

test('a disk with very much room is written to only after a while', async t => {
  const { reserve, disk } = keeping(t, 2 ** 40)
  for (let turns = 0; turns < 100; turns += 1) await turn()
  assert.equal(reserve.held, 0)
  disk.free = 60 * mebibyte
  await until(() => reserve.held === 8 * mebibyte)
})
