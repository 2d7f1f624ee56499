// One way to compute any of the ten checksums: piece by piece, or of bytes that are all there.

import { createHash, hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { crc32c } from '@node-rs/crc32'
import type { ChecksumAlgorithm } from '../../model/checksums.ts'
import { Crc64Nvme } from './crc64nvme.ts'
import { readyXxhash, Xxhash } from './xxhash.ts'

/** A checksum under way. */
export interface Hasher {
  update(bytes: Uint8Array): void
  /** Base64. To be called once. */
  digest(): string
}

/** Prepares the algorithms that cannot be made on the spot; to be awaited once at start. */
export const readyChecksums = (): Promise<void> => readyXxhash()

const base64Of32 = (value: number): string => {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeInt32BE(value | 0, 0)
  return bytes.toString('base64')
}

class Crc32 implements Hasher {
  readonly #step: (bytes: Uint8Array, state: number) => number
  #state = 0

  constructor(step: (bytes: Uint8Array, state: number) => number) {
    this.#step = step
  }

  update(bytes: Uint8Array): void {
    this.#state = this.#step(bytes, this.#state)
  }

  digest(): string {
    return base64Of32(this.#state)
  }
}

class CryptoHasher implements Hasher {
  readonly #hash: ReturnType<typeof createHash>

  constructor(name: string) {
    this.#hash = createHash(name)
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes)
  }

  digest(): string {
    return this.#hash.digest('base64')
  }
}

/** Begins a checksum. */
export const createHasher = (algorithm: ChecksumAlgorithm): Hasher => {
  switch (algorithm) {
    case 'CRC32':
      return new Crc32(crc32)
    case 'CRC32C':
      return new Crc32(crc32c)
    case 'CRC64NVME':
      return new Crc64Nvme()
    case 'SHA1':
    case 'SHA256':
    case 'SHA512':
    case 'MD5':
      return new CryptoHasher(algorithm.toLowerCase())
    case 'XXHASH64':
    case 'XXHASH3':
    case 'XXHASH128':
      return new Xxhash(algorithm)
  }
}

/** The checksum of bytes that are all there, in base64. */
export const hashBytes = (algorithm: ChecksumAlgorithm, bytes: Uint8Array): string => {
  switch (algorithm) {
    case 'CRC32':
      return base64Of32(crc32(bytes))
    case 'CRC32C':
      return base64Of32(crc32c(bytes))
    case 'SHA1':
    case 'SHA256':
    case 'SHA512':
    case 'MD5':
      return hash(algorithm.toLowerCase(), bytes, 'base64')
    case 'CRC64NVME':
    case 'XXHASH64':
    case 'XXHASH3':
    case 'XXHASH128': {
      const hasher = createHasher(algorithm)
      hasher.update(bytes)
      return hasher.digest()
    }
  }
}
