/** Tests of the ids of small bodies. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BodyIds } from './body-ids.ts'
import { PlainBuckets } from './buckets.ts'
import { bucketOf, bytesOf, keyspaceOf, memoryHouse, putOf } from './house.fixture.ts'

test('ids rise, whatever the clock does, above all that were there', () => {
  const clock = { time: Date.UTC(2026), now: () => clock.time }
  const floor = new BodyIds(0, { now: () => Date.UTC(2027) }).next()
  const ids = new BodyIds(1, clock, floor)
  const first = ids.next()
  clock.time -= 1000
  const second = ids.next()
  clock.time = Date.UTC(2028)
  const third = ids.next()
  assert.ok(floor < first && first < second && second < third)
})

test('an object may be of any time, as an import gives it', async () => {
  const house = memoryHouse()
  await bucketOf(house)
  for (const time of [Date.UTC(2100), Date.UTC(1960)]) {
    const core = { ...house.core, clock: { now: () => time } }
    const space = await keyspaceOf(new PlainBuckets(core))
    await space.put(putOf('k', 'small'))
    assert.equal(await bytesOf(space, 'k'), 'small')
  }
  await house.close()
})
