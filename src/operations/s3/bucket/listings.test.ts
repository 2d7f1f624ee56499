import assert from 'node:assert/strict'
import { test } from 'node:test'
import { S3Error } from '../../../model/errors.ts'
import type { Keyspace, ObjectSummary, VersionSummary } from '../../../ports/keyspace.ts'
import { encode } from '../../../wire/encode.ts'
import { contextOf, infoOf, keyspaceOf, owner } from '../../stand-in.test.ts'
import { listObjectVersions } from './list-object-versions.ts'
import { listObjects } from './list-objects.ts'
import { listObjectsV2 } from './list-objects-v2.ts'

const code = (expected: string) => (thrown: unknown) =>
  thrown instanceof S3Error && thrown.code === expected

const page = (entries: readonly (ObjectSummary | string)[], more: boolean) => {
  const asked: Parameters<Keyspace['list']>[0][] = []
  const list = (request: Parameters<Keyspace['list']>[0]) => {
    asked.push(request)
    return Promise.resolve({ entries, more })
  }
  return { asked, context: contextOf({ keyspace: keyspaceOf({ list }) }) }
}

test('a token leads on from the last entry, before start-after', async () => {
  const { asked, context } = page([infoOf({ key: 'a+1' }), 'b/'], true)
  const input = { Bucket: 'garden', StartAfter: '0', EncodingType: 'url', Delimiter: '/' }
  const { output } = await listObjectsV2.run(input, context)
  assert.deepEqual(
    output.Contents?.map(entry => entry.Key),
    ['a%2B1'],
  )
  assert.deepEqual(output.CommonPrefixes, [{ Prefix: 'b/' }])
  assert.equal(output.KeyCount, 2)
  assert.equal(output.Contents?.[0]?.Owner, undefined)
  assert.equal(output.Contents?.[0]?.StorageClass, 'STANDARD')
  const token = output.NextContinuationToken
  assert.ok(token)
  await listObjectsV2.run({ ...input, ContinuationToken: token }, context)
  await listObjectsV2.run({ ...input, ContinuationToken: '' }, context)
  assert.deepEqual(
    asked.map(request => request.after),
    ['0', 'b/', '0'],
  )
  const wrong = { ...input, ContinuationToken: 'x' }
  await assert.rejects(listObjectsV2.run(wrong, context), code('InvalidArgument'))
})

test('a page is at most a thousand entries, and an empty one costs no call', async () => {
  const { asked, context } = page([], false)
  const many = await listObjectsV2.run({ Bucket: 'garden', MaxKeys: 5000 }, context)
  assert.equal(many.output.MaxKeys, 1000)
  assert.equal(asked[0]?.limit, 1000)
  const none = await listObjects.run({ Bucket: 'garden', MaxKeys: 0 }, context)
  assert.equal(none.output.IsTruncated, false)
  assert.equal(asked.length, 1)
  assert.equal(none.output.Marker, '')
  assert.equal(none.output.Prefix, '')
  assert.equal(none.output.Delimiter, undefined)
})

test('owners are told by the first list always, by the second when asked', async () => {
  const { asked, context } = page([infoOf()], true)
  const told = { ID: owner, DisplayName: 'moon' }
  const first = await listObjects.run({ Bucket: 'garden' }, context)
  assert.deepEqual(first.output.Contents?.[0]?.Owner, told)
  assert.equal(first.output.NextMarker, undefined)
  const second = await listObjectsV2.run({ Bucket: 'garden', FetchOwner: true }, context)
  assert.deepEqual(second.output.Contents?.[0]?.Owner, told)
  assert.ok(asked.every(({ ownersUnused }) => ownersUnused !== true))
  const third = await listObjectsV2.run({ Bucket: 'garden' }, context)
  assert.equal(third.output.Contents?.[0]?.Owner, undefined)
  assert.equal(asked.at(-1)?.ownersUnused, true)
})

test('what entries of a page have alike and what they do not is told of each', async () => {
  const entries = [
    infoOf({ key: 'a', etag: 'e1' }),
    infoOf({ key: 'b', etag: 'e1', storageClass: 'GLACIER', owner: 'other' }),
    infoOf({ key: 'c', etag: 'e2', storageClass: 'GLACIER', modified: 86_400_000 }),
    infoOf({ key: 'd', checksumAlgorithm: 'SHA1', checksumType: 'COMPOSITE' }),
  ]
  const { context } = page(entries, false)
  const { output } = await listObjects.run({ Bucket: 'garden' }, context)
  const { body = '' } = encode('ListObjects', output)
  const told = (name: string) =>
    [...body.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(found => found[1])
  assert.deepEqual(told('StorageClass'), ['STANDARD', 'GLACIER', 'GLACIER', 'STANDARD'])
  assert.deepEqual(told('ID'), [owner, 'other', owner, owner])
  assert.deepEqual(told('ETag').slice(0, 3), ['&quot;e1&quot;', '&quot;e1&quot;', '&quot;e2&quot;'])
  assert.deepEqual(told('ChecksumType').at(-1), 'COMPOSITE')
  assert.equal(told('LastModified')[2], '1970-01-02T00:00:00.000Z')
})

test('versions, markers and prefixes are told apart, and the last names the next page', async () => {
  const base: VersionSummary = {
    ...infoOf({ key: 'k' }),
    versionId: 'B'.repeat(32),
    isLatest: false,
    isDeleteMarker: false,
  }
  const marker: VersionSummary = {
    ...base,
    versionId: 'null',
    isLatest: true,
    isDeleteMarker: true,
  }
  const context = contextOf({
    keyspace: keyspaceOf({
      listVersions: () => Promise.resolve({ entries: ['a/', marker, base], more: true }),
    }),
  })
  const { output } = await listObjectVersions.run({ Bucket: 'garden', Delimiter: '/' }, context)
  const { body = '' } = encode('ListObjectVersions', output)
  const elements = body.match(/<(?:Version|DeleteMarker)>.*?<VersionId>[^<]*/g) ?? []
  assert.deepEqual(
    elements.map(text => text.replace(/<(\w+)>.*<VersionId>/, '$1 ')),
    ['DeleteMarker null', `Version ${base.versionId}`],
    'in one order',
  )
  assert.equal(output.NextKeyMarker, 'k')
  assert.equal(output.NextVersionIdMarker, base.versionId)
  const alone = { Bucket: 'garden', VersionIdMarker: 'null' }
  await assert.rejects(listObjectVersions.run(alone, context), code('InvalidArgument'))
})
