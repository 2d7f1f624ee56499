/** Requests that meet: each test puts one between what another decided and its commit. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { S3Error } from '../model/errors.ts'
import type { Keyspace } from '../ports/keyspace.ts'
import { silentLog } from '../ports/log.ts'
import { auditAfterSweep, auditHeads, auditReferences } from './audit.fixture.ts'
import {
  blobIds,
  bodyOf,
  bucketOf,
  bytesOf,
  completeOf,
  copyOf,
  day,
  type House,
  hookedHouse,
  interrupted,
  keyspaceOf,
  memoryHouse,
  partsOf,
  putOf,
  rowsOf,
  slowReader,
  twoWorkers,
  uploadOf,
  writesTo,
} from './house.fixture.ts'
import { sweep, usualTimes } from './sweep.ts'
import { blobsTable, objectsTable, partsTable, versionsTable } from './tables.ts'

/** Larger than what is kept beside the metadata. */
const large = 'large '.repeat(10)
const other = 'other '.repeat(10)

let house: House
let bucket: Keyspace
beforeEach(async () => {
  house = memoryHouse({ thresholds: { partBytes: 1 } })
  bucket = await bucketOf(house)
})
afterEach(async () => {
  await auditReferences(house)
  await auditHeads(house)
  await auditAfterSweep(house)
  await house.close()
})

const sweepNow = ({ core }: House) => sweep(core, usualTimes, silentLog)
const after = (request: Promise<unknown>) => request.catch(() => undefined)

describe('sweep against an upload under way', () => {
  test('an orphan that the sweep claimed cannot be brought in', async () => {
    const writer = interrupted(house, async () => {
      house.clock.time += 2 * day
      await sweepNow(house)
    })
    const space = await keyspaceOf(writer.buckets)
    await assert.rejects(space.put(putOf('k', large)), { code: 'SlowDown' })
    await assert.rejects(bucket.head({ key: 'k' }), { code: 'NoSuchKey' })
    assert.deepEqual(
      (await rowsOf(house.store, blobsTable)).map(({ refs }) => refs),
      [0],
    )
  })

  test('the row of a claimed orphan outlives the sweep, for as long as its writer may live', async () => {
    const writer = interrupted(house, async () => {
      for (let round = 0; round < 5; round++) {
        house.clock.time += 2 * day
        await sweepNow(house)
      }
    })
    const space = await keyspaceOf(writer.buckets)
    await assert.rejects(space.put(putOf('k', large)), { code: 'SlowDown' })
    await assert.rejects(bucket.head({ key: 'k' }), { code: 'NoSuchKey' })
  })

  test('a blob that was brought in while the sweep looked at it stays', async () => {
    const decided = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const writer = interrupted(house, async () => {
      decided.resolve()
      await goOn.promise
    })
    const putting = (await keyspaceOf(writer.buckets)).put(putOf('k', large))
    await decided.promise
    house.clock.time += 2 * day
    const sweeper = interrupted(
      house,
      async () => {
        goOn.resolve()
        await putting
      },
      batch => writesTo(batch, blobsTable),
    )
    const report = await sweepNow(sweeper)
    assert.equal(report.orphansCondemned, 0)
    assert.equal(await bytesOf(bucket, 'k'), large)
  })
})

