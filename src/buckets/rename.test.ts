/** Renames, also where somebody else writes one of the keys meanwhile. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import type { Keyspace } from '../ports/keyspace.ts'
import { silentLog } from '../ports/log.ts'
import { auditAfterSweep, auditHeads, auditReferences } from './audit.fixture.ts'
import {
  bucketOf,
  bytesOf,
  day,
  type House,
  hookedHouse,
  interrupted,
  keyspaceOf,
  memoryHouse,
  putOf,
} from './house.fixture.ts'
import { sweep, usualTimes } from './sweep.ts'

/** Larger than what is kept beside the metadata. */
const large = 'large '.repeat(10)
const other = 'other '.repeat(10)

let house: House
let bucket: Keyspace
beforeEach(async () => {
  house = memoryHouse({ thresholds: { partBytes: 1 } })
  bucket = await bucketOf(house)
})
afterEach(async () => {
  await auditReferences(house)
  await auditHeads(house)
  await auditAfterSweep(house)
  await house.close()
})

const sweepNow = ({ core }: House) => sweep(core, usualTimes, silentLog)

describe('rename', () => {
  const rename = (space: Keyspace, token?: string, to = 'to') =>
    space.rename({ from: 'from', to, sourceConditions: {}, conditions: {}, token })

  test('is one batch', async () => {
    await bucket.put(putOf('from', large))
    await bucket.put(putOf('to', other))
    let commits = 0
    const renamer = hookedHouse(house, {
      async commit() {
        commits += 1
      },
    })
    await rename(await keyspaceOf(renamer.buckets))
    assert.equal(commits, 1)
    assert.equal(await bytesOf(bucket, 'to'), large)
    await assert.rejects(bucket.head({ key: 'from' }), { code: 'NoSuchKey' })
  })

  test('moves what stands there at the end', async () => {
    await bucket.put(putOf('from', large))
    const renamer = interrupted(house, () => bucket.put(putOf('from', other)))
    await rename(await keyspaceOf(renamer.buckets))
    assert.equal(await bytesOf(bucket, 'to'), other)
    await assert.rejects(bucket.head({ key: 'from' }), { code: 'NoSuchKey' })
  })

  test('of what was deleted meanwhile changes nothing', async () => {
    await bucket.put(putOf('from', large))
    await bucket.put(putOf('to', other))
    const renamer = interrupted(house, () => bucket.delete({ key: 'from', conditions: {} }))
    await assert.rejects(rename(await keyspaceOf(renamer.buckets)), { code: 'NoSuchKey' })
    assert.equal(await bytesOf(bucket, 'to'), other)
  })

  test('a repeat with its token answers as the first and does nothing', async () => {
    await bucket.put(putOf('from', large))
    await rename(bucket, 'token')
    await bucket.put(putOf('from', other))
    await rename(bucket, 'token')
    assert.equal(await bytesOf(bucket, 'to'), large)
    assert.equal(await bytesOf(bucket, 'from'), other)
    const mismatch = { code: 'IdempotencyParameterMismatch' }
    await assert.rejects(rename(bucket, 'token', 'elsewhere'), mismatch)
    house.clock.time += 2 * day
    await sweepNow(house)
    await rename(bucket, 'token')
    assert.equal(await bytesOf(bucket, 'to'), other)
  })

  test('of two different ones with one token at once the second is refused', async () => {
    await bucket.put(putOf('from', large))
    await bucket.put(putOf('second', other))
    const second = { from: 'second', to: 'second to', sourceConditions: {}, conditions: {} }
    const renamer = interrupted(house, () => bucket.rename({ ...second, token: 'token' }))
    const refused = rename(await keyspaceOf(renamer.buckets), 'token')
    await assert.rejects(refused, { code: 'IdempotencyParameterMismatch' })
    assert.equal(await bytesOf(bucket, 'from'), large)
  })

  test('two with one token at once are one', async () => {
    await bucket.put(putOf('from', large))
    const renamer = interrupted(house, () => rename(bucket, 'token'))
    await rename(await keyspaceOf(renamer.buckets), 'token')
    assert.equal(await bytesOf(bucket, 'to'), large)
  })
})
