// Quotas: what is counted is what is there, whoever writes and whenever the counting began, and no ceiling is passed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { S3Error } from '../model/errors.ts'
import type { Keyspace } from '../ports/keyspace.ts'
import {
  bodyOf,
  bucketOf,
  bytesOf,
  completeOf,
  copyOf,
  type House,
  hookedHouse,
  keyspaceOf,
  memoryHouse,
  owner,
  partsOf,
  putOf,
  rowsOf,
  twoWorkers,
  uploadOf,
  volume,
} from './house.fixture.ts'
import { resumeQuotas } from './quotas.ts'
import {
  bucketsTable,
  objectsTable,
  ownersTable,
  partsTable,
  uploadsTable,
  usageTable,
  versionsTable,
  volumesTable,
} from './tables.ts'

const code = (expected: string) => (thrown: unknown) =>
  thrown instanceof S3Error && thrown.code === expected

const none = { bytes: null, objects: null }
const far = { bytes: 1_000_000, objects: 1_000_000 }

/** What is there, of which bucket, and whose. */
async function contentOf({ store }: House) {
  const versions = [
    ...(await rowsOf(store, objectsTable)),
    ...(await rowsOf(store, versionsTable)).filter(({ marker }) => marker === 0),
  ]
  const parts = await rowsOf(store, partsTable)
  const uploads = await rowsOf(store, uploadsTable)
  return [
    ...versions.map(({ bucket, writer, size }) => ({ bucket, writer, bytes: size, objects: 1 })),
    ...uploads.map(({ bucket, writer, upload }) => {
      const sizes = parts.filter(part => part.upload === upload).map(({ size }) => size)
      return { bucket, writer, bytes: sizes.reduce((sum, size) => sum + size, 0), objects: 0 }
    }),
  ]
}

/** Every count there is, compared with what is there. */
async function requireCounts(house: House): Promise<void> {
  const { store } = house
  const content = await contentOf(house)
  const buckets = await rowsOf(store, bucketsTable)
  const volumes = await rowsOf(store, volumesTable)
  const owners = await rowsOf(store, ownersTable)
  const expected = new Map<string, { bytes: number; objects: number; buckets: number }>()
  for (const { name } of volumes) {
    const within = buckets.filter(bucket => bucket.volume === name).length
    expected.set(`volume/${name}`, { bytes: 0, objects: 0, buckets: within })
  }
  const named = volumes.map(({ meter }) => meter)
  for (const scope of [...named, ...owners.flatMap(one => one.quotas.map(quota => quota.scope))])
    if (scope !== null) expected.set(scope, { bytes: 0, objects: 0, buckets: 0 })
  for (const { account, buckets: limited } of owners) {
    if (limited === null) continue
    assert.ok(limited.counted)
    const own = buckets.filter(bucket => bucket.owner === account).length
    expected.set(limited.scope, { bytes: 0, objects: 0, buckets: own })
  }
  for (const { id, meters } of buckets) {
    for (const meter of meters ?? []) {
      assert.equal(meter.counting, undefined)
      const own = content.filter(
        ({ bucket, writer }) => bucket === id && (meter.user ?? writer) === writer,
      )
      const sum = expected.get(meter.scope) ?? { bytes: 0, objects: 0, buckets: 0 }
      sum.bytes += own.reduce((all, { bytes }) => all + bytes, 0)
      sum.objects += own.reduce((all, { objects }) => all + objects, 0)
      expected.set(meter.scope, sum)
    }
  }
  const found = (await rowsOf(store, usageTable)).map(
    ({ scope, bytes, objects, buckets: count }) =>
      [scope, { bytes, objects, buckets: count }] as const,
  )
  assert.deepEqual(Object.fromEntries(found), Object.fromEntries(expected))
}

