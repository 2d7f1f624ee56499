/** What every MetaStore must do, as tests that an adapter registers against its own factory. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  type Batch,
  Conflict,
  get,
  getFollowing,
  type MetaStore,
  scan,
  type TableShape,
  table,
} from './meta-store.ts'
import { decisionsContract } from './meta-store-decisions.contract.ts'
import type { MetaFactory } from './meta-store-factory.contract.ts'
import { partsContract } from './meta-store-parts.contract.ts'
import { racesContract } from './meta-store-races.contract.ts'
import { scansContract } from './meta-store-scans.contract.ts'

interface Item {
  id: string
  sub: number
  text?: string | null
  number?: number | null
  data?: unknown
  bytes?: Uint8Array | null
  body?: number | null
}

const items = table<Item>({
  name: 'items',
  key: { id: 'text', sub: 'int' },
  columns: { text: 'text', number: 'int', data: 'json', bytes: 'bytes', body: 'int' },
})
const bodies = table<{ id: number; bytes: Uint8Array | null }>({
  name: 'bodies',
  key: { id: 'int' },
  columns: { bytes: 'bytes' },
})
interface Counted {
  id: string
  count: number
  used?: number
}
const shared = table<Counted>({
  name: 'shared',
  key: { id: 'text' },
  columns: { count: 'int', used: 'int' },
  counter: { column: 'count', atZero: 'remove' },
})
const condemned = table<Counted>({
  name: 'condemned',
  key: { id: 'text' },
  columns: { count: 'int', used: 'int' },
  counter: { column: 'count', atZero: 'keep' },
})
const tables = [items, bodies, shared, condemned]

type Open = () => MetaStore

/** The Conflict with which the commit is rejected; anything else fails the test. */
async function conflictOf(store: MetaStore, batch: Batch): Promise<Conflict> {
  try {
    await store.commit(batch)
  } catch (error) {
    assert.ok(error instanceof Conflict, String(error))
    return error
  }
  assert.fail('the batch was committed')
}

async function fetch<R extends object>(store: MetaStore, from: { name: string }, key: string) {
  const { gets } = await store.read({ gets: [get(from as TableShape, [key])] })
  return gets[0].record as R | undefined
}

function recordTests(open: Open): void {
  it('reads back every type of column as it was written', async () => {
    const record: Item = {
      id: 'types',
      sub: -5,
      text: 'a\u{10ffff}é',
      number: Number.MAX_SAFE_INTEGER,
      data: { list: [1, 'two', null], deep: { flag: true } },
      bytes: Uint8Array.of(0, 255, 7),
      body: 0,
    }
    const { revision } = await open().commit({ writes: [{ put: items, record }] })
    const { gets } = await open().read({ gets: [get(items, ['types', -5])] })
    assert.deepEqual(gets[0].record, { ...record, revision })
  })

  it('tells null for a field that a record does not name, also when it had a value before', async () => {
    const key = { id: 'nulls', sub: 1 }
    await open().commit({ writes: [{ put: items, record: { ...key, text: 'x', number: 3 } }] })
    const { revision } = await open().commit({ writes: [{ put: items, record: key }] })
    const { gets } = await open().read({ gets: [get(items, ['nulls', 1])] })
    const empty = { text: null, number: null, data: null, bytes: null, body: null }
    assert.deepEqual(gets[0].record, { ...key, ...empty, revision })
  })

  it('follows a reference in the same read', async () => {
    const bytes = Uint8Array.of(1, 2, 3)
    const { revision } = await open().commit({
      writes: [
        { put: bodies, record: { id: 77, bytes } },
        { put: items, record: { id: 'follow', sub: 1, body: 77 } },
        { put: items, record: { id: 'follow', sub: 2, body: 78 } },
        { put: items, record: { id: 'follow', sub: 3 } },
      ],
    })
    const { gets } = await open().read({
      gets: [1, 2, 3, 4].map(sub => getFollowing(items, ['follow', sub], 'body', bodies)),
    })
    assert.deepEqual(
      gets.map(({ followed }) => followed),
      [{ id: 77, bytes, revision }, undefined, undefined, undefined],
    )
    assert.deepEqual(
      gets.map(({ record }) => record?.sub),
      [1, 2, 3, undefined],
    )
  })
}

