/** Failures are counted by name and address, begun ones too, and forgotten after a minute. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AdminError } from '../errors.ts'
import { Attempts, createAttempts } from './attempts.ts'

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

test('addresses of one IPv6 network are one, those of others and of IPv4 are not', () => {
  const attempts = new Attempts(() => 0)
  for (let i = 1; i <= 10; i++) attempts.begin('ann', `2001:db8::a:${i.toString(16)}`)
  for (const same of [
    '2001:db8::ffff:1:2:3',
    '2001:DB8:0:0:8::1',
    '2001:db8::1.2.3.4',
    '2001:db8::1%eth0',
  ])
    assert.throws(() => attempts.begin('ann', same), tooMany(60))
  for (const other of ['2001:db8:0:1::a:1', '2001:db8:1::1', '::2001:db8:0:0', '::1', 'fe80::1'])
    attempts.begin('ann', other)
  for (let i = 0; i < 10; i++) attempts.begin('ann', '::ffff:192.0.2.1')
  assert.throws(() => attempts.begin('ann', '192.0.2.1'), tooMany(60))
  attempts.begin('ann', '::ffff:192.0.2.2')
  attempts.begin('ann', 'no:address')
})

test('all workers count together, also what goes well with one of them', () => {
  const shared = createAttempts()
  let now = 5000
  const workers = [0, 1, 2].map(() => new Attempts(() => now, shared))
  const begin = (i: number, name = 'ann') => {
    const worker = workers[i % workers.length]
    assert.ok(worker !== undefined)
    return worker.begin(name, 'here')
  }
  const begun = Array.from({ length: 10 }, (_, i) => begin(i))
  for (let i = 0; i < 3; i++) assert.throws(() => begin(i), tooMany(60))
  begun[4]?.()
  begin(0)
  assert.throws(() => begin(1), tooMany(60))
  // Those that were refused are no attempts of the address.
  for (let i = 10; i < 60; i++) begin(i, `name-${i}`)
  assert.throws(() => begin(0, 'bob'), tooMany(60))
  now += 60_000
  begin(2)
  // What was begun in the minute before takes nothing off this one.
  begun[5]?.()
  for (let i = 1; i < 10; i++) begin(i)
  assert.throws(() => begin(0), tooMany(60))
})

test('a great many names are counted each, in a table that does not grow', () => {
  const attempts = new Attempts(() => 1)
  for (let i = 0; i < 100; i++) {
    for (let j = 0; j < 10; j++) attempts.begin(`name-${i}`, `address-${i}`)
    assert.throws(() => attempts.begin(`name-${i}`, `address-${i}`), tooMany(60))
  }
})
