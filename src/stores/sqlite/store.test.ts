/** The MetaStore on SQLite keeps the contract, and what only it promises. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { metaStoreContract } from '../../ports/meta-store.contract.ts'
import { Conflict, get, getFollowing, scan, table } from '../../ports/meta-store.ts'
import { StoreUnavailable } from '../../ports/store-unavailable.ts'
import { createShared, Shared } from './shared.ts'
import { openSqlite, type SqliteOptions, type SqliteStore } from './store.ts'
import { connect } from './wal.ts'

metaStoreContract('sqlite', async (tables, connections) => {
  const folder = mkdtempSync(join(tmpdir(), 'moongate-'))
  const shared = createShared()
  const path = join(folder, 'meta.db')
  const first = openSqlite({ path, tables, shared })
  const others = Array.from({ length: connections - 1 }, () => openSqlite({ path, tables, shared }))
  return {
    stores: [first, ...others],
    async close() {
      for (const store of [first, ...others]) await store.close()
      rmSync(folder, { recursive: true })
    },
  }
})

interface Row {
  id: string
  value: number | null
  to?: number | null
}
const rows = table<Row>({ name: 'rows', key: { id: 'text' }, columns: { value: 'int', to: 'int' } })
const targets = table<{ id: number; value: number }>({
  name: 'targets',
  key: { id: 'int' },
  columns: { value: 'int' },
})

const put = (id: string, value: number) => ({ writes: [{ put: rows, record: { id, value } }] })

/** Whether the promise is settled once everything that could settle it had its turn. */
async function isSettled(promise: Promise<unknown>, wait = 30): Promise<boolean> {
  const settled = promise.then(
    () => true,
    () => true,
  )
  return await Promise.race([settled, sleep(wait, false)])
}

/**
 * When what was handed in is committed, though not synced: groups are committed in the next turn of the event loop, which
 * on a busy machine comes later than any timer.
 */
const committed = () => nextTurn()

let folder: string
let opened: SqliteStore[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'moongate-'))
  opened = []
})
afterEach(async () => {
  for (const store of opened) await store.close()
  rmSync(folder, { recursive: true })
})
function open(options: Partial<SqliteOptions> = {}): SqliteStore {
  const store = openSqlite({ path: join(folder, 'meta.db'), tables: [rows, targets], ...options })
  opened.push(store)
  return store
}

/** A sync that is held until it is let go. */
function heldSync() {
  const gates: (() => void)[] = []
  let held = true
  let calls = 0
  return {
    sync: () => {
      calls += 1
      return held ? new Promise<void>(resolve => gates.push(resolve)) : Promise.resolve()
    },
    calls: () => calls,
    letGo() {
      held = false
      for (const gate of gates.splice(0)) gate()
    },
    hold() {
      held = true
    },
  }
}

