// Version ids: newest first in text order, whatever the clock does.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  isVersionId,
  nextVersionId,
  requireVersionId,
  versionRandomBytes,
  versionTime,
} from './versions.ts'

const random = fc.uint8Array({ minLength: versionRandomBytes, maxLength: versionRandomBytes })
const moment = fc.integer({ min: 0, max: 2 ** 44 })

test('each id sorts before the one it follows, even when the clock goes back', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(moment, random), { minLength: 2, maxLength: 20 }), steps => {
      let newest: string | undefined
      for (const [now, bytes] of steps) {
        const next = nextVersionId(newest, now, bytes)
        assert.ok(isVersionId(next), next)
        if (newest !== undefined) assert.ok(next < newest, `${next} < ${newest}`)
        newest = next
      }
    }),
  )
})

test('ids of a later millisecond sort before those of an earlier one, without knowing of each other', () => {
  fc.assert(
    fc.property(moment, moment, random, random, (a, b, first, second) => {
      fc.pre(a < b)
      assert.ok(nextVersionId(undefined, b, second) < nextVersionId(undefined, a, first))
    }),
  )
})

test('an id tells its moment; many in one moment, and a full sequence, go on', () => {
  const zeros = new Uint8Array(versionRandomBytes)
  const now = Date.UTC(2026, 0, 1)
  let id = nextVersionId(undefined, now, zeros)
  assert.equal(versionTime(id), now)
  for (let i = 0; i < 5000; i++) {
    const next = nextVersionId(id, now, zeros)
    assert.ok(next < id)
    id = next
  }
  assert.equal(versionTime(id), now)
  const full = id.slice(0, 8) + '----' + id.slice(12)
  assert.equal(versionTime(nextVersionId(full, now, zeros)), now + 1)
})

test('randomness is in the id', () => {
  const now = Date.UTC(2026, 0, 1)
  const a = nextVersionId(undefined, now, new Uint8Array(versionRandomBytes).fill(1))
  const b = nextVersionId(undefined, now, new Uint8Array(versionRandomBytes).fill(2))
  assert.notEqual(a, b)
})

test('other texts are no ids', () => {
  for (const text of ['', 'null', 'x', 'a'.repeat(31), 'a'.repeat(33), `${'a'.repeat(31)}=`])
    assert.equal(isVersionId(text), false)
  requireVersionId('null')
  requireVersionId('a'.repeat(32))
  assert.throws(() => requireVersionId('bad'), { code: 'InvalidArgument' })
})
