// Quotas of uploads under way: what their parts hold is counted from the part on until the upload ends.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { S3Error } from '../model/errors.ts'
import type { Keyspace } from '../ports/keyspace.ts'
import {
  bodyOf,
  bucketOf,
  completeOf,
  day,
  type House,
  interrupted,
  keyspaceOf,
  memoryHouse,
  owner,
  partsOf,
  putOf,
  rowsOf,
  uploadOf,
  volume,
} from './house.fixture.ts'
import { sweep, usualTimes } from './sweep.ts'
import { endedTable, partsTable, uploadSizesTable } from './tables.ts'

const exceeded = (thrown: unknown) => thrown instanceof S3Error && thrown.code === 'QuotaExceeded'
const silent = { debug() {}, info() {}, warn() {}, error() {} }
const limit = { bytes: 100, objects: 10 }

async function limited(thresholds: Parameters<typeof memoryHouse>[0] = {}) {
  const house = memoryHouse({ thresholds: { partBytes: 1 }, ...thresholds })
  await house.buckets.volumes.create({ name: volume, owner, quota: { ...limit, buckets: 9 } })
  await bucketOf(house)
  await house.buckets.setQuota(await house.buckets.find(volume, 'bucket'), limit)
  const space = await keyspaceOf(house.buckets)
  const { uploadId } = await space.createUpload(uploadOf('u'))
  return { house, space, uploadId }
}

const part = (uploadId: string, number: number, bytes: number) => ({
  key: 'u',
  uploadId,
  number,
  body: bodyOf('x'.repeat(bytes)),
})

/** What bucket and volume count, which is the same here. */
async function used({ buckets }: House): Promise<{ bytes: number; objects: number }> {
  const own = await buckets.usage(await buckets.find(volume, 'bucket'))
  const { bytes, objects } = await buckets.volumes.usage(volume)
  assert.ok(own !== undefined && bytes !== undefined && objects !== undefined)
  assert.deepEqual({ bytes: own.bytes, objects: own.objects }, { bytes, objects })
  return { bytes, objects }
}

test('a part that goes over is refused, one that is sent again counts once', async () => {
  const { house, space, uploadId } = await limited()
  await space.putPart(part(uploadId, 1, 60))
  await assert.rejects(space.putPart(part(uploadId, 2, 41)), exceeded)
  await assert.rejects(space.put(putOf('key', 'x'.repeat(41))), exceeded)
  await space.putPart(part(uploadId, 2, 40))
  await assert.rejects(space.putPart(part(uploadId, 2, 41)), exceeded)
  await space.putPart(part(uploadId, 1, 30))
  assert.deepEqual(await used(house), { bytes: 70, objects: 0 })
  const { etag } = await space.putPart(part(uploadId, 1, 60))
  assert.deepEqual(await used(house), { bytes: 100, objects: 0 })
  // The object takes over what its part counted, and the part that it leaves out is given back.
  await space.complete(completeOf('u', uploadId, [{ number: 1, etag }]))
  assert.deepEqual(await used(house), { bytes: 60, objects: 1 })
  await space.delete({ key: 'u', conditions: {} })
  assert.deepEqual(await used(house), { bytes: 0, objects: 0 })
})

test('a part that is copied counts', async () => {
  const { house, space, uploadId } = await limited()
  await space.put(putOf('source', 'x'.repeat(50)))
  const from = { source: space, from: { key: 'source' }, sourceConditions: {} }
  const copy = { key: 'u', uploadId, number: 1, range: undefined, ...from }
  await space.copyPart(copy)
  assert.deepEqual(await used(house), { bytes: 100, objects: 1 })
  await assert.rejects(space.copyPart({ ...copy, number: 2 }), exceeded)
})

test('an abort gives back at once, whatever is cleared later', async () => {
  const { house, space, uploadId } = await limited()
  for (const number of [1, 2, 3]) await space.putPart(part(uploadId, number, 30))
  await space.abort({ key: 'u', uploadId })
  assert.deepEqual(await used(house), { bytes: 0, objects: 0 })
  await assert.rejects(space.putPart(part(uploadId, 1, 30)))
  await space.abort({ key: 'u', uploadId })
  await sweep(house.core, usualTimes, silent)
  assert.deepEqual(await used(house), { bytes: 0, objects: 0 })
})

