/** Parts of a record that are read, and records that are written together with a check of theirs. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Batch, Conflict, get, type MetaStore, table } from './meta-store.ts'
import type { MetaFactory } from './meta-store-factory.contract.ts'

interface Item {
  id: string
  sub: number
  text?: string | null
  number?: number | null
  data?: unknown
}

const items = table<Item>({
  name: 'items',
  key: { id: 'text', sub: 'int' },
  columns: { text: 'text', number: 'int', data: 'json' },
})
const condemned = table<{ id: string; count: number }>({
  name: 'condemned',
  key: { id: 'text' },
  columns: { count: 'int' },
  counter: { column: 'count', atZero: 'keep' },
})

type Open = () => MetaStore

function columnTests(open: Open): void {
  it('reads the columns that are asked for, and always the key and the revision', async () => {
    const store = open()
    const record: Item = { id: 'part', sub: 1, text: 'text', number: 7, data: { a: [1] } }
    const { revision } = await store.commit({ writes: [{ put: items, record }] })
    const key = ['part', 1]
    const { gets } = await store.read({
      gets: [
        { table: items, key, columns: ['data', 'number'] },
        { table: items, key, columns: [] },
        { table: items, key: ['none', 1], columns: ['number'] },
      ],
    })
    const { id, sub, number, data } = gets[0].record ?? {}
    assert.deepEqual({ id, sub, number, data }, { id: 'part', sub: 1, number: 7, data: { a: [1] } })
    assert.deepEqual([gets[0].record?.revision, gets[1].record?.revision], [revision, revision])
    assert.equal(gets[2].record, undefined)
  })
}

function checkedWriteTests(open: Open): void {
  it('writes the record that it checks all or nothing, and tells the first that fails', async () => {
    const key = ['both', 1]
    await open().commit({ writes: [{ put: condemned, record: { id: 'both', count: 1 } }] })
    const record = { id: 'both', sub: 1, number: 1 }
    const writes = [{ put: items, record }]
    const add = { table: condemned, key: ['both'], column: 'count', delta: 1 }
    const checkOf = (revision: number | null) => ({ table: items, key, revision })
    const other = { table: condemned, key: ['both'], revision: 1 }
    const failing = async (batch: Batch) => {
      const conflict: unknown = await open()
        .commit(batch)
        .catch((error: unknown) => error)
      assert.ok(conflict instanceof Conflict)
      const { kind, index, current } = conflict
      const { gets } = await open().read({ gets: [get(items, key), get(condemned, ['both'])] })
      assert.equal(gets[1].record?.count, 1)
      return [kind, index, current?.revision, gets[0].record?.revision]
    }
    assert.deepEqual(
      await failing({ checks: [checkOf(null)], writes, adds: [{ ...add, floor: 9 }] }).then(
        ([kind, index]) => [kind, index],
      ),
      ['add', 0],
    )
    assert.deepEqual(await failing({ checks: [checkOf(5)], writes, adds: [add] }), [
      'check',
      0,
      undefined,
      undefined,
    ])
    const { revision } = await open().commit({ checks: [checkOf(null)], writes })
    const wrong: Batch[] = [
      { checks: [checkOf(null)], writes, adds: [add] },
      { checks: [checkOf(revision + 1)], writes, adds: [add] },
      { checks: [checkOf(revision - 1)], writes: [{ remove: items, key }], adds: [add] },
      { checks: [checkOf(null), other], writes },
      { checks: [checkOf(null)], writes, adds: [{ ...add, floor: 9 }] },
    ]
    for (const batch of wrong)
      assert.deepEqual(await failing(batch), ['check', 0, revision, revision])
    const [, index] = await failing({ checks: [checkOf(revision), other], writes })
    assert.equal(index, 1)
    await open().commit({ checks: [checkOf(revision)], writes: [{ remove: items, key }] })
    const { gets } = await open().read({ gets: [get(items, key)] })
    assert.equal(gets[0].record, undefined)
  })
}

export function partsContract(name: string, factory: MetaFactory): void {
  describe(`${name} with parts of records`, () => {
    let opened: Awaited<ReturnType<MetaFactory>>
    before(async () => {
      opened = await factory([items, condemned], 1)
    })
    after(async () => {
      await opened.close()
    })
    columnTests(() => opened.stores[0])
    checkedWriteTests(() => opened.stores[0])
  })
}
