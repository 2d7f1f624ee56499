/** Patterns with `*` and `?`, matched without backtracking: from left to right, each literal is sought once. */

/** What stands between two `*`: literals with a `?` between each two of them. */
export type Segment = readonly string[]

/** Segments with a `*` between each two of them. At least one segment, of at least one literal. */
export type Pattern = readonly Segment[]

export type Test = (value: string) => boolean

const isLowSurrogate = (code: number): boolean => code >= 0xdc00 && code <= 0xdfff
const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdbff

/** The place after the character at `at`, or -1 behind the end. A `?` stands for a character, not for half of one. */
function afterCharacter(value: string, at: number): number {
  if (at >= value.length) return -1
  const pair = isHighSurrogate(value.charCodeAt(at)) && isLowSurrogate(value.charCodeAt(at + 1))
  return pair ? at + 2 : at + 1
}

/** Where a segment ends that begins at `at`, or -1. */
function endOf(segment: Segment, value: string, at: number): number {
  let end = at
  for (let i = 0; i < segment.length; i++) {
    if (i > 0) end = afterCharacter(value, end)
    const literal = segment[i] ?? ''
    if (end < 0 || !value.startsWith(literal, end)) return -1
    end += literal.length
  }
  return end
}

/** Where a segment begins that ends with the value, or -1. */
function startOf(segment: Segment, value: string): number {
  let start = value.length
  for (let i = segment.length - 1; i >= 0; i--) {
    const literal = segment[i] ?? ''
    start -= literal.length
    if (start < 0 || !value.startsWith(literal, start)) return -1
    if (i === 0) break
    start -= 1
    if (start < 0) return -1
    const code = value.charCodeAt(start)
    if (isLowSurrogate(code) && start > 0 && isHighSurrogate(value.charCodeAt(start - 1))) {
      start -= 1
    }
  }
  return start
}

/** Where the leftmost occurrence of a segment at or after `from` ends, or -1. */
type Seek = (value: string, from: number) => number

function seekLiteral(literal: string): Seek {
  return (value, from) => {
    const at = value.indexOf(literal, from)
    return at < 0 ? -1 : at + literal.length
  }
}

/**
 * Seeks a segment with `?` in it, one bit for each of its characters (Shift-And): each character of the value is looked
 * at once, where trying every place anew would take the product of both lengths, which a policy's author may choose.
 */
function seekBits(segment: Segment): Seek {
  const characters = segment.flatMap((literal, i) =>
    i === 0 ? Array.from(literal) : [undefined, ...Array.from(literal)],
  )
  const words = Math.ceil(characters.length / 32)
  const any = new Uint32Array(words)
  const set = (bits: Uint32Array, i: number): void => {
    bits[i >> 5] = (bits[i >> 5] ?? 0) | (1 << (i & 31))
  }
  const masks = new Map<number, Uint32Array>()
  for (const [i, character] of characters.entries()) if (character === undefined) set(any, i)
  for (const [i, character] of characters.entries()) {
    const code = character?.codePointAt(0)
    if (code === undefined) continue
    const mask = masks.get(code) ?? any.slice()
    set(mask, i)
    masks.set(code, mask)
  }
  const last = characters.length - 1
  return (value, from) => {
    const state = new Uint32Array(words)
    for (let at = from; at < value.length; ) {
      const code = value.codePointAt(at) ?? 0
      at += code > 0xffff ? 2 : 1
      const mask = masks.get(code) ?? any
      let carry = 1
      for (let i = 0; i < words; i++) {
        const word = state[i] ?? 0
        state[i] = ((word << 1) | carry) & (mask[i] ?? 0)
        carry = word >>> 31
      }
      if ((((state[last >> 5] ?? 0) >>> (last & 31)) & 1) === 1) return at
    }
    return -1
  }
}

const seekOf = (segment: Segment): Seek =>
  segment.length === 1 ? seekLiteral(segment[0] ?? '') : seekBits(segment)

/** The pattern as a test of whole values, shorter for the shapes that policies mostly have. */
export function compile(pattern: Pattern): Test {
  const [head = [''], tail = ['']] = pattern
  if (pattern.length > 2 || head.length > 1 || tail.length > 1) return compileAny(pattern)
  const [before = ''] = head
  if (pattern.length === 1) return value => value === before
  const [after = ''] = tail
  if (after === '') return before === '' ? () => true : value => value.startsWith(before)
  const least = before.length + after.length
  return value => value.length >= least && value.startsWith(before) && value.endsWith(after)
}

function compileAny(pattern: Pattern): Test {
  const [head = [''], ...rest] = pattern
  const tail = rest.pop()
  if (tail === undefined) return value => endOf(head, value, 0) === value.length
  const middle = rest.filter(segment => segment.length > 1 || segment[0] !== '')
  const seeks = middle.map(seekOf)
  const test: Test = value => {
    let at = endOf(head, value, 0)
    if (at < 0) return false
    for (const seek of seeks) {
      at = seek(value, at)
      if (at < 0) return false
    }
    return startOf(tail, value) >= at
  }
  return middle.some(segment => segment.length > 1) ? remembering(test) : test
}

/** The last answer is kept: a request that asks for a thousand keys brings the same long header to each decision. */
function remembering(test: Test): Test {
  let last: string | undefined
  let answer = false
  return value => {
    if (value !== last) {
      answer = test(value)
      last = value
    }
    return answer
  }
}

/** A text with wildcards and without variables, read as a pattern. */
export const parsePattern = (text: string): Pattern =>
  text.split('*').map(segment => segment.split('?'))
