/** Names that were seen last. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Recent } from './recent.ts'

it('remembers as many names as it may, those that were seen last', () => {
  const recent = new Recent(2)
  assert.equal(recent.isNew('a'), true)
  assert.equal(recent.isNew('b'), true)
  assert.equal(recent.isNew('a'), false)
  assert.equal(recent.isNew('c'), true)
  assert.equal(recent.isNew('a'), false)
  assert.equal(recent.isNew('b'), true)
})
