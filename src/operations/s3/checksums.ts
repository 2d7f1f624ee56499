/** Checksums between S3's shapes, which have a member for each algorithm, and the Keyspace, which has one value. */

import { type ChecksumAlgorithm, checksumAlgorithms } from '../../model/checksums.ts'
import { S3Error } from '../../model/errors.ts'
import type { Checksum } from '../../ports/keyspace.ts'

type ChecksumField = `Checksum${ChecksumAlgorithm}`

/** The members of an input that hold a checksum. */
export type WrittenChecksums = { readonly [Field in ChecksumField]?: string | undefined }

/** The members of an output that tell a checksum, while they are being set. */
export type ToldChecksums = { [Field in ChecksumField]?: string | undefined } & {
  ChecksumType?: string | undefined
}

const fieldOf: Readonly<Record<ChecksumAlgorithm, ChecksumField>> = {
  CRC32: 'ChecksumCRC32',
  CRC32C: 'ChecksumCRC32C',
  CRC64NVME: 'ChecksumCRC64NVME',
  SHA1: 'ChecksumSHA1',
  SHA256: 'ChecksumSHA256',
  SHA512: 'ChecksumSHA512',
  MD5: 'ChecksumMD5',
  XXHASH64: 'ChecksumXXHASH64',
  XXHASH3: 'ChecksumXXHASH3',
  XXHASH128: 'ChecksumXXHASH128',
}

/** Sets the value's own member of an output, without saying of what type it is. */
export function tellValue(
  output: ToldChecksums,
  algorithm: ChecksumAlgorithm,
  value: string,
): void {
  output[fieldOf[algorithm]] = value
}

/** Sets the members of an output that tell this checksum, if there is one. */
export function tellChecksum(output: ToldChecksums, checksum: Checksum | undefined): void {
  if (checksum === undefined) return
  output[fieldOf[checksum.algorithm]] = checksum.value
  output.ChecksumType = checksum.type
}

/** The one checksum that an input names, if any. Throws InvalidRequest when it names several. */
export function writtenChecksum(
  input: WrittenChecksums,
): { readonly algorithm: ChecksumAlgorithm; readonly value: string } | undefined {
  let found: { algorithm: ChecksumAlgorithm; value: string } | undefined
  for (const algorithm of checksumAlgorithms) {
    const value = input[fieldOf[algorithm]]
    if (value === undefined) continue
    if (found !== undefined) {
      throw new S3Error(
        'InvalidRequest',
        {},
        'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
      )
    }
    found = { algorithm, value }
  }
  return found
}
