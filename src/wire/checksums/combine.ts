// From the checksums of parts to that of the whole: CRCs combine into the very CRC of all bytes, the others are hashed.

import type { ChecksumAlgorithm } from '../../model/checksums.ts'

/** A polynomial over GF(2) of up to 64 terms, bits reflected; 32-bit ones use `high` alone. */
interface Poly {
  readonly high: number
  readonly low: number
}

interface Field {
  readonly wide: boolean
  readonly poly: Poly
  /** x to the power of 2^k bytes, by k. */
  readonly powers: Poly[]
}

const field = (wide: boolean, high: number, low: number): Field => ({
  wide,
  poly: { high, low },
  // The byte polynomial x^8: in reflected form the coefficient of x^i is the i-th bit from the top.
  powers: [{ high: 1 << 23, low: 0 }],
})

/** The algorithms whose whole can be combined from parts. */
const fields = {
  CRC32: field(false, 0xedb88320 | 0, 0),
  CRC32C: field(false, 0x82f63b78 | 0, 0),
  CRC64NVME: field(true, 0x9a6c9329 | 0, 0xac4bc9b5 | 0),
} as const

export type CombinableAlgorithm = keyof typeof fields

/** Whether checksums of parts combine into the one of the whole. */
export const isCombinable = (algorithm: ChecksumAlgorithm): algorithm is CombinableAlgorithm =>
  Object.hasOwn(fields, algorithm)

/** a × b modulo the field's polynomial. */
const multiply = ({ wide, poly }: Field, a: Poly, b: Poly): Poly => {
  let high = 0
  let low = 0
  let bh = b.high
  let bl = b.low
  const bits = wide ? 64 : 32
  for (let i = 0; i < bits; i++) {
    const word = i < 32 ? a.high : a.low
    if (word << (i & 31) < 0) {
      high ^= bh
      low ^= bl
    }
    // b × x: a shift to the right, as bits are reflected, and a reduction where a term falls out.
    const out = (wide ? bl : bh) & 1
    if (wide) bl = (bl >>> 1) | (bh << 31)
    bh >>>= 1
    if (out === 1) {
      bh ^= poly.high
      bl ^= poly.low
    }
  }
  return { high: high | 0, low: low | 0 }
}

/** a × x^(8 × bytes). */
const shift = (of: Field, a: Poly, bytes: number): Poly => {
  let result = a
  let left = bytes
  for (let k = 0; left > 0; k++) {
    let power = of.powers[k]
    if (power === undefined) {
      const last = of.powers[k - 1] ?? { high: 0, low: 0 }
      power = multiply(of, last, last)
      of.powers[k] = power
    }
    if (left % 2 === 1) result = multiply(of, result, power)
    left = Math.floor(left / 2)
  }
  return result
}

const read = (of: Field, base64: string): Poly => {
  const bytes = Buffer.from(base64, 'base64')
  return { high: bytes.readInt32BE(0), low: of.wide ? bytes.readInt32BE(4) : 0 }
}

const write = (of: Field, value: Poly): string => {
  const bytes = Buffer.alloc(of.wide ? 8 : 4)
  bytes.writeInt32BE(value.high, 0)
  if (of.wide) bytes.writeInt32BE(value.low, 4)
  return bytes.toString('base64')
}

/** A part's checksum (base64) and its length in bytes. */
export interface PartChecksum {
  readonly value: string
  readonly size: number
}

/** The CRC (base64) of the parts put together, from theirs. There must be at least one part. */
export const combineFull = (
  algorithm: CombinableAlgorithm,
  parts: readonly PartChecksum[],
): string => {
  const of = fields[algorithm]
  let whole: Poly = { high: 0, low: 0 }
  for (const part of parts) {
    const shifted = shift(of, whole, part.size)
    const next = read(of, part.value)
    whole = { high: shifted.high ^ next.high, low: shifted.low ^ next.low }
  }
  return write(of, whole)
}
