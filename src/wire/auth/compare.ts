// Comparing secrets without telling by the time taken where they differ.

import { timingSafeEqual } from 'node:crypto'

/** Whether two texts are the same; the time depends on their lengths only. */
export const sameSecret = (a: string, b: string): boolean => {
  const left = Buffer.from(a, 'utf8')
  const right = Buffer.from(b, 'utf8')
  return left.length === right.length && timingSafeEqual(left, right)
}
