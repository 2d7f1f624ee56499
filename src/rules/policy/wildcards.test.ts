// Wildcards: against an exact table, against a regular expression, and against the pattern that ruins backtracking.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compile, parsePattern } from './wildcards.ts'

test('a table', () => {
  const table: [string, string, boolean][] = [
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['*', 'anything/at all', true],
    ['?', '', false],
    ['?', 'a', true],
    ['?', '😀', true],
    ['??', '😀', false],
    ['a?', 'a😀', true],
    ['*?', '😀', true],
    ['?*?', '😀', false],
    ['?*?', '😀a', true],
    ['a*', 'a', true],
    ['a*', 'ba', false],
    ['*a', 'ba', true],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['ab*ba', 'aba', false],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['**', 'a', true],
    ['a**b', 'ab', true],
    ['*?*', '', false],
    ['*a?c*', 'xxabaabcx', true],
    ['a.c', 'abc', false],
    ['[a]', 'a', false],
  ]
  for (const [pattern, value, expected] of table) {
    assert.equal(compile(parsePattern(pattern))(value), expected, `${pattern} before ${value}`)
  }
})

test('as a regular expression would', () => {
  const text = (...units: string[]) => fc.string({ unit: fc.constantFrom(...units), maxLength: 12 })
  fc.assert(
    fc.property(text('a', 'b', '*', '?', '😀'), text('a', 'b', '😀'), (pattern, value) => {
      const expression = pattern.replaceAll('*', '.*').replaceAll('?', '.')
      const expected = new RegExp(`^(?:${expression})$`, 'su').test(value)
      assert.equal(compile(parsePattern(pattern))(value), expected)
    }),
    { numRuns: 1000 },
  )
})

test('row 37: *a*a*a*…b before aaaa… answers at all', () => {
  const value = 'a'.repeat(20_000)
  for (const part of ['*a', '*?a', '*a?']) {
    assert.equal(compile(parsePattern(`${part.repeat(500)}*b`))(value), false)
    assert.equal(compile(parsePattern(`${part.repeat(500)}*`))(value), true)
  }
})

test('long segments with ?, sought in long values', () => {
  // One, two and many words of bits, with the only occurrence anywhere.
  for (const length of [1, 15, 16, 17, 31, 33, 100, 400]) {
    const segment = 'a?'.repeat(length)
    const matches = compile(parsePattern(`*${segment}b*`))
    for (const before of [0, 1, 31, 1000]) {
      const value = `${'a'.repeat(before)}${'a😀'.repeat(length)}b`
      assert.equal(matches(value), true, `${length} after ${before}`)
      assert.equal(matches(`${value}aa`), true, `${length} after ${before}, with more`)
      assert.equal(matches(value.slice(0, -1)), false)
    }
  }
  const value = 'a'.repeat(20_000)
  for (const segment of ['a?'.repeat(4000), '?'.repeat(8000), `${'?a'.repeat(4000)}?`])
    assert.equal(compile(parsePattern(`*${segment}b*`))(value), false)
})
