/** Keys: their order is that of UTF-8's bytes, and the bound past a prefix is the least there is. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { character } from '../../model/characters.fixture.ts'
import { compareLeading, pastPrefix } from './keys.ts'

const text = fc.oneof(
  fc.string({ unit: character, maxLength: 5 }),
  fc
    .array(fc.constantFrom('a', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'))
    .map(list => list.join('')),
)
const bytes = (value: string) => Buffer.from(value)

describe('keys', () => {
  it('are ordered as their bytes are', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        assert.equal(
          Math.sign(compareLeading([a], [b])),
          Math.sign(Buffer.compare(bytes(a), bytes(b))),
        )
      }),
    )
  })

  it('with a prefix lie below the bound past it, and nothing else does', () => {
    fc.assert(
      fc.property(text, text, (prefix, other) => {
        const past = pastPrefix(prefix)
        const from = Buffer.compare(bytes(other), bytes(prefix)) >= 0
        const below = past === undefined || Buffer.compare(bytes(other), bytes(past)) < 0
        assert.equal(from && below, other.startsWith(prefix))
      }),
    )
  })

  it('step over the surrogates and carry past the last code point', () => {
    assert.equal(pastPrefix('a\ud7ff'), 'a\ue000')
    assert.equal(pastPrefix('a\uffff'), 'a\u{10000}')
    assert.equal(pastPrefix('a\u{10ffff}'), 'b')
    assert.equal(pastPrefix('\u{10ffff}'), undefined)
    assert.equal(pastPrefix(''), undefined)
  })
})
