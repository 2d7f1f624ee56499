// Ranges, parts and the rights of others.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { element, elements } from '../client.ts'
import { otherId, type Running, startInProcess } from '../server.ts'
import { onlyKeys, refused } from './assertions.ts'

const MiB = 2 ** 20
let running: Running
before(async () => {
  running = await startInProcess()
})
after(() => running.close())

const body = Buffer.from('0123456789')
for (const [range, status, wanted] of [
  ['bytes=5-2', 200, '0123456789'],
  ['bytes=2-5', 206, '2345'],
  ['bytes=-3', 206, '789'],
  ['bytes=7-', 206, '789'],
  ['bytes=7-100', 206, '789'],
  ['bytes=-100', 206, '0123456789'],
  ['bytes=a-b', 200, '0123456789'],
  ['lines=1-2', 200, '0123456789'],
  ['bytes=', 200, '0123456789'],
  ['bytes=99999999999999999999-', 416, ''],
] as const) {
  test(`row 42: Range: ${range}`, async () => {
    const { client } = running
    await client.put('/bucket/ranged', body)
    const answer = await client.get('/bucket/ranged', { range })
    assert.equal(answer.status, status)
    if (status === 416) refused(answer, 416, 'InvalidRange')
    else assert.equal(answer.text, wanted)
  })
}

test('row 42: 10,000 ranges, a suffix of nothing, past the end, of nothing, and with partNumber', async () => {
  const { client } = running
  await client.put('/bucket/ranged', body)
  const many = `bytes=${Array.from({ length: 3000 }, (_, at) => `${at}-${at}`).join(',')}`
  const all = await client.get('/bucket/ranged', { range: many })
  assert.equal(`${all.status} ${all.text}`, '200 0123456789')
  const more = `bytes=${Array.from({ length: 10_000 }, (_, at) => `${at}-${at}`).join(',')}`
  const tooMany = await client.get('/bucket/ranged', { range: more })
  assert.equal(tooMany.status, 431)
  refused(await client.get('/bucket/ranged', { range: 'bytes=-0' }), 416, 'InvalidRange')
  refused(await client.get('/bucket/ranged', { range: 'bytes=10-' }), 416, 'InvalidRange')
  await client.put('/bucket/empty', '')
  refused(await client.get('/bucket/empty', { range: 'bytes=0-' }), 416, 'InvalidRange')
  const both = await client.get('/bucket/ranged?partNumber=1', { range: 'bytes=0-1' })
  refused(both, 400, 'InvalidRequest')
  for (const key of ['ranged', 'empty']) await client.delete(`/bucket/${key}`)
})

const begin = async (target: string) =>
  element((await running.client.post(`${target}?uploads`)).text, 'UploadId')
const part = async (target: string, uploadId: string, number: number | string, bytes: Uint8Array) =>
  running.client.put(`${target}?partNumber=${number}&uploadId=${uploadId}`, bytes)
