import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  bodyOf,
  bucketOf,
  hooked,
  memoryHouse,
  rowsOf,
  uploadOf,
} from '../buckets/house.fixture.ts'
import { uploadsTable } from '../buckets/tables.ts'
import type { Log } from '../ports/log.ts'
import { silentLog } from '../ports/log.ts'
import { startSweeper, sweepTimes } from './sweeper.ts'

const hour = 3_600_000

/** Resolves when the sweep says that it has swept something, or failed. */
function heard(): { log: Log; said: Promise<string> } {
  const { promise, resolve } = Promise.withResolvers<string>()
  const say = (_: object, message: string) => resolve(message)
  return { log: { ...silentLog, info: say, error: say }, said: promise }
}

test('the sweeper aborts uploads older than the configured age, soon after start', async () => {
  const house = memoryHouse()
  const space = await bucketOf(house)
  const { uploadId } = await space.createUpload(uploadOf('old'))
  await space.putPart({ key: 'old', uploadId, number: 1, body: bodyOf('bytes') })
  house.clock.time += 2 * hour
  await space.createUpload(uploadOf('young'))
  const { log, said } = heard()
  const times = sweepTimes({ uploadAge: hour })
  const sweeper = startSweeper({ core: house.core, log, interval: hour, times, first: 0 })
  assert.equal(await said, 'swept')
  await sweeper.stop()
  const left = await rowsOf(house.store, uploadsTable)
  assert.deepEqual(
    left.map(({ key }) => key),
    ['young'],
  )
  await house.close()
})

test('it stops between two steps, and begins none after that', async () => {
  const house = memoryHouse()
  const counts = { reads: 0 }
  const core = { ...house.core, store: hooked(house.store, { commit: async () => undefined }) }
  const begun = Promise.withResolvers<void>()
  const list = house.blobs.list.bind(house.blobs)
  core.blobs = { ...house.blobs, list, sweepTemporary: async () => 0 } as typeof house.blobs
  const read = core.store.read.bind(core.store)
  core.store.read = ((request, options) => {
    counts.reads += 1
    begun.resolve()
    return read(request, options)
  }) as typeof core.store.read
  const failures: string[] = []
  const log = { ...silentLog, error: (_: object, message: string) => failures.push(message) }
  const sweeper = startSweeper({ core, log, interval: 1, times: sweepTimes({}), first: 0 })
  await begun.promise
  await sweeper.stop()
  const { reads } = counts
  await new Promise(resolve => setTimeout(resolve, 20))
  assert.equal(counts.reads, reads)
  assert.deepEqual(failures, [])
  await house.close()
})

test('a sweep that fails is told and tried again', async () => {
  const house = memoryHouse()
  let tries = 0
  const again = Promise.withResolvers<void>()
  const store = {
    ...hooked(house.store, {}),
    read: () => {
      tries += 1
      if (tries === 2) again.resolve()
      return Promise.reject(new Error('no disk'))
    },
  }
  const { log, said } = heard()
  const core = { ...house.core, store }
  const sweeper = startSweeper({ core, log, interval: 1, times: sweepTimes({}), first: 0 })
  assert.match(await said, /tried again/)
  await again.promise
  await sweeper.stop()
  await house.close()
})
