/** What the sweep leaves alone, and what does not stop it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Log } from '../ports/log.ts'
import { silentLog } from '../ports/log.ts'
import {
  blobIds,
  bucketOf,
  day,
  hookedHouse,
  memoryHouse,
  partsOf,
  rowsOf,
} from './house.fixture.ts'
import { sweep, usualTimes } from './sweep.ts'
import { endedTable, partsTable } from './tables.ts'

/** A log that keeps what it was warned of. */
function listening(): { readonly log: Log; readonly said: string[] } {
  const said: string[] = []
  const note = (_: object, message: string) => void said.push(message)
  return { log: { ...silentLog, warn: note, error: note }, said }
}

for (const ownsBlobs of [true, false]) {
  test(`blobs of ${ownsBlobs ? 'this' : 'another'} database that no record knows`, async () => {
    const { core, blobs, clock } = memoryHouse({ ownsBlobs })
    const place = { volume: 'v', bucket: 'b', key: 'k' }
    async function* source() {
      yield Buffer.from('bytes')
    }
    await blobs.put(source(), place)
    const { log, said } = listening()
    for (let days = 0; days < 3; days++) {
      clock.time += 2 * day
      await sweep(core, usualTimes, log)
    }
    assert.equal((await blobIds(blobs)).length, ownsBlobs ? 0 : 1)
    assert.equal(said.length, ownsBlobs ? 0 : 3)
  })
}

test('an upload that cannot be cleared does not keep the sweep from the others', async () => {
  const house = memoryHouse()
  const bad = 'the one that fails'
  let ids: string[] = []
  // Nothing is cleared when the uploads end, so that the sweep has it all to do.
  const ending = hookedHouse(house, {
    async commit({ writes = [] }) {
      if (writes.some(write => 'remove' in write && write.remove.name === partsTable.name))
        throw new Error('not now')
    },
  })
  const space = await bucketOf(ending)
  for (const key of [bad, 'b', 'c']) {
    const { uploadId } = await partsOf(space, key, ['part'])
    await space.abort({ key, uploadId })
    ids = [...ids, uploadId]
    house.clock.time += 1
  }
  const sweeping = hookedHouse(house, {
    async commit({ checks = [] }) {
      if (checks.some(check => 'key' in check && check.key[0] === ids[0]))
        throw new Error('a batch too large')
    },
  })
  const { log, said } = listening()
  const report = await sweep(sweeping.core, usualTimes, log)
  assert.equal(report.uploadsCleared, 2)
  assert.deepEqual(said, ['an ended upload cannot be cleared'])
  const left = (await rowsOf(house.store, endedTable)).filter(({ cleaned }) => cleaned === 0)
  assert.deepEqual(
    left.map(({ key }) => key),
    [bad],
  )
  await house.close()
})
