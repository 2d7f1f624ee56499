/** Decisions that a MetaStore takes in one call: what was read, what was decided on it, what was committed. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Conflict, type Decision, get, type MetaStore, type Stored, table } from './meta-store.ts'
import type { MetaFactory } from './meta-store-factory.contract.ts'

interface Count {
  id: string
  count: number
}

const counts = table<Count>({ name: 'counts', key: { id: 'text' }, columns: { count: 'int' } })
const shared = table<Count>({
  name: 'shared',
  key: { id: 'text' },
  columns: { count: 'int' },
  counter: { column: 'count', atZero: 'remove' },
})

type Open = () => MetaStore

const countOf = async (store: MetaStore, id: string) =>
  (await store.read({ gets: [get(counts, [id])] })).gets[0].record?.count

/** One more than what stands there, with the check that a decision must carry. */
function oneMore(id: string, record: Stored<Count> | undefined): Decision<number> {
  const count = (record?.count ?? 0) + 1
  const checks = [{ table: counts, key: [id], revision: record?.revision ?? null }]
  return { batch: { checks, writes: [{ put: counts, record: { id, count } }] }, result: count }
}

const increase = (store: MetaStore, id: string) =>
  store.commitOn([get(counts, [id])], ([{ record }]) => oneMore(id, record))

/** Again until nobody was faster, as a caller does. */
async function increaseOnce(store: MetaStore, id: string): Promise<number> {
  for (;;) {
    try {
      return await increase(store, id)
    } catch (error) {
      if (!(error instanceof Conflict)) throw error
    }
  }
}

function resultTests(open: Open): void {
  it('commits what was decided on what is there, and answers', async () => {
    assert.equal(await increase(open(), 'one'), 1)
    assert.equal(await increase(open(), 'one'), 2)
    assert.equal(await countOf(open(), 'one'), 2)
  })

  it('reads several records, and of one the columns that are asked for', async () => {
    await increase(open(), 'first')
    const gets = [{ table: counts, key: ['first'], columns: [] }, get(counts, ['nobody'])] as const
    const found = await open().commitOn(gets, ([first, nobody]) => ({
      batch: undefined,
      result: [first.record?.id, first.record?.revision !== undefined, nobody.record],
    }))
    assert.deepEqual(found, ['first', true, undefined])
  })

  it('writes nothing where nothing is to be written', async () => {
    const decided = await open().commitOn([get(counts, ['no'])], ([{ record }]) => ({
      batch: undefined,
      result: record,
    }))
    assert.equal(decided, undefined)
    assert.equal(await countOf(open(), 'no'), undefined)
  })
}

function failureTests(open: Open): void {
  it('fails with what the decision throws, and with a value no store takes, beside others that do not', async () => {
    const answers = await Promise.allSettled([
      increase(open(), 'beside'),
      open().commitOn([get(counts, ['beside'])], () => {
        throw new RangeError('not so')
      }),
      open().commitOn([get(counts, ['beside'])], () => ({
        batch: { writes: [{ put: counts, record: { id: 'beside', count: 'many' } }] },
        result: 0,
      })),
      increaseOnce(open(), 'besides'),
    ])
    const reasons = answers.map(answer => (answer.status === 'rejected' ? answer.reason : 'done'))
    assert.ok(reasons[1] instanceof RangeError && reasons[2] instanceof TypeError)
    assert.deepEqual([reasons[0], reasons[3]], ['done', 'done'])
    assert.deepEqual([await countOf(open(), 'beside'), await countOf(open(), 'besides')], [1, 1])
  })

  it('rejects with a Conflict where a check of the batch fails', async () => {
    await increase(open(), 'checked')
    const stale = open().commitOn([get(counts, ['checked'])], ([{ record }]) =>
      oneMore('checked', record === undefined ? record : { ...record, revision: 0 }),
    )
    await assert.rejects(stale, Conflict)
    assert.equal(await countOf(open(), 'checked'), 1)
  })
}

function referenceTests(open: Open): void {
  const sharedOf = async (id: string) =>
    (await open().read({ gets: [get(shared, [id])] })).gets[0].record?.count
  const writeNew = (id: string) =>
    ({ put: counts, record: { id, count: 0 }, absent: true }) as const
  /** Takes one reference away, and writes what may not be there. */
  const release = (id: string, fresh: string, floor?: number) =>
    open().commitOn([get(shared, [id])], ([{ record }]) => {
      const add = { table: shared, key: [id], column: 'count', delta: -1 }
      const adds = [floor === undefined ? add : { ...add, floor }]
      return { batch: { adds, writes: [writeNew(fresh)] }, result: record?.count }
    })

  it('removes a record with its last reference, and no other', async () => {
    await open().commit({ writes: [{ put: shared, record: { id: 'two', count: 2 } }] })
    assert.equal(await release('two', 'fresh 1'), 2)
    assert.equal(await sharedOf('two'), 1)
    await assert.rejects(release('two', 'fresh 2', 1), Conflict)
    assert.equal(await release('two', 'fresh 2'), 1)
    assert.equal(await sharedOf('two'), undefined)
    await assert.rejects(release('two', 'fresh 3'), Conflict)
    assert.equal(await countOf(open(), 'fresh 3'), undefined)
  })

  it('keeps the reference where the rest of the batch is refused, and does what was handed in beside it', async () => {
    const record = { id: 'kept', count: 1 }
    await open().commit({ writes: [{ put: shared, record }, writeNew('taken')] })
    const answers = await Promise.allSettled([
      increase(open(), 'before'),
      release('kept', 'taken'),
      increase(open(), 'after'),
    ])
    const [before, refused, after_] = answers
    assert.deepEqual([before.status, after_.status], ['fulfilled', 'fulfilled'])
    assert.ok(refused.status === 'rejected' && refused.reason instanceof Conflict)
    assert.equal(refused.reason.kind, 'write')
    assert.equal(await sharedOf('kept'), 1)
    assert.deepEqual([await countOf(open(), 'before'), await countOf(open(), 'after')], [1, 1])
  })
}

function raceTests(open: Open, all: () => readonly MetaStore[]): void {
  it('loses none of many that are handed in together, nor one among commits', async () => {
    const stores = all()
    const store = (i: number) => stores[i % stores.length] ?? open()
    const batch = { writes: [{ put: counts, record: { id: 'other', count: 1 } }] }
    const answers = await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        const [count] = await Promise.all([increaseOnce(store(i), 'many'), store(i).commit(batch)])
        return count
      }),
    )
    assert.deepEqual(
      answers.toSorted((a, b) => a - b),
      Array.from({ length: 40 }, (_, i) => i + 1),
    )
    assert.equal(await countOf(open(), 'many'), 40)
  })
}

export function decisionsContract(name: string, factory: MetaFactory): void {
  describe(`${name} takes decisions`, () => {
    let opened: Awaited<ReturnType<MetaFactory>>
    before(async () => {
      opened = await factory([counts, shared], 2)
    })
    after(async () => {
      await opened.close()
    })
    const open = () => opened.stores[0]
    resultTests(open)
    failureTests(open)
    referenceTests(open)
    raceTests(open, () => opened.stores)
    it('refuses one once it is closed', async () => {
      const other = await factory([counts], 1)
      await other.close()
      await assert.rejects(increase(other.stores[0], 'late'))
    })
  })
}
