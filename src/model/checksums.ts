/** The checksum algorithms of S3: their names, and of what each may speak. Source: Amazon S3 user guide, "Checking object integrity". */

/** As S3 spells them, in the order in which it names them. */
export const checksumAlgorithms = [
  'CRC32',
  'CRC32C',
  'CRC64NVME',
  'SHA1',
  'SHA256',
  'SHA512',
  'MD5',
  'XXHASH64',
  'XXHASH3',
  'XXHASH128',
] as const

export type ChecksumAlgorithm = (typeof checksumAlgorithms)[number]
/** A composite one is the digest of the parts' digests. */
export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE'

const fullOnly: readonly ChecksumType[] = ['FULL_OBJECT']
const compositeOnly: readonly ChecksumType[] = ['COMPOSITE']
const both: readonly ChecksumType[] = ['COMPOSITE', 'FULL_OBJECT']

/**
 * Types that an object uploaded in parts can have, the default first. Only checksums that can be combined from those of
 * the parts (CRC) can speak of the full object; the five algorithms of 2026 cannot and stand with SHA.
 */
export const checksumTypes: Readonly<Record<ChecksumAlgorithm, readonly ChecksumType[]>> = {
  CRC32: both,
  CRC32C: both,
  CRC64NVME: fullOnly,
  SHA1: compositeOnly,
  SHA256: compositeOnly,
  SHA512: compositeOnly,
  MD5: compositeOnly,
  XXHASH64: compositeOnly,
  XXHASH3: compositeOnly,
  XXHASH128: compositeOnly,
}
