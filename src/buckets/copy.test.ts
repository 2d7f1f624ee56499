/** Copies that must read bytes, for a client that goes away meanwhile. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Keyspace } from '../ports/keyspace.ts'
import {
  blobIds,
  bucketOf,
  copyOf,
  type House,
  memoryHouse,
  partsOf,
  putOf,
  rowsOf,
  uploadOf,
} from './house.fixture.ts'
import { objectsTable, partsTable } from './tables.ts'

/** An object of four blobs, each a chunk of its own, in a house that counts the blobs that are read. */
async function largeObject() {
  const house = memoryHouse({ thresholds: { partBytes: 1 }, inlineMax: 0 })
  const read = { blobs: 0 }
  const get = house.blobs.get.bind(house.blobs)
  house.blobs.get = (id, range) => {
    read.blobs += 1
    return get(id, range)
  }
  const space = await bucketOf(house)
  const { uploadId, parts } = await partsOf(space, 'large', ['1', '22', '333', '4444'])
  const listed = parts.map(part => ({ ...part, checksum: undefined }))
  const unsaid = { size: undefined, checksum: undefined, checksumType: undefined }
  await space.complete({ key: 'large', uploadId, parts: listed, conditions: {}, ...unsaid })
  return { house, space, read }
}

/** The client is gone once so many blobs were read. */
const goneAfter = (read: { readonly blobs: number }, count: number) => () => read.blobs > count

/** What a bucket of another kind would be: the same bytes, behind nothing but the interface. */
const foreign = (space: Keyspace): Keyspace => ({
  ...space,
  bucket: space.bucket,
  open: ref => space.open(ref),
})

async function nothingCame(house: House, space: Keyspace, blobs: readonly string[]) {
  await assert.rejects(space.head({ key: 'copy' }), { code: 'NoSuchKey' })
  assert.equal((await rowsOf(house.store, objectsTable)).length, 1)
  assert.equal((await rowsOf(house.store, partsTable)).length, 0)
  assert.deepEqual(await blobIds(house.blobs), blobs)
}

test('a copy whose client is gone reads no further and leaves nothing', async () => {
  const { house, space, read } = await largeObject()
  const blobs = await blobIds(house.blobs)
  const { uploadId } = await space.createUpload(uploadOf('copy'))
  for (const source of [space, foreign(space)]) {
    read.blobs = 0
    const abandoned = goneAfter(read, 1)
    const copy = copyOf(source, 'large', 'copy', { checksumAlgorithm: 'SHA256', abandoned })
    await assert.rejects(space.copy(copy), { code: 'ConnectionClosedByRequester' })
    assert.equal(read.blobs, 2)
    await nothingCame(house, space, blobs)
    read.blobs = 0
    const part = space.copyPart({
      key: 'copy',
      uploadId,
      number: 1,
      source,
      from: { key: 'large' },
      sourceConditions: {},
      range: undefined,
      abandoned,
    })
    await assert.rejects(part, { code: 'ConnectionClosedByRequester' })
    assert.equal(read.blobs, 2)
    await nothingCame(house, space, blobs)
  }
  await house.close()
})

test('a client who stays has his copy, and one that reads no bytes does not ask', async () => {
  const { house, space } = await largeObject()
  const abandoned = () => false
  await space.copy(copyOf(space, 'large', 'copy', { checksumAlgorithm: 'SHA256', abandoned }))
  assert.equal((await space.head({ key: 'copy' })).size, 10)
  const never = () => assert.fail('it was asked')
  await space.copy(copyOf(space, 'large', 'quick', { abandoned: never }))
  await space.put(putOf('small', 'x'))
  await house.close()
})

test('more than 5 GiB are not copied at once, whatever the bucket is', async () => {
  const GiB = 1024 ** 3
  const { house, space } = await largeObject()
  const [record] = await rowsOf(house.store, objectsTable)
  assert.ok(record !== undefined)
  await house.store.commit({
    writes: [{ put: objectsTable, record: { ...record, size: 5 * GiB + 1 } }],
  })
  const { uploadId } = await space.createUpload(uploadOf('copy'))
  const upload = { key: 'copy', uploadId, number: 1, sourceConditions: {} }
  const refused = { code: 'InvalidRequest', message: /5368709120/ }
  for (const source of [space, foreign(space)]) {
    await assert.rejects(space.copy(copyOf(source, 'large', 'copy')), refused)
    for (const range of [undefined, { start: 0, end: 5 * GiB + 1 }]) {
      const from = { key: 'large' }
      const part = space.copyPart({ ...upload, source, from, range, abandoned: () => false })
      await assert.rejects(part, refused)
    }
  }
  await house.close()
})