const anyKey = fc.constantFrom('a', 'a/b', 'b', 'c', 'c/d', 'd', '\u{ffff}', '\u{10000}/z')
const anyName = fc.constantFrom('one-bucket', 'two-bucket')
const anyWriter = fc.constantFrom('ann', 'bob', undefined)
const where = {
  name: anyName,
  worker: fc.nat(1),
  key: anyKey,
  other: anyKey,
  size: fc.nat(40),
  writer: anyWriter,
}
const anyCommand = fc.record({
  ...where,
  op: fc.constantFrom(
    'put',
    'put',
    'delete',
    'remove',
    'copy',
    'rename',
    'append',
    'upload',
    'begin',
    'part',
    'part',
    'complete',
    'abort',
    'Enabled',
    'Suspended',
    'quota',
    'no quota',
    'volume quota',
    'no volume quota',
    'account quota',
    'no account quota',
    'buckets',
    'new bucket',
    'gone bucket',
    'user quota',
    'user quota',
    'no user quota',
  ),
})
type Command = typeof anyCommand extends fc.Arbitrary<infer C> ? C : never

async function change(house: House, space: Keyspace, command: Command): Promise<unknown> {
  const { buckets } = house
  const { op, key, other, size, writer } = command
  if (op === 'put') return space.put(putOf(key, 'x'.repeat(size), { writer }))
  if (op === 'delete') return space.delete({ key, conditions: {} })
  if (op === 'copy') {
    const source = await keyspaceOf(buckets, size % 2 === 0 ? 'one-bucket' : 'two-bucket')
    return space.copy(copyOf(source, other, key, { writer }))
  }
  if (op === 'rename') {
    const plain = { sourceConditions: {}, conditions: {}, token: undefined }
    return space.rename({ from: other, to: key, ...plain })
  }
  if (op === 'append') {
    const { size: writeOffset } = await space.head({ key })
    return space.put(putOf(key, 'y'.repeat(size), { writeOffset }))
  }
  if (op === 'upload') {
    const { uploadId, parts } = await partsOf(space, key, ['p'.repeat(size + 1), 'q'])
    return space.complete(completeOf(key, uploadId, parts))
  }
  if (op === 'begin') return space.createUpload(uploadOf(key, { writer }))
  if (op === 'part' || op === 'complete' || op === 'abort') return changeUpload(space, command)
  const page = { prefix: '', delimiter: '', after: '', afterVersion: '', limit: 50 }
  const { entries } = await space.listVersions(page)
  const version = entries[size % Math.max(entries.length, 1)]
  if (typeof version !== 'object') return undefined
  return space.delete({ key: version.key, versionId: version.versionId, conditions: {} })
}

/** A part of an upload under way, or its end, which may leave parts out. */
async function changeUpload(space: Keyspace, { op, size }: Command): Promise<unknown> {
  const page = { prefix: '', delimiter: '', after: '', afterUpload: '', limit: 50 }
  const { entries } = await space.listUploads(page)
  const upload = entries[size % Math.max(entries.length, 1)]
  if (typeof upload !== 'object') return undefined
  const { key, uploadId } = upload
  if (op === 'abort') return space.abort({ key, uploadId })
  if (op === 'part') {
    const body = bodyOf('z'.repeat(size))
    return space.putPart({ key, uploadId, number: 1 + (size % 4), body })
  }
  const { parts } = await space.listParts({ key, uploadId, marker: 0, limit: 50 })
  const chosen = parts.filter(({ number }) => size % 3 !== number)
  return space.complete(completeOf(key, uploadId, chosen))
}

async function run(house: House, command: Command): Promise<unknown> {
  const { buckets } = house
  const { op, name } = command
  if (op.endsWith('volume quota')) {
    const quota = op.startsWith('no') ? none : far
    return buckets.volumes.setQuota(volume, { ...quota, buckets: null })
  }
  if (op === 'buckets') {
    const quota = { ...none, buckets: command.size % 3 === 0 ? null : 9 }
    return buckets.owners.setQuota({ account: owner, user: null }, quota)
  }
  if (op === 'new bucket') return bucketOf(house, `bucket-${command.size % 4}`)
  if (op === 'gone bucket')
    return buckets.remove(await buckets.find(volume, `bucket-${command.size % 4}`))
  if (op.endsWith('account quota') || op.endsWith('user quota')) {
    const user = op.endsWith('user quota') ? (command.writer ?? 'ann') : null
    return buckets.owners.setQuota({ account: owner, user }, op.startsWith('no') ? none : far)
  }
  const bucket = await buckets.find(volume, name)
  if (op === 'Enabled' || op === 'Suspended') return buckets.setVersioning(bucket, op)
  if (op.endsWith('quota')) return buckets.setQuota(bucket, op.startsWith('no') ? none : far)
  return change(house, buckets.keyspace(bucket), command)
}

