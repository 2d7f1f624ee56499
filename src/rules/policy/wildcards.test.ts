// Wildcards: against an exact table, against a regular expression, and against the pattern that ruins backtracking.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compile, matches, parsePattern } from './wildcards.ts'

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
    assert.equal(matches(parsePattern(pattern), value), expected, `${pattern} before ${value}`)
    assert.equal(
      compile(parsePattern(pattern))(value),
      expected,
      `compiled ${pattern} before ${value}`,
    )
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
    assert.equal(matches(parsePattern(`${part.repeat(500)}*b`), value), false)
    assert.equal(matches(parsePattern(`${part.repeat(500)}*`), value), true)
  }
})
