/** Scans use an index. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { scan, table } from '../../ports/meta-store.ts'
import { openSqlite } from './store.ts'

test('scans find their rows by an index, whatever the bounds', async t => {
  const wide = table<object>({
    name: 'wide',
    key: { bucket: 'int', key: 'text', version: 'text' },
    columns: { due: 'int', flag: 'int' },
    indexes: [{ name: 'byDue', on: ['due'], where: { flag: 1 } }],
  })
  const prepared: string[] = []
  class Recording extends DatabaseSync {
    override prepare(sql: string) {
      if (sql.startsWith('SELECT')) prepared.push(sql)
      return super.prepare(sql)
    }
  }
  const folder = mkdtempSync(join(tmpdir(), 'moongate-'))
  const path = join(folder, 'meta.db')
  const connect = (at: string) => new Recording(at)
  const store = openSqlite({ path, tables: [wide], durability: 'none', connect })
  t.after(async () => {
    await store.close()
    rmSync(folder, { recursive: true })
  })
  prepared.length = 0
  const ends = ['a', 'b']
  await store.read({
    scans: [
      scan(wide, { at: [1], after: ends, before: ['c'], limit: 9 }),
      scan(wide, { at: [1], from: ['a'], before: ends, limit: 9, reverse: true }),
      scan(wide, { at: [1, 'a'], from: ['x'], limit: 9 }),
      scan(wide, { at: [], index: 'byDue', before: [9], limit: 9 }),
      scan(wide, { at: [], index: 'byDue', after: [9, 1, 'x'], limit: 9 }),
      scan(wide, { at: [1], group: { prefix: '', delimiter: '/' }, limit: 9 }),
    ],
  })
  assert.equal(prepared.length, 6)
  const explainer = new DatabaseSync(path)
  for (const sql of prepared) {
    const plan = JSON.stringify(explainer.prepare(`EXPLAIN QUERY PLAN ${sql}`).all())
    assert.match(plan, /SEARCH/)
    assert.doesNotMatch(plan, /TEMP B-TREE|SCAN/)
  }
  explainer.close()
})
