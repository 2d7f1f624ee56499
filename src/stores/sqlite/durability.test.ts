/** Tests of waiting for the disk beside other connections that sync too. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { raceTables, raceUploads } from '../../ports/meta-store-races.contract.ts'
import { Durability } from './durability.ts'
import { createShared, Shared } from './shared.ts'
import { openSqlite } from './store.ts'

function pair(sync: (others: Shared) => Promise<void>) {
  const buffer = createShared()
  const own = new Shared(buffer)
  const others = new Shared(buffer)
  own.initialise(0)
  const durability = new Durability({
    shared: own,
    sync: () => sync(others),
    onFatal(error) {
      throw error
    },
  })
  return { own, others, durability }
}

test('a commit that the sync of another connection covered already is answered', async () => {
  const { own, others, durability } = pair(async () => undefined)
  let told = false
  own.setBegun(1)
  own.setLast(1)
  durability.whenOwn(1, () => {
    told = true
  })
  others.raiseDurable(1)
  durability.committed()
  await turn()
  assert.equal(told, true)
})

test('a commit that another connection made durable while our sync ran is answered', async () => {
  let syncs = 0
  const told: number[] = []
  const { own, durability } = pair(async others => {
    syncs += 1
    if (syncs > 1) return
    // Meanwhile this connection commits again, and another one syncs that.
    own.setBegun(2)
    own.setLast(2)
    durability.whenOwn(2, () => told.push(2))
    others.raiseDurable(2)
    durability.committed()
  })
  own.setBegun(1)
  own.setLast(1)
  durability.whenOwn(1, () => told.push(1))
  durability.committed()
  await turn()
  assert.deepEqual(told, [1, 2])
})

test('a store is closed when its own sync has ended, though another made everything durable', async () => {
  const held = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const store = openSqlite({
    path: ':memory:',
    tables: raceTables,
    sync() {
      begun.resolve()
      return held.promise
    },
  })
  const committed = store.commit({
    writes: [{ put: raceUploads, record: { id: 'one', state: 'open' } }],
  })
  await begun.promise
  const others = new Shared(store.shared)
  others.raiseDurable(others.last())
  let closed = false
  const closing = store.close().then(() => {
    closed = true
  })
  for (let i = 0; i < 5; i++) await turn()
  assert.equal(closed, false)
  held.resolve()
  await closing
  await committed
})
