/** Versions, null versions and delete markers, as the S3 user guide describes them. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { S3Error } from '../model/errors.ts'
import { auditAfterSweep, auditHeads, auditReferences } from './audit.fixture.ts'
import {
  bucketOf,
  bytesOf,
  copyOf,
  type House,
  interrupted,
  keyspaceOf,
  memoryHouse,
  putOf,
  slowReader,
} from './house.fixture.ts'

let house: House
beforeEach(async () => {
  house = memoryHouse()
  await bucketOf(house)
})
afterEach(async () => {
  await auditReferences(house)
  await auditHeads(house)
  await auditAfterSweep(house)
  await house.close()
})

const now = () => keyspaceOf(house.buckets)
const switchTo = async (state: 'Enabled' | 'Suspended') =>
  house.buckets.setVersioning((await now()).bucket, state)
const put = async (content: string) => (await (await now()).put(putOf('k', content))).versionId
const remove = async (versionId?: string) =>
  (await now()).delete({ key: 'k', versionId, conditions: {} })
const read = async (versionId?: string) => bytesOf(await now(), 'k', versionId)
/** Version ids in the order of the list, markers with a minus. */
const listed = async () => {
  const page = { prefix: '', delimiter: '', after: '', afterVersion: '', limit: 100 }
  const { entries } = await (await now()).listVersions(page)
  return entries.map(entry => {
    assert.ok(typeof entry === 'object')
    return (entry.isDeleteMarker ? '-' : '') + entry.versionId
  })
}
const failure = async (request: Promise<unknown>): Promise<S3Error> => {
  try {
    await request
  } catch (error) {
    if (error instanceof S3Error) return error
    throw error
  }
  throw new Error('it did not fail')
}

describe('null versions', () => {
  test('what was written before versioning is the null version and stays', async () => {
    assert.equal(await put('before'), undefined)
    await switchTo('Enabled')
    const second = await put('second')
    assert.deepEqual(await listed(), [second, 'null'])
    assert.equal(await read('null'), 'before')
    assert.equal(await read(), 'second')
  })

  test('while suspended a write replaces the null version and nothing else', async () => {
    await put('before')
    await switchTo('Enabled')
    const second = await put('second')
    await switchTo('Suspended')
    assert.equal(await put('third'), 'null')
    assert.deepEqual(await listed(), ['null', second])
    assert.equal(await read('null'), 'third')
    assert.equal(await put('fourth'), 'null')
    assert.deepEqual(await listed(), ['null', second])
    await switchTo('Enabled')
    const fifth = await put('fifth')
    assert.deepEqual(await listed(), [fifth, 'null', second])
    await switchTo('Suspended')
    await put('sixth')
    assert.deepEqual(await listed(), ['null', fifth, second])
    assert.equal(await read(), 'sixth')
  })

  test('while suspended a delete puts a null marker in the place of the null version', async () => {
    await switchTo('Enabled')
    const first = await put('first')
    await switchTo('Suspended')
    await put('second')
    assert.deepEqual(await remove(), { versionId: 'null', deleteMarker: true })
    assert.deepEqual(await listed(), ['-null', first])
    const hidden = await failure(read())
    assert.equal(hidden.code, 'NoSuchKey')
    assert.deepEqual(hidden.headers, ['x-amz-delete-marker', 'true', 'x-amz-version-id', 'null'])
    assert.deepEqual(await remove('null'), { versionId: 'null', deleteMarker: true })
    assert.equal(await read(), 'first')
  })

  test('the null version is deleted by its name, wherever it stands', async () => {
    await put('before')
    await switchTo('Enabled')
    const second = await put('second')
    assert.deepEqual(await remove('null'), { versionId: 'null', deleteMarker: false })
    assert.deepEqual(await listed(), [second])
    await assert.rejects(read('null'), { code: 'NoSuchVersion' })
    await switchTo('Suspended')
    await put('third')
    assert.deepEqual(await listed(), ['null', second])
    await remove('null')
    assert.equal(await read(), 'second')
  })

  test('it is found though it is retired between two looks', async () => {
    await put('before')
    await switchTo('Enabled')
    const reader = slowReader(house, () => put('second'))
    const space = reader.buckets.keyspace((await now()).bucket)
    assert.equal(await bytesOf(space, 'k', 'null'), 'before')
    assert.equal(await bytesOf(space, 'k', 'null'), 'before')
  })
})