const complete = (
  target: string,
  uploadId: string,
  parts: readonly (readonly [number, string])[],
) => {
  const items = parts.map(
    ([number, etag]) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`,
  )
  const text = `<CompleteMultipartUpload>${items.join('')}</CompleteMultipartUpload>`
  return running.client.post(`${target}?uploadId=${uploadId}`, text)
}

test('row 44: part numbers out of bounds', async () => {
  const target = '/bucket/parts'
  const uploadId = await begin(target)
  for (const number of [0, 10_001, -1, 'x', '1e3'])
    refused(await part(target, uploadId, number, body), 400, 'InvalidArgument')
  await running.client.delete(`${target}?uploadId=${uploadId}`)
  await onlyKeys(running, [])
})

test('row 44: an upload id of another key, another bucket, another account', async () => {
  const { client, stranger } = running
  const target = '/bucket/parts'
  const uploadId = await begin(target)
  await client.put('/second')
  for (const place of ['/bucket/other', '/second/parts', '/bucket/parts%2F'])
    refused(await part(place, uploadId, 1, body), 404, 'NoSuchUpload')
  refused(await part(target, '../../etc/passwd', 1, body), 404, 'NoSuchUpload')
  const theirs = await stranger.put(`${target}?partNumber=1&uploadId=${uploadId}`, body)
  refused(theirs, 403, 'AccessDenied')
  refused(await stranger.delete(`${target}?uploadId=${uploadId}`), 403, 'AccessDenied')
  refused(await stranger.get(`${target}?uploadId=${uploadId}`), 403, 'AccessDenied')
  refused(
    await stranger.post(`${target}?uploadId=${uploadId}`, '<CompleteMultipartUpload/>'),
    403,
    'AccessDenied',
  )
  assert.deepEqual(
    elements((await client.get(`${target}?uploadId=${uploadId}`)).text, 'PartNumber'),
    [],
  )
  await client.delete(`${target}?uploadId=${uploadId}`)
  await client.delete('/second')
})

test('row 44: parts out of order, too small, with a wrong ETag, unknown', async () => {
  const target = '/bucket/parts'
  const uploadId = await begin(target)
  const small = (await part(target, uploadId, 1, body)).headers['etag'] ?? ''
  const large = (await part(target, uploadId, 2, randomBytes(5 * MiB))).headers['etag'] ?? ''
  refused(
    await complete(target, uploadId, [
      [2, large],
      [1, small],
    ]),
    400,
    'InvalidPartOrder',
  )
  refused(
    await complete(target, uploadId, [
      [1, small],
      [2, large],
    ]),
    400,
    'EntityTooSmall',
  )
  refused(await complete(target, uploadId, [[2, small]]), 400, 'InvalidPart')
  refused(
    await complete(target, uploadId, [
      [2, large],
      [3, small],
    ]),
    400,
    'InvalidPart',
  )
  refused(await complete(target, uploadId, []), 400, 'MalformedXML')
  await onlyKeys(running, [])
  await running.client.delete(`${target}?uploadId=${uploadId}`)
})

test('row 44: ten Completes at once make one object, and an Abort beside them does not harm it', async () => {
  const target = '/bucket/parts'
  await running.client.versioning('bucket', 'Enabled')
  for (let round = 0; round < 5; round += 1) {
    const uploadId = await begin(target)
    const etag = (await part(target, uploadId, 1, body)).headers['etag'] ?? ''
    const done = await Promise.all([
      ...Array.from({ length: 10 }, () => complete(target, uploadId, [[1, etag]])),
      running.client.delete(`${target}?uploadId=${uploadId}`),
    ])
    const completed = done.slice(0, 10).filter(({ status }) => status === 200)
    const versions = elements((await running.client.get('/bucket?versions')).text, 'VersionId')
    assert.ok(versions.length <= 1, `${versions.length} versions`)
    if (completed.length > 0) {
      assert.equal(versions.length, 1)
      assert.equal((await running.client.get(target)).text, body.toString())
      assert.equal(new Set(completed.map(({ headers }) => headers['x-amz-version-id'])).size, 1)
    } else assert.ok(done.slice(0, 10).every(({ code }) => code === 'NoSuchUpload'))
    for (const version of versions) await running.client.delete(`${target}?versionId=${version}`)
  }
  await running.client.versioning('bucket', 'Suspended')
})

test('row 23: a copy whose source is not ours', async () => {
  const { client, stranger } = running
  await client.put('/bucket/secret', 'secret')
  await stranger.put('/stolen')
  const headers = { 'x-amz-copy-source': '/bucket/secret' }
  refused(await stranger.put('/stolen/copy', '', headers), 403, 'AccessDenied')
  const uploadId = element((await stranger.post('/stolen/copy?uploads')).text, 'UploadId')
  const copied = await stranger.put(`/stolen/copy?partNumber=1&uploadId=${uploadId}`, '', headers)
  refused(copied, 403, 'AccessDenied')
  assert.deepEqual(await stranger.keys('stolen'), [])
  await client.delete('/bucket/secret')
})

test('row 34: an anonymous read with conditions is refused before they are looked at', async () => {
  const { client } = running
  const put = await client.put('/bucket/private', 'x')
  for (const method of ['GET', 'HEAD']) {
    for (const headers of [
      { 'if-none-match': put.headers['etag'] ?? '' },
      { 'if-match': '"other"' },
      { 'if-modified-since': new Date(Date.now() + 60_000).toUTCString() },
    ]) {
      for (const key of ['private', 'absent']) {
        const answer = await client.plain({ method, target: `/bucket/${key}`, headers })
        assert.equal(answer.status, 403)
      }
    }
  }
  await client.delete('/bucket/private')
})

test('row 45: another account reads, writes, lists and deletes nothing, caches warm or cold', async () => {
  const { client, stranger } = running
  await client.put('/bucket/mine', 'mine')
  assert.equal((await client.get('/bucket/mine')).text, 'mine')
  const target = '/bucket/mine'
  const attempts = [
    stranger.get(target),
    stranger.get(`${target}?versionId=null`),
    stranger.get(`${target}?tagging`),
    stranger.get(`${target}?attributes`, { 'x-amz-object-attributes': 'ETag' }),
    stranger.put(target, 'theirs'),
    stranger.put('/bucket/new', 'theirs'),
    stranger.delete(target),
    stranger.delete('/bucket'),
    stranger.get('/bucket'),
    stranger.get('/bucket?list-type=2'),
    stranger.get('/bucket?versions'),
    stranger.get('/bucket?uploads'),
    stranger.get('/bucket?location'),
    stranger.versioning('bucket', 'Enabled'),
    stranger.document(
      'POST',
      '/bucket?delete',
      '<Delete><Object><Key>mine</Key></Object></Delete>',
    ),
  ]
  for (const answer of await Promise.all(attempts)) refused(answer, 403, 'AccessDenied')
  assert.equal((await stranger.head(target)).status, 403)
  assert.ok(!elements((await stranger.get('/')).text, 'Name').includes('bucket'))
  const owner = { 'x-amz-expected-bucket-owner': otherId }
  refused(await client.get(target, owner), 403, 'AccessDenied')
  refused(await client.put(target, 'x', owner), 403, 'AccessDenied')
  refused(await client.delete(target, owner), 403, 'AccessDenied')
  assert.equal((await client.get(target)).text, 'mine')
  await onlyKeys(running, ['mine'])
})
