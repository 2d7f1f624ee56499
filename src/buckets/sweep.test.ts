/** What the sweep leaves alone, and what does not stop it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Log } from '../ports/log.ts'
import { silentLog } from '../ports/log.ts'
import {
  blobIds,
  bucketOf,
  completeOf,
  day,
  hookedHouse,
  memoryHouse,
  partsOf,
  putOf,
  rowsOf,
  twoWorkers,
} from './house.fixture.ts'
import { OpenReads, openReadsWords } from './open-reads.ts'
import { sweep, sweepUrgently, usualTimes } from './sweep.ts'
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

test('a long download of an object in parts outlives its overwrite, in whichever worker it is', async () => {
  const [reader, sweeper] = await twoWorkers({ thresholds: { partBytes: 1 } })
  const { clock } = reader
  const space = await bucketOf(reader)
  const contents = ['1', '2', '3'].map(digit => digit.repeat(100))
  const { uploadId, parts } = await partsOf(space, 'k', contents)
  await space.complete(completeOf('k', uploadId, parts))
  const object = await space.open({ key: 'k' })
  const source = await object.stream({ start: 0, end: 300 })
  const chunks = source[Symbol.asyncIterator]()
  const got = [String((await chunks.next()).value)]
  await space.put(putOf('k', 'new'))
  await sweep(sweeper.core, usualTimes, silentLog)
  clock.time += usualTimes.condemnedAge + 1
  assert.equal((await sweep(sweeper.core, usualTimes, silentLog)).blobsRemoved, 0)
  for (let next = await chunks.next(); !next.done; next = await chunks.next())
    got.push(String(Buffer.from(next.value)))
  assert.equal(got.length, 3)
  assert.equal(got.slice(1).join(''), contents.slice(1).join(''))
  assert.equal((await sweep(sweeper.core, usualTimes, silentLog)).blobsRemoved, 3)
  await reader.close()
})

test('on a full disk bytes go in seconds, but not from under a reader, whenever he was seen', async () => {
  const [reader, sweeper] = await twoWorkers({ thresholds: { partBytes: 1 } })
  const { clock } = reader
  const space = await bucketOf(reader)
  const { uploadId, parts } = await partsOf(space, 'k', ['1'.repeat(100), '2'.repeat(100)])
  await space.complete(completeOf('k', uploadId, parts))
  const object = await space.open({ key: 'k' })
  const source = await object.stream({ start: 0, end: 200 })
  const chunks = source[Symbol.asyncIterator]()
  await chunks.next()
  await space.delete({ key: 'k', conditions: {} })
  assert.equal(await sweepUrgently(sweeper.core), 0)
  // Somebody who found the record before the delete, and begins only now to read what it says.
  clock.time += 2000
  const end = reader.core.reads.begin(clock.now())
  clock.time += 2000
  assert.equal(await sweepUrgently(sweeper.core), 0)
  const { value } = await chunks.next()
  assert.equal(String(Buffer.from(value ?? '')), '2'.repeat(100))
  await chunks.next()
  assert.equal(await sweepUrgently(sweeper.core), 0)
  end()
  assert.equal(await sweepUrgently(sweeper.core), 2)
  await reader.close()
})

test('on a full disk what uploads of earlier processes left goes at once', async () => {
  const house = memoryHouse()
  const ages: number[] = []
  const blobs = {
    ...hookedHouse(house, {}).blobs,
    async sweepTemporary(olderThanMs: number) {
      ages.push(olderThanMs)
      return 1
    },
  }
  house.clock.time += 90_000
  assert.equal(await sweepUrgently({ ...house.core, blobs }), 1)
  // A minute before this process began.
  assert.deepEqual(ages, [150_000])
  await house.close()
})

test('the oldest read counts; what a dead worker read does not', () => {
  const slots = new BigInt64Array(openReadsWords)
  const [a, b] = [new OpenReads(0, slots), new OpenReads(1, slots)]
  const none = a.oldest()
  assert.ok(none > Date.now())
  const first = b.begin(10)
  const second = b.begin(5)
  a.begin(20)
  assert.equal(a.oldest(), 5)
  second()
  assert.equal(a.oldest(), 10)
  first()
  first()
  assert.equal(b.oldest(), 20)
  new OpenReads(0, slots)
  assert.equal(b.oldest(), none)
})