describe('copy against delete', () => {
  for (const content of [large, 'small']) {
    test(`what the delete let go is not revived (${content.trim()})`, async () => {
      await bucket.put(putOf('from', content))
      const copier = interrupted(house, () => bucket.delete({ key: 'from', conditions: {} }))
      const space = await keyspaceOf(copier.buckets)
      await assert.rejects(space.copy(copyOf(space, 'from', 'to')), { code: 'NoSuchKey' })
      await assert.rejects(bucket.head({ key: 'to' }), { code: 'NoSuchKey' })
    })

    test(`a copy that was first keeps its bytes (${content.trim()})`, async () => {
      await bucket.put(putOf('from', content))
      const deleter = interrupted(house, () => bucket.copy(copyOf(bucket, 'from', 'to')))
      const space = await keyspaceOf(deleter.buckets)
      await space.delete({ key: 'from', conditions: {} })
      await auditAfterSweep(house)
      assert.equal(await bytesOf(bucket, 'to'), content)
    })
  }

  test('a part copied from what was overwritten is that of the newer object', async () => {
    await bucket.put(putOf('from', large))
    const { uploadId } = await bucket.createUpload(uploadOf('to'))
    const copier = interrupted(house, () => bucket.put(putOf('from', other)))
    const source = await keyspaceOf(copier.buckets)
    const from = { key: 'from' }
    const part = { key: 'to', uploadId, number: 1, source, from, sourceConditions: {} }
    const { etag } = await source.copyPart({ ...part, range: { start: 0, end: 5 } })
    await bucket.complete(completeOf('to', uploadId, [{ number: 1, etag }]))
    assert.equal(await bytesOf(bucket, 'to'), 'other')
  })

  test('bytes that go while they are read for a copy are read again', async () => {
    await bucket.put(putOf('from', large))
    await bucket.put(putOf('from', 'tail', { writeOffset: large.length }))
    const copier = slowReader(house, () => bucket.put(putOf('from', other)))
    const source = copier.buckets.keyspace(bucket.bucket)
    const copy = copyOf(source, 'from', 'copy', { checksumAlgorithm: 'SHA256' })
    await source.copy(copy)
    assert.equal(await bytesOf(bucket, 'copy'), other)
  })

  test('an object and its copy over itself hold one reference', async () => {
    await bucket.put(putOf('k', large))
    await bucket.copy(copyOf(bucket, 'k', 'k', { replaceMetadata: true, metadata: { a: 'b' } }))
    assert.deepEqual(
      (await rowsOf(house.store, blobsTable)).map(({ refs }) => refs),
      [1],
    )
    assert.equal(await bytesOf(bucket, 'k'), large)
  })
})

describe('Complete', () => {
  const completes = (space: Keyspace, key: string, upload: Awaited<ReturnType<typeof partsOf>>) =>
    space.complete(completeOf(key, upload.uploadId, upload.parts))

  test('a part sent again meanwhile is not pulled away from under it', async () => {
    const upload = await partsOf(bucket, 'k', [large, 'end'])
    const { uploadId } = upload
    const again = { key: 'k', uploadId, number: 1, body: bodyOf(other) }
    const completer = interrupted(house, () => bucket.putPart(again))
    const space = await keyspaceOf(completer.buckets)
    await assert.rejects(completes(space, 'k', upload), { code: 'InvalidPart' })
    await auditReferences(house)
    const { parts } = await bucket.listParts({ key: 'k', uploadId, marker: 0, limit: 10 })
    await completes(bucket, 'k', { uploadId, parts: [...parts] })
    assert.equal(await bytesOf(bucket, 'k'), `${other}end`)
  })

  test('a part sent again with the same bytes is the one that is used', async () => {
    const upload = await partsOf(bucket, 'k', [large, 'end'])
    const again = { key: 'k', uploadId: upload.uploadId, number: 1, body: bodyOf(large) }
    const completer = interrupted(house, () => bucket.putPart(again))
    await completes(await keyspaceOf(completer.buckets), 'k', upload)
    await auditAfterSweep(house)
    assert.equal(await bytesOf(bucket, 'k'), `${large}end`)
  })

  test('a part that nobody waited for is not left behind', async () => {
    const upload = await partsOf(bucket, 'k', ['first'])
    const late = { key: 'k', uploadId: upload.uploadId, number: 2, body: bodyOf(large) }
    const completer = interrupted(house, () => bucket.putPart(late))
    await completes(await keyspaceOf(completer.buckets), 'k', upload)
    assert.equal(await bytesOf(bucket, 'k'), 'first')
    await auditAfterSweep(house)
    assert.deepEqual(await rowsOf(house.store, partsTable), [])
  })

  test('an abort that was first wins, and nothing is there', async () => {
    const upload = await partsOf(bucket, 'k', [large, large])
    const completer = interrupted(house, () =>
      bucket.abort({ key: 'k', uploadId: upload.uploadId }),
    )
    const space = await keyspaceOf(completer.buckets)
    await assert.rejects(completes(space, 'k', upload), { code: 'NoSuchUpload' })
    await assert.rejects(bucket.head({ key: 'k' }), { code: 'NoSuchKey' })
  })

  test('an abort that comes late does no harm', async () => {
    const upload = await partsOf(bucket, 'k', [large, large])
    const aborter = interrupted(house, () => completes(bucket, 'k', upload))
    const space = await keyspaceOf(aborter.buckets)
    const aborting = space.abort({ key: 'k', uploadId: upload.uploadId })
    await assert.rejects(aborting, { code: 'NoSuchUpload' })
    await auditAfterSweep(house)
    assert.equal(await bytesOf(bucket, 'k'), large + large)
  })

  test('two at once make one version, and both are told the same', async () => {
    await house.buckets.setVersioning(bucket.bucket, 'Enabled')
    const upload = await partsOf(bucket, 'k', [large, 'end'])
    let first: unknown
    const completer = interrupted(house, async () => {
      first = await completes(bucket, 'k', upload)
      house.clock.time += 1000
    })
    const second = await completes(await keyspaceOf(completer.buckets), 'k', upload)
    assert.deepEqual(second, first)
    const page = { prefix: '', delimiter: '', after: '', afterVersion: '', limit: 10 }
    assert.equal((await bucket.listVersions(page)).entries.length, 1)
  })

  test('a repeat answers as the first for a day, whatever was written since', async () => {
    const upload = await partsOf(bucket, 'k', [large, 'end'])
    const first = await completes(bucket, 'k', upload)
    await bucket.put(putOf('k', other))
    for (let hour = 0; hour < 23; hour++) {
      house.clock.time += day / 24
      await bucket.put(putOf(`k${hour}`, large))
      await sweepNow(house)
    }
    assert.deepEqual(await completes(bucket, 'k', upload), first)
    assert.equal(await bytesOf(bucket, 'k'), other)
    house.clock.time += day / 12
    await sweepNow(house)
    await assert.rejects(completes(bucket, 'k', upload), { code: 'NoSuchUpload' })
  })
})

