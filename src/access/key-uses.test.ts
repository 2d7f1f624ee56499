/** When keys were last used: known at once, written now and then, never for keys that are gone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decideThenCommit, type MetaStore } from '../ports/meta-store.ts'
import { openMemoryMetaStore } from '../stores/memory/meta-store.ts'
import { KeyUses, keyRemovals } from './key-uses.ts'
import { accessTables, type KeyRecord, keysTable } from './tables.ts'

const minute = 60_000
const key = (id: string): KeyRecord => ({
  id,
  account: 'a',
  volume: 's3v',
  sealed: new Uint8Array(1),
  status: 'Active',
  origin: 'request',
  created: 0,
})

async function setUp(ids: readonly string[] = ['ONE']) {
  const inner = openMemoryMetaStore(accessTables)
  await inner.commit({ writes: ids.map(id => ({ put: keysTable, record: key(id) })) })
  let commits = 0
  const store: MetaStore = {
    read: (request, options) => inner.read(request, options),
    commit(batch) {
      commits += 1
      return inner.commit(batch)
    },
    commitOn: (gets, decide) => decideThenCommit(store, gets, decide),
    settle: () => inner.settle(),
    generation: (table, at) => inner.generation(table, at),
    watch: (table, at) => inner.watch(table, at),
    changes: () => () => undefined,
    close: () => inner.close(),
  }
  const clock = { time: 1_000_000, now: () => clock.time }
  const timeOf = async (uses: KeyUses, id = 'ONE') => (await uses.of([id])).get(id)?.at
  return { store, clock, commits: () => commits, uses: new KeyUses(store, clock), timeOf }
}

test('a key in use is written once in five minutes, whoever serves it', async () => {
  const { store, clock, commits, uses, timeOf } = await setUp()
  const other = new KeyUses(store, clock)
  for (let i = 0; i < 20; i++) {
    for (const worker of [uses, other]) {
      worker.note('ONE', 's3', 'us-east-1')
      await worker.flush()
    }
    clock.time += minute
  }
  assert.equal(commits(), 4)
  assert.equal(await timeOf(uses), clock.time - minute)
  // What another worker noted is known once it is written.
  assert.equal(await timeOf(new KeyUses(store, clock)), 1_000_000 + 15 * minute)
  await uses.flush(true)
  assert.equal(await timeOf(new KeyUses(store, clock)), clock.time - minute)
  await uses.flush(true)
  assert.equal(commits(), 5)
})

test('the last use of a key that rests is written, and nothing is kept of it', async () => {
  const { store, clock, commits, uses, timeOf } = await setUp()
  const other = new KeyUses(store, clock)
  uses.note('ONE', 's3', 'us-east-1')
  await uses.flush()
  clock.time += minute
  other.note('ONE', 's3', 'us-east-1')
  clock.time += minute
  uses.note('ONE', 'iam', 'us-east-1')
  const last = clock.time
  clock.time += 5 * minute
  await uses.flush()
  await other.flush()
  assert.equal(commits(), 2)
  assert.equal(await timeOf(new KeyUses(store, clock)), last)
  // Both know it from the store alone: once the key is gone, nothing tells of it.
  await uses.flush()
  await other.flush()
  await store.commit({ writes: keyRemovals('ONE') })
  assert.equal(await timeOf(uses), undefined)
  assert.equal(await timeOf(other), undefined)
})

test('an older use takes no newer one’s place', async () => {
  const { store, clock, uses, timeOf } = await setUp()
  const other = new KeyUses(store, clock)
  uses.note('ONE', 's3', 'us-east-1')
  clock.time += 1
  other.note('ONE', 'iam', 'us-east-1')
  await other.flush(true)
  await uses.flush(true)
  assert.equal(await timeOf(uses), clock.time)
})

test('many keys are written together; a key that is gone is not, and takes its use along', async () => {
  const ids = Array.from({ length: 600 }, (_, index) => `KEY${index}`)
  const { store, commits, uses, timeOf } = await setUp(ids)
  for (const id of ids) uses.note(id, 's3', 'us-east-1')
  await store.commit({ writes: keyRemovals('KEY7') })
  await uses.flush()
  assert.equal(commits(), 1 + 3)
  assert.equal(await timeOf(uses, 'KEY7'), undefined)
  assert.equal((await new KeyUses(store, { now: () => 0 }).of(ids)).size, 599)
  await store.commit({ writes: keyRemovals('KEY8') })
  assert.equal(await timeOf(new KeyUses(store, { now: () => 0 }), 'KEY8'), undefined)
})

test('what could not be written is written the next time', async () => {
  const { store, clock, uses } = await setUp()
  let works = false
  const failing: MetaStore = {
    ...store,
    commit: batch => (works ? store.commit(batch) : Promise.reject(new Error('no room'))),
  }
  const shaky = new KeyUses(failing, clock)
  shaky.note('ONE', 's3', 'us-east-1')
  await assert.rejects(shaky.flush(), /no room/)
  assert.equal((await uses.of(['ONE'])).size, 0)
  works = true
  await shaky.flush()
  assert.equal((await uses.of(['ONE'])).size, 1)
})
