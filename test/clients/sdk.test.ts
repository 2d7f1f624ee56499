// AWS's SDK for JavaScript in Node.

import assert from 'node:assert/strict'
import { createReadStream, createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
  S3ServiceException,
  waitUntilObjectExists,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { client, gibibyte, mebibyte, oddNames, sameFile, writeFile } from './workplace.ts'

const Bucket = 'script'

client('sdk', [], async (t, { endpoint, region, accessKeyId, secretAccessKey, folder }) => {
  const s3 = new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  })
  t.after(() => s3.destroy())
  await s3.send(new CreateBucketCommand({ Bucket }))

  await t.test('1 GiB from a stream in parts, back as a stream', async () => {
    const file = writeFile(join(folder, 'large'), gibibyte)
    const Body = createReadStream(file, { highWaterMark: mebibyte })
    const params = { Bucket, Key: 'large', Body }
    await new Upload({ client: s3, params, partSize: 16 * mebibyte, queueSize: 2 }).done()
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'large' }))
    assert.ok(got.Body instanceof Readable)
    await pipeline(got.Body, createWriteStream(`${file}.back`))
    await sameFile(`${file}.back`, file)
  })
  await t.test('odd keys, metadata, a copy, pages', async () => {
    for (const Key of oddNames) {
      const Metadata = { note: 'kept' }
      await s3.send(new PutObjectCommand({ Bucket, Key: `in/${Key}`, Body: Key, Metadata }))
      const CopySource = `${Bucket}/${encodeURIComponent(`in/${Key}`)}`
      await s3.send(new CopyObjectCommand({ Bucket, Key: `out/${Key}`, CopySource }))
      const got = await s3.send(new GetObjectCommand({ Bucket, Key: `out/${Key}` }))
      assert.equal(await got.Body?.transformToString(), Key)
      assert.deepEqual(got.Metadata, Metadata)
    }
    const keys: string[] = []
    const pages = paginateListObjectsV2({ client: s3, pageSize: 5 }, { Bucket, Prefix: 'out/' })
    for await (const page of pages)
      for (const item of page.Contents ?? []) keys.push(item.Key ?? '')
    const expected = oddNames
      .map(name => Buffer.from(`out/${name}`))
      .sort((a, b) => Buffer.compare(a, b))
    assert.deepEqual(keys, expected.map(String))
  })
  await t.test('errors by name, a waiter, presigned URLs', async () => {
    await assert.rejects(
      s3.send(new GetObjectCommand({ Bucket, Key: 'never' })),
      (error: unknown) => error instanceof S3ServiceException && error.name === 'NoSuchKey',
    )
    const at = { Bucket, Key: 'by url' }
    // Else the SDK signs the checksum of an empty body into the URL.
    s3.config.requestChecksumCalculation = async () => 'WHEN_REQUIRED'
    const put = await getSignedUrl(s3, new PutObjectCommand(at), { expiresIn: 60 })
    assert.equal((await fetch(put, { method: 'PUT', body: 'sent' })).status, 200)
    await waitUntilObjectExists({ client: s3, maxWaitTime: 10 }, at)
    const get = await getSignedUrl(s3, new GetObjectCommand(at), { expiresIn: 60 })
    assert.equal(await (await fetch(get)).text(), 'sent')
  })
  await t.test('checksums of several algorithms', async () => {
    for (const ChecksumAlgorithm of ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const) {
      const at = { Bucket, Key: ChecksumAlgorithm }
      const put = await s3.send(new PutObjectCommand({ ...at, Body: 'sum', ChecksumAlgorithm }))
      const head = await s3.send(new HeadObjectCommand({ ...at, ChecksumMode: 'ENABLED' }))
      const field = `Checksum${ChecksumAlgorithm}` as const
      assert.ok(put[field])
      assert.equal(head[field], put[field])
    }
  })
  await t.test('everything deleted at once', async () => {
    const pages = paginateListObjectsV2({ client: s3 }, { Bucket })
    for await (const { Contents = [] } of pages) {
      const Objects = Contents.map(({ Key }) => ({ Key }))
      await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }))
    }
    await s3.send(new DeleteBucketCommand({ Bucket }))
  })
})
