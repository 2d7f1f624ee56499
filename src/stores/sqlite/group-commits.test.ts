/** Tests of what a commit does between its COMMIT and its answer, and when SQLite fails in the middle. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, it, mock } from 'node:test'
import { get, table } from '../../ports/meta-store.ts'
import { StoreFull, StoreUnavailable } from '../../ports/store-unavailable.ts'
import { createReserve, Reserve } from '../files/reserve.ts'
import { put, rows } from './rows.fixture.ts'
import { Shared } from './shared.ts'
import { openSqlite } from './store.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'moongate-'))
  path = join(folder, 'meta.db')
})
afterEach(() => {
  mock.restoreAll()
  rmSync(folder, { recursive: true })
})

/** Calls `see` at the next moment at which another worker may find a new number published. */
function atNextLast(see: () => void): void {
  const setLast = mock.method(Shared.prototype, 'setLast')
  setLast.mock.mockImplementationOnce(function (this: Shared, number: number) {
    setLast.mock.restore()
    this.setLast(number)
    see()
  })
}

describe('caches are stale before a number is published on which an answer may rest', () => {
  it('of a commit', async () => {
    const store = openSqlite({ path, tables: [rows] })
    await store.commit(put('a', 1))
    const before = store.generation(rows, ['a'])
    const watched = store.watch(rows, ['a'])
    assert.equal(watched(), before)
    const seen: boolean[] = []
    atNextLast(() => seen.push(store.generation(rows, ['a']) !== before, watched() !== before))
    await store.commit(put('a', 2))
    await store.close()
    assert.deepEqual(seen, [true, true])
  })

  it('of a connection that died with the turn', async () => {
    const store = openSqlite({ path, tables: [rows] })
    const dead = new Shared(store.shared)
    const connection = dead.nextConnection()
    dead.tryTurn(connection)
    dead.setBegun(dead.last() + 1)
    const before = store.generation(rows, ['a'])
    const seen: boolean[] = []
    atNextLast(() => seen.push(store.generation(rows, ['a']) !== before))
    store.releaseTurnOf(connection)
    await store.close()
    assert.deepEqual(seen, [true])
  })
})

describe('a transaction', () => {
  it('that cannot even be rolled back ends the process', async () => {
    const fatal: unknown[] = []
    let failing = false
    class Failing extends DatabaseSync {
      override prepare(sql: string) {
        const statement = super.prepare(sql)
        if (sql !== 'COMMIT') return statement
        const commit = () => {
          if (failing) throw new Error('the disk is gone')
          return statement.run()
        }
        return new Proxy(statement, { get: () => commit })
      }
      override exec(sql: string) {
        if (failing && sql === 'ROLLBACK') throw new Error('and gone for good')
        super.exec(sql)
      }
    }
    const store = openSqlite({
      path,
      tables: [rows],
      connect(file) {
        const db = new Failing(file)
        db.exec('PRAGMA journal_mode = WAL')
        return db
      },
      onFatal: error => fatal.push(error),
    })
    await store.commit(put('a', 1))
    failing = true
    await assert.rejects(store.commit(put('a', 2)), StoreUnavailable)
    assert.match(String(fatal[0]), /gone for good/)
    failing = false
    await store.close()
  })

  it('whose end cannot be told to others ends the process, and none is taken up after it', async () => {
    const fatal: unknown[] = []
    const store = openSqlite({ path, tables: [rows], onFatal: error => fatal.push(error) })
    const passTurn = mock.method(Shared.prototype, 'passTurn')
    passTurn.mock.mockImplementationOnce(function (this: Shared, connection: number) {
      passTurn.mock.restore()
      this.passTurn(connection)
      throw new Error('somebody else has the turn')
    })
    void store.commit(put('a', 1))
    while (fatal.length === 0) await new Promise(resolve => setImmediate(resolve))
    await assert.rejects(store.commit(put('b', 2)), StoreUnavailable)
    await store.close()
    assert.match(String(fatal[0]), /somebody else/)
  })
})

const bodies = table<{ id: number; bytes: Uint8Array }>({
  name: 'bodies',
  key: { id: 'int' },
  columns: { bytes: 'bytes' },
})
const body = (id: number, size: number) => ({
  writes: [{ put: bodies, record: { id, bytes: Buffer.alloc(size, 'x') } }],
})
const full = () => Object.assign(new Error('database or disk is full'), { errcode: 13 })

