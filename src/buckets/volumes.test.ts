// Volumes and links as the room of buckets knows them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { S3Error } from '../model/errors.ts'
import { bucketOf, type House, memoryHouse, owner, putOf, twoWorkers } from './house.fixture.ts'

const code = (expected: string) => (thrown: unknown) =>
  thrown instanceof S3Error && thrown.code === expected

const make = ({ buckets }: House, volume: string, name: string, link?: [string, string]) =>
  buckets.create({
    volume,
    name,
    owner,
    region: 'us-east-1',
    settings: {},
    inOtherVolume: true,
    ...(link === undefined ? {} : { link: { volume: link[0], name: link[1] } }),
  })

async function houseWith(...volumes: readonly string[]): Promise<House> {
  const house = memoryHouse()
  for (const name of ['s3v', ...volumes]) await house.buckets.volumes.create({ name, owner })
  return house
}

test('a volume is made once and shown as it is', async () => {
  const house = await houseWith()
  const { volumes } = house.buckets
  const first = await volumes.create({ name: 'vol1', owner })
  assert.equal(first.created, true)
  const again = await volumes.create({ name: 'vol1', owner })
  assert.deepEqual(again, { volume: first.volume, created: false })
  await assert.rejects(volumes.create({ name: 'vol1', owner: 'x' }), code('VolumeAlreadyExists'))
  for (const name of ['', 'a', 'Vol', 'a_b', 'v/1', '-ab', 'a'.repeat(64), '1.2.3.4', 'a\0b'])
    await assert.rejects(volumes.create({ name, owner }), code('InvalidVolumeName'), name)
  await assert.rejects(volumes.find('vol2'), code('NoSuchVolume'))
  await volumes.create({ name: 'vol0', owner: 'x' })
  const names = async (of: string | undefined, after = '', limit = 10) => {
    const { volumes: found, more } = await volumes.list({ owner: of, after, limit })
    return [found.map(({ name }) => name).join(' '), more]
  }
  assert.deepEqual(await names(undefined), ['s3v vol0 vol1', false])
  assert.deepEqual(await names(undefined, 's3v', 1), ['vol0', true])
  assert.deepEqual(await names('x'), ['vol0', false])
})

test('the configuration may have names that nobody can ask for; one worker sees what another makes', async t => {
  const [first, second] = await twoWorkers()
  t.after(() => first.close())
  const { volumes } = first.buckets
  for (const name of ['V', 'v'.repeat(64)]) {
    assert.equal(await volumes.lookUp(name), undefined)
    await second.buckets.volumes.ensure(name, owner)
    assert.equal((await volumes.find(name)).owner, owner)
    await second.buckets.volumes.remove(name)
    await assert.rejects(volumes.find(name), code('NoSuchVolume'))
  }
})

test('a volume goes when it is empty, and the default one stays', async () => {
  const house = await houseWith('vol1')
  const { volumes } = house.buckets
  const bucket = await make(house, 'vol1', 'bucket')
  await assert.rejects(volumes.remove('vol1'), code('VolumeNotEmpty'))
  assert.equal((await volumes.usage('vol1')).buckets, 1)
  await house.buckets.remove(bucket)
  await volumes.remove('vol1')
  await assert.rejects(volumes.remove('vol1'), code('NoSuchVolume'))
  await assert.rejects(make(house, 'vol1', 'bucket'), code('NoSuchVolume'))
  await assert.rejects(volumes.remove('s3v'), code('AccessDenied'))
})

test('a bucket is never made in a volume that goes at the same time', async t => {
  const [one, two] = await twoWorkers()
  t.after(() => one.close())
  await one.buckets.volumes.create({ name: 's3v', owner })
  for (let round = 0; round < 20; round++) {
    const name = `vol-${round}`
    await one.buckets.volumes.create({ name, owner })
    const [made, gone] = await Promise.allSettled([
      make(one, name, 'bucket'),
      two.buckets.volumes.remove(name),
    ])
    assert.notEqual(made.status, gone.status, `round ${round}`)
  }
})

test('a link leads to its bucket, over other links if need be', async () => {
  const house = await houseWith('vol1')
  const { buckets } = house
  const source = await make(house, 'vol1', 'bucket1')
  const inner = await make(house, 'vol1', 'inner', ['vol1', 'bucket1'])
  const outer = await make(house, 's3v', 'outer', ['vol1', 'inner'])
  assert.deepEqual(await buckets.resolve('vol1', 'bucket1'), { bucket: source, via: [] })
  assert.deepEqual(await buckets.resolve('s3v', 'outer'), { bucket: source, via: [outer, inner] })
  assert.equal(buckets.resolved('s3v', 'outer'), undefined)
  assert.equal(buckets.resolved('vol1', 'bucket1')?.bucket.id, source.id)
  await buckets.keyspace(source).put(putOf('key', 'bytes'))
  await buckets.remove(await buckets.find('s3v', 'outer'))
  await assert.rejects(buckets.resolve('s3v', 'outer'), code('NoSuchBucket'))
  assert.equal((await buckets.keyspace(source).head({ key: 'key' })).size, 5)
})

test('a link that leads nowhere is told by its own name', async () => {
  const house = await houseWith('vol1')
  const { buckets } = house
  await make(house, 's3v', 'dangling', ['vol1', 'secret'])
  await assert.rejects(buckets.resolve('s3v', 'dangling'), error => {
    assert.ok(error instanceof S3Error)
    assert.equal(error.code, 'NoSuchBucket')
    assert.deepEqual(error.fields, { BucketName: 'dangling' })
    return true
  })
  const { buckets: listed } = await buckets.list({
    volume: 's3v',
    owner,
    prefix: '',
    after: '',
    region: undefined,
    limit: 10,
  })
  assert.deepEqual(
    listed.map(({ name }) => name),
    ['dangling'],
  )
})

test('links in a circle, and too many of them, are refused', async () => {
  const house = await houseWith()
  const { buckets } = house
  await make(house, 's3v', 'self', ['s3v', 'self'])
  await make(house, 's3v', 'ping', ['s3v', 'pong'])
  await make(house, 's3v', 'pong', ['s3v', 'ping'])
  await make(house, 's3v', 'into', ['s3v', 'ping'])
  for (const name of ['self', 'ping', 'into'])
    await assert.rejects(buckets.resolve('s3v', name), code('TooManyLinks'), name)
  await bucketOf(house, 'step-0')
  for (let step = 1; step <= 16; step++)
    await make(house, 's3v', `step-${step}`, ['s3v', `step-${step - 1}`])
  assert.equal((await buckets.resolve('s3v', 'step-15')).via.length, 15)
  await assert.rejects(buckets.resolve('s3v', 'step-16'), code('TooManyLinks'))
})

test('a volume has as many buckets as its quota says, links among them', async t => {
  const [one, two] = await twoWorkers()
  t.after(() => one.close())
  const quota = { bytes: null, objects: null, buckets: 5 }
  await one.buckets.volumes.create({ name: 'vol1', owner, quota })
  const attempts = Array.from({ length: 20 }, (_, i) =>
    make(i % 2 === 0 ? one : two, 'vol1', `bucket-${i}`, i === 3 ? ['vol1', 'x-y'] : undefined),
  )
  const outcomes = await Promise.allSettled(attempts)
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 5)
  for (const outcome of outcomes)
    assert.ok(outcome.status === 'fulfilled' || code('QuotaExceeded')(outcome.reason))
  assert.equal((await one.buckets.volumes.usage('vol1')).buckets, 5)
})
