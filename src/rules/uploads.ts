/** Multipart uploads: which parts make an object, its ETag, and which checksums it may have. Pure. */
import { type ChecksumAlgorithm, type ChecksumType, checksumTypes } from '../model/checksums.ts'
import { S3Error } from '../model/errors.ts'
import { limits } from '../model/limits.ts'

export interface ChecksumChoice {
  readonly algorithm: ChecksumAlgorithm
  readonly type: ChecksumType
}

/** What S3 computes for an upload whose client chose nothing. */
export const defaultChecksum: ChecksumChoice = Object.freeze({
  algorithm: 'CRC64NVME',
  type: 'FULL_OBJECT',
})

/** The algorithm of this name, in any case. Throws InvalidRequest for one that S3 does not know. */
export function requireAlgorithm(written: string): ChecksumAlgorithm {
  const name = written.toUpperCase()
  if (!isAlgorithm(name)) {
    throw new S3Error(
      'InvalidRequest',
      {},
      'Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256, SHA512, MD5, XXHASH64, XXHASH3, XXHASH128]',
    )
  }
  return name
}

const isAlgorithm = (name: string): name is ChecksumAlgorithm => Object.hasOwn(checksumTypes, name)

/**
 * What CreateMultipartUpload asks for: `x-amz-checksum-algorithm` with `x-amz-checksum-type`, or undefined when it
 * asks for nothing. Throws InvalidRequest for a pair that S3 does not offer.
 */
export function resolveChecksum(
  algorithm: string | undefined,
  type: string | undefined,
): ChecksumChoice | undefined {
  if (type !== undefined && type !== 'FULL_OBJECT' && type !== 'COMPOSITE') {
    throw new S3Error('InvalidRequest', {}, 'Value for x-amz-checksum-type header is invalid.')
  }
  if (algorithm === undefined) {
    if (type === undefined) return undefined
    throw new S3Error(
      'InvalidRequest',
      {},
      'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
    )
  }
  const name = requireAlgorithm(algorithm)
  const types = checksumTypes[name]
  const chosen = type ?? types[0] ?? 'COMPOSITE'
  if (!types.includes(chosen)) {
    throw new S3Error(
      'InvalidRequest',
      {},
      `The ${chosen} checksum type cannot be used with the ${name.toLowerCase()} checksum algorithm.`,
    )
  }
  return { algorithm: name, type: chosen }
}

/** Throws InvalidArgument unless this is a part's number: 1 to 10,000. */
export function requirePartNumber(number: number, argument = 'partNumber'): void {
  if (
    !Number.isInteger(number) ||
    number < limits.part_number_min ||
    number > limits.part_number_max
  ) {
    throw new S3Error(
      'InvalidArgument',
      { ArgumentName: argument, ArgumentValue: String(number) },
      'Part number must be an integer between 1 and 10000, inclusive',
    )
  }
}

/** A part as CompleteMultipartUpload names it. The ETag without quotes. */
export interface ListedPart {
  readonly number: number
  readonly etag: string
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: string } | undefined
}

/** A part as it was received. */
export interface StoredPart {
  /** Bytes. */
  readonly size: number
  readonly etag: string
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: string } | undefined
}

/**
 * The parts that a client lists, one for each number: of several with one number the last counts, which is the one that
 * was sent last. Throws MalformedXML for an empty list, InvalidPartOrder unless the numbers ascend.
 */
export function requirePartOrder<P extends { readonly number: number }>(
  listed: readonly P[],
  uploadId: string,
): readonly P[] {
  if (listed.length === 0) throw new S3Error('MalformedXML')
  let before = 0
  for (const { number } of listed) {
    requirePartNumber(number, 'PartNumber')
    if (number < before) throw new S3Error('InvalidPartOrder', { UploadId: uploadId })
    before = number
  }
  return listed.filter((part, index) => part.number !== listed[index + 1]?.number)
}

