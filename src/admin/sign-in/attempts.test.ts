/** Failures are counted by name and address, begun ones too, and forgotten after a minute. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AdminError } from '../errors.ts'
import { Attempts } from './attempts.ts'

const tooMany = (after: number) => (error: unknown) =>
  error instanceof AdminError &&
  error.code === 'TooManyAttempts' &&
  error.status === 429 &&
  error.headers.join() === `Retry-After,${after}`

test('ten failures of a name are enough for a minute, from that address', () => {
  let now = 1000
  const attempts = new Attempts(() => now)
  for (let i = 0; i < 10; i++) attempts.begin('ann', 'here')
  assert.throws(() => attempts.begin('ann', 'here'), tooMany(60))
  attempts.begin('ann', 'there')
  attempts.begin('bob', 'here')
  now += 59_001
  assert.throws(() => attempts.begin('ann', 'here'), tooMany(1))
  now += 1000
  attempts.begin('ann', 'here')
})

test('what went well is not counted, and many names are many failures of one address', () => {
  const attempts = new Attempts(() => 0)
  for (let i = 0; i < 1000; i++) attempts.begin('ann', 'here')()
  for (let i = 0; i < 60; i++) attempts.begin(`name-${i}`, 'here')
  assert.throws(() => attempts.begin('ann', 'here'), tooMany(60))
})
