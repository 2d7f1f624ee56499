/** Tests of what a commit does between its COMMIT and its answer, and when SQLite fails in the middle. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, it, mock } from 'node:test'
import { table } from '../../ports/meta-store.ts'
import { StoreUnavailable } from '../../ports/store-unavailable.ts'
import { Shared } from './shared.ts'
import { openSqlite } from './store.ts'

const rows = table<{ id: string; value: number }>({
  name: 'rows',
  key: { id: 'text' },
  columns: { value: 'int' },
})
const put = (id: string, value: number) => ({ writes: [{ put: rows, record: { id, value } }] })

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
    const seen: boolean[] = []
    atNextLast(() => seen.push(store.generation(rows, ['a']) !== before))
    await store.commit(put('a', 2))
    await store.close()
    assert.deepEqual(seen, [true])
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

  it('whose end cannot be told to others ends the process, and the next one is taken up', async () => {
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
    await store.commit(put('b', 2))
    await store.close()
    assert.match(String(fatal[0]), /somebody else/)
  })
})
