// Comparing secrets without telling by the time taken where they differ.

import { timingSafeEqual } from 'node:crypto'

/** As long as a signature in hex, the usual secret to compare; with room to see that a text is longer than that. */
const signatureChars = 64
const leftBytes = Buffer.alloc(4 * signatureChars)
const rightBytes = Buffer.alloc(4 * signatureChars)

/** Of two texts as long as a signature, without buffers of their own: each of those is work for the garbage collector. */
const sameSignature = (a: string, b: string): boolean => {
  const left = leftBytes.write(a, 0, 'utf8')
  const right = rightBytes.write(b, 0, 'utf8')
  leftBytes.fill(0, left)
  rightBytes.fill(0, right)
  return timingSafeEqual(leftBytes, rightBytes) && left === right
}

/** Whether two texts are the same; the time depends on their lengths only. */
export const sameSecret = (a: string, b: string): boolean => {
  if (a.length === signatureChars && b.length === signatureChars) return sameSignature(a, b)
  const left = Buffer.from(a, 'utf8')
  const right = Buffer.from(b, 'utf8')
  return left.length === right.length && timingSafeEqual(left, right)
}
