/** What the sweep leaves alone, and what does not stop it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Log } from '../ports/log.ts'
import { silentLog } from '../ports/log.ts'
import { blobIds, day, memoryHouse } from './house.fixture.ts'
import { sweep, usualTimes } from './sweep.ts'

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
