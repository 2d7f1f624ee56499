/** What is being read stays readable, what is gone is told before the first byte, and no cache is ever stale. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { BlobMissing } from '../ports/blob-store.ts'
import type { Keyspace } from '../ports/keyspace.ts'
import { silentLog } from '../ports/log.ts'
import { auditAfterSweep, auditReferences } from './audit.fixture.ts'
import {
  bucketOf,
  bytesOf,
  completeOf,
  day,
  type House,
  hookedHouse,
  keyspaceOf,
  partsOf,
  putOf,
  rowsOf,
  slowReader,
  twoWorkers,
} from './house.fixture.ts'
import { sweep, usualTimes } from './sweep.ts'
import { objectsTable } from './tables.ts'

const tiny = { partBytes: 1, embeddedSlices: 3, rowParts: 2 }
const large = 'large '.repeat(10)

let house: House
let second: House
let bucket: Keyspace
let elsewhere: Keyspace
beforeEach(async () => {
  ;[house, second] = await twoWorkers({ thresholds: tiny })
  bucket = await bucketOf(house)
  elsewhere = await keyspaceOf(second.buckets)
})
afterEach(async () => {
  await auditReferences(house)
  await auditAfterSweep(house)
  await house.close()
})

const sweepLater = async () => {
  for (let round = 0; round < 3; round++) {
    house.clock.time += day
    await sweep(house.core, usualTimes, silentLog)
  }
}

/** Objects that are kept in different ways, and how each is made. */
const kinds: Record<string, () => Promise<unknown>> = {
  'a small body': () => bucket.put(putOf('k', 'small')),
  'a blob': () => bucket.put(putOf('k', large)),
  'a blob and a small body behind it': async () => {
    await bucket.put(putOf('k', large))
    await bucket.put(putOf('k', 'tail', { writeOffset: large.length }))
  },
  'parts, the last one small': async () => {
    const { uploadId, parts } = await partsOf(bucket, 'k', [large, 'tail'])
    await bucket.complete(completeOf('k', uploadId, parts))
  },
  'a manifest': async () => {
    const { uploadId, parts } = await partsOf(bucket, 'k', [large, large, 'x', large, large, 'y'])
    await bucket.complete(completeOf('k', uploadId, parts))
    const [record] = await rowsOf(house.store, objectsTable)
    assert.ok(record?.content !== null && record?.content !== undefined)
    assert.ok('manifest' in record.content)
  },
}

for (const [kind, make] of Object.entries(kinds)) {
  describe(kind, () => {
    test('that is being read goes on across an overwrite', async () => {
      await make()
      const whole = await bytesOf(bucket, 'k')
      const object = await bucket.open({ key: 'k' })
      const stream = await object.stream({ start: 0, end: whole.length })
      const reading = stream[Symbol.asyncIterator]()
      const first = await reading.next()
      let got = first.done === true ? '' : Buffer.from(first.value).toString()
      await bucket.put(putOf('k', 'another'))
      for (let next = await reading.next(); next.done !== true; next = await reading.next()) {
        got += Buffer.from(next.value).toString()
      }
      assert.equal(got, whole)
    })

    test('that went before its first byte is told as missing, and opening again finds what is there', async () => {
      await make()
      const object = await bucket.open({ key: 'k' })
      await bucket.put(putOf('k', 'another'))
      await sweepLater()
      // A small body was read with the record.
      if (object.bytes === undefined) {
        await assert.rejects(object.stream({ start: 0, end: object.info.size }), BlobMissing)
      }
      assert.equal(await bytesOf(bucket, 'k'), 'another')
    })

    test('is read by any range', async () => {
      await make()
      const whole = await bytesOf(bucket, 'k')
      const object = await bucket.open({ key: 'k' })
      for (let start = 0; start < whole.length; start += 7) {
        for (const end of [start + 1, Math.min(start + 61, whole.length), whole.length]) {
          const chunks: Buffer[] = []
          for await (const chunk of await object.stream({ start, end })) {
            chunks.push(Buffer.from(chunk))
          }
          assert.equal(Buffer.concat(chunks).toString(), whole.slice(start, end))
        }
      }
    })
  })
}

test('a manifest that goes while its rows are read is told as missing, not as a shorter object', async () => {
  const { uploadId, parts } = await partsOf(bucket, 'k', Array<string>(100).fill(large))
  await bucket.complete(completeOf('k', uploadId, parts))
  let answers = 0
  const reader = hookedHouse(second, {
    async answered() {
      answers += 1
      if (answers !== 3) return
      await bucket.put(putOf('k', 'another'))
      // Its rows go at once, the bytes only later.
      await sweep(house.core, usualTimes, silentLog)
    },
  })
  const object = await reader.buckets.keyspace(bucket.bucket).open({ key: 'k' })
  await assert.rejects(object.stream({ start: 0, end: object.info.size }), BlobMissing)
  assert.equal(answers, 4)
})

describe('two workers', () => {
  test('each reads at once what the other wrote, tagged, deleted', async () => {
    for (let round = 0; round < 20; round++) {
      const [writer, reader] = round % 2 === 0 ? [bucket, elsewhere] : [elsewhere, bucket]
      await writer.put(putOf('k', `round ${round}`))
      assert.equal(await bytesOf(reader, 'k'), `round ${round}`)
      assert.equal(await bytesOf(writer, 'k'), `round ${round}`)
      await writer.setTags({ key: 'k' }, [{ Key: 'round', Value: String(round) }])
      assert.equal((await reader.head({ key: 'k' })).tags[0]?.Value, String(round))
      if (round % 5 !== 4) continue
      await writer.delete({ key: 'k', conditions: {} })
      await assert.rejects(reader.head({ key: 'k' }), { code: 'NoSuchKey' })
    }
  })

  test('each knows at once what became of a bucket', async () => {
    const { buckets } = second
    await house.buckets.setVersioning(bucket.bucket, 'Enabled')
    assert.equal((await keyspaceOf(buckets)).bucket.versioning, 'Enabled')
    await house.buckets.remove(bucket.bucket)
    await assert.rejects(keyspaceOf(buckets), { code: 'NoSuchBucket' })
    await bucketOf(second)
    assert.equal((await keyspaceOf(house.buckets)).bucket.versioning, 'off')
  })

  test('a read that was under way during a write does not put the old object into the cache', async () => {
    await bucket.put(putOf('k', 'old'))
    const reader = slowReader(second, () => bucket.put(putOf('k', 'new')))
    const space = reader.buckets.keyspace(elsewhere.bucket)
    assert.equal((await space.head({ key: 'k' })).size, 3)
    assert.equal(await bytesOf(space, 'k'), 'new')
  })
})

test('a stream that nobody begins to read lets go of its blob', async () => {
  await bucket.put(putOf('k', large))
  const { blobs } = house.core
  const get = blobs.get.bind(blobs)
  let ends = 0
  blobs.get = async function* (...args) {
    try {
      yield* get(...args)
      yield new Uint8Array(1)
    } finally {
      ends += 1
    }
  }
  const opened = await bucket.open({ key: 'k' })
  const stream = await opened.stream({ start: 0, end: opened.info.size })
  assert.equal(ends, 0)
  await stream[Symbol.asyncIterator]().return?.()
  assert.equal(ends, 1)
  blobs.get = get
})
