// AWS's command line, `s3` and `s3api`, from PyPI or as installed.

import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import {
  client,
  gibibyte,
  mebibyte,
  oddNames,
  oddSizes,
  sameFile,
  sameTree,
  type Tool,
  type Workplace,
  writeFile,
  writeTree,
} from './workplace.ts'

const aws: Tool = { name: 'aws', probe: ['aws', '--version'] }
const curl: Tool = { name: 'curl', probe: ['curl', '--version'] }

type Json = Readonly<Record<string, unknown>>

const s3 = (place: Workplace, ...args: readonly string[]) => place.run('aws', ['s3', ...args])

/** One call of `aws s3api`, its JSON parsed; `{}` where it prints nothing. */
async function s3api(place: Workplace, ...args: readonly string[]): Promise<Json> {
  const out = await place.run('aws', ['s3api', ...args, '--output', 'json'])
  const value: unknown = out.trim() === '' ? {} : JSON.parse(out)
  assert.ok(typeof value === 'object' && value !== null)
  return { ...value }
}

/** A field of every item of a list. */
function each(value: unknown, field: string): readonly unknown[] {
  assert.ok(Array.isArray(value), `a list with ${field}`)
  return value.map((item: Json) => item[field])
}

async function tree(t: TestContext, place: Workplace): Promise<void> {
  const source = writeTree(join(place.folder, 'tree'))
  const target = join(place.folder, 'back')
  await s3(place, 'mb', 's3://tree')
  await t.test('sync of a tree with odd names and sizes, up and down', async () => {
    await s3(place, 'sync', source, 's3://tree/in/')
    await s3(place, 'sync', 's3://tree/in/', target)
    await sameTree(target, source)
  })
  await t.test('a second sync finds nothing to do', async () => {
    assert.equal(await s3(place, 'sync', source, 's3://tree/in/'), '')
  })
  await t.test('ls --recursive --summarize counts every file', async () => {
    const told = await s3(place, 'ls', '--recursive', '--summarize', 's3://tree/in/')
    assert.match(told, new RegExp(`Total Objects: ${oddNames.length + oddSizes.length}\\n`))
  })
  await t.test('sync between buckets, then mv and rm of all', async () => {
    await s3(place, 'mb', 's3://other')
    await s3(place, 'sync', 's3://tree/in/', 's3://other/')
    await s3(place, 'mv', '--recursive', 's3://other/', 's3://tree/moved/')
    assert.equal(await s3(place, 'ls', '--recursive', 's3://other/'), '')
    const moved = join(place.folder, 'moved')
    await s3(place, 'cp', '--recursive', 's3://tree/moved/', moved)
    await sameTree(moved, source)
    await s3(place, 'rm', '--recursive', 's3://tree/moved/')
    await place.run('aws', ['s3', 'ls', 's3://tree/moved/'], { fails: true })
    await s3(place, 'rb', 's3://other')
  })
  await t.test('cp from standard input and to standard output', async () => {
    await place.run('aws', ['s3', 'cp', '-', 's3://tree/piped'], { input: 'from a pipe' })
    assert.equal(await s3(place, 'cp', 's3://tree/piped', '-'), 'from a pipe')
  })
  await t.test('rb --force empties and deletes', async () => {
    await s3(place, 'rb', '--force', 's3://tree')
    await place.run('aws', ['s3api', 'head-bucket', '--bucket', 'tree'], { fails: true })
  })
}

async function files(t: TestContext, place: Workplace): Promise<void> {
  await s3(place, 'mb', 's3://files')
  await t.test('1 GiB, up in parts and down in ranges', async () => {
    const file = writeFile(join(place.folder, 'large'), gibibyte)
    await s3(place, 'cp', '--only-show-errors', file, 's3://files/large')
    await s3(place, 'cp', '--only-show-errors', 's3://files/large', `${file}.back`)
    await sameFile(`${file}.back`, file)
  })
  await t.test('presign, fetched with curl', async () => {
    const key = 'odd name+%20 ü.txt'
    await place.run('aws', ['s3', 'cp', '-', `s3://files/${key}`], { input: 'shared' })
    const url = (await s3(place, 'presign', '--expires-in', '60', `s3://files/${key}`)).trim()
    assert.equal(await place.run('curl', ['-sSf', url]), 'shared')
    const spoilt = await place.run('curl', ['-sS', `${url}0`])
    assert.match(spoilt, /<Code>SignatureDoesNotMatch<\/Code>/)
  })
}