function revisionTests(open: Open): void {
  it('gives revisions that only increase', async () => {
    let last = 0
    for (let i = 0; i < 5; i++) {
      const record = { id: 'revisions', sub: 0, number: i }
      const { revision } = await open().commit({ writes: [{ put: items, record }] })
      assert.ok(revision > last)
      last = revision
    }
  })

  it('gives batches that are handed in together each a revision of its own', async () => {
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        open().commit({ writes: [{ put: items, record: { id: 'many', sub: 0, number: i } }] }),
      ),
    )
    assert.equal(new Set(results.map(({ revision }) => revision)).size, 20)
    const { gets } = await open().read({ gets: [get(items, ['many', 0])] })
    const newest = Math.max(...results.map(({ revision }) => revision))
    assert.equal(gets[0].record?.revision, newest)
  })

  it('refuses what no key may be', async () => {
    const put = (id: unknown, sub: unknown) =>
      open().commit({ writes: [{ put: items, record: { id, sub } }] })
    await assert.rejects(put('a\0b', 1), TypeError)
    await assert.rejects(put('\ud800', 1), TypeError)
    await assert.rejects(put('a', 1.5), TypeError)
    await assert.rejects(put('a', null), TypeError)
    await assert.rejects(open().read({ gets: [get(items, ['a\0b', 1])] }), TypeError)
    await assert.rejects(open().read({ gets: [get(items, ['a'])] }), TypeError)
  })

  it('refuses a value of another type than its column', async () => {
    const put = (record: object) => open().commit({ writes: [{ put: items, record }] })
    await assert.rejects(put({ id: 'a', sub: 1, number: 'x' }), TypeError)
    await assert.rejects(put({ id: 'a', sub: 1, text: 1 }), TypeError)
    await assert.rejects(put({ id: 'a', sub: 1, bytes: 'x' }), TypeError)
  })

  it('refuses a batch that is too large', async () => {
    const writes = Array.from({ length: 4097 }, (_, sub) => ({
      put: items,
      record: { id: 'large', sub },
    }))
    await assert.rejects(open().commit({ writes }), RangeError)
    await open().commit({ writes: writes.slice(1) })
  })
}

function checkTests(open: Open): void {
  it('rejects when a record has another revision, with the record that stands there', async () => {
    const key = ['check', 1]
    const record = { id: 'check', sub: 1, number: 1 }
    const first = await open().commit({ writes: [{ put: items, record }] })
    const checks = [{ table: items, key, revision: first.revision }]
    const writes = [{ put: items, record: { ...record, number: 2 } }]
    const second = await open().commit({ checks, writes })
    const conflict = await conflictOf(open(), { checks, writes })
    assert.equal(conflict.kind, 'check')
    assert.equal(conflict.index, 0)
    assert.equal(conflict.current?.revision, second.revision)
    assert.equal((conflict.current as unknown as Item | undefined)?.number, 2)
  })

  it('rejects when a record that should be absent is there, and the other way round', async () => {
    const { revision } = await open().commit({
      writes: [{ put: items, record: { id: 'absent', sub: 1 } }],
    })
    const present = await conflictOf(open(), {
      checks: [
        { table: items, key: ['absent', 2], revision: null },
        { table: items, key: ['absent', 1], revision: null },
      ],
    })
    assert.deepEqual([present.index, present.current?.revision], [1, revision])
    const gone = await conflictOf(open(), {
      checks: [{ table: items, key: ['absent', 3], revision }],
    })
    assert.equal(gone.current, undefined)
  })

  it('rejects when a range that should be empty is not', async () => {
    await open().commit({ writes: [{ put: items, record: { id: 'range', sub: 9 } }] })
    await open().commit({ checks: [{ table: items, empty: ['rang'] }] })
    const conflict = await conflictOf(open(), { checks: [{ table: items, empty: ['range'] }] })
    assert.equal((conflict.current as unknown as Item | undefined)?.sub, 9)
    await conflictOf(open(), { checks: [{ table: items, empty: [] }] })
  })
}

