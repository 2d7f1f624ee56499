/** How many calls of the MetaStore each operation makes. Whoever changes a number changes the table in ARCHITECTURE too. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Keyspace } from '../ports/keyspace.ts'
import {
  bodyOf,
  bucketOf,
  bytesOf,
  type Counts,
  completeOf,
  copyOf,
  hookedHouse,
  keyspaceOf,
  memoryHouse,
  partsOf,
  putOf,
  uploadOf,
} from './house.fixture.ts'

const large = 'large '.repeat(10)
const page = { prefix: '', delimiter: '/', after: '', limit: 1000 }

interface Subject {
  readonly space: Keyspace
  readonly made: { uploadId: string; parts: { number: number; etag: string }[] }
  /** Finds the bucket by its name. */
  readonly find: () => Promise<unknown>
}

/** Reads and commits, in a bucket without versioning, nothing cached. */
const expected: Record<
  string,
  [reads: number, commits: number, run: (s: Subject) => Promise<unknown>]
> = {
  'find a bucket that is known': [0, 0, ({ find }) => find()],
  'put a small object': [1, 1, ({ space }) => space.put(putOf('k', 'small'))],
  'put a large object': [1, 1, ({ space }) => space.put(putOf('k', large))],
  append: [2, 1, ({ space }) => space.put(putOf('large', large, { writeOffset: large.length }))],
  head: [1, 0, ({ space }) => space.head({ key: 'large' })],
  'get a small object': [1, 0, ({ space }) => bytesOf(space, 'small')],
  'get a cached object': [
    1,
    0,
    async ({ space }) => {
      await bytesOf(space, 'small')
      await bytesOf(space, 'small')
    },
  ],
  'get a large object': [1, 0, ({ space }) => bytesOf(space, 'large')],
  'get the null version': [1, 0, ({ space }) => bytesOf(space, 'small', 'null')],
  delete: [1, 1, ({ space }) => space.delete({ key: 'small', conditions: {} })],
  'delete what is not there': [1, 0, ({ space }) => space.delete({ key: 'no', conditions: {} })],
  'delete a version': [
    1,
    1,
    ({ space }) => space.delete({ key: 'small', versionId: 'null', conditions: {} }),
  ],
  copy: [2, 1, ({ space }) => space.copy(copyOf(space, 'small', 'k'))],
  rename: [
    2,
    1,
    ({ space }) =>
      space.rename({
        from: 'small',
        to: 'k',
        sourceConditions: {},
        conditions: {},
        token: undefined,
      }),
  ],
  'set tags': [1, 1, ({ space }) => space.setTags({ key: 'small' }, [])],
  'list a page': [1, 0, ({ space }) => space.list(page)],
  'list a page of versions': [
    1,
    0,
    ({ space }) => space.listVersions({ ...page, afterVersion: '' }),
  ],
  'list a page of uploads': [1, 0, ({ space }) => space.listUploads({ ...page, afterUpload: '' })],
  'list a page of parts': [
    1,
    0,
    ({ space, made: { uploadId } }) =>
      space.listParts({ key: 'u', uploadId, marker: 0, limit: 1000 }),
  ],
  'create an upload': [0, 1, ({ space }) => space.createUpload(uploadOf('k'))],
  'put a part': [
    2,
    1,
    ({ space, made: { uploadId } }) =>
      space.putPart({ key: 'u', uploadId, number: 3, body: bodyOf(large) }),
  ],
  'copy a part': [
    3,
    1,
    ({ space, made: { uploadId } }) =>
      space.copyPart({
        key: 'u',
        uploadId,
        number: 3,
        source: space,
        from: { key: 'large' },
        sourceConditions: {},
        range: undefined,
      }),
  ],
  complete: [
    3,
    1,
    ({ space, made: { uploadId, parts } }) => space.complete(completeOf('u', uploadId, parts)),
  ],
  abort: [3, 3, ({ space, made: { uploadId } }) => space.abort({ key: 'u', uploadId })],
}

for (const [name, [reads, commits, run]] of Object.entries(expected)) {
  test(`${name}: ${reads} reads, ${commits} commits`, async () => {
    const house = memoryHouse({ thresholds: { partBytes: 1 } })
    const bucket = await bucketOf(house)
    await bucket.put(putOf('small', 'small'))
    await bucket.put(putOf('large', large))
    const made = await partsOf(bucket, 'u', [large, 'end'])
    const counts: Counts = { reads: 0, commits: 0 }
    const counted = hookedHouse(house, { counts })
    const space = await keyspaceOf(counted.buckets)
    Object.assign(counts, { reads: 0, commits: 0 })
    await run({ space, made, find: () => keyspaceOf(counted.buckets) })
    assert.deepEqual(counts, { reads, commits })
    await house.close()
  })
}
