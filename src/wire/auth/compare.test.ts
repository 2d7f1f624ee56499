import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { sameSecret } from './compare.ts'

test('two texts are the same when each of their characters is', () => {
  const text = fc.oneof(
    fc.string({ maxLength: 70 }),
    fc.string({
      minLength: 60,
      maxLength: 66,
      unit: fc.constantFrom('a', 'b', '\u00e9', '\ud83d\ude00'),
    }),
  )
  fc.assert(fc.property(text, text, (a, b) => sameSecret(a, b) === (a === b)))
  fc.assert(fc.property(text, a => sameSecret(a, `${a.slice(0, -1)}${a.slice(-1)}`)))
})

test('as long as a signature in characters or in bytes is not as long in both', () => {
  const ascii = 'f'.repeat(64)
  assert.equal(sameSecret(ascii, ascii), true)
  assert.equal(sameSecret(ascii, `${'f'.repeat(63)}e`), false)
  const half = '\u00e9'.repeat(32)
  assert.equal(sameSecret(half + 'f'.repeat(32), half + 'f'.repeat(32)), true)
  assert.equal(sameSecret(half + 'f'.repeat(32), half + 'e'.repeat(32)), false)
  assert.equal(sameSecret(half, half + 'e'.repeat(32)), false)
})
