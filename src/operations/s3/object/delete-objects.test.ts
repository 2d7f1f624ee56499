import assert from 'node:assert/strict'
import { test } from 'node:test'
import { S3Error } from '../../../model/errors.ts'
import type { DeleteRequest, DeleteResult } from '../../../ports/keyspace.ts'
import { contextOf, keyspaceOf } from '../../stand-in.test.ts'
import { deleteObjects } from './delete-objects.ts'

const run = (
  Delete: { Objects: readonly object[]; Quiet?: boolean },
  remove: (request: DeleteRequest) => Promise<DeleteResult>,
) =>
  deleteObjects.run(
    { Bucket: 'garden', Delete: Delete as never },
    contextOf({ keyspace: keyspaceOf({ delete: remove }) }),
  )

const plain = () => Promise.resolve({ versionId: undefined, deleteMarker: false })
const version = 'A'.repeat(32)

test('each entry has an answer of its own, in the order of the request', async () => {
  const Objects = [
    { Key: 'a' },
    { Key: 'b' },
    { Key: 'c', VersionId: version },
    { Key: 'd', VersionId: 'nonsense' },
    { Key: 'k'.repeat(1025) },
  ]
  const { output } = await run({ Objects }, ({ key }) => {
    if (key === 'b') return Promise.reject(new S3Error('PreconditionFailed'))
    if (key === 'a') return Promise.resolve({ versionId: 'marker', deleteMarker: true })
    return plain()
  })
  assert.deepEqual(output.Deleted, [
    { Key: 'a', VersionId: undefined, DeleteMarker: true, DeleteMarkerVersionId: 'marker' },
    { Key: 'c', VersionId: version },
  ])
  assert.deepEqual(
    output.Errors?.map(error => [error.Key?.length, error.VersionId, error.Code]),
    [
      [1, undefined, 'PreconditionFailed'],
      [1, 'nonsense', 'InvalidArgument'],
      [1025, undefined, 'KeyTooLongError'],
    ],
  )
  const quiet = await run({ Objects: [{ Key: 'a' }], Quiet: true }, plain)
  assert.deepEqual(quiet.output, { Deleted: [], Errors: [] })
})

test('many run at once, never more than 64', async () => {
  let now = 0
  let most = 0
  const { output } = await run(
    { Objects: Array.from({ length: 1000 }, (_, i) => ({ Key: `k${i}` })) },
    async () => {
      now += 1
      most = Math.max(most, now)
      await new Promise(setImmediate)
      now -= 1
      return plain()
    },
  )
  assert.equal(output.Deleted?.length, 1000)
  assert.equal(output.Deleted?.[999]?.Key, 'k999')
  assert.equal(most, 64)
})

test('no entry and a thousand and one are malformed; a fault of the store is not hidden', async () => {
  const malformed = (thrown: unknown) => thrown instanceof S3Error && thrown.code === 'MalformedXML'
  await assert.rejects(run({ Objects: [] }, plain), malformed)
  const tooMany = Array.from({ length: 1001 }, () => ({ Key: 'a' }))
  await assert.rejects(run({ Objects: tooMany }, plain), malformed)
  const broken = () => Promise.reject(new Error('disk'))
  await assert.rejects(run({ Objects: [{ Key: 'a' }, { Key: 'b' }] }, broken), /disk/)
})
