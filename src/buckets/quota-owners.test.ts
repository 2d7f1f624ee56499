// Quotas of accounts and of their users: over all buckets that the account owns.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { S3Error } from '../model/errors.ts'
import type { Hooks } from './house.fixture.ts'
import {
  bodyOf,
  bucketOf,
  completeOf,
  copyOf,
  type House,
  hookedHouse,
  interrupted,
  keyspaceOf,
  memoryHouse,
  owner,
  putOf,
  rowsOf,
  uploadOf,
  volume,
} from './house.fixture.ts'
import { resumeQuotas } from './quotas.ts'
import { ownersTable, usageTable } from './tables.ts'
import { nothingUsed } from './volume-records.ts'

const exceeded = (thrown: unknown) => thrown instanceof S3Error && thrown.code === 'QuotaExceeded'
const none = { bytes: null, objects: null }
const other = 'b'.repeat(64)
const body = (bytes: number) => 'x'.repeat(bytes)

async function usedBy({ buckets }: House, user: string | null) {
  const usage = await buckets.owners.usage({ account: owner, user })
  assert.ok(usage !== undefined)
  return [usage.bytes, usage.objects]
}

async function housed(): Promise<House> {
  const house = memoryHouse({ thresholds: { partBytes: 1 } })
  await house.buckets.volumes.create({ name: volume, owner })
  return house
}

test('a quota of an account holds for all of its buckets together, whoever writes', async () => {
  const house = await housed()
  const { buckets } = house
  await (await bucketOf(house, 'first')).put(putOf('a', body(30)))
  const foreign = { volume, name: 'foreign', owner: other, region: 'r', settings: {} }
  await buckets.create(foreign)
  await buckets.owners.setQuota({ account: owner, user: null }, { bytes: 50, objects: 3 })
  const second = await bucketOf(house, 'second')
  await second.put(putOf('b', body(20), { writer: 'ann' }))
  const first = await keyspaceOf(buckets, 'first')
  for (const space of [first, second])
    await assert.rejects(space.put(putOf('c', 'x', { writer: 'bob' })), exceeded)
  await (await keyspaceOf(buckets, 'foreign')).put(putOf('c', body(99), { owner }))
  assert.deepEqual(await usedBy(house, null), [50, 2])
  await first.delete({ key: 'a', conditions: {} })
  await second.put(putOf('c', 'x'))
  await second.put(putOf('d', 'x'))
  await assert.rejects(second.put(putOf('e', '')), exceeded)
  assert.deepEqual(await usedBy(house, null), [22, 3])
})

test('a quota of a user holds for what that one writes, and gives back whoever deletes', async () => {
  const house = await housed()
  const { buckets } = house
  const before = await bucketOf(house, 'bucket')
  await before.put(putOf('a', body(30), { writer: 'ann' }))
  await before.put(putOf('b', body(70), { writer: 'bob' }))
  const { counted } = await buckets.owners.setQuota(
    { account: owner, user: 'ann' },
    { bytes: 100, objects: null },
  )
  assert.equal(counted, 2)
  const space = await keyspaceOf(buckets)
  await assert.rejects(space.put(putOf('c', body(71), { writer: 'ann' })), exceeded)
  await space.put(putOf('c', body(71), { writer: 'bob' }))
  await space.put(putOf('d', body(71)))
  assert.deepEqual(await usedBy(house, 'ann'), [30, 1])
  // What she writes over becomes hers, and what is written over hers is hers no more.
  await space.put(putOf('b', body(40), { writer: 'ann' }))
  assert.deepEqual(await usedBy(house, 'ann'), [70, 2])
  await space.put(putOf('a', body(1000), { writer: 'bob' }))
  assert.deepEqual(await usedBy(house, 'ann'), [40, 1])
  await assert.rejects(space.copy(copyOf(space, 'a', 'e', { writer: 'ann' })), exceeded)
  await space.copy(copyOf(space, 'b', 'e', { writer: 'ann' }))
  assert.deepEqual(await usedBy(house, 'ann'), [80, 2])
  await assert.rejects(
    space.put(putOf('e', body(21), { writeOffset: 40, writer: 'ann' })),
    exceeded,
  )
  await space.rename({ from: 'e', to: 'f', sourceConditions: {}, conditions: {}, token: undefined })
  await space.delete({ key: 'b', conditions: {} })
  assert.deepEqual(await usedBy(house, 'ann'), [40, 1])
  await space.delete({ key: 'f', conditions: {} })
  assert.deepEqual(await usedBy(house, 'ann'), [0, 0])
})

