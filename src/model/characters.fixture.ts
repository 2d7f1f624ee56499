/** Characters for tests of random texts. */
import fc from 'fast-check'

/**
 * Any character that UTF-8 can say, for `fc.string({ unit: character })`. The library's own unit `binary` says the same, and
 * spends most of a second of every process on tables that it then uses.
 */
export const character: fc.Arbitrary<string> = fc
  .oneof(fc.integer({ min: 0, max: 0xd7_ff }), fc.integer({ min: 0xe0_00, max: 0x10_ff_ff }))
  .map(code => String.fromCodePoint(code))
