/** Many parts, many slices, many appends: no batch grows beyond what a store takes, and nothing is lost on the way. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import type { Keyspace } from '../ports/keyspace.ts'
import { silentLog } from '../ports/log.ts'
import type { Batch, Write } from '../ports/meta-store.ts'
import { auditAfterSweep, auditReferences } from './audit.fixture.ts'
import {
  bodyOf,
  bucketOf,
  bytesOf,
  completeOf,
  day,
  type House,
  hookedHouse,
  keyspaceOf,
  memoryHouse,
  partsOf,
  putOf,
  rowsOf,
  uploadOf,
} from './house.fixture.ts'
import { sweep, usualTimes } from './sweep.ts'
import {
  blobsTable,
  endedTable,
  manifestRowsTable,
  manifestsTable,
  objectsTable,
  partsTable,
  type Slice,
} from './tables.ts'

let house: House
let bucket: Keyspace
beforeEach(async () => {
  house = memoryHouse({ thresholds: { partBytes: 1 } })
  bucket = await bucketOf(house)
})
afterEach(async () => {
  await auditReferences(house)
  await auditAfterSweep(house)
  await house.close()
})

const etag = 'd41d8cd98f00b204e9800998ecf8427e'

/** An upload whose part rows are written by hand: part n has the slices that `slicesOf` says. */
async function planted(
  key: string,
  count: number,
  slicesOf: (number: number) => readonly Slice[],
): Promise<{ uploadId: string; parts: { number: number; etag: string }[] }> {
  const { uploadId } = await bucket.createUpload(uploadOf(key))
  const parts = Array.from({ length: count }, (_, i) => ({ number: i + 1, etag }))
  const { checksums } = await house.core.digester.digest(none, ['CRC64NVME'])
  const checksum = checksums.CRC64NVME ?? ''
  const writes: Write[] = parts.map(({ number }) => {
    const slices = slicesOf(number)
    const size = slices.reduce((sum, { length }) => sum + length, 0)
    const record = { upload: uploadId, number, size, etag, modified: 0, checksum, slices }
    return { put: partsTable, record }
  })
  for (let at = 0; at < count; at += 1000) {
    await house.store.commit({ writes: writes.slice(at, at + 1000) })
  }
  return { uploadId, parts }
}

const none: AsyncIterable<Uint8Array> = { async *[Symbol.asyncIterator]() {} }

/** Blobs of ten bytes, with so many references each. */
async function blobsOf(count: number, refs: number): Promise<string[]> {
  const ids: string[] = []
  const place = { volume: '', bucket: '', key: '' }
  const source = {
    async *[Symbol.asyncIterator]() {
      yield Buffer.from('0123456789')
    },
  }
  for (let i = 0; i < count; i++) ids.push((await house.blobs.put(source, place)).id)
  for (let at = 0; at < count; at += 1000) {
    const some = ids.slice(at, at + 1000)
    const record = { refs, size: 10, condemned: null, orphan: 0 }
    await house.store.commit({
      writes: some.map(id => ({ put: blobsTable, record: { id, ...record } })),
    })
  }
  return ids
}