describe('buckets', () => {
  test('a PUT that DeleteBucket overtook leaves nothing', async () => {
    const writer = interrupted(house, () => house.buckets.remove(bucket.bucket))
    const space = await keyspaceOf(writer.buckets)
    await assert.rejects(space.put(putOf('k', large)), { code: 'NoSuchBucket' })
    assert.deepEqual(await rowsOf(house.store, objectsTable), [])
  })

  test('a bucket into which something was put meanwhile is not deleted', async () => {
    const remover = interrupted(house, () => bucket.put(putOf('k', large)))
    await assert.rejects(remover.buckets.remove(bucket.bucket), { code: 'BucketNotEmpty' })
    assert.equal(await bytesOf(bucket, 'k'), large)
  })

  test('a bucket with nothing but a delete marker is not empty', async () => {
    await house.buckets.setVersioning(bucket.bucket, 'Enabled')
    await (await keyspaceOf(house.buckets)).delete({ key: 'k', conditions: {} })
    await assert.rejects(house.buckets.remove(bucket.bucket), { code: 'BucketNotEmpty' })
  })

  test('who writes to a bucket that was made again under its name is refused', async () => {
    const { uploadId, parts } = await partsOf(bucket, 'u', [large])
    await bucket.put(putOf('k', 'old'))
    assert.equal(await bytesOf(bucket, 'k'), 'old')
    const seen = await keyspaceOf(house.buckets)
    await bucket.delete({ key: 'k', conditions: {} })
    await house.buckets.remove(bucket.bucket)
    const made = await bucketOf(house)
    assert.notEqual(made.bucket.id, bucket.bucket.id)
    const gone = { code: 'NoSuchBucket' }
    await assert.rejects(seen.put(putOf('k', 'late')), gone)
    await assert.rejects(seen.createUpload(uploadOf('k')), gone)
    await assert.rejects(seen.complete(completeOf('u', uploadId, parts)), gone)
    await assert.rejects(seen.putPart({ key: 'u', uploadId, number: 2, body: bodyOf(large) }), gone)
    await assert.rejects(house.buckets.setVersioning(bucket.bucket, 'Enabled'), gone)
    await assert.rejects(house.buckets.remove(bucket.bucket), gone)
    await assert.rejects(seen.head({ key: 'k' }), { code: 'NoSuchKey' })
    await assert.rejects(made.head({ key: 'k' }), { code: 'NoSuchKey' })
    const uploads = { prefix: '', delimiter: '', after: '', afterUpload: '', limit: 10 }
    assert.deepEqual((await made.listUploads(uploads)).entries, [])
    await made.put(putOf('k', 'new'))
    assert.equal(await bytesOf(made, 'k'), 'new')
    await assert.rejects(seen.head({ key: 'k' }), { code: 'NoSuchKey' })
  })

  test('versioning switched on meanwhile holds for the write', async () => {
    await bucket.put(putOf('k', 'first'))
    const writer = interrupted(house, () => house.buckets.setVersioning(bucket.bucket, 'Enabled'))
    const space = await keyspaceOf(writer.buckets)
    const { versionId } = await space.put(putOf('k', 'second'))
    assert.ok(versionId !== undefined && versionId !== 'null')
    assert.equal(await bytesOf(await keyspaceOf(house.buckets), 'k', 'null'), 'first')
  })

  test('a name that comes free while it is asked for is taken', async () => {
    const creator = hookedHouse(
      house,
      {
        async read({ gets }) {
          if (gets !== undefined) await after(house.buckets.remove(bucket.bucket))
        },
      },
      2,
    )
    const made = await bucketOf(creator)
    assert.notEqual(made.bucket.id, bucket.bucket.id)
  })
})

