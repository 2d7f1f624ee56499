/** Tests of which changes are told to other threads. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mock, test } from 'node:test'
import { table } from '../../ports/meta-store.ts'
import { openSqlite } from './store.ts'

const shape = { key: { id: 'text' }, columns: { value: 'int' } } as const
const wanted = table<{ id: string; value: number }>({ name: 'wanted', ...shape })
const other = table<{ id: string; value: number }>({ name: 'other', ...shape })

test('a commit to tables of which nobody wants to hear is told to no thread', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'moongate-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const options = { path: join(folder, 'meta.db'), tables: [wanted, other] }
  const one = openSqlite(options)
  const two = openSqlite({ ...options, shared: one.shared })
  const post = mock.method(BroadcastChannel.prototype, 'postMessage')
  t.after(() => post.mock.restore())
  const told = () => post.mock.calls.flatMap(call => call.arguments)
  two.changes(() => undefined, [wanted])
  const record = { id: 'a', value: 1 }
  await one.commit({ writes: [{ put: other, record }] })
  assert.deepEqual(told(), [])
  await one.commit({
    writes: [
      { put: wanted, record },
      { put: other, record },
    ],
  })
  assert.deepEqual(told(), [[['wanted', ['a']]]])
  two.changes(() => undefined)
  await one.commit({ writes: [{ put: other, record }] })
  assert.deepEqual(told().at(-1), [['other', ['a']]])
  await two.close()
  await one.close()
})
