/** How long the log becomes while nobody but the writers copies it. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { table } from '../../ports/meta-store.ts'
import { createReserve, Reserve } from '../files/reserve.ts'
import { openSqlite } from './store.ts'
import { connect } from './wal.ts'

const mebibyte = 1024 ** 2
const bodies = table<{ id: string; body: Uint8Array }>({
  name: 'bodies',
  key: { id: 'text' },
  columns: { body: 'bytes' },
})

test('writers that outrun who copies the log keep it shorter than the reserve', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'moongate-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const look = () => ({ free: 1024 * mebibyte, size: 64 * mebibyte })
  const reserve = new Reserve({ folder, shared: createReserve(), look })
  await reserve.make(() => false)
  assert.equal(reserve.held, 8 * mebibyte)
  const path = join(folder, 'meta.db')
  const store = openSqlite({ path, tables: [bodies], reserve, durability: 'none' })
  const body = new Uint8Array(60_000)
  for (let round = 0; round < 4; round += 1)
    await Promise.all(
      Array.from({ length: 200 }, (_, i) => {
        const record = { id: `${round}-${i}`, body }
        return store.commitOn([], () => ({
          batch: { writes: [{ put: bodies, record }] },
          result: undefined,
        }))
      }),
    )
  const { size } = statSync(`${path}-wal`)
  assert.ok(size <= reserve.held, `${size} bytes`)
  await store.close()
})

test('where the log cannot be copied the writers go on, and the checkpointer says so', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'moongate-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const fatal: unknown[] = []
  let copies = 0
  const store = openSqlite({
    path: join(folder, 'meta.db'),
    tables: [bodies],
    durability: 'none',
    onFatal: error => fatal.push(error),
    connect(path) {
      const db = connect(path)
      const prepare = db.prepare.bind(db)
      db.prepare = sql => {
        if (!sql.includes('wal_checkpoint')) return prepare(sql)
        copies += 1
        throw Object.assign(new Error('disk I/O error'), { code: 'ERR_SQLITE_ERROR', errcode: 10 })
      }
      return db
    },
  })
  const body = new Uint8Array(mebibyte)
  for (let i = 0; i < 12; i += 1)
    await store.commit({ writes: [{ put: bodies, record: { id: `${i}`, body } }] })
  await store.close()
  assert.ok(copies > 0)
  assert.deepEqual(fatal, [])
})