test('who appends to an object writes it, and cannot do so for the quota of others', async () => {
  const house = await housed()
  await bucketOf(house)
  for (const user of ['ann', 'bob'])
    await house.buckets.owners.setQuota({ account: owner, user }, { bytes: 50, objects: null })
  const space = await keyspaceOf(house.buckets)
  const append = (key: string, at: number, bytes: number, writer?: string) =>
    space.put(putOf(key, body(bytes), { writeOffset: at, writer }))
  await space.put(putOf('roots', 'x'))
  await assert.rejects(append('roots', 1, 50, 'bob'), exceeded)
  await append('roots', 1, 49, 'bob')
  assert.deepEqual(await usedBy(house, 'bob'), [50, 1])
  await append('roots', 50, 100)
  assert.deepEqual(await usedBy(house, 'bob'), [0, 0])
  await space.put(putOf('anns', body(40), { writer: 'ann' }))
  await append('anns', 40, 10, 'bob')
  assert.deepEqual(await usedBy(house, 'ann'), [0, 0])
  assert.deepEqual(await usedBy(house, 'bob'), [50, 1])
})

test('an upload is the affair of the user who began it, with its parts', async () => {
  const house = await housed()
  await bucketOf(house)
  await house.buckets.owners.setQuota({ account: owner, user: 'ann' }, { bytes: 50, objects: 1 })
  const space = await keyspaceOf(house.buckets)
  const { uploadId } = await space.createUpload(uploadOf('u', { writer: 'ann' }))
  const part = (number: number, bytes: number) =>
    space.putPart({ key: 'u', uploadId, number, body: bodyOf(body(bytes)) })
  const { etag } = await part(1, 30)
  await assert.rejects(part(2, 21), exceeded)
  await part(2, 20)
  assert.deepEqual(await usedBy(house, 'ann'), [50, 0])
  await space.complete(completeOf('u', uploadId, [{ number: 1, etag }]))
  assert.deepEqual(await usedBy(house, 'ann'), [30, 1])
})

test('a bucket that is made while the quota is set counts', async () => {
  const house = await housed()
  const holder = { account: owner, user: 'ann' }
  const slow = interrupted(house, () =>
    house.buckets.owners.setQuota(holder, { bytes: 10, objects: null }),
  )
  const space = await bucketOf(slow, 'late')
  await assert.rejects(space.put(putOf('a', body(11), { writer: 'ann' })), exceeded)
  await house.buckets.owners.setQuota(holder, none)
  await (await keyspaceOf(slow.buckets, 'late')).put(putOf('a', body(11), { writer: 'ann' }))
  await bucketOf(slow, 'later')
})

test('below what is used, a quota refuses what takes room and nothing else; lifted, nothing is left of it', async () => {
  const house = await housed()
  const { owners } = house.buckets
  for (const name of ['one', 'two'])
    for (const key of ['a', 'b'])
      await (await bucketOf(house, name).catch(() => keyspaceOf(house.buckets, name))).put(
        putOf(key, body(20), { writer: 'ann' }),
      )
  for (const user of [null, 'ann']) {
    await owners.setQuota({ account: owner, user }, { bytes: 5, objects: 1 })
    const space = await keyspaceOf(house.buckets, 'one')
    await assert.rejects(space.put(putOf('c', '', { writer: 'ann' })), exceeded)
    await assert.rejects(space.put(putOf('a', body(21), { writer: 'ann' })), exceeded)
    await space.put(putOf('a', body(20), { writer: 'ann' }))
    assert.deepEqual(await usedBy(house, user), [80, 4])
    const raised = await owners.setQuota({ account: owner, user }, { bytes: 100, objects: null })
    assert.deepEqual(raised, { counted: 0 })
  }
  for (const name of ['one', 'two'])
    for (const key of ['a', 'b'])
      await (await keyspaceOf(house.buckets, name)).delete({ key, conditions: {} })
  for (const user of [null, 'ann']) {
    assert.deepEqual(await usedBy(house, user), [0, 0])
    await owners.setQuota({ account: owner, user }, none)
    assert.equal(await owners.usage({ account: owner, user }), undefined)
  }
  assert.deepEqual(await rowsOf(house.store, ownersTable), [])
  const scopes = (await rowsOf(house.store, usageTable)).map(({ scope }) => scope)
  assert.deepEqual(scopes, [`volume/${volume}`])
})

