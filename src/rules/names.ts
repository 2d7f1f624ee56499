/** Which names a bucket and an object may have. Pure. */
import { S3Error } from '../model/errors.ts'
import { limits } from '../model/limits.ts'

// Labels of lower-case letters, digits and hyphens, joined by single dots, that begin and end with a letter or digit:
// what a host name allows, since every bucket name may stand in one.
const shape = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/
const address = /^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$/
/** Names that mean something else on AWS: aliases of access points, directory and table buckets, its own examples. */
const reservedPrefixes = ['xn--', 'sthree-', 'amzn-s3-demo-']
const reservedSuffixes = ['-s3alias', '--ol-s3', '.mrap', '--x-s3', '--table-s3']

const shortName = /^[a-z0-9]{1,2}$/

/** Whether S3 lets a general purpose bucket have this name. */
export function isBucketName(name: string): boolean {
  return (
    name.length >= limits.bucket_name_chars_min &&
    name.length <= limits.bucket_name_chars_max &&
    shape.test(name) &&
    !address.test(name) &&
    !reservedPrefixes.some(prefix => name.startsWith(prefix)) &&
    !reservedSuffixes.some(suffix => name.endsWith(suffix))
  )
}

/**
 * Whether a bucket of this name can be there. Whoever declares one in the configuration may call it `a`: S3's least of
 * three characters is there for names that the world shares.
 */
export const isPossibleBucket = (name: string): boolean =>
  isBucketName(name) || shortName.test(name)

/** Throws InvalidBucketName unless S3 lets a bucket have this name. */
export function requireBucketName(name: string): void {
  if (!isBucketName(name)) throw new S3Error('InvalidBucketName', { BucketName: name })
}

/**
 * Throws unless an object may have this key: any text of 1 to 1,024 bytes of UTF-8 but NUL (InvalidURI for text that
 * has no UTF-8, KeyTooLongError, InvalidArgument).
 */
export function requireKey(key: string): void {
  // A UTF-16 unit is at most three bytes of UTF-8, so most keys need not be measured.
  if (key.length * 3 > limits.key_bytes_max) {
    const size = Buffer.byteLength(key)
    if (size > limits.key_bytes_max) {
      throw new S3Error('KeyTooLongError', { Size: size, MaxSizeAllowed: limits.key_bytes_max })
    }
  }
  if (key.length === 0) {
    throw new S3Error('InvalidArgument', { ArgumentName: 'key' }, 'A key must not be empty.')
  }
  if (key.includes('\0')) {
    throw new S3Error('InvalidArgument', { ArgumentName: 'key' }, 'A key must not contain NUL.')
  }
  if (!key.isWellFormed()) throw new S3Error('InvalidURI')
}
