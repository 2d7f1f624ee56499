/** Schemas: created, extended, and refused where this program cannot read them. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { get, scan, type TableShape, table } from '../../ports/meta-store.ts'
import { FolderInUse, lockFolder } from './folder-lock.ts'
import { SchemaMismatch } from './schema.ts'
import { openSqlite } from './store.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'moongate-'))
  path = join(folder, 'meta.db')
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

const first = table<{ id: string; a: number; b?: number | null }>({
  name: 'things',
  key: { id: 'text' },
  columns: { a: 'int' },
})

async function openAndClose(tables: readonly TableShape[], version = 1): Promise<number> {
  const store = openSqlite({ path, tables, version })
  const writes = [{ put: first, record: { id: 'x', a: 1 } }]
  const { revision } = await store.commit({ writes })
  await store.close()
  return revision
}

describe('a schema', () => {
  it('gains columns, tables and indexes, and keeps what is there', async () => {
    await openAndClose([first])
    const wider: TableShape = {
      ...first,
      columns: { a: 'int', b: 'int' },
      indexes: [{ name: 'byA', on: ['a'] }],
    }
    const more: TableShape = { name: 'more', key: { id: 'int' }, columns: {} }
    const store = openSqlite({ path, tables: [wider, more] })
    await store.commit({
      writes: [
        { put: wider, record: { id: 'y', a: 0, b: 2 } },
        { put: more, record: { id: 1 } },
      ],
    })
    const { scans } = await store.read({ scans: [scan(wider, { at: [], index: 'byA', limit: 9 })] })
    const values = scans[0].entries.map(entry => Object.values(entry).slice(0, 3))
    assert.deepEqual(values, [
      ['y', 0, 2],
      ['x', 1, null],
    ])
    await store.close()
  })

  it('rebuilds an index whose declaration changed, and drops one that is no longer declared', async () => {
    const indexed = (on: string[]) => ({ ...first, indexes: [{ name: 'one', on }] })
    await openAndClose([indexed(['a'])])
    await openAndClose([indexed(['id', 'a'])])
    const db = new DatabaseSync(path)
    const indexes = () =>
      db.prepare("SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL").all()
    assert.match(JSON.stringify(indexes()), /\(\\"id\\", \\"a\\"\)/)
    await openAndClose([first])
    assert.equal(indexes().length, 0)
    db.close()
  })

  it('of a newer version is refused by name', async () => {
    await openAndClose([first], 7)
    assert.throws(
      () => openSqlite({ path, tables: [first], version: 6 }),
      (error: unknown) => error instanceof SchemaMismatch && /is 7, .* up to 6/.test(error.message),
    )
    await openAndClose([first], 7)
  })

  it('with another key or another type is refused', async () => {
    await openAndClose([first])
    const open = (shape: TableShape) => () => openSqlite({ path, tables: [shape] })
    assert.throws(open({ ...first, key: { id: 'int' } }), SchemaMismatch)
    assert.throws(open({ ...first, key: { id: 'text', sub: 'int' } }), SchemaMismatch)
    assert.throws(open({ ...first, columns: { a: 'text' } }), SchemaMismatch)
  })

  it('cannot name a column that is the store’s own', () => {
    const shape = { ...first, columns: { revision: 'int' as const } }
    assert.throws(() => openSqlite({ path: ':memory:', tables: [shape] }), TypeError)
  })

  it('goes on above the greatest revision after a restart, however the last process ended', async () => {
    const revision = await openAndClose([first])
    assert.ok((await openAndClose([first])) > revision)
    const script = `
      const { openSqlite } = await import(${JSON.stringify(import.meta.resolve('./store.ts'))})
      const shape = ${JSON.stringify(first)}
      const store = openSqlite({ path: ${JSON.stringify(path)}, tables: [shape] })
      const { revision } = await store.commit({ writes: [{ put: shape, record: { id: 'x', a: 2 } }] })
      process.stdout.write(String(revision))
      process.kill(process.pid, 'SIGKILL')`
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script])
    const killed = Number(child.stdout.toString())
    assert.ok(killed > revision)
    assert.ok(statSync(`${path}-wal`).size > 0)
    const store = openSqlite({ path, tables: [first] })
    // What the dead process may not have synced is in the database, synced, before it can be told.
    assert.equal(statSync(`${path}-wal`).size, 0)
    const { gets } = await store.read({ gets: [get(first, ['x'])] })
    assert.deepEqual([gets[0].record?.a, gets[0].record?.revision], [2, killed])
    const writes = [{ put: first, record: { id: 'x', a: 3 } }]
    assert.ok((await store.commit({ writes })).revision > killed)
    await store.close()
  })
})

describe('the lock of a data folder', () => {
  it('is had by one process, and comes back when that one is killed', async () => {
    const script = `
      const { lockFolder } = await import(${JSON.stringify(import.meta.resolve('./folder-lock.ts'))})
      lockFolder(${JSON.stringify(folder)})
      process.stdout.write('locked')
      setInterval(() => undefined, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script])
    await once(child.stdout, 'data')
    assert.throws(
      () => lockFolder(folder),
      (error: unknown) => error instanceof FolderInUse && error.message.includes(folder),
    )
    child.kill('SIGKILL')
    await once(child, 'exit')
    const unlock = lockFolder(folder)
    assert.throws(() => lockFolder(folder), FolderInUse)
    unlock()
    lockFolder(folder)()
  })
})
