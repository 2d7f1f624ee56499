import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesOf, day, type House, rowsOf } from '../../buckets/house.fixture.ts'
import {
  blobsTable,
  bodiesTable,
  headsTable,
  manifestsTable,
  objectsTable,
  versionsTable,
} from '../../buckets/tables.ts'
import type { BlobStore } from '../../ports/blob-store.ts'
import type { Table } from '../../ports/meta-store.ts'
import { Balance } from './balance.ts'
import { change, checked, filled, long } from './check.fixture.ts'

/** Rows without the revision, which every write moves. */
async function rowsPlain(
  house: House,
  table: Table<object>,
): Promise<Readonly<Record<string, unknown>>[]> {
  const rows = await rowsOf(house.store, table)
  return rows.map(row =>
    Object.fromEntries(Object.entries(row).filter(([name]) => name !== 'revision')),
  )
}

const counted: readonly Table<object>[] = [blobsTable, bodiesTable, manifestsTable]

/** The blob of a key that has one slice. */
async function blobOf(house: House, key: string): Promise<string> {
  const rows = await rowsOf(house.store, objectsTable)
  const content = rows.find(row => row.key === key)?.content
  assert.ok(content && 'slices' in content)
  const id = content.slices[0]?.blob
  assert.ok(id !== undefined)
  return id
}

/** The bytes of one blob are others from now on. */
function tamper(house: House, id: string, bytes: Uint8Array): House {
  const blobs: BlobStore = {
    put: (source, place) => house.blobs.put(source, place),
    async *get(wanted, range) {
      if (wanted === id) yield bytes.subarray(range.start, range.end)
      else yield* house.blobs.get(wanted, range)
    },
    remove: ids => house.blobs.remove(ids),
    async *list() {
      for await (const blob of house.blobs.list())
        yield blob.id === id ? { ...blob, size: bytes.length } : blob
    },
    sweepTemporary: age => house.blobs.sweepTemporary(age),
    close: () => house.blobs.close(),
  }
  return { ...house, blobs, core: { ...house.core, blobs } }
}

test('what a server wrote is clean, whatever it is, and all of it is read', async () => {
  const house = await filled()
  const { report, findings, last } = await checked(house)
  assert.deepEqual(findings, [])
  assert.equal(last.objects, last.objectsTotal)
  assert.equal(last.bytes, last.bytesTotal)
  const versions = await rowsOf(house.store, versionsTable)
  const objects = await rowsOf(house.store, objectsTable)
  assert.equal(report.objects, objects.length + versions.filter(row => row.marker === 0).length)
  assert.equal(report.parts, 2)
  const repaired = await checked(house, true)
  assert.deepEqual(repaired.findings, [])
  assert.equal((await checked(house)).report.leftoverBlobs, 0)
  await house.close()
})

test('another byte, fewer bytes and no bytes are found, and nothing is taken away for it', async () => {
  const house = await filled()
  const id = await blobOf(house, 'large')
  const bytes = Buffer.from(long)
  bytes[3] = (bytes[3] ?? 0) ^ 1
  for (const repair of [false, true]) {
    const flipped = await checked(tamper(house, id, bytes), repair)
    assert.deepEqual(
      flipped.findings.map(({ kind, bucket, key, repaired }) => [kind, bucket, key, repaired]),
      [
        ['damaged', 'plain', 'copy', false],
        ['damaged', 'plain', 'large', false],
      ],
    )
  }
  const cut = await checked(tamper(house, id, Buffer.from(long).subarray(1)), true)
  assert.deepEqual(cut.kinds, ['size', 'size', 'size'])
  await house.blobs.remove([id])
  const gone = await checked(house, true)
  assert.deepEqual(gone.kinds, ['missing', 'missing'])
  assert.equal(
    (await rowsOf(house.store, objectsTable)).filter(row => row.key === 'large').length,
    1,
  )
  await house.close()
})

test('a record that says something else than its bytes is found: ETag, checksum of the whole and of parts', async () => {
  const house = await filled()
  const rows = await rowsOf(house.store, objectsTable)
  const byKey = new Map(rows.map(row => [row.key, row]))
  const other = 'AAAAAAAAAAA='
  for (const key of [
    'manifest',
    'embedded',
    'sum-SHA256',
    'parts-SHA256',
    'parts-XXHASH3',
    'parts-CRC32',
  ]) {
    const row = byKey.get(key)
    assert.ok(row !== undefined)
    for (const wrong of [
      { checksum: other },
      { etag: row.etag.replace(/^./, c => (c === '0' ? '1' : '0')) },
    ]) {
      await change(house, { put: objectsTable, record: { ...row, ...wrong } })
      const { findings } = await checked(house)
      assert.deepEqual(
        findings.map(finding => [finding.kind, finding.key]),
        [['damaged', key]],
      )
      await change(house, { put: objectsTable, record: row })
    }
    await change(house, { put: objectsTable, record: { ...row, size: row.size + 1 } })
    assert.deepEqual((await checked(house)).kinds, ['size'])
    await change(house, { put: objectsTable, record: row })
  }
  await house.close()
})

test('wrong counts of blobs, small bodies and manifests are found and put right', async () => {
  const house = await filled()
  const before = new Map<string, readonly object[]>()
  for (const table of counted) {
    const plain = await rowsPlain(house, table)
    before.set(table.name, plain)
    for (const [index, row] of plain.entries())
      if (index % 3 > 0)
        await change(house, {
          put: table,
          record: { ...row, refs: Number(row['refs']) + (index % 3 === 1 ? 1 : -1) },
        })
  }
  const wrong = await checked(house)
  const expected = [...before.values()].reduce(
    (sum, rows) => sum + rows.length - Math.ceil(rows.length / 3),
    0,
  )
  assert.deepEqual(wrong.kinds, Array(expected).fill('count'))
  assert.ok(wrong.findings.every(({ repaired }) => !repaired))
  const repaired = await checked(house, true)
  assert.equal(repaired.report.repaired, expected)
  assert.deepEqual((await checked(house)).findings, [])
  for (const table of counted) {
    assert.deepEqual(await rowsPlain(house, table), before.get(table.name))
  }
  await house.close()
})