describe('nothing is told before it is durable', () => {
  const setUp = async () => {
    const gate = heldSync()
    gate.letGo()
    const shared = createShared()
    const writer = open({ shared, sync: gate.sync })
    const reader = open({ shared, sync: gate.sync })
    await writer.commit(put('old', 1))
    await writer.commit(put('gone', 1))
    gate.hold()
    return { gate, writer, reader }
  }

  it('holds back a commit, and what another connection reads of it', async () => {
    const { gate, writer, reader } = await setUp()
    const commit = writer.commit(put('new', 1))
    await committed()
    const present = reader.read({ gets: [get(rows, ['new'])] })
    assert.equal(await isSettled(commit), false)
    assert.equal(await isSettled(present), false)
    gate.letGo()
    assert.equal((await present).gets[0].record?.revision, (await commit).revision)
  })

  it('holds back an absence, a scan and a failed follow, but not a record that was durable', async () => {
    const { gate, writer, reader } = await setUp()
    const commit = writer.commit({ writes: [{ remove: rows, key: ['gone'] }] })
    await committed()
    const waiting = [
      reader.read({ gets: [get(rows, ['gone'])] }),
      reader.read({ scans: [scan(rows, { at: [], limit: 10 })] }),
      reader.read({ gets: [getFollowing(rows, ['old'], 'to', targets)] }),
      reader.settle(),
    ]
    for (const one of waiting) assert.equal(await isSettled(one), false)
    assert.equal(await isSettled(reader.read({ gets: [get(rows, ['old'])] })), true)
    gate.letGo()
    await Promise.all([commit, ...waiting])
  })

  it('tells a tentative reader at once', async () => {
    const { gate, writer, reader } = await setUp()
    const commit = writer.commit(put('new', 1))
    await committed()
    const { gets } = await reader.read({ gets: [get(rows, ['new'])] }, { tentative: true })
    assert.equal(gets[0].record?.value, 1)
    gate.letGo()
    await commit
  })

  it('tells a Conflict at once', async () => {
    const { gate, writer, reader } = await setUp()
    const commit = writer.commit(put('new', 1))
    const checks = [{ table: rows, key: ['new'], revision: null }]
    await committed()
    await assert.rejects(reader.commit({ checks }), Conflict)
    gate.letGo()
    await commit
  })

  it('commits the next group while a sync is under way, and syncs once for all of them', async () => {
    const { gate, writer, reader } = await setUp()
    const before = gate.calls()
    const commits = [writer.commit(put('a', 1))]
    await committed()
    for (let i = 0; i < 5; i++) {
      commits.push(writer.commit(put(`b${i}`, i)))
      await committed()
    }
    const { scans } = await reader.read(
      { scans: [scan(rows, { at: [], limit: 100 })] },
      { tentative: true },
    )
    assert.equal(scans[0].entries.length, 8)
    gate.letGo()
    await Promise.all(commits)
    assert.equal(gate.calls() - before, 2)
  })

  it('lets a waiter sync for a connection that does not', async () => {
    const gate = heldSync()
    const shared = createShared()
    const writer = open({ shared, sync: gate.sync })
    const reader = open({ shared, sync: () => Promise.resolve() })
    const commit = writer.commit(put('new', 1))
    await committed()
    const { gets } = await reader.read({ gets: [get(rows, ['new'])] })
    assert.equal(gets[0].record?.value, 1)
    gate.letGo()
    await commit
  })

  it('waits for what was announced, since it may be seen before it is published as done', async () => {
    const buffer = createShared()
    const store = open({ shared: buffer, sync: () => Promise.resolve() })
    await store.commit(put('a', 1))
    const shared = new Shared(buffer)
    const begun = shared.begun()
    shared.setBegun(begun + 1)
    const absent = store.read({ gets: [get(rows, ['b'])] })
    assert.equal(await isSettled(absent), false)
    shared.setLast(begun + 1)
    await absent
  })

  it('ends the process when a sync fails, and acknowledges nothing', async () => {
    const fatal: unknown[] = []
    const failure = new Error('EIO')
    let broken = false
    const store = openSqlite({
      path: join(folder, 'meta.db'),
      tables: [rows],
      sync: () => (broken ? Promise.reject(failure) : Promise.resolve()),
      onFatal: error => fatal.push(error),
    })
    await store.commit(put('a', 1))
    broken = true
    const commit = store.commit(put('b', 1))
    assert.equal(await isSettled(commit), false)
    broken = false
    await assert.rejects(store.commit(put('c', 1)), StoreUnavailable)
    await assert.rejects(store.read({ gets: [get(rows, ['a'])] }), StoreUnavailable)
    assert.equal(await isSettled(commit), false)
    await store.close()
    assert.deepEqual(fatal, [failure])
  })
})

