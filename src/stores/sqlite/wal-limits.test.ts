/** Tests of how long the log may become. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { walLimits } from './wal-limits.ts'

const mebibyte = 1024 ** 2

test('the log is half of what the folder has in reserve, at most 32 MiB', () => {
  const restart = (held: number) => walLimits({ full: false, held }).restart / mebibyte
  assert.equal(walLimits(undefined).restart, 32 * mebibyte)
  assert.deepEqual(
    [64, 100, 20, 1].map(held => restart(held * mebibyte)),
    [32, 32, 10, 1],
  )
  // Before there is one.
  assert.equal(restart(0), 16)
})

test('it is short while the disk is full, and copied before it starts anew in any case', () => {
  assert.equal(walLimits({ full: true, held: 0 }).restart, mebibyte)
  for (const reserve of [undefined, { full: true, held: 0 }, { full: false, held: 0 }]) {
    const { passive, restart, hurry } = walLimits(reserve)
    assert.ok(passive > 0 && passive < restart && restart < hurry && hurry < 64 * mebibyte)
  }
})