/** A store on a disk that takes no COMMIT as long as `refuses` says so. */
function fullDisk(refuses: () => boolean, reserve?: Reserve) {
  class Full extends DatabaseSync {
    override prepare(sql: string) {
      const statement = super.prepare(sql)
      if (sql !== 'COMMIT') return statement
      const commit = () => {
        if (refuses()) throw full()
        return statement.run()
      }
      return new Proxy(statement, { get: () => commit })
    }
  }
  const connect = (file: string) => {
    const db = new Full(file)
    db.exec('PRAGMA journal_mode = WAL')
    return db
  }
  return openSqlite({ path, tables: [rows, bodies], connect, reserve, durability: 'none' })
}

const emptyReserve = () =>
  new Reserve({
    folder,
    shared: createReserve(),
    look: () => ({ free: 0, size: 2 ** 30 }),
  })

describe('on a full disk', () => {
  it('records are committed on the reserve, bytes of objects are not', async () => {
    const reserve = emptyReserve()
    let writing = false
    const store = fullDisk(() => writing && !reserve.full, reserve)
    writing = true
    const outcomes = await Promise.allSettled([
      store.commit(put('a', 1)),
      store.commit(body(1, 2000)),
      store.commit(body(2, 100)),
      store.commit({ writes: [{ remove: rows, key: ['b'] }] }),
    ])
    assert.equal(reserve.full, true)
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
    )
    assert.ok(outcomes[1]?.status === 'rejected' && outcomes[1].reason instanceof StoreFull)
    await assert.rejects(store.commit(body(3, 2000)), StoreFull)
    await store.close()
  })

  it('bytes of objects take the room that is free within the database, and no more', async () => {
    const reserve = emptyReserve()
    const store = fullDisk(() => false, reserve)
    const mebibyte = 2 ** 20
    await store.commit(body(1, 6 * mebibyte))
    await store.commit({ writes: [{ remove: bodies, key: [1] }] })
    reserve.release()
    assert.equal(store.hasSpare(), true)
    const outcomes = await Promise.allSettled([
      store.commit(body(2, mebibyte)),
      store.commit(body(3, mebibyte)),
      store.commit(body(4, 2000)),
    ])
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    assert.equal(reserve.allowsSmall, true)
    await assert.rejects(store.commit(body(5, mebibyte)), StoreFull)
    await store.close()
  })

  it('who decides on bytes of an object is refused as one who has decided, and beside the others', async () => {
    const reserve = emptyReserve()
    const store = fullDisk(() => false, reserve)
    reserve.release()
    const decideOn = (id: number, size: number) =>
      store.commitOn([get(rows, ['a'])], () => ({ batch: body(id, size), result: id }))
    const outcomes = await Promise.allSettled([
      decideOn(1, 2000),
      decideOn(2, 100),
      store.commitOn([get(rows, ['a'])], () => ({ batch: undefined, result: 3 })),
      store.commitOn([get(rows, ['a'])], () => {
        throw new RangeError('not so')
      }),
    ])
    const told = outcomes.map(each => (each.status === 'fulfilled' ? each.value : each.reason))
    assert.ok(told[0] instanceof StoreFull && told[3] instanceof RangeError)
    assert.deepEqual([told[1], told[2]], [2, 3])
    await store.close()
  })

  it('what finds no room even so is told that', async () => {
    const reserve = emptyReserve()
    let refuses = false
    const [with_, without] = [fullDisk(() => refuses, reserve), fullDisk(() => refuses)]
    refuses = true
    await assert.rejects(with_.commit(put('a', 1)), StoreFull)
    await assert.rejects(without.commit(put('a', 1)), StoreFull)
    refuses = false
    await with_.commit(put('a', 1))
    await with_.close()
    await without.close()
  })

  it('the database is opened on the reserve', async () => {
    await fullDisk(() => false).close()
    const reserve = emptyReserve()
    let opened = 0
    const store = openSqlite({
      path,
      tables: [rows, bodies],
      reserve,
      connect(file) {
        opened += 1
        if (!reserve.full) throw full()
        return new DatabaseSync(file)
      },
    })
    assert.equal(opened, 2)
    await store.close()
    const refusing = () => {
      throw full()
    }
    assert.throws(() => openSqlite({ path, tables: [rows], connect: refusing }), StoreFull)
  })
})
