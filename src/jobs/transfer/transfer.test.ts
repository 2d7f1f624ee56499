import assert from 'node:assert/strict'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  bodyOf,
  bucketOf,
  bytesOf,
  completeOf,
  type House,
  keyspaceOf,
  memoryHouse,
  putOf,
  uploadOf,
} from '../../buckets/house.fixture.ts'
import type { Keyspace, ObjectInfo, VersionSummary } from '../../ports/keyspace.ts'
import { openFileTree } from '../../stores/tree/file-tree.ts'
import { exportBucket } from './export.ts'
import { importTree } from './import.ts'
import { manifestFile } from './manifest.ts'
import type { TransferProblem } from './transfer.ts'

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'moongate-transfer-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

const silent = { onProgress: () => undefined, onProblem: () => undefined }

async function exported(space: Keyspace, folder: string, versions = false, prefix = '') {
  const tree = await openFileTree({ folder, make: true })
  return exportBucket(space, tree, { ...silent, prefix, versions, windows: false })
}

async function imported(house: House, folder: string, name: string, overwrite = false) {
  const tree = await openFileTree({ folder, make: false })
  const { bucket } = await keyspaceOf(house.buckets, name)
  const problems: TransferProblem[] = []
  const clock = house.clock.time
  const report = await importTree(
    tree,
    {
      at(modified, asNull = false) {
        house.clock.time = modified === 0 ? clock : modified
        return house.buckets.keyspace(asNull ? { ...bucket, versioning: 'Suspended' } : bucket)
      },
      open: async () => bucket,
      finish: async () => undefined,
    },
    {
      prefix: '',
      overwrite,
      onProgress: () => undefined,
      onProblem: problem => problems.push(problem),
      digester: house.core.digester,
    },
  )
  return { report, problems }
}

const oddKeys = [
  'a',
  'a/b',
  'a/b/c',
  'a//b',
  'a/',
  '/',
  '//',
  '.',
  '..',
  '../x',
  '../../etc/passwd',
  '%41',
  'a%2Fb',
  'A',
  'é',
  'e\u0301',
  '\u{1f311}/x',
  '\n\u0001',
  'back\\slash',
  manifestFile,
  `${'long'.repeat(100)}/${'x'.repeat(300)}`,
  'CON',
  ' ',
]

const rich = {
  headers: {
    contentType: 'text/x-odd',
    cacheControl: 'no-store',
    expires: 'Thu, 01 Jan 2026 00:00:00 GMT',
    websiteRedirect: '/there',
  },
  metadata: { name: 'välue' },
  tags: [{ Key: 'k', Value: 'v' }],
  storageClass: 'STANDARD_IA',
}

/** All that is told of an object but its version's id. */
async function infosOf(space: Keyspace): Promise<Omit<ObjectInfo, 'versionId'>[]> {
  const { entries } = await space.list({ prefix: '', delimiter: '', after: '', limit: 1000 })
  const infos = []
  for (const entry of entries) {
    assert.ok(typeof entry !== 'string')
    const { versionId: _, ...info } = await space.head({ key: entry.key })
    infos.push({ ...info, text: await bytesOf(space, entry.key) })
  }
  return infos
}

