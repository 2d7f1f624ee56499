/** Names that were seen last. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Recent } from './recent.ts'

it('remembers as many names as it may, those that were seen last', () => {
  const recent = new Recent(2)
  assert.equal(recent.timesBefore('a'), 0)
  assert.equal(recent.timesBefore('b'), 0)
  assert.equal(recent.timesBefore('a'), 1)
  assert.equal(recent.timesBefore('c'), 0)
  assert.equal(recent.timesBefore('a'), 2)
  assert.equal(recent.timesBefore('b'), 0)
})