function absentTests(open: Open): void {
  it('writes a record that is to be absent, and rejects when it is not', async () => {
    const absent = true as const
    const write = (sub: number, number: number) => ({
      put: items,
      record: { id: 'once', sub, number },
      absent,
    })
    const { revision } = await open().commit({ writes: [write(1, 1)] })
    const conflict = await conflictOf(open(), { writes: [write(2, 1), write(1, 2)] })
    assert.deepEqual([conflict.kind, conflict.index], ['write', 1])
    assert.equal(conflict.current?.revision, revision)
    const numbered = { put: bodies, record: { id: 7, bytes: null }, absent }
    await open().commit({ writes: [numbered] })
    const taken = await conflictOf(open(), {
      adds: [{ table: items, key: ['once', 1], column: 'number', delta: 1 }],
      writes: [{ put: items, record: { id: 'once', sub: 3 } }, numbered],
    })
    assert.deepEqual([taken.kind, taken.index], ['write', 1])
    const { gets } = await open().read({
      gets: [get(items, ['once', 1]), get(items, ['once', 2]), get(items, ['once', 3])],
    })
    assert.deepEqual(
      gets.map(({ record }) => record?.number),
      [1, undefined, undefined],
    )
    await open().commit({ writes: [{ remove: bodies, key: [7] }] })
    await open().commit({ writes: [numbered] })
  })

  it('leaves no trace of one that is refused among batches that are handed in together', async () => {
    const of = (id: number, ...more: number[]) => ({
      writes: [id, ...more].map(each => ({
        put: bodies,
        record: { id: each, bytes: Buffer.from(String(id)) },
        absent: true as const,
      })),
    })
    const outcomes = await Promise.allSettled(
      [of(100), of(101, 102, 100), of(103), of(102, 104)].map(batch => open().commit(batch)),
    )
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
    )
    const ids = [100, 101, 102, 103, 104]
    const { gets } = await open().read({ gets: ids.map(id => get(bodies, [id])) })
    assert.deepEqual(
      gets.map(({ record }) => (record?.bytes ? Buffer.from(record.bytes).toString() : '')),
      ['100', '', '102', '103', '102'],
    )
  })
}

function atomicityTests(open: Open): void {
  it('does nothing of a batch whose check or add fails', async () => {
    await open().commit({ writes: [{ put: condemned, record: { id: 'none', count: 1 } }] })
    const writes = [{ put: items, record: { id: 'none', sub: 1 } }]
    const add = { table: condemned, key: ['none'], column: 'count' }
    await conflictOf(open(), {
      writes,
      adds: [{ ...add, delta: 1 }],
      checks: [{ table: condemned, key: ['none'], revision: null }],
    })
    const conflict = await conflictOf(open(), {
      writes,
      adds: [
        { ...add, delta: 5 },
        { ...add, key: ['nobody'], delta: 1 },
      ],
    })
    assert.deepEqual([conflict.kind, conflict.index], ['add', 1])
    const { gets } = await open().read({ gets: [get(items, ['none', 1])] })
    assert.equal(gets[0].record, undefined)
    assert.equal((await fetch<Counted>(open(), condemned, 'none'))?.count, 1)
  })

  it('lets a batch see those before it, and leaves a failed one out without harm to the others', async () => {
    const put = (sub: number) =>
      open().commit({
        checks: [{ table: items, key: ['once', 0], revision: null }],
        writes: [
          { put: items, record: { id: 'once', sub: 0 } },
          { put: items, record: { id: 'once', sub } },
        ],
      })
    const results = await Promise.allSettled([put(1), put(2), put(3)])
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
    const { scans } = await open().read({ scans: [scan(items, { at: ['once'], limit: 10 })] })
    assert.equal(scans[0].entries.length, 2)
  })
}

