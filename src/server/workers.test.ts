/** Workers that die are replaced and what they held is released; ones that cannot live end it all. */
import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { silentLog } from '../ports/log.ts'
import { loadConfig } from './config.ts'
import { Workers } from './workers.ts'

function make(started: number) {
  const seen = {
    released: [] as (number | undefined)[],
    lines: [] as string[],
    failures: [] as string[],
    hopeless: 0,
  }
  const { config } = loadConfig({ flags: new Map(), env: {}, readFile: () => '' })
  const workers = new Workers({
    data: {
      config,
      masterKey: createSecretKey(Buffer.alloc(32)),
      shared: new SharedArrayBuffer(8),
      attempts: new SharedArrayBuffer(8),
      state: new SharedArrayBuffer(4),
      reserve: undefined,
      counters: [],
      started,
      port: 0,
      isGuest: false,
      logs: { access: true, audit: true, server: true },
    },
    tls: undefined,
    log: silentLog,
    emit: (_, text) => seen.lines.push(text),
    release: connection => seen.released.push(connection),
    entry: new URL('./mortal-worker.fixture.ts', import.meta.url),
    onFailed: why => seen.failures.push(why),
    onHopeless: () => {
      seen.hopeless += 1
    },
  })
  return { workers, seen }
}

async function eventually(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !condition(); i++) await sleep(10)
  assert.ok(condition())
}

test('a worker that dies is released and replaced', async () => {
  const { workers, seen } = make(0)
  await workers.start(1)
  const [first] = seen.lines
  workers.setCertificate({ cert: '', key: '' })
  await eventually(() => seen.lines.length === 2)
  assert.deepEqual(seen.released, [Number(first)])
  assert.notEqual(seen.lines[1], first)
  assert.equal(seen.hopeless, 0)
  await workers.close(0)
  assert.equal(seen.lines.length, 2)
})

test('what a worker says before it ends itself is heard, and ended workers are not replaced', async () => {
  const { workers, seen } = make(0)
  await Promise.all([workers.start(1), workers.start(2)])
  workers.setCertificate({ cert: 'fail', key: '' })
  await eventually(() => seen.failures.length === 2)
  assert.deepEqual(new Set(seen.failures), new Set(['the disk did not keep it']))
  await workers.terminate()
  const { length } = seen.lines
  await sleep(100)
  assert.equal(seen.lines.length, length)
})

test('workers that die at birth are not replaced for ever', async () => {
  const { workers, seen } = make(-1)
  await assert.rejects(workers.start(1), /born to die/)
  await eventually(() => seen.hopeless === 1)
  const deaths = seen.released.length
  await sleep(100)
  assert.equal(seen.released.length, deaths)
  await workers.close(0)
})
