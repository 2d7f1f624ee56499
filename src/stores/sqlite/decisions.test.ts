/** Tests of decisions that are taken within the turn: when their answers are told, and what they do when a group fails. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { get } from '../../ports/meta-store.ts'
import { StoreUnavailable } from '../../ports/store-unavailable.ts'
import { put, rows } from './rows.fixture.ts'
import { openSqlite, type SqliteStore } from './store.ts'

let folder: string
let store: SqliteStore
/** The sync under way; nothing is durable before it ends. */
let gate: PromiseWithResolvers<void>

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'moongate-'))
  gate = Promise.withResolvers()
  gate.resolve()
  store = openSqlite({
    path: join(folder, 'meta.db'),
    tables: [rows],
    sync: () => gate.promise,
  })
})
afterEach(async () => {
  gate.resolve()
  await store.close()
  rmSync(folder, { recursive: true })
})

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const settled = promise.then(
    () => true,
    () => true,
  )
  return await Promise.race([settled, sleep(30, false)])
}

describe('a decision', () => {
  it('is told when what it read and what it wrote are durable, and so is what it throws', async () => {
    await store.commit(put('a', 1))
    gate = Promise.withResolvers()
    const commit = store.commit(put('a', 2))
    await nextTurn()
    const values: unknown[] = []
    const told = [
      store.commitOn([get(rows, ['a'])], ([{ record }]) => {
        values.push(record?.value)
        return { batch: undefined, result: 'seen' }
      }),
      store.commitOn([get(rows, ['a'])], () => ({ batch: put('b', 3), result: 'written' })),
      store.commitOn([get(rows, ['b'])], ([{ record }]) => {
        throw new RangeError(`there is ${record?.value}`)
      }),
    ]
    for (const one of told) assert.equal(await isSettled(one), false)
    assert.deepEqual(values, [2])
    gate.resolve()
    await commit
    const outcomes = await Promise.allSettled(told)
    assert.deepEqual(
      outcomes.map(one => (one.status === 'fulfilled' ? one.value : String(one.reason))),
      ['seen', 'written', 'RangeError: there is 3'],
    )
  })

  it('is taken again, alone, when the group that it was in fails', async () => {
    await store.commit(put('a', 1))
    let asked = 0
    const decided = store.commitOn([get(rows, ['a'])], ([{ record }]) => {
      asked += 1
      return { batch: put('a', (record?.value ?? 0) + 1), result: asked }
    })
    // What SQLite refuses within the transaction takes the whole group with it.
    const failing = store.commitOn([get(rows, ['a'])], () => {
      throw new StoreUnavailable('the database could not be read')
    })
    await assert.rejects(failing, StoreUnavailable)
    assert.equal(await decided, 2)
    const { gets } = await store.read({ gets: [get(rows, ['a'])] })
    assert.equal(gets[0].record?.value, 2)
  })
})
