/** Order and bounds of keys: UTF-8's order of bytes, which is the order of code points. */
import type { KeyColumnType, KeyValue } from '../../ports/meta-store.ts'

/** Moves UTF-16 units so that surrogates (code points above U+FFFF) sort after U+E000 to U+FFFF. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}

function compareText(a: string, b: string): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const left = a.charCodeAt(i)
    const right = b.charCodeAt(i)
    if (left !== right) return rank(left) - rank(right)
  }
  return a.length - b.length
}

/** Compares the values that both lists have, in order. */
export function compareLeading(a: readonly KeyValue[], b: readonly KeyValue[]): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const left = a[i]
    const right = b[i]
    const order =
      typeof left === 'string' && typeof right === 'string'
        ? compareText(left, right)
        : Number(left) - Number(right)
    if (order !== 0) return order
  }
  return 0
}

/**
 * The least text that is greater than every text with this prefix; undefined when there is none
 * (the prefix is empty or made of U+10FFFF only).
 */
export function pastPrefix(prefix: string): string | undefined {
  let end = prefix.length
  while (end > 0) {
    const low = prefix.charCodeAt(end - 1)
    const width = low >= 0xdc00 && low <= 0xdfff && end > 1 ? 2 : 1
    const point = prefix.codePointAt(end - width) ?? 0
    end -= width
    if (point === 0x10ffff) continue
    const next = point === 0xd7ff ? 0xe000 : point + 1
    return prefix.slice(0, end) + String.fromCodePoint(next)
  }
  return undefined
}

/** Throws a TypeError unless the value may stand in a key column of that type. */
export function checkKeyValue(value: unknown, type: KeyColumnType, where: string): void {
  if (type === 'int') {
    if (!Number.isSafeInteger(value)) throw new TypeError(`${where}: a key needs a safe integer`)
    return
  }
  if (typeof value !== 'string') throw new TypeError(`${where}: a key needs text`)
  if (value.includes('\0')) throw new TypeError(`${where}: a key must not contain NUL`)
  if (!value.isWellFormed()) throw new TypeError(`${where}: a key must be well-formed Unicode`)
}
