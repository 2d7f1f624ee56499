// All the checksums of one body at once: while it streams, or in one go where it is small.

import { hash } from 'node:crypto'
import type { ChecksumAlgorithm } from '../../model/checksums.ts'
import { createHasher, type Hasher, hashBytes } from './hashers.ts'
import { type Md5Stream, md5Pool } from './md5-pool.ts'

/** Checksums by algorithm, in base64. */
export type Digests = Partial<Record<ChecksumAlgorithm, string>>

const nothing = new Uint8Array(0)

/** The checksums of bytes that are all there. */
export const hashSmall = (bytes: Uint8Array, algorithms: Iterable<ChecksumAlgorithm>): Digests => {
  const digests: Digests = {}
  for (const algorithm of algorithms) digests[algorithm] = hashBytes(algorithm, bytes)
  return digests
}

/** The MD5 of bytes that are all there, as ETags have it. */
export const md5Hex = (bytes: Uint8Array): string => hash('md5', bytes, 'hex')

export const base64OfHex = (hex: string): string => Buffer.from(hex, 'hex').toString('base64')

/** Base64 as hex: an ETag from the digest of `MD5`. */
export const hexOfBase64 = (base64: string): string => Buffer.from(base64, 'base64').toString('hex')

/** The checksums of a body that comes in pieces. Once it has begun it must end in `digest` or `close`. */
export class BodyHasher {
  readonly #hashers: [ChecksumAlgorithm, Hasher][] = []
  readonly #wantsMd5: boolean
  /** Opened with the first piece: a body that nobody begins to read must not hold a place in the pool. */
  #md5: Md5Stream | undefined
  #bytes = 0

  constructor(algorithms: Iterable<ChecksumAlgorithm>) {
    const wanted = new Set(algorithms)
    this.#wantsMd5 = wanted.has('MD5')
    for (const algorithm of wanted) {
      if (algorithm !== 'MD5') this.#hashers.push([algorithm, createHasher(algorithm)])
    }
  }

  /** How many bytes there were. */
  get bytes(): number {
    return this.#bytes
  }

  /** Takes a piece. Where a promise is returned, the piece must stay as it is, and no other come, until it is fulfilled. */
  update(bytes: Uint8Array): void | Promise<void> {
    this.#bytes += bytes.length
    if (this.#wantsMd5) this.#md5 ??= md5Pool.open()
    const waiting = this.#md5?.update(bytes)
    for (const [, hasher] of this.#hashers) hasher.update(bytes)
    return waiting
  }

  /** All checksums. */
  digest(): Digests {
    const digests: Digests = {}
    if (this.#wantsMd5) {
      const md5 = this.#md5?.digest().toString('base64')
      digests.MD5 = md5 ?? hashBytes('MD5', nothing)
    }
    for (const [algorithm, hasher] of this.#hashers) digests[algorithm] = hasher.digest()
    return digests
  }

  /** The body is given up. */
  close(): void {
    this.#md5?.close()
  }
}