describe('uploads', () => {
  test('10,000 parts complete, are read, and go', async () => {
    const [blob = ''] = await blobsOf(1, 10_000)
    const upload = await planted('k', 10_000, n => [{ blob, offset: n % 10, length: 1 }])
    const { etag: whole, size } = await bucket.complete(
      completeOf('k', upload.uploadId, upload.parts),
    )
    assert.equal(size, 10_000)
    assert.match(whole, /-10000$/)
    assert.equal(await bytesOf(bucket, 'k'), '1234567890'.repeat(1000))
    const object = await bucket.open({ key: 'k' })
    assert.deepEqual(await object.part(7777), { start: 7776, end: 7777 })
    assert.equal(await object.part(10_001), undefined)
    const page = await object.parts(9_990, 5)
    assert.deepEqual(
      page.parts.map(({ number }) => number),
      [9991, 9992, 9993, 9994, 9995],
    )
    assert.equal(page.more, true)
    assert.deepEqual(await rowsOf(house.store, partsTable), [])
    await auditReferences(house)
    await bucket.delete({ key: 'k', conditions: {} })
  })

  test('5,000 empty parts beside the one that is meant complete', async () => {
    const upload = await planted('k', 5000, () => [])
    const { etag } = await bucket.putPart({
      key: 'k',
      uploadId: upload.uploadId,
      number: 1,
      body: bodyOf('data'),
    })
    await bucket.complete(completeOf('k', upload.uploadId, [{ number: 1, etag }]))
    assert.equal(await bytesOf(bucket, 'k'), 'data')
    assert.deepEqual(await rowsOf(house.store, partsTable), [])
    await auditReferences(house)
  })

  test('300 parts are sent, listed and completed, some left out', async () => {
    const contents = Array.from({ length: 300 }, (_, i) => `part ${i} ${'x'.repeat(i % 30)}`)
    const { uploadId, parts } = await partsOf(bucket, 'k', contents)
    const listing = { key: 'k', uploadId, marker: 100, limit: 50 }
    const { parts: some, more } = await bucket.listParts(listing)
    assert.deepEqual([some.length, some[0]?.number, more], [50, 101, true])
    const chosen = parts.filter(({ number }) => number % 3 !== 0)
    await bucket.complete(completeOf('k', uploadId, chosen))
    const expected = contents.filter((_, i) => (i + 1) % 3 !== 0).join('')
    assert.equal(await bytesOf(bucket, 'k'), expected)
    await auditReferences(house)
    assert.deepEqual(await rowsOf(house.store, partsTable), [])
  })

  test('an aborted upload gives back everything', async () => {
    const { uploadId } = await partsOf(bucket, 'k', Array<string>(600).fill('z'.repeat(20)))
    await bucket.abort({ key: 'k', uploadId })
    await bucket.abort({ key: 'k', uploadId })
    assert.deepEqual(await rowsOf(house.store, partsTable), [])
    assert.ok((await rowsOf(house.store, blobsTable)).every(({ refs }) => refs === 0))
  })

  for (const end of ['complete', 'abort'] as const) {
    test(`parts that refer to 12,000 blobs ${end}`, async () => {
      const ids = await blobsOf(12_000, 1)
      const slices = (n: number) =>
        ids.slice((n - 1) * 1000, n * 1000).map(blob => ({ blob, offset: 0, length: 10 }))
      const { uploadId, parts } = await planted('k', 12, slices)
      if (end === 'abort') {
        await bucket.abort({ key: 'k', uploadId })
        return
      }
      await bucket.complete(completeOf('k', uploadId, parts))
      assert.equal((await bytesOf(bucket, 'k')).length, 120_000)
      assert.equal((await rowsOf(house.store, manifestRowsTable)).length, 6)
      await bucket.delete({ key: 'k', conditions: {} })
    })
  }

  test('a manifest is shared by copies and goes with the last of them', async () => {
    const [blob = ''] = await blobsOf(1, 300)
    const { uploadId, parts } = await planted('k', 300, () => [{ blob, offset: 0, length: 10 }])
    await bucket.complete(completeOf('k', uploadId, parts))
    await bucket.rename({
      from: 'k',
      to: 'moved',
      sourceConditions: {},
      conditions: {},
      token: undefined,
    })
    const [manifest] = await rowsOf(house.store, manifestsTable)
    assert.equal(manifest?.refs, 1)
    await auditAfterSweep(house)
    assert.equal((await bytesOf(bucket, 'moved')).length, 3000)
    await bucket.delete({ key: 'moved', conditions: {} })
    await auditAfterSweep(house)
    assert.deepEqual(await rowsOf(house.store, manifestsTable), [])
    assert.deepEqual(await rowsOf(house.store, blobsTable), [])
  })
})