test('a key of many versions is counted some at a time, while versions come and go', async () => {
  for (const oldest of [true, false]) {
    const house = memoryHouse({ thresholds: { countedRows: 2 } })
    await house.buckets.volumes.create({ name: volume, owner })
    const space = await bucketOf(house, 'bucket', 'Enabled')
    for (let i = 0; i < 20; i++) await space.put(putOf('key', body(i)))
    let commits = 0
    let busy = false
    const act = async () => {
      if (busy) return
      busy = true
      const page = { prefix: '', delimiter: '', after: '', afterVersion: '', limit: 50 }
      const { entries } = await space.listVersions(page)
      const gone = entries.at(oldest ? -1 : 5)
      if (typeof gone === 'object')
        await space.delete({ key: 'key', versionId: gone.versionId, conditions: {} })
      busy = false
    }
    const hooks: Hooks = {
      commit: () => {
        commits += 1
        return act()
      },
      answered: act,
    }
    const setter = hookedHouse(house, hooks)
    const bucket = await setter.buckets.find(volume, 'bucket')
    const { counted } = await setter.buckets.setQuota(bucket, { bytes: 1000, objects: null })
    assert.ok(counted > 0 && counted < 20)
    assert.ok(commits > 4)
    const found = await house.buckets.usage(await house.buckets.find(volume, 'bucket'))
    const page = { prefix: '', delimiter: '', after: '', afterVersion: '', limit: 50 }
    const { entries } = await space.listVersions(page)
    const sizes = entries.map(entry => (typeof entry === 'object' ? entry.size : 0))
    assert.equal(found?.objects, sizes.length)
    assert.equal(
      found.bytes,
      sizes.reduce((all, size) => all + size, 0),
    )
  }
})

test('the number of buckets of an account is limited over all volumes, links among them', async () => {
  const house = await housed()
  const { buckets } = house
  const holder = { account: owner, user: null }
  const make = (of: string, name: string) =>
    buckets.create({ volume: of, name, owner, region: 'r', settings: {}, inOtherVolume: true })
  await buckets.volumes.create({ name: 'vol2', owner: other })
  await make(volume, 'first')
  await make('vol2', 'second')
  await buckets.owners.setQuota(holder, { ...none, buckets: 3 })
  const link = { volume, name: 'first' }
  await buckets.create({ volume, name: 'link', owner, region: 'r', settings: {}, link })
  const tooMany = (thrown: unknown) => thrown instanceof S3Error && thrown.code === 'TooManyBuckets'
  await assert.rejects(make('vol2', 'third'), tooMany)
  const usage = await buckets.owners.usage(holder)
  assert.deepEqual(usage?.quota, { ...none, buckets: 3 })
  assert.equal(usage.buckets, 3)
  await buckets.remove(await buckets.find(volume, 'link'))
  await make('vol2', 'third')
  await buckets.owners.setQuota(holder, { ...none, buckets: 1 })
  await assert.rejects(make('vol2', 'fourth'), tooMany)
  for (const name of ['second', 'third']) await buckets.remove(await buckets.find('vol2', name))
  await assert.rejects(make('vol2', 'fourth'), tooMany)
  await buckets.owners.setQuota(holder, none)
  assert.equal(await buckets.owners.usage(holder), undefined)
  await make('vol2', 'fourth')
  assert.deepEqual(await rowsOf(house.store, ownersTable), [])
})

test('a bucket that is deleted while a quota is set is no harm', async () => {
  for (const kind of ['volume', 'account']) {
    const house = await housed()
    for (const name of ['one', 'two']) await (await bucketOf(house, name)).put(putOf('a', body(5)))
    const remove = async () => {
      await (await keyspaceOf(house.buckets, 'two')).delete({ key: 'a', conditions: {} })
      await house.buckets.remove(await house.buckets.find(volume, 'two'))
    }
    const { volumes, owners } = interrupted(house, remove, batch =>
      (batch.writes ?? []).some(write => 'put' in write && 'meters' in write.record),
    ).buckets
    const quota = { bytes: 10, objects: null, buckets: 1 }
    if (kind === 'volume') await volumes.setQuota(volume, quota)
    else await owners.setQuota({ account: owner, user: null }, quota)
    const usage =
      kind === 'volume'
        ? await volumes.usage(volume)
        : await owners.usage({ account: owner, user: null })
    assert.deepEqual([usage?.bytes, usage?.buckets], [5, 1])
  }
})

test('a count that nobody names any more is cleared, however many others there are', async () => {
  const house = await housed()
  await house.buckets.owners.setQuota({ account: owner, user: 'ann' }, { bytes: 1, objects: 1 })
  const before = await rowsOf(house.store, usageTable)
  for (const kind of ['volume', 'owner']) {
    const names = Array.from({ length: 1200 }, (_, i) => `${kind}/${String(i).padStart(4, '0')}`)
    const scopes = [...names, `${kind}/zz/former`]
    await house.store.commit({
      writes: scopes.map(scope => ({ put: usageTable, record: nothingUsed(scope) })),
    })
  }
  await resumeQuotas(house.core)
  const scopes = (await rowsOf(house.store, usageTable)).map(({ scope }) => scope)
  assert.equal(scopes.length, before.length + 2400)
  assert.deepEqual(
    scopes.filter(scope => scope.endsWith('/former')),
    [],
  )
})
