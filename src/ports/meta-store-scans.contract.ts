/** Scans and batches of every MetaStore, compared with the naive one on random data. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { NaiveMetaStore, projected } from './meta-store.naive.ts'
import { type Batch, Conflict, type MetaStore, type Scan, scan, table } from './meta-store.ts'
import type { MetaFactory } from './meta-store-factory.contract.ts'

const rows = table<Record<string, unknown>>({
  name: 'rows',
  key: { bucket: 'int', key: 'text', version: 'int' },
  columns: { count: 'int', label: 'text', extra: 'json' },
  indexes: [
    { name: 'byLabel', on: ['label'] },
    { name: 'counted', on: ['bucket', 'label'], where: { count: 1 } },
  ],
  counter: { column: 'count', atZero: 'remove' },
})

/** Letters at which orders part: around the surrogates, U+FFFF against U+10000, the last code point. */
const letters = [
  'a',
  '/',
  'b',
  '/',
  '-',
  '\u007f',
  'é',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '\u{10000}',
  '\u{10ffff}',
]
const text = fc.array(fc.constantFrom(...letters), { maxLength: 4 }).map(list => list.join(''))
const bucket = fc.integer({ min: 1, max: 2 })
const version = fc.integer({ min: -1, max: 2 })
const key = fc.tuple(bucket, text, version)

const batch: fc.Arbitrary<Batch> = fc.record({
  writes: fc.array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc
          .tuple(key, fc.option(fc.integer({ min: 0, max: 2 })), fc.option(text))
          .map(([[id, name, number], count, label]) => ({
            put: rows,
            record: { bucket: id, key: name, version: number, count, label, extra: { name } },
          })),
      },
      { weight: 1, arbitrary: key.map(values => ({ remove: rows, key: values })) },
    ),
    { maxLength: 8 },
  ),
  adds: fc.array(
    key.map(values => ({ table: rows, key: values, column: 'count', delta: -1 })),
    { maxLength: 1 },
  ),
  checks: fc.array(
    fc.oneof(
      key.map(values => ({ table: rows, key: values, revision: null })),
      fc.tuple(bucket, text).map(values => ({ table: rows, empty: values })),
    ),
    { maxLength: 1 },
  ),
})

const tail = fc.oneof(
  fc.constant([]),
  text.map(value => [value]),
  fc.tuple(text, version).map(values => [...values]),
)
const bounds = {
  from: fc.option(tail, { nil: undefined }),
  after: fc.option(
    tail.filter(values => values.length > 0),
    { nil: undefined },
  ),
  before: fc.option(
    tail.filter(values => values.length > 0),
    { nil: undefined },
  ),
  limit: fc.integer({ min: 0, max: 12 }),
  columns: fc.option(fc.subarray(['count', 'label', 'extra']), { nil: undefined }),
}
const group = fc.record({
  prefix: fc.oneof(fc.constantFrom('', 'a', '/', 'a/', '//'), text),
  delimiter: fc.constantFrom('/', 'a', '\u{10ffff}', '-/'),
})

/** Drops the fields that are undefined, which optional properties do not admit. */
function defined(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

const scans: fc.Arbitrary<Scan> = fc
  .oneof(
    fc.record({ at: bucket.map(id => [id]), reverse: fc.boolean(), ...bounds }),
    fc.record({ at: bucket.map(id => [id]), group, ...bounds }),
    fc.record({
      at: fc.tuple(bucket, text).map(values => [...values]),
      limit: bounds.limit,
      reverse: fc.boolean(),
    }),
    fc.record({ at: fc.constant([]), limit: bounds.limit, reverse: fc.boolean() }),
    fc.record({
      at: text.map(label => [label]),
      index: fc.constant('byLabel'),
      reverse: fc.boolean(),
      limit: bounds.limit,
      columns: bounds.columns,
    }),
    fc.record({
      at: bucket.map(id => [id]),
      index: fc.constant('counted'),
      ...bounds,
      from: fc.option(
        text.map(label => [label]),
        { nil: undefined },
      ),
      after: fc.constant(undefined),
      before: fc.option(
        text.map(label => [label]),
        { nil: undefined },
      ),
    }),
    fc.record({
      at: bucket.map(id => [id]),
      index: fc.constant('counted'),
      limit: bounds.limit,
      columns: bounds.columns,
      group,
    }),
  )
  .map(fields => ({ table: rows, ...defined(fields) }) as Scan)

async function outcomeOf(store: MetaStore, given: Batch): Promise<string | undefined> {
  try {
    await store.commit(given)
    return undefined
  } catch (error) {
    if (error instanceof Conflict) return `${error.kind} ${error.index}`
    throw error
  }
}

/** Takes away what differs by right: the numbers of revisions, and columns that were not asked for. */
function comparable(found: { entries: readonly (object | string)[]; more: boolean }, asked: Scan) {
  const entries = found.entries.map(entry =>
    typeof entry === 'string'
      ? entry
      : { ...projected(rows, entry as Record<string, unknown>, asked.columns), revision: 0 },
  )
  return { entries, more: found.more }
}

async function emptied(store: MetaStore): Promise<void> {
  const { scans: found } = await store.read({ scans: [scan(rows, { at: [], limit: 4096 })] })
  const writes = found[0].entries.map(entry => {
    const { bucket: id, key: name, version: number } = entry as Record<string, string | number>
    return { remove: rows, key: [id ?? 0, name ?? '', number ?? 0] }
  })
  if (writes.length > 0) await store.commit({ writes })
}

export function scansContract(name: string, factory: MetaFactory): void {
  describe(`${name} scans`, () => {
    it('as the naive store does, on random batches and scans', async () => {
      const { stores, close } = await factory([rows], 1)
      const store = stores[0]
      const property = fc.asyncProperty(
        fc.array(batch, { minLength: 1, maxLength: 12 }),
        fc.array(scans, { minLength: 1, maxLength: 12 }),
        async (batches, asked) => {
          await emptied(store)
          const naive = new NaiveMetaStore()
          for (const given of batches)
            assert.equal(await outcomeOf(store, given), naive.commit(given))
          const { scans: found } = await store.read({ scans: asked })
          asked.forEach((one, i) => {
            assert.deepEqual(
              comparable(found[i] ?? { entries: [], more: true }, one),
              comparable(naive.scan(one), one),
            )
          })
        },
      )
      try {
        await fc.assert(property, { numRuns: 300 })
      } finally {
        await close()
      }
    })

    it('answers all of a read from one snapshot', async () => {
      const { stores, close } = await factory([rows], 2)
      const [one, two = one] = stores
      const put = (count: number) => ({
        writes: [1, 2].map(id => ({
          put: rows,
          record: { bucket: id, key: 'a/b', version: 0, count },
        })),
      })
      await one.commit(put(1))
      let going = true
      const writing = (async () => {
        for (let i = 2; going; i++) await two.commit(put(i))
      })()
      const at = (id: number) => ({ at: [id], limit: 10 })
      for (let i = 0; i < 200; i++) {
        const { scans: found } = await one.read({ scans: [scan(rows, at(1)), scan(rows, at(2))] })
        const [left, right] = found.map(({ entries }) => entries[0] as Record<string, unknown>)
        assert.equal(left?.['count'], right?.['count'])
      }
      going = false
      await writing
      await close()
    })
  })
}