test('a bucket comes back from its export as it was: bytes, ETags, checksums, metadata, tags, times', async t => {
  const folder = folderOf(t)
  const house = memoryHouse()
  const space = await bucketOf(house)
  for (const [index, key] of oddKeys.entries()) {
    house.clock.time += 1234
    await space.put(
      putOf(key, `bytes of ${key}`, {
        ...(index % 2 ? rich : {}),
        checksumAlgorithm: index % 3 ? 'SHA256' : 'CRC32',
      }),
    )
  }
  await space.put(putOf('empty', ''))
  const key = 'parts'
  const { uploadId } = await space.createUpload(
    uploadOf(key, { ...rich, checksumAlgorithm: 'SHA1', checksumType: 'COMPOSITE' }),
  )
  const parts = []
  for (const [number, size] of [
    [2, 5 * 2 ** 20],
    [7, 3],
  ] as const)
    parts.push(
      await space.putPart({ key, uploadId, number, body: bodyOf(Buffer.alloc(size, number)) }),
    )
  await space.complete(completeOf(key, uploadId, parts))
  const before = await infosOf(space)
  const report = await exported(space, folder)
  assert.deepEqual([report.objects, report.failed], [oddKeys.length + 2, 0])
  assert.equal(readFileSync(join(folder, 'a'), 'utf8'), 'bytes of a')
  assert.equal(readFileSync(join(folder, 'a%2F', 'b'), 'utf8'), 'bytes of a/b')
  assert.equal(statSync(join(folder, 'a')).mtimeMs, before.find(info => info.key === 'a')?.modified)
  const target = await bucketOf(house, 'target')
  const { problems, report: came } = await imported(house, folder, 'target')
  assert.deepEqual(problems, [])
  assert.equal(came.objects, report.objects)
  // The clock of this house stands still for one object at a time only, so times are compared in the command's own test.
  const timeless = (infos: readonly { modified: number }[]) =>
    infos.map(info => ({ ...info, modified: 0 }))
  assert.deepEqual(timeless(await infosOf(target)), timeless(before))
  assert.equal((await imported(house, folder, 'target')).report.skipped, report.objects)
  await house.close()
})

test('versions and delete markers come back in their order', async t => {
  const folder = folderOf(t)
  const house = memoryHouse()
  const space = await bucketOf(house, 'bucket', 'Enabled')
  for (const content of ['one', 'two', 'three']) {
    house.clock.time += 1000
    await space.put(putOf('kept', content))
    await space.put(putOf('gone', content))
  }
  await space.delete({ key: 'gone', conditions: {} })
  await exported(space, folder, true)
  assert.equal(existsSync(join(folder, 'gone')), false)
  const target = await bucketOf(house, 'target', 'Enabled')
  assert.deepEqual((await imported(house, folder, 'target')).problems, [])
  const told = async (of: Keyspace) => {
    const { entries } = await of.listVersions({
      prefix: '',
      delimiter: '',
      after: '',
      afterVersion: '',
      limit: 100,
    })
    const versions = entries.filter((entry): entry is VersionSummary => typeof entry !== 'string')
    return versions.map(({ key, etag, isLatest, isDeleteMarker, size }) => ({
      key,
      etag,
      isLatest,
      isDeleteMarker,
      size,
    }))
  }
  const versions = await told(space)
  assert.equal(versions.length, 7)
  assert.deepEqual(await told(target), versions)
  await house.close()
})

/** Versions with only that of their ids which an import keeps. */
async function versionsOf(space: Keyspace) {
  const request = { prefix: '', delimiter: '', after: '', afterVersion: '', limit: 100 }
  const { entries } = await space.listVersions(request)
  const versions = entries.filter((entry): entry is VersionSummary => typeof entry !== 'string')
  return versions.map(({ key, etag, isLatest, isDeleteMarker, versionId }) => ({
    key,
    etag,
    isLatest,
    isDeleteMarker,
    isNull: versionId === 'null',
  }))
}

test('null versions come back as such, and write over none that is there', async t => {
  const folder = folderOf(t)
  const house = memoryHouse()
  const off = await bucketOf(house)
  const write = async (space: Keyspace, ...keys: string[]) => {
    house.clock.time += 1000
    for (const key of keys) await space.put(putOf(key, `${key} at ${house.clock.time}`))
  }
  await write(off, 'first', 'middle')
  await house.buckets.setVersioning(off.bucket, 'Enabled')
  await write(await keyspaceOf(house.buckets), 'first', 'last', 'marker')
  await house.buckets.setVersioning(off.bucket, 'Suspended')
  const space = await keyspaceOf(house.buckets)
  await write(space, 'middle', 'last')
  await space.delete({ key: 'marker', conditions: {} })
  const before = await versionsOf(space)
  assert.equal(before.filter(({ isNull }) => isNull).length, 4)
  await exported(space, folder, true)

  const target = await bucketOf(house, 'target', 'Enabled')
  assert.deepEqual((await imported(house, folder, 'target')).problems, [])
  assert.deepEqual(await versionsOf(target), before)

  await imported(house, folder, 'target', true)
  const twice = await versionsOf(target)
  assert.equal(twice.length, 2 * before.length)
  assert.equal(twice.filter(({ isNull }) => isNull).length, 4)
  await house.close()
})