test('whatever happens at the same time, the counts are right afterwards', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyCommand, { minLength: 1, maxLength: 40 }), async commands => {
      const houses = await twoWorkers({
        thresholds: { countedRows: 2, partBytes: 1, embeddedParts: 2 },
      })
      const [house] = houses
      try {
        await house.buckets.volumes.create({ name: volume, owner })
        for (const name of ['one-bucket', 'two-bucket']) await bucketOf(house, name)
        for (let at = 0; at < commands.length; at += 5) {
          const outcomes = await Promise.allSettled(
            commands
              .slice(at, at + 5)
              .map(command => run(houses[command.worker] ?? house, command)),
          )
          for (const outcome of outcomes)
            if (outcome.status === 'rejected' && !(outcome.reason instanceof S3Error))
              throw outcome.reason
        }
        // Quotas that were set at the same time leave one of them to be finished.
        await resumeQuotas(house.core)
        await requireCounts(house)
      } finally {
        await house.close()
      }
    }),
    { numRuns: 25 },
  )
})

test('50 writers at the limit never pass it', async t => {
  const [one, two] = await twoWorkers()
  t.after(() => one.close())
  await one.buckets.volumes.create({ name: volume, owner })
  await bucketOf(one)
  await one.buckets.setQuota(await one.buckets.find(volume, 'bucket'), {
    bytes: 100,
    objects: null,
  })
  const outcomes = await Promise.allSettled(
    Array.from({ length: 50 }, async (_, i) => {
      const space = await keyspaceOf((i % 2 === 0 ? one : two).buckets)
      return space.put(putOf(`key-${i}`, 'ten bytes.'))
    }),
  )
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 10)
  for (const outcome of outcomes)
    assert.ok(outcome.status === 'fulfilled' || code('QuotaExceeded')(outcome.reason))
  await requireCounts(one)
})

test('over a quota that was lowered, what makes room goes on and what takes it does not', async () => {
  const house = memoryHouse()
  const { buckets } = house
  await buckets.volumes.create({ name: volume, owner })
  await (await bucketOf(house)).put(putOf('large', 'x'.repeat(100)))
  const bucket = await buckets.find(volume, 'bucket')
  assert.deepEqual(await buckets.setQuota(bucket, { bytes: 50, objects: 5 }), { counted: 1 })
  const space = await keyspaceOf(buckets)
  await assert.rejects(space.put(putOf('small', 'x')), code('QuotaExceeded'))
  await assert.rejects(space.put(putOf('large', 'x'.repeat(101))), code('QuotaExceeded'))
  await space.put(putOf('large', 'x'.repeat(90)))
  await assert.rejects(space.put(putOf('empty', '')).then(() => space.put(putOf('b', 'b'))))
  await space.delete({ key: 'large', conditions: {} })
  await space.put(putOf('small', 'x'))
  const usage = await buckets.usage(await buckets.find(volume, 'bucket'))
  const quota = { bytes: 50, objects: 5 }
  assert.deepEqual(usage, { bytes: 1, objects: 2, quota, counting: false })
  await requireCounts(house)
})