test('the row of a blob that is there is made again; without its row nothing of it is lost to the sweep', async () => {
  const house = await filled()
  const id = await blobOf(house, 'large')
  await change(house, { remove: blobsTable, key: [id] })
  assert.deepEqual((await checked(house)).kinds, ['count'])
  assert.equal((await checked(house, true)).report.repaired, 1)
  assert.deepEqual((await checked(house)).findings, [])
  const space = house.buckets.keyspace(await house.buckets.find('s3v', 'plain'))
  assert.equal(await bytesOf(space, 'large'), long)
  await house.close()
})

test('a small body that is gone is told as missing, and stays so', async () => {
  const house = await filled()
  const row = (await rowsOf(house.store, objectsTable)).find(({ key }) => key === '.')
  await change(house, { remove: bodiesTable, key: [row?.body ?? 0] })
  for (const repair of [false, true]) {
    const { kinds, report } = await checked(house, repair)
    assert.deepEqual(kinds, ['missing', 'missing'])
    assert.equal(report.repaired, 0)
  }
  await house.close()
})

test('while bytes are missed nothing loses its row or its last reference', async () => {
  const house = await filled()
  const rows = await rowsOf(house.store, objectsTable)
  const body = rows.find(({ key }) => key === '.')
  const large = rows.find(({ key }) => key === 'sum-MD5')
  assert.ok(body?.body !== null && body !== undefined && large !== undefined)
  const before = [await rowsPlain(house, bodiesTable), await rowsPlain(house, blobsTable)]
  // The records point beside their bytes, which are there still.
  const slices = [{ blob: 'f'.repeat(32), offset: 0, length: large.size }]
  await change(
    house,
    { put: objectsTable, record: { ...body, body: body.body + 1 } },
    { put: objectsTable, record: { ...large, content: { slices } } },
  )
  const { report, kinds } = await checked(house, true)
  assert.deepEqual([report.repaired, report.released], [0, 0])
  assert.deepEqual(kinds, ['count', 'count', 'missing', 'missing', 'missing', 'missing'])
  assert.deepEqual(
    [await rowsPlain(house, bodiesTable), await rowsPlain(house, blobsTable)],
    before,
  )
  await house.close()
})

test('heads that do not agree with the versions are found and put right', async () => {
  const house = await filled()
  const heads = await rowsOf(house.store, headsTable)
  const before = await rowsPlain(house, headsTable)
  const [first, second] = heads
  assert.ok(first !== undefined && second !== undefined)
  await change(
    house,
    { remove: headsTable, key: [first.bucket, first.key] },
    { put: headsTable, record: { ...second, marker: 1 - second.marker, nullVersion: 'x' } },
    { put: headsTable, record: { ...second, key: 'nothing' } },
  )
  assert.deepEqual((await checked(house)).kinds, ['head', 'head', 'head'])
  assert.equal((await checked(house, true)).report.repaired, 3)
  assert.deepEqual((await checked(house)).findings, [])
  assert.deepEqual(await rowsPlain(house, headsTable), before)
  await house.close()
})

test('blobs that nothing refers to are no fault; a repair takes them, unless bytes are missed somewhere', async () => {
  const house = await filled()
  const id = await blobOf(house, 'large')
  async function* source() {
    yield Buffer.from('nobody')
  }
  const orphan = await house.blobs.put(source(), { volume: 's3v', bucket: 'b', key: 'k' })
  const found = await checked(house)
  assert.deepEqual(found.findings, [])
  assert.equal(found.report.leftoverBlobs, 1)
  assert.equal(found.report.leftoverBytes, 6)
  const lost = await house.store.read({ gets: [{ table: blobsTable, key: [id] }] })
  assert.ok(lost.gets[0].record !== undefined)
  house.clock.time += day
  await house.blobs.remove([await blobOf(house, 'sum-MD5')])
  assert.equal((await checked(house, true)).report.released, 0)
  const other = await filled()
  await other.blobs.put(source(), { volume: 's3v', bucket: 'b', key: 'k' })
  other.clock.time += 1000
  assert.equal((await checked(other, true)).report.released, 1)
  assert.deepEqual((await checked(other)).findings, [])
  assert.ok(orphan.id !== id)
  await other.close()
  await house.close()
})

test('one bucket alone can be checked', async () => {
  const house = await filled()
  await house.blobs.remove([await blobOf(house, 'large')])
  const { id } = await house.buckets.find('s3v', 'versioned')
  const { findings, report } = await checked(house, false, id)
  assert.deepEqual(findings, [])
  assert.equal(report.objects, 7)
  await house.close()
})

test('counters that are wrong together do not hide each other', () => {
  const balance = new Balance()
  for (let i = 0; i < 1000; i++) {
    balance.add(`blobs/${i}`, 2)
    balance.add(`blobs/${i}`, -2)
  }
  assert.equal(balance.even, true)
  // As many too much as too little.
  balance.add('blobs/7', 1)
  balance.add('blobs/8', -1)
  assert.equal(balance.even, false)
  assert.equal(balance.isOff('blobs/7') && balance.isOff('blobs/8'), true)
})