for (const embeddedParts of [1, 1000]) {
  const kept = embeddedParts === 1 ? 'a manifest' : 'the record'
  const sized = { thresholds: { partBytes: 1, embeddedParts } }

  test(`with parts in ${kept}: a part that comes while the upload ends is counted by nobody afterwards`, async () => {
    const ends: ((space: Keyspace, parts: readonly [number, string][], id: string) => unknown)[] = [
      (space, parts, id) =>
        space.complete(
          completeOf(
            'u',
            id,
            parts.map(([number, etag]) => ({ number, etag })),
          ),
        ),
      (space, _, uploadId) => space.abort({ key: 'u', uploadId }),
    ]
    for (const [at, end] of ends.entries()) {
      for (const late of [part('', 2, 25), part('', 3, 35)]) {
        const { house, space, uploadId } = await limited(sized)
        const parts: [number, string][] = []
        for (const number of [1, 2]) {
          const { etag } = await space.putPart(part(uploadId, number, 25))
          parts.push([number, etag])
        }
        const slow = interrupted(house, () => space.putPart({ ...late, uploadId }))
        await end(await keyspaceOf(slow.buckets), parts, uploadId)
        assert.deepEqual(
          await used(house),
          at === 0 ? { bytes: 50, objects: 1 } : { bytes: 0, objects: 0 },
        )
        await sweep(house.core, usualTimes, silent)
        assert.deepEqual(await rowsOf(house.store, partsTable), [])
        assert.deepEqual(await rowsOf(house.store, uploadSizesTable), [])
        assert.equal((await used(house)).bytes, at === 0 ? 50 : 0)
      }
    }
  })

  test(`with parts in ${kept}: Complete is not refused for what its parts counted already`, async () => {
    const { house, space } = await limited(sized)
    const { uploadId, parts } = await partsOf(space, 'u', ['x'.repeat(70), 'x'.repeat(30)])
    await house.buckets.volumes.setQuota(volume, { bytes: 50, objects: null, buckets: null })
    await space.complete(completeOf('u', uploadId, parts)).catch(() => undefined)
    const again = await keyspaceOf(house.buckets)
    await again.complete(completeOf('u', uploadId, parts))
    assert.equal((await house.buckets.volumes.usage(volume)).bytes, 100)
  })
}

test('the sweep gives back what old uploads hold, of buckets that are gone too', async () => {
  const { house, space, uploadId } = await limited()
  await space.putPart(part(uploadId, 1, 60))
  const other = await bucketOf(house, 'other')
  await partsOf(other, 'gone', ['x'.repeat(20)])
  assert.equal((await house.buckets.volumes.usage(volume)).bytes, 80)
  await house.buckets.remove(await house.buckets.find(volume, 'other'))
  assert.equal((await house.buckets.volumes.usage(volume)).bytes, 60)
  house.clock.time += 8 * day
  const { uploadsAborted } = await sweep(house.core, usualTimes, silent)
  assert.equal(uploadsAborted, 1)
  assert.deepEqual(await used(house), { bytes: 0, objects: 0 })
  assert.deepEqual(
    (await rowsOf(house.store, endedTable)).map(({ outcome }) => outcome),
    ['aborted', 'aborted'],
  )
})

test('a bucket that holds something is not deleted, and keeps its uploads', async () => {
  const { house, space, uploadId } = await limited()
  await space.putPart(part(uploadId, 1, 60))
  await space.put(putOf('key', 'x'))
  await assert.rejects(house.buckets.remove(await house.buckets.find(volume, 'bucket')))
  assert.deepEqual(await used(house), { bytes: 61, objects: 1 })
})

test('an upload of an older Moongate is not counted, nor given back', async () => {
  const { house, space, uploadId } = await limited()
  const key = [space.bucket.id, 'u', uploadId]
  await house.store.commit({ writes: [{ remove: uploadSizesTable, key }] })
  const { etag } = await space.putPart(part(uploadId, 1, 60))
  assert.deepEqual(await used(house), { bytes: 0, objects: 0 })
  await space.complete(completeOf('u', uploadId, [{ number: 1, etag }]))
  assert.deepEqual(await used(house), { bytes: 60, objects: 1 })
})