test('a quota of the volume holds for its buckets together, also for those that come later', async () => {
  const house = memoryHouse()
  const { volumes } = house.buckets
  await volumes.create({ name: volume, owner })
  await (await bucketOf(house, 'first')).put(putOf('a', 'x'.repeat(30)))
  await volumes.setQuota(volume, { bytes: 50, objects: null, buckets: null })
  const second = await bucketOf(house, 'second')
  await second.put(putOf('b', 'x'.repeat(20)))
  const first = await keyspaceOf(house.buckets, 'first')
  await assert.rejects(first.put(putOf('c', 'x')), code('QuotaExceeded'))
  await assert.rejects(second.copy(copyOf(first, 'a', 'c')), code('QuotaExceeded'))
  await assert.rejects(partsOf(second, 'u', ['', 'x']), code('QuotaExceeded'))
  assert.equal((await volumes.usage(volume)).bytes, 50)
  await volumes.setQuota(volume, { bytes: null, objects: null, buckets: null })
  await (await keyspaceOf(house.buckets, 'second')).put(putOf('c', 'x'))
  assert.equal(await bytesOf(second, 'c'), 'x')
  assert.deepEqual(await volumes.usage(volume), {
    bytes: undefined,
    objects: undefined,
    buckets: 2,
  })
  await requireCounts(house)
})

test('a counting that was interrupted anywhere is finished by the sweep', async () => {
  for (let stop = 1; stop < 24; stop++) {
    const house = memoryHouse({ thresholds: { countedRows: 2 } })
    await house.buckets.volumes.create({ name: volume, owner })
    const space = await bucketOf(house, 'bucket', 'Enabled')
    for (const key of ['a', 'b', 'b', 'c', 'd', 'e'])
      await space.put(putOf(key, key.repeat(5), { writer: key === 'b' ? 'ann' : undefined }))
    let commits = 0
    const mortal = hookedHouse(house, {
      async commit() {
        commits += 1
        if (commits === stop) throw new Error('killed')
      },
    })
    const bucket = await mortal.buckets.find(volume, 'bucket')
    const setting = [
      () => mortal.buckets.setQuota(bucket, far),
      () => mortal.buckets.volumes.setQuota(volume, { ...far, buckets: 9 }),
      () => mortal.buckets.owners.setQuota({ account: owner, user: 'ann' }, far),
      () => mortal.buckets.owners.setQuota({ account: owner, user: null }, { ...far, buckets: 9 }),
      () => mortal.buckets.owners.setQuota({ account: owner, user: 'ann' }, none),
    ]
    for (const set of setting) await set().catch(() => undefined)
    await (await keyspaceOf(house.buckets)).put(putOf('c', 'more'))
    await resumeQuotas(house.core)
    await requireCounts(house)
  }
})

const anyHolder = fc.constantFrom('bucket', 'volume', null, 'ann', 'buckets')

test('writes between any two steps of the counting are counted once', async () => {
  const steps = fc.array(fc.array(anyCommand, { maxLength: 4 }), { minLength: 6, maxLength: 16 })
  await fc.assert(
    fc.asyncProperty(steps, anyHolder, async (between, of) => {
      const house = memoryHouse({
        thresholds: { countedRows: 2, partBytes: 1, embeddedParts: 2 },
      })
      await house.buckets.volumes.create({ name: volume, owner })
      for (const name of ['one-bucket', 'two-bucket']) {
        const space = await bucketOf(house, name, 'Enabled')
        await partsOf(space, 'b', ['x', 'yy'])
        for (const key of ['a', 'b', 'b', 'b', 'b', 'b', 'c', 'd', 'e'])
          await space.put(putOf(key, key.repeat(5), { writer: 'ann' }))
      }
      let step = 0
      const act = async () => {
        for (const command of between[step++] ?? []) {
          if (command.op.includes('quota') || command.op === 'buckets') continue
          await run(house, command).catch((error: unknown) => {
            if (!(error instanceof S3Error)) throw error
          })
        }
      }
      const setter = hookedHouse(house, { commit: act, answered: act })
      const { volumes, owners } = setter.buckets
      if (of === 'volume') await volumes.setQuota(volume, { ...far, buckets: null })
      else if (of === 'buckets')
        await owners.setQuota({ account: owner, user: null }, { ...none, buckets: 9 })
      else if (of !== 'bucket') await owners.setQuota({ account: owner, user: of }, far)
      else await setter.buckets.setQuota(await setter.buckets.find(volume, 'one-bucket'), far)
      await requireCounts(house)
    }),
    { numRuns: 35 },
  )
})