test('any folder becomes a bucket: literal names, content types, no links, nothing outside', async t => {
  const folder = folderOf(t)
  mkdirSync(join(folder, 'in', 'deep'), { recursive: true })
  writeFileSync(join(folder, '100%25.html'), '<p>')
  writeFileSync(join(folder, 'in', 'deep', 'file'), 'x')
  utimesSync(join(folder, 'in', 'deep', 'file'), 1_600_000_000, 1_600_000_000)
  symlinkSync('/etc/passwd', join(folder, 'link'))
  symlinkSync('/etc', join(folder, 'in', 'etc'))
  writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0x41])]), 'odd')
  const house = memoryHouse()
  const space = await bucketOf(house)
  const { problems, report } = await imported(house, folder, 'bucket')
  assert.deepEqual(
    problems.map(({ what }) => what.replace(/.*: /, '')),
    ['its name is not UTF-8'],
  )
  assert.deepEqual([report.links, report.failed], [2, 1])
  assert.equal(report.objects, 2)
  assert.equal((await space.head({ key: '100%25.html' })).headers.contentType, 'text/html')
  assert.equal(await bytesOf(space, 'in/deep/file'), 'x')
  await house.close()
})

test('an export that was changed is told: a file that went, one that differs, one that came, a path that leads out', async t => {
  const folder = folderOf(t)
  const house = memoryHouse()
  const space = await bucketOf(house)
  for (const key of ['went', 'differs', 'same']) await space.put(putOf(key, key, rich))
  await exported(space, folder)
  writeFileSync(join(folder, 'came%25'), 'new')
  await bucketOf(house, 'first')
  assert.deepEqual((await imported(house, folder, 'first')).problems, [])
  assert.equal(await bytesOf(await keyspaceOf(house.buckets, 'first'), 'came%'), 'new')
  rmSync(join(folder, 'went'))
  writeFileSync(join(folder, 'differs'), 'other')
  await bucketOf(house, 'second')
  const { problems } = await imported(house, folder, 'second')
  assert.deepEqual(problems.map(({ subject }) => subject).toSorted(), ['differs', 'went'])
  const manifest = join(folder, manifestFile)
  const lines = readFileSync(manifest, 'utf8').trim().split('\n')
  const entry = JSON.parse(lines[1] ?? '') as object
  writeFileSync(
    manifest,
    `${lines[0]}\n${JSON.stringify({ ...entry, path: '../../../etc/passwd' })}\n`,
  )
  await bucketOf(house, 'third')
  const led = await imported(house, folder, 'third')
  assert.ok(led.problems.some(({ what }) => what.includes('not a path within')))
  assert.equal(led.report.objects, 0)
  const header = { ...entry, metadata: { x: 'a\r\nSet-Cookie: b' } }
  writeFileSync(manifest, `${lines[0]}\n${JSON.stringify(header)}\n`)
  const injected = await imported(house, folder, 'third')
  assert.ok(injected.problems.some(({ what }) => what.includes('control characters')))
  writeFileSync(manifest, `${lines[0]}\n`)
  appendFileSync(manifest, 'no json\n')
  await assert.rejects(imported(house, folder, 'third'), { name: 'BadManifest' })
  writeFileSync(manifest, `${lines.slice(0, -1).join('\n')}\n`)
  await bucketOf(house, 'fourth')
  const cut = await imported(house, folder, 'fourth')
  assert.ok(cut.problems.some(({ what }) => what.includes('not complete')))
  await house.close()
})

test('what cannot be read is told and left out, without an empty file in its place', async t => {
  const folder = folderOf(t)
  const house = memoryHouse()
  const space = await bucketOf(house)
  await space.put(putOf('lost', 'more bytes than are kept beside the metadata'))
  await space.put(putOf('there', 'x'))
  for await (const { id } of house.blobs.list()) await house.blobs.remove([id])
  const report = await exported(space, folder)
  assert.deepEqual([report.objects, report.failed], [1, 1])
  assert.equal(existsSync(join(folder, 'lost')), false)
  await house.close()
})