describe('many writers of one key', () => {
  test('of 100 that want it absent one wins', async () => {
    const conditions = { ifNoneMatch: ['*'] }
    const tries = Array.from({ length: 100 }, (_, i) =>
      bucket.put(putOf('k', `writer ${i}`, { conditions })),
    )
    const results = await Promise.allSettled(tries)
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
    for (const result of results) {
      if (result.status === 'fulfilled') continue
      const { reason } = result
      assert.ok(reason instanceof S3Error)
      assert.ok(['PreconditionFailed', 'ConditionalRequestConflict'].includes(reason.code))
    }
  })

  test('64 without conditions all succeed, and each made a version', async () => {
    await house.buckets.setVersioning(bucket.bucket, 'Enabled')
    const space = await keyspaceOf(house.buckets)
    const puts = Array.from({ length: 64 }, (_, i) => space.put(putOf('k', `writer ${i}`)))
    const made = await Promise.all(puts)
    assert.equal(new Set(made.map(({ versionId }) => versionId)).size, 64)
    assert.equal((await rowsOf(house.store, versionsTable)).length, 63)
  })

  test('64 by two workers all succeed', async () => {
    const houses = await twoWorkers()
    await bucketOf(houses[0])
    const spaces = await Promise.all(houses.map(({ buckets }) => keyspaceOf(buckets)))
    const puts = spaces.flatMap(space =>
      Array.from({ length: 32 }, (_, i) => space.put(putOf('k', `writer ${i} ${large}`))),
    )
    await Promise.all(puts)
    await auditAfterSweep(houses[0])
    await houses[0].close()
  })

  test('who is overtaken ten times is told so', async () => {
    await bucket.put(putOf('k', 'first'))
    let overtaken = 0
    const unlucky = hookedHouse(house, {
      async commit() {
        overtaken += 1
        await bucket.put(putOf('k', `writer ${overtaken}`))
      },
    })
    const space = await keyspaceOf(unlucky.buckets)
    const conditions = { ifMatch: ['*'] }
    const conflict = { code: 'ConditionalRequestConflict' }
    await assert.rejects(space.put(putOf('k', large, { conditions })), conflict)
    assert.equal(overtaken, 10)
    await assert.rejects(space.delete({ key: 'k', conditions: { etag: '*' } }), conflict)
    const version = { key: 'k', versionId: 'null', conditions: { etag: '*' } }
    await assert.rejects(space.delete(version), conflict)
    await assert.rejects(space.put(putOf('k', large)), { code: 'SlowDown' })
    assert.equal(overtaken, 40)
    // What will never be referred to went at once; only the overtaker's small bodies are there.
    assert.deepEqual(await blobIds(house.blobs), [])
  })

  test('a condition is judged on what stands there at the end', async () => {
    const { etag } = await bucket.put(putOf('k', 'first'))
    const writer = interrupted(house, () => bucket.put(putOf('k', 'second')))
    const space = await keyspaceOf(writer.buckets)
    const request = putOf('k', large, { conditions: { ifMatch: [etag] } })
    await assert.rejects(space.put(request), { code: 'PreconditionFailed' })
    assert.equal(await bytesOf(bucket, 'k'), 'second')
  })
})