async function objects(t: TestContext, place: Workplace): Promise<void> {
  const on = ['--bucket', 'api'] as const
  const at = [...on, '--key', 'one'] as const
  const body = join(place.folder, 'body')
  const out = join(place.folder, 'out')
  writeFileSync(body, 'hello, world')
  await s3api(place, 'create-bucket', ...on)
  await t.test('metadata, headers and a checksum of one object', async () => {
    const put = ['--body', body, '--metadata', 'a=1', '--content-type', 'text/plain'] as const
    await s3api(place, 'put-object', ...at, ...put, '--checksum-algorithm', 'SHA256')
    const head = await s3api(place, 'head-object', ...at, '--checksum-mode', 'ENABLED')
    assert.deepEqual(head['Metadata'], { a: '1' })
    assert.equal(head['ContentType'], 'text/plain')
    assert.equal(head['ChecksumSHA256'], 'Ccp+TqpuiunH0mEWcSkYSINkTQffuny/vEyKLgg2DVs=')
    const got = await s3api(place, 'get-object', ...at, '--range', 'bytes=7-11', out)
    assert.equal(got['ContentRange'], 'bytes 7-11/12')
    const attributes = ['--object-attributes', 'ETag', 'ObjectSize', 'Checksum'] as const
    const told = await s3api(place, 'get-object-attributes', ...at, ...attributes)
    assert.equal(told['ObjectSize'], 12)
  })
  await t.test('conditions', async () => {
    const refused = ['s3api', 'put-object', ...at, '--body', body, '--if-none-match', '*']
    await place.run('aws', refused, { fails: true })
  })
  await t.test('tags, copies, listings with a delimiter, deletions of many', async () => {
    await s3api(place, 'put-object-tagging', ...at, '--tagging', 'TagSet=[{Key=k,Value=v w}]')
    const copy = [...on, '--key', 'dir/two', '--copy-source', 'api/one'] as const
    await s3api(place, 'copy-object', ...copy)
    const tags = await s3api(place, 'get-object-tagging', ...on, '--key', 'dir/two')
    assert.deepEqual(tags['TagSet'], [{ Key: 'k', Value: 'v w' }])
    const list = await s3api(place, 'list-objects-v2', ...on, '--delimiter', '/')
    assert.deepEqual(each(list['Contents'], 'Key'), ['one'])
    assert.deepEqual(each(list['CommonPrefixes'], 'Prefix'), ['dir/'])
    const gone = await s3api(
      place,
      'delete-objects',
      ...on,
      '--delete',
      'Objects=[{Key=one},{Key=dir/two},{Key=never}]',
    )
    assert.equal(each(gone['Deleted'], 'Key').length, 3)
  })
  await t.test('versions and delete markers', async () => {
    await s3api(
      place,
      'put-bucket-versioning',
      ...on,
      '--versioning-configuration',
      'Status=Enabled',
    )
    const first = await s3api(place, 'put-object', ...at, '--body', body)
    await s3api(place, 'delete-object', ...at)
    const list = await s3api(place, 'list-object-versions', ...on)
    assert.deepEqual(each(list['Versions'], 'VersionId'), [first['VersionId']])
    assert.equal(each(list['DeleteMarkers'], 'Key').length, 1)
    await s3api(place, 'get-object', ...at, '--version-id', String(first['VersionId']), out)
    await sameFile(out, body)
  })
}

async function multipart(t: TestContext, place: Workplace): Promise<void> {
  const at = ['--bucket', 'parts', '--key', 'a b+c'] as const
  await s3api(place, 'create-bucket', '--bucket', 'parts')
  await t.test('a multipart upload by hand, with a copied part', async () => {
    const part = writeFile(join(place.folder, 'part'), 5 * mebibyte)
    const source = ['--bucket', 'parts', '--key', 'source', '--body', part] as const
    await s3api(place, 'put-object', ...source)
    const made = await s3api(place, 'create-multipart-upload', ...at)
    const upload = [...at, '--upload-id', String(made['UploadId'])] as const
    const one = await s3api(place, 'upload-part', ...upload, '--part-number', '1', '--body', part)
    const from = ['--part-number', '2', '--copy-source', 'parts/source'] as const
    await s3api(place, 'upload-part-copy', ...upload, ...from)
    const uploads = await s3api(place, 'list-multipart-uploads', '--bucket', 'parts')
    assert.deepEqual(each(uploads['Uploads'], 'Key'), ['a b+c'])
    const parts = await s3api(place, 'list-parts', ...upload)
    const tags = each(parts['Parts'], 'ETag')
    assert.deepEqual(tags, [one['ETag'], one['ETag']])
    const listed = tags.map((ETag, index) => ({ ETag, PartNumber: index + 1 }))
    const request = ['--multipart-upload', JSON.stringify({ Parts: listed })] as const
    const done = await s3api(place, 'complete-multipart-upload', ...upload, ...request)
    assert.match(String(done['ETag']), /-2"$/)
    const second = join(place.folder, 'second')
    await s3api(place, 'get-object', ...at, '--part-number', '2', second)
    await sameFile(second, part)
  })
  await t.test('an aborted one leaves nothing', async () => {
    const made = await s3api(place, 'create-multipart-upload', ...at)
    const upload = [...at, '--upload-id', String(made['UploadId'])] as const
    await s3api(place, 'abort-multipart-upload', ...upload)
    const uploads = await s3api(place, 'list-multipart-uploads', '--bucket', 'parts')
    assert.equal(uploads['Uploads'], undefined)
  })
}

// Version 1 of the command line still presigns with Signature Version 2 unless it is told not to.
const configuration = '[default]\ns3 =\n  signature_version = s3v4\n'

client('aws', [aws, curl], async (t, place) => {
  mkdirSync(join(place.folder, 'home', '.aws'))
  writeFileSync(join(place.folder, 'home', '.aws', 'config'), configuration)
  await tree(t, place)
  await files(t, place)
  await objects(t, place)
  await multipart(t, place)
})
