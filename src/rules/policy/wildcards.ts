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
function seek(segment: Segment, value: string, from: number): number {
  const first = segment[0] ?? ''
  for (let at = value.indexOf(first, from); at >= 0; at = value.indexOf(first, at + 1)) {
    const end = endOf(segment, value, at)
    if (end >= 0) return end
    // An empty literal is found behind the end again and again.
    if (at >= value.length) return -1
  }
  return -1
}

/** Whether all of the value matches. */
export function matches(pattern: Pattern, value: string): boolean {
  let at = endOf(pattern[0] ?? [''], value, 0)
  if (at < 0) return false
  const last = pattern.length - 1
  if (last === 0) return at === value.length
  for (let i = 1; i < last; i++) {
    at = seek(pattern[i] ?? [''], value, at)
    if (at < 0) return false
  }
  return startOf(pattern[last] ?? [''], value) >= at
}

/** The pattern as a function, shorter for the shapes that policies mostly have. */
export function compile(pattern: Pattern): Test {
  const [head = [''], tail = ['']] = pattern
  if (pattern.length > 2 || head.length > 1 || tail.length > 1) {
    return value => matches(pattern, value)
  }
  const [before = ''] = head
  if (pattern.length === 1) return value => value === before
  const [after = ''] = tail
  if (after === '') return before === '' ? () => true : value => value.startsWith(before)
  const least = before.length + after.length
  return value => value.length >= least && value.startsWith(before) && value.endsWith(after)
}

/** A text with wildcards and without variables, read as a pattern. */
export const parsePattern = (text: string): Pattern =>
  text.split('*').map(segment => segment.split('?'))
