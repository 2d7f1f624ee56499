/** Several threads on one database: races, deaths, and checkpoints under load. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { get, table } from '../../ports/meta-store.ts'
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

  it('keep the WAL under 64 MiB while 400 MiB are written', { timeout: 60_000 }, async () => {
    const bodies = table<{ id: number; bytes: Uint8Array }>({
      name: 'bodies',
      key: { id: 'int' },
      columns: { bytes: 'bytes' },
    })
    const store = openSqlite({ path, tables: [bodies], durability: 'none' })
    const errors: unknown[] = []
    const onError = (error: unknown) => errors.push(error)
    const checkpointer = startCheckpointer({ path, shared: store.shared, onError })
    const bytes = new Uint8Array(65_536)
    let longest = 0
    for (let round = 0; round < 400; round++) {
      await Promise.all(
        Array.from({ length: 16 }, (_, i) =>
          store.commit({
            writes: [{ put: bodies, record: { id: (round * 16 + i) % 500, bytes } }],
          }),
        ),
      )
      longest = Math.max(longest, statSync(`${path}-wal`).size)
    }
    await checkpointer.close()
    await store.close()
    assert.deepEqual(errors, [])
    assert.ok(longest < 64 * 1024 ** 2, `the WAL reached ${longest} bytes`)
  })
})
