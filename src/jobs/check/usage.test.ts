/** Counts of quotas, compared with what is there. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { putOf, rowsOf } from '../../buckets/house.fixture.ts'
import { type UsageRecord, uploadSizesTable, usageTable } from '../../buckets/tables.ts'
import { change, checked, filled, long } from './check.fixture.ts'

const withoutRevision = ({ scope, bytes, objects, buckets }: UsageRecord): UsageRecord => ({
  scope,
  bytes,
  objects,
  buckets,
})

test('counts of quotas are compared with what is there, and put right', async () => {
  const house = await filled()
  const { buckets, store } = house
  await buckets.volumes.setQuota('s3v', { bytes: 1_000_000, objects: 1_000, buckets: 9 })
  const plain = await buckets.find('s3v', 'plain')
  await buckets.setQuota(plain, { bytes: 1_000_000, objects: null })
  await buckets
    .keyspace(await buckets.find('s3v', 'plain'))
    .put(putOf('hers', long, { writer: 'ann' }))
  for (const user of [null, 'ann'])
    await buckets.owners.setQuota(
      { account: plain.owner, user },
      { bytes: 1_000_000, objects: null, buckets: 9 },
    )
  assert.deepEqual((await checked(house)).kinds, [])
  const rows = await rowsOf(store, usageTable)
  assert.equal(rows.length, 6)
  for (const record of rows) {
    const { bytes, objects, buckets: count } = record
    const off = { ...record, bytes: bytes + 7, objects: objects - 1, buckets: count + 1 }
    await store.commit({ writes: [{ put: usageTable, record: off }] })
  }
  const { findings, kinds } = await checked(house)
  assert.deepEqual(
    kinds,
    rows.map(() => 'count'),
  )
  assert.match(
    findings[0]?.what ?? '',
    /^says \d+ bytes in -?\d+ versions, \d+ buckets, but there are /,
  )
  assert.deepEqual((await checked(house, true)).kinds, kinds)
  assert.deepEqual((await checked(house)).kinds, [])
  assert.deepEqual(
    (await rowsOf(store, usageTable)).map(withoutRevision),
    rows.map(withoutRevision),
  )
})

test('what an upload is counted with is compared with its parts, and put right', async () => {
  const house = await filled()
  const { store } = house
  const [size] = await rowsOf(store, uploadSizesTable)
  assert.ok(size !== undefined && size.bytes > 0)
  await change(house, { put: uploadSizesTable, record: { ...size, bytes: 1 } })
  const { findings, kinds } = await checked(house)
  assert.deepEqual(kinds, ['count'])
  assert.match(findings[0]?.what ?? '', new RegExp(`hold ${size.bytes} bytes, but 1 are counted`))
  assert.deepEqual((await checked(house, true)).kinds, ['count'])
  assert.deepEqual((await checked(house)).kinds, [])
  assert.equal((await rowsOf(store, uploadSizesTable))[0]?.bytes, size.bytes)
})
