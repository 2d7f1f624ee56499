/** Buffers that go round: apart from each other, used again, and let go when a rush is over. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { BufferPool } from './buffers.ts'

it('buffers share no byte and come back', () => {
  const pool = new BufferPool(65_536, 8)
  const taken = Array.from({ length: 20 }, () => pool.take())
  taken.forEach((buffer, i) => {
    assert.equal(buffer.length, 65_536)
    assert.equal(buffer.byteOffset % 65_536, 0)
    buffer.fill(i)
  })
  taken.forEach((buffer, i) => {
    assert.ok(buffer.every(byte => byte === i))
  })
  for (const buffer of taken) pool.give(buffer)
  const memory = new Set(taken.map(buffer => buffer.buffer))
  const again = Array.from({ length: 8 }, () => pool.take())
  assert.ok(again.every(buffer => memory.has(buffer.buffer)))
})

it('what a rush needed beyond the kept ones is let go, what is in use stays', () => {
  const pool = new BufferPool(65_536, 8)
  const first = pool.take()
  first.fill(7)
  const rush = Array.from({ length: 40 }, () => pool.take())
  for (const buffer of rush) pool.give(buffer)
  const again = Array.from({ length: 7 }, () => pool.take())
  assert.ok(again.every(buffer => buffer.buffer === first.buffer))
  assert.ok(!rush.slice(7).some(buffer => buffer.buffer === pool.take().buffer))
  assert.ok(first.every(byte => byte === 7))
})

it('where the system gives no more memory that begins on a page, other memory does', () => {
  let given = 0
  const pool = new BufferPool(65_536, 16, bytes => {
    given += 1
    if (given > 1) throw new RangeError('could not allocate memory')
    return new ArrayBuffer(bytes)
  })
  const taken = Array.from({ length: 16 }, () => pool.take())
  taken.forEach((buffer, i) => {
    assert.equal(buffer.length, 65_536)
    buffer.fill(i)
  })
  assert.ok(taken.every((buffer, i) => buffer.every(byte => byte === i)))
  for (const buffer of taken) pool.give(buffer)
  assert.ok(taken.includes(pool.take()))
  const broken = new BufferPool(65_536, 8, () => {
    throw new TypeError('a bug')
  })
  assert.throws(() => broken.take(), TypeError)
})

it('is crowded while more is used than kept', () => {
  const pool = new BufferPool(65_536, 8)
  const taken = Array.from({ length: 8 }, () => pool.take())
  assert.equal(pool.crowded, false)
  const more = pool.take()
  assert.equal(pool.crowded, true)
  for (const buffer of [more, ...taken]) pool.give(buffer)
  assert.equal(pool.crowded, false)
})

it('a buffer from elsewhere is refused', () => {
  assert.throws(() => {
    new BufferPool(65_536, 8).give(Buffer.alloc(65_536))
  }, TypeError)
})