/**
 * The parts that make the object, in order. Throws as {@link requirePartOrder}; InvalidPart for a part that was not
 * received or is another one; EntityTooSmall for a part under 5 MiB that is not the last. Checksums of parts may be left
 * out, which AWS refuses for composite ones: clients (and s3-tests) do leave them out, and ours are verified anyway.
 * `bytesMin` is the 5 MiB, as an argument for tests.
 */
export function matchParts<P extends StoredPart>(
  written: readonly ListedPart[],
  stored: (number: number) => P | undefined,
  uploadId: string,
  bytesMin: number = limits.part_bytes_min,
): P[] {
  const listed = requirePartOrder(written, uploadId)
  const parts: P[] = []
  for (const part of listed) {
    const found = stored(part.number)
    if (found === undefined || found.etag !== part.etag || !sameChecksum(part, found)) {
      throw new S3Error('InvalidPart', {
        UploadId: uploadId,
        PartNumber: part.number,
        ETag: part.etag,
      })
    }
    parts.push(found)
  }
  requirePartSizes(listed, parts, bytesMin)
  return parts
}

function sameChecksum(listed: ListedPart, stored: StoredPart): boolean {
  const { checksum } = listed
  return (
    checksum === undefined ||
    (checksum.algorithm === stored.checksum?.algorithm && checksum.value === stored.checksum.value)
  )
}

function requirePartSizes(
  listed: readonly ListedPart[],
  parts: readonly StoredPart[],
  bytesMin: number,
): void {
  for (let i = 0; i < parts.length - 1; i++) {
    const size = parts[i]?.size ?? 0
    if (size < bytesMin) {
      throw new S3Error('EntityTooSmall', {
        ProposedSize: size,
        MinSizeAllowed: bytesMin,
        PartNumber: listed[i]?.number ?? 0,
        ETag: listed[i]?.etag ?? '',
      })
    }
  }
}

/** Throws InvalidRequest unless the object has the size that `x-amz-mp-object-size` announced. */
export function requireObjectSize(announced: number | undefined, size: number): void {
  if (announced !== undefined && announced !== size) {
    throw new S3Error(
      'InvalidRequest',
      {},
      `The provided 'x-amz-mp-object-size' header value ${announced} does not match what was computed: ${size}`,
    )
  }
}

/**
 * Throws BadDigest unless the whole has the checksum that the client announced for it: a composite one with the count of
 * its parts or without, as AWS takes both and MinIO's clients never send the count.
 */
export function requireObjectChecksum(
  announced: { readonly algorithm: ChecksumAlgorithm; readonly value: string } | undefined,
  computed: { readonly algorithm: ChecksumAlgorithm; readonly value: string } | undefined,
): void {
  if (announced === undefined) return
  const counted = computed?.value.indexOf('-') ?? -1
  const bare = counted < 0 ? computed?.value : computed?.value.slice(0, counted)
  const same = announced.value === computed?.value || announced.value === bare
  if (announced.algorithm !== computed?.algorithm || !same) {
    throw new S3Error(
      'BadDigest',
      {},
      `The ${announced.algorithm} you specified did not match the calculated checksum.`,
    )
  }
}

/**
 * The ETag of an object made of parts: the MD5 of their MD5s, and how many they are. `md5s` are the parts' ETags in
 * hex; `md5` yields hex.
 */
export function completedEtag(md5s: readonly string[], md5: (bytes: Uint8Array) => string): string {
  return `${md5(Buffer.from(md5s.join(''), 'hex'))}-${md5s.length}`
}

/** The composite checksum: the digest of the parts' digests, and how many they are. All are base64. */
export function compositeChecksum(
  values: readonly string[],
  digest: (bytes: Uint8Array) => string,
): string {
  const bytes = Buffer.concat(values.map(value => Buffer.from(value, 'base64')))
  return `${digest(bytes)}-${values.length}`
}
