/** Tests of upload ids that come from clients. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bodyOf, bucketOf, memoryHouse } from './house.fixture.ts'

test('an upload id that none can have names no upload', async () => {
  const space = await bucketOf(memoryHouse())
  const ref = { key: 'k', uploadId: 'a\0b' }
  const gone = { code: 'NoSuchUpload' }
  const unsaid = { size: undefined, checksum: undefined, checksumType: undefined }
  const parts = [{ number: 1, etag: 'e', checksum: undefined }]
  await assert.rejects(space.listParts({ ...ref, marker: 0, limit: 1 }), gone)
  await assert.rejects(space.abort(ref), gone)
  await assert.rejects(space.putPart({ ...ref, number: 1, body: bodyOf('x') }), gone)
  await assert.rejects(space.complete({ ...ref, parts, conditions: {}, ...unsaid }), gone)
})
