/** How long a checkpoint thread that fails again and again is left alone, and how often that is said. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Backoff } from './checkpointing.ts'

test('pauses double up to a minute and begin anew after a life that was long enough', () => {
  const backoff = new Backoff()
  const pauses = Array.from({ length: 9 }, () => backoff.failed(10))
  assert.deepEqual(
    pauses.map(({ pauseMs }) => pauseMs / 1000),
    [1, 2, 4, 8, 16, 32, 60, 60, 60],
  )
  assert.deepEqual(
    pauses.map(({ first }) => first),
    [true, false, false, false, false, false, false, false, false],
  )
  assert.deepEqual(backoff.failed(600_000), { pauseMs: 1000, first: true })
})