describe('clearing away part rows', () => {
  const clears = ({ writes = [] }: Batch) =>
    writes.every(write => 'remove' in write && write.remove.name === partsTable.name)

  /** A worker whose clearing fails at the page of this number, counted over all. */
  function failing(page: number): House {
    let pages = 0
    return hookedHouse(house, {
      async commit(batch) {
        if (!clears(batch)) return
        pages += 1
        if (pages === page) throw new Error('the machine went')
      },
    })
  }

  test('a crash in the middle of it is followed up by the sweep', async () => {
    const [blob = ''] = await blobsOf(1, 700)
    const { uploadId, parts } = await planted('k', 700, () => [{ blob, offset: 0, length: 10 }])
    const crashing = await keyspaceOf(failing(2).buckets)
    await crashing.complete(completeOf('k', uploadId, parts.slice(0, 600)))
    assert.equal((await rowsOf(house.store, partsTable)).length, 450)
    await auditReferences(house)
    await sweep(house.core, usualTimes, silentLog)
    assert.deepEqual(await rowsOf(house.store, partsTable), [])
    await auditReferences(house)
    assert.equal((await bytesOf(bucket, 'k')).length, 6000)
  })

  test('a manifest lets go of its blobs only after it', async () => {
    const [blob = ''] = await blobsOf(1, 300)
    const { uploadId, parts } = await planted('k', 300, () => [{ blob, offset: 0, length: 10 }])
    // The sweep has looked for ended uploads already when this one ends, is cleared by half, and its object goes.
    let done = false
    const sweeper = hookedHouse(house, {
      async read({ scans = [] }) {
        if (done || !scans.some(({ table }) => table.name === manifestsTable.name)) return
        done = true
        const crashing = await keyspaceOf(failing(1).buckets)
        await crashing.complete(completeOf('k', uploadId, parts))
        await bucket.delete({ key: 'k', conditions: {} })
      },
    })
    const { manifestsReleased } = await sweep(sweeper.core, usualTimes, silentLog)
    assert.equal(manifestsReleased, 0)
    await auditReferences(house)
    house.clock.time += day / 24
    await sweep(house.core, usualTimes, silentLog)
    await auditReferences(house)
    assert.deepEqual(
      (await rowsOf(house.store, blobsTable)).map(({ refs }) => refs),
      [0],
    )
    assert.deepEqual(
      (await rowsOf(house.store, endedTable)).map(({ cleaned }) => cleaned),
      [1],
    )
  })
})

describe('appending', () => {
  test('many times leaves few slices', async () => {
    let content = ''
    let most = 0
    for (let round = 0; round < 400; round++) {
      const piece = `${round},`
      await bucket.put(putOf('k', piece, { writeOffset: content.length }))
      content += piece
      const [record] = await rowsOf(house.store, objectsTable)
      const slices = record?.content
      if (slices !== null && slices !== undefined && 'slices' in slices) {
        most = Math.max(most, slices.slices.length)
      }
    }
    assert.equal(await bytesOf(bucket, 'k'), content)
    assert.ok(most > 1 && most <= 12, `${most} slices`)
    const { checksum } = await bucket.head({ key: 'k' })
    const whole = await bucket.put(putOf('whole', content))
    assert.deepEqual(checksum, whole.checksum)
  })

  test('at another offset than the end is refused with the size', async () => {
    await bucket.put(putOf('k', 'five!'))
    for (const writeOffset of [0, 4, 6]) {
      const wrong = bucket.put(putOf('k', 'x', { writeOffset }))
      await assert.rejects(wrong, { code: 'InvalidWriteOffset', fields: { ObjectSize: 5 } })
    }
    await assert.rejects(bucket.put(putOf('new', 'x', { writeOffset: 1 })), {
      code: 'InvalidWriteOffset',
    })
  })
})