describe('an error of SQLite', () => {
  it('of one batch rolls the group back and leaves the others unharmed', async () => {
    const store = open()
    const other = new DatabaseSync(join(folder, 'meta.db'))
    other.exec(
      "CREATE TRIGGER bad BEFORE INSERT ON rows WHEN new.id = 'bad' BEGIN SELECT RAISE(ABORT, 'broken'); END",
    )
    other.close()
    const results = await Promise.allSettled([
      store.commit(put('a', 1)),
      store.commit({ writes: [...put('c', 1).writes, ...put('bad', 1).writes] }),
      store.commit(put('b', 1)),
      store.commit({ checks: [{ table: rows, key: ['a'], revision: null }] }),
    ])
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'rejected'],
    )
    const [, bad, , conflict] = results
    assert.ok(bad?.status === 'rejected' && bad.reason instanceof StoreUnavailable)
    assert.match(String((bad.reason.cause as Error).message), /broken/)
    assert.ok(conflict?.status === 'rejected' && conflict.reason instanceof Conflict)
    const { scans } = await store.read({ scans: [scan(rows, { at: [], limit: 10 })] })
    assert.deepEqual(
      scans[0].entries.map(entry => typeof entry === 'object' && entry.id),
      ['a', 'b'],
    )
  })

  it('in COMMIT itself rejects, and nobody waits for the number that was announced', async () => {
    let broken = false
    class Failing extends DatabaseSync {
      override prepare(sql: string) {
        const statement = super.prepare(sql)
        const run = statement.run.bind(statement)
        if (sql === 'COMMIT')
          statement.run = () => {
            if (broken) throw new Error('no commit')
            return run()
          }
        return statement
      }
    }
    const store = open({ durability: 'none', connect: path => new Failing(path) })
    await store.commit(put('a', 1))
    broken = true
    await assert.rejects(store.commit(put('b', 1)), StoreUnavailable)
    broken = false
    await store.settle()
    const { gets } = await store.read({ gets: [get(rows, ['b'])] })
    assert.equal(gets[0].record, undefined)
    await store.commit(put('b', 2))
  })

  it('such as a full database rejects and the store lives on', async () => {
    const large = table<{ id: number; bytes: Uint8Array }>({
      name: 'large',
      key: { id: 'int' },
      columns: { bytes: 'bytes' },
    })
    const store = openSqlite({
      path: ':memory:',
      tables: [large, rows],
      connect(path) {
        const db = connect(path)
        db.exec('PRAGMA max_page_count = 60')
        return db
      },
    })
    opened.push(store)
    await store.commit(put('a', 1))
    const writes = [{ put: large, record: { id: 1, bytes: new Uint8Array(1e6) } }]
    const failed = store.commit({ writes })
    await assert.rejects(failed, (error: unknown) => {
      assert.ok(error instanceof StoreUnavailable)
      assert.match(String((error.cause as Error).message), /full/)
      return true
    })
    await store.commit(put('b', 2))
    const { gets } = await store.read({ gets: [get(rows, ['b'])] })
    assert.equal(gets[0].record?.value, 2)
  })
})

describe('connections of one process', () => {
  it('move the generation of a record that was written, before the commit is told', async () => {
    const shared = createShared()
    const [one, two] = [open({ shared }), open({ shared })]
    await one.commit(put('a', 1))
    const before = two.generation(rows, ['a'])
    const other = two.generation(rows, ['some other key'])
    await one.commit(put('a', 2))
    assert.notEqual(two.generation(rows, ['a']), before)
    assert.equal(two.generation(rows, ['some other key']), other)
    const last = two.generation(rows, ['a'])
    await assert.rejects(
      one.commit({ ...put('a', 3), checks: [{ table: rows, empty: [] }] }),
      Conflict,
    )
    assert.equal(two.generation(rows, ['a']), last)
  })

  it('tell each other what changed, as long as somebody listens', async () => {
    const shared = createShared()
    const [one, two] = [open({ shared }), open({ shared })]
    const heard: unknown[] = []
    const told = new Promise<void>(resolve => {
      const stop = two.changes((name, key) => {
        heard.push([name, ...key])
        stop()
        resolve()
      })
    })
    await one.commit(put('a', 1))
    await Promise.race([told, sleep(2000)])
    assert.deepEqual(heard, [['rows', 'a']])
  })

  it('go on when one has died with the turn, and take every cache for stale', async () => {
    const shared = createShared()
    const store = open({ shared })
    await store.commit(put('a', 1))
    const dead = new Shared(shared)
    const connection = dead.nextConnection()
    dead.tryTurn(connection)
    dead.setBegun(dead.begun() + 3)
    const before = store.generation(rows, ['untouched'])
    const commit = store.commit(put('a', 2))
    assert.equal(await isSettled(commit), false)
    store.releaseTurnOf(connection)
    assert.ok((await commit).revision > dead.durable() - 2)
    assert.notEqual(store.generation(rows, ['untouched']), before)
    await store.settle()
  })

  it('end the process when the dead one still holds its transaction', async () => {
    const shared = createShared()
    const fatal: unknown[] = []
    const store = open({
      shared,
      connect(path) {
        const db = connect(path)
        db.exec('PRAGMA busy_timeout = 20')
        return db
      },
      onFatal: error => fatal.push(error),
    })
    const other = new DatabaseSync(join(folder, 'meta.db'))
    other.exec('BEGIN IMMEDIATE')
    const dead = new Shared(shared)
    const connection = dead.nextConnection()
    dead.tryTurn(connection)
    store.releaseTurnOf(connection)
    assert.equal(fatal.length, 1)
    assert.equal(dead.turnOwner(), connection)
    other.close()
    store.releaseTurnOf(connection)
    assert.equal(dead.turnOwner(), 0)
  })
})
