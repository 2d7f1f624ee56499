/** Tests of the ids of small bodies. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BodyIds } from './body-ids.ts'
import { PlainBuckets } from './buckets.ts'
import {
  bodyOf,
  bucketOf,
  bytesOf,
  completeOf,
  hookedHouse,
  keyspaceOf,
  memoryHouse,
  putOf,
  uploadOf,
} from './house.fixture.ts'

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

test('who gives an id that another process gave too is refused, and what stands there stays', async () => {
  const house = memoryHouse()
  const space = await bucketOf(house)
  // The same worker of two processes, at the same moment.
  const second = await keyspaceOf(hookedHouse(house, {}, 0).buckets)
  await space.put(putOf('a', 'of the first'))
  await assert.rejects(second.put(putOf('b', 'of the second')), { code: 'SlowDown' })
  await assert.rejects(space.head({ key: 'b' }), { code: 'NoSuchKey' })
  const third = await keyspaceOf(hookedHouse(house, {}, 0).buckets)
  const { uploadId } = await third.createUpload(uploadOf('c'))
  const part = { key: 'c', uploadId, number: 1, body: bodyOf('of the third') }
  await assert.rejects(third.putPart(part), { code: 'SlowDown' })
  // The next id is another one.
  const { etag } = await third.putPart(part)
  await third.complete(completeOf('c', uploadId, [{ number: 1, etag }]))
  assert.equal(await bytesOf(space, 'a'), 'of the first')
  assert.equal(await bytesOf(space, 'c'), 'of the third')
  await house.close()
})
