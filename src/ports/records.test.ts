import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bucketOf, memoryHouse, putOf } from '../buckets/house.fixture.ts'
import { objectsTable } from '../buckets/tables.ts'
import { recordsOf } from './records.ts'

test('every record comes once, and others have their turn between pages', async () => {
  const house = memoryHouse()
  const space = await bucketOf(house)
  const keys = Array.from({ length: 1100 }, (_, i) => `key ${String(i).padStart(4, '0')}`)
  for (const key of keys) await space.put(putOf(key, ''))
  let turns = 0
  const turn = () => {
    turns += 1
    next = setImmediate(turn)
  }
  let next = setImmediate(turn)
  const found: string[] = []
  for await (const { key } of recordsOf(house.store, objectsTable)) found.push(key)
  clearImmediate(next)
  assert.deepEqual(found, keys)
  const some: string[] = []
  const { id } = space.bucket
  const bounds = { at: [id], from: ['key 0300'], before: ['key 1000'], columns: [] }
  for await (const { key } of recordsOf(house.store, objectsTable, bounds)) some.push(key)
  assert.deepEqual(some, keys.slice(300, 1000))
  assert.ok(turns >= 2, `${turns} turns`)
  await house.close()
})