describe('delete markers', () => {
  test('hide the key, are listed, and give it back when they go', async () => {
    await switchTo('Enabled')
    const first = await put('first')
    const { versionId: marker, deleteMarker } = await remove()
    assert.equal(deleteMarker, true)
    assert.deepEqual(await listed(), [`-${marker}`, first])
    const hidden = await failure((await now()).head({ key: 'k' }))
    assert.equal(hidden.code, 'NoSuchKey')
    assert.ok(hidden.headers.includes(marker ?? ''))
    assert.deepEqual(await remove(marker), { versionId: marker, deleteMarker: true })
    assert.equal(await read(), 'first')
  })

  test('cannot be read, tagged or copied by their version', async () => {
    await switchTo('Enabled')
    const { versionId } = await remove()
    const space = await now()
    const asked = await failure(space.head({ key: 'k', versionId }))
    assert.equal(asked.code, 'MethodNotAllowed')
    assert.ok(asked.headers.includes('x-amz-delete-marker'))
    assert.ok(asked.headers.includes(versionId ?? ''))
    await assert.rejects(space.setTags({ key: 'k', versionId }, []), { code: 'MethodNotAllowed' })
    const copy = space.copy(copyOf(space, 'k', 'to', { from: { key: 'k', versionId } }))
    await assert.rejects(copy, { code: 'MethodNotAllowed' })
  })

  test('pile up, one for each delete, also of what never was', async () => {
    await switchTo('Enabled')
    const made = [await remove(), await remove(), await remove()]
    const ids = made.map(({ versionId }) => `-${versionId}`)
    assert.deepEqual(await listed(), ids.toReversed())
    const page = { prefix: '', delimiter: '', after: '', limit: 10 }
    assert.deepEqual((await (await now()).list(page)).entries, [])
  })

  test('of several the newest goes and the next one still hides the key', async () => {
    await switchTo('Enabled')
    const first = await put('first')
    await remove()
    const { versionId } = await remove()
    await remove(versionId)
    await assert.rejects(read(), { code: 'NoSuchKey' })
    assert.equal(await read(first), 'first')
  })

  test('a write that wants the key absent may follow one', async () => {
    await switchTo('Enabled')
    await put('first')
    await remove()
    const space = await now()
    const conditions = { ifNoneMatch: ['*'] }
    await space.put(putOf('k', 'second', { conditions }))
    await assert.rejects(space.put(putOf('k', 'third', { conditions })), {
      code: 'PreconditionFailed',
    })
  })
})

describe('order', () => {
  test('versions stand in the order of their writes though the clock goes back', async () => {
    await switchTo('Enabled')
    const ids: (string | undefined)[] = []
    for (const step of [0, -86_400_000, -5, 3, 0, 0, -1000]) {
      house.clock.time += step
      ids.push(await put(`at ${step}`))
    }
    house.clock.time -= 1e9
    ids.push((await remove()).versionId)
    house.clock.time -= 1e9
    ids.push(await put('last'))
    const expected = ids.toReversed().map((id, i) => (i === 1 ? `-${id}` : id))
    assert.deepEqual(await listed(), expected)
    assert.equal(await read(), 'last')
  })

  test('what was written before versioning is older than all, though the clock went back since', async () => {
    await put('before')
    house.clock.time -= 86_400_000
    await switchTo('Enabled')
    const second = await put('second')
    assert.deepEqual(await listed(), [second, 'null'])
  })

  test('the newest version deleted gives its place to the one before', async () => {
    await switchTo('Enabled')
    const ids = [await put('1'), await put('2'), await put('3')]
    await remove(ids[2])
    assert.equal(await read(), '2')
    await remove(ids[0])
    assert.equal(await read(), '2')
    await remove(ids[1])
    await assert.rejects(read(), { code: 'NoSuchKey' })
    assert.deepEqual(await listed(), [])
    await house.buckets.remove((await now()).bucket)
    await bucketOf(house)
  })

  test('of two markers at once the one that was committed last is the newest', async () => {
    await switchTo('Enabled')
    const { versionId: first } = await remove()
    let second: string | undefined
    const remover = interrupted(house, async () => {
      house.clock.time += 1000
      second = (await remove()).versionId
    })
    const space = await keyspaceOf(remover.buckets)
    const { versionId: third } = await space.delete({ key: 'k', conditions: {} })
    assert.deepEqual(await listed(), [`-${third}`, `-${second}`, `-${first}`])
  })

  test('two deletes of the newest versions at once leave the right one', async () => {
    await switchTo('Enabled')
    const ids = [await put('1'), await put('2'), await put('3')]
    const remover = interrupted(house, () => remove(ids[1]))
    const space = await keyspaceOf(remover.buckets)
    await space.delete({ key: 'k', versionId: ids[2], conditions: {} })
    assert.deepEqual(await listed(), [ids[0]])
    assert.equal(await read(), '1')
  })
})

test('tags change the version and make none', async () => {
  await switchTo('Enabled')
  const first = await put('first')
  const second = await put('second')
  const space = await now()
  await space.setTags({ key: 'k', versionId: first }, [{ Key: 'a', Value: 'b' }])
  assert.deepEqual((await space.head({ key: 'k', versionId: first })).tags, [
    { Key: 'a', Value: 'b' },
  ])
  assert.deepEqual((await space.head({ key: 'k' })).tags, [])
  assert.deepEqual(await listed(), [second, first])
})
