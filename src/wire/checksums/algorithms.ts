// The ten checksum algorithms of S3: headers and lengths. Source: Amazon S3 user guide,
// "Checking object integrity".

import { type ChecksumAlgorithm, checksumAlgorithms } from '../../model/checksums.ts'
import { S3Error } from '../../model/errors.ts'

/** Bytes of a checksum. */
export const checksumBytes: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
  SHA512: 64,
  MD5: 16,
  XXHASH64: 8,
  XXHASH3: 8,
  XXHASH128: 16,
}

/** The header (and trailer) of each algorithm. */
export const checksumHeader: Readonly<Record<ChecksumAlgorithm, string>> = {
  CRC32: 'x-amz-checksum-crc32',
  CRC32C: 'x-amz-checksum-crc32c',
  CRC64NVME: 'x-amz-checksum-crc64nvme',
  SHA1: 'x-amz-checksum-sha1',
  SHA256: 'x-amz-checksum-sha256',
  SHA512: 'x-amz-checksum-sha512',
  MD5: 'x-amz-checksum-md5',
  XXHASH64: 'x-amz-checksum-xxhash64',
  XXHASH3: 'x-amz-checksum-xxhash3',
  XXHASH128: 'x-amz-checksum-xxhash128',
}

const byHeader = new Map(
  checksumAlgorithms.map(algorithm => [checksumHeader[algorithm], algorithm] as const),
)
const byName = new Map(
  checksumAlgorithms.map(algorithm => [algorithm as string, algorithm] as const),
)

/** The algorithm of a header or trailer name in lower case. */
export const algorithmOfHeader = (name: string): ChecksumAlgorithm | undefined => byHeader.get(name)

/** The algorithm of a name in any case, as `x-amz-checksum-algorithm` has it. */
export const algorithmOfName = (name: string): ChecksumAlgorithm | undefined =>
  byName.get(name.toUpperCase())

/** Whether `text` is base64, in its one canonical form, of that many bytes. */
export const isBase64Of = (text: string, bytes: number): boolean => {
  if (text.length !== Math.ceil(bytes / 3) * 4) return false
  const decoded = Buffer.from(text, 'base64')
  return decoded.length === bytes && decoded.toString('base64') === text
}

/** A checksum that the client gave. */
export interface GivenChecksum {
  readonly algorithm: ChecksumAlgorithm
  /** Base64. */
  readonly value: string
}

/**
 * Reads the one `x-amz-checksum-…` header of a request that uploads bytes.
 * @throws S3Error InvalidRequest where there are several, or its value is no checksum of that algorithm
 */
export const readChecksumHeader = (
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): GivenChecksum | undefined => {
  let given: GivenChecksum | undefined
  for (const algorithm of checksumAlgorithms) {
    const name = checksumHeader[algorithm]
    const value = headers[name]
    if (value === undefined) continue
    if (given !== undefined) {
      throw new S3Error(
        'InvalidRequest',
        {},
        'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
      )
    }
    if (typeof value !== 'string' || !isBase64Of(value, checksumBytes[algorithm])) {
      // AWS answers InvalidRequest; Ceph's tests, which other servers are measured by, want BadDigest.
      throw new S3Error('BadDigest', {}, `Value for ${name} header is invalid.`)
    }
    given = { algorithm, value }
  }
  return given
}

/**
 * Reads `Content-MD5`. @returns it, in base64
 * @throws S3Error InvalidDigest where it is no base64 of 16 bytes
 */
export const readContentMd5 = (value: string | undefined): string | undefined => {
  if (value === undefined) return undefined
  if (!isBase64Of(value, 16)) throw new S3Error('InvalidDigest', { 'Content-MD5': value })
  return value
}

/** @throws S3Error BadDigest where the checksum of what came is another than the one given */
export const requireChecksum = (given: GivenChecksum, computed: string): void => {
  if (given.value === computed) return
  throw new S3Error(
    'BadDigest',
    {},
    `The ${given.algorithm} you specified did not match the calculated checksum.`,
  )
}
