/** Several threads on one database: races, deaths, and checkpoints under load. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { get } from '../../ports/meta-store.ts'
import {
  assertRaceOutcome,
  raceTables,
  raceUploads,
} from '../../ports/meta-store-races.contract.ts'
import { startCheckpointer } from './checkpointer.ts'
import type { RaceThreadData } from './race-thread.fixture.ts'
import { createShared, Shared } from './shared.ts'
import { openSqlite } from './store.ts'

function startThread(data: RaceThreadData): Promise<number> {
  const worker = new Worker(new URL('./race-thread.fixture.ts', import.meta.url), {
    workerData: data,
  })
  return new Promise((resolve, reject) => {
    worker.once('error', reject)
    worker.once('exit', resolve)
  })
}

describe('threads of one process', () => {
  let folder: string
  let path: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'moongate-'))
    path = join(folder, 'meta.db')
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  it('race four callers each and keep everything consistent', { timeout: 60_000 }, async () => {
    const shared = createShared()
    const store = openSqlite({ path, tables: raceTables, shared })
    const codes = await Promise.all(
      [0, 1, 2, 3].map(thread => startThread({ path, shared, thread, role: 'race' })),
    )
    assert.deepEqual(codes, [0, 0, 0, 0])
    await assertRaceOutcome(store)
    await store.close()
  })

  it('lose nothing but its own work when one dies in its transaction', {
    timeout: 30_000,
  }, async () => {
    const shared = createShared()
    const store = openSqlite({ path, tables: raceTables, shared })
    const thread = new Shared(shared).nextConnection()
    assert.equal(await startThread({ path, shared, thread, role: 'die' }), 1)
    assert.equal(new Shared(shared).turnOwner(), thread)
    store.releaseTurnOf(thread)
    await store.commit({ writes: [{ put: raceUploads, record: { id: 'next', state: 'open' } }] })
    const { gets } = await store.read({
      gets: [get(raceUploads, ['torn']), get(raceUploads, ['next'])],
    })
    assert.deepEqual(
      gets.map(({ record }) => record?.id),
      [undefined, 'next'],
    )
    await store.close()
  })

  it('read all of one request from one snapshot', { timeout: 60_000 }, async () => {
    const shared = createShared()
    const store = openSqlite({ path, tables: raceTables, shared })
    let writing = true
    const thread = startThread({ path, shared, thread: 0, role: 'write' }).finally(() => {
      writing = false
    })
    const gets = ['left', 'right'].map(id => get(raceUploads, [id]))
    while (writing) {
      for (let i = 0; i < 100; i++) {
        const found = await store.read({ gets }, { tentative: true })
        const [left, right] = found.gets.map(({ record }) => record?.state)
        assert.equal(left, right)
      }
      await new Promise(resolve => setImmediate(resolve))
    }
    assert.equal(await thread, 0)
    await store.close()
  })

  it('keep the WAL under 64 MiB while two write 500 MiB', { timeout: 60_000 }, async () => {
    const shared = createShared()
    const store = openSqlite({ path, tables: raceTables, shared })
    const errors: unknown[] = []
    const onError = (error: unknown) => errors.push(error)
    const checkpointer = startCheckpointer({ path, shared, onError })
    let longest = 0
    const watch = setInterval(() => {
      longest = Math.max(longest, statSync(`${path}-wal`).size)
    }, 20)
    const threads = [0, 1].map(thread => startThread({ path, shared, thread, role: 'fill' }))
    assert.deepEqual(await Promise.all(threads), [0, 0])
    clearInterval(watch)
    await checkpointer.close()
    await store.close()
    assert.deepEqual(errors, [])
    assert.ok(longest > 0 && longest < 64 * 1024 ** 2, `the WAL reached ${longest} bytes`)
  })
})