function addTests(open: Open): void {
  it('adds up, and moves the revision', async () => {
    await open().commit({ writes: [{ put: shared, record: { id: 'sum', count: 1 } }] })
    const add = { table: shared, key: ['sum'], column: 'count', delta: 1 }
    const results = await Promise.all(
      Array.from({ length: 10 }, () => open().commit({ adds: [add, add] })),
    )
    const record = await fetch<Counted & { revision: number }>(open(), shared, 'sum')
    assert.equal(record?.count, 21)
    assert.equal(record?.revision, Math.max(...results.map(({ revision }) => revision)))
  })

  it('removes a counted record at zero, or keeps it condemned', async () => {
    for (const counted of [shared, condemned]) {
      await open().commit({ writes: [{ put: counted, record: { id: 'zero', count: 2 } }] })
      const add = { table: counted, key: ['zero'], column: 'count', delta: -1 }
      await open().commit({ adds: [add] })
      await open().commit({ adds: [add] })
      const conflict = await conflictOf(open(), { adds: [{ ...add, delta: 1 }] })
      assert.equal(conflict.kind, 'add')
      const used = await conflictOf(open(), { adds: [{ ...add, column: 'used', delta: 1 }] })
      assert.equal(
        (used.current as unknown as Counted | undefined)?.count,
        counted === shared ? undefined : 0,
      )
    }
    assert.equal(await fetch(open(), shared, 'zero'), undefined)
    assert.equal((await fetch<Counted>(open(), condemned, 'zero'))?.count, 0)
  })

  it('sees the adds before it in the same batch', async () => {
    await open().commit({ writes: [{ put: shared, record: { id: 'twice', count: 1 } }] })
    const add = { table: shared, key: ['twice'], column: 'count', delta: -1 }
    const conflict = await conflictOf(open(), { adds: [add, add] })
    assert.equal(conflict.index, 1)
    assert.equal((await fetch<Counted>(open(), shared, 'twice'))?.count, 1)
  })

  it('keeps floors and ceilings', async () => {
    await open().commit({
      writes: [{ put: condemned, record: { id: 'bounds', count: 1, used: 5 } }],
    })
    const add = { table: condemned, key: ['bounds'], column: 'used' }
    await conflictOf(open(), { adds: [{ ...add, delta: -6 }] })
    await conflictOf(open(), { adds: [{ ...add, delta: -1, floor: 5 }] })
    await conflictOf(open(), { adds: [{ ...add, delta: 6, ceiling: 10 }] })
    await open().commit({ adds: [{ ...add, delta: 5, ceiling: 10 }] })
    await open().commit({ adds: [{ ...add, delta: -12, floor: -2 }] })
    assert.equal((await fetch<Counted>(open(), condemned, 'bounds'))?.used, -2)
  })
}

/** Registers the tests. The factory is called once for each part, with tables of this contract. */
export function metaStoreContract(name: string, factory: MetaFactory): void {
  describe(`${name} as a MetaStore`, () => {
    let opened: Awaited<ReturnType<MetaFactory>>
    before(async () => {
      opened = await factory(tables, 1)
    })
    after(async () => {
      await opened.close()
    })
    const open = () => opened.stores[0]
    recordTests(open)
    revisionTests(open)
    checkTests(open)
    absentTests(open)
    atomicityTests(open)
    addTests(open)
    it('refuses work once it is closed', async () => {
      const other = await factory(tables, 1)
      await other.close()
      await assert.rejects(other.stores[0].read({ gets: [get(items, ['a', 1])] }))
      await assert.rejects(other.stores[0].commit({}))
    })
  })
  partsContract(name, factory)
  decisionsContract(name, factory)
  scansContract(name, factory)
  racesContract(name, factory)
}
