/** What may be kept beside an object's bytes: user metadata, standard headers, storage class. Pure. */
import { S3Error } from '../model/errors.ts'
import { limits } from '../model/limits.ts'

// RFC 9110's token.
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** A control character would begin another header, or another response, when the value is sent back. Tab may stay. */
function hasControl(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code === 0x7f || (code < 0x20 && code !== 0x09)) return true
  }
  return false
}

/** The storage classes of a general purpose bucket; they are kept and told, the bytes lie where all bytes lie. */
const storageClasses: ReadonlySet<string> = new Set([
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER',
  'DEEP_ARCHIVE',
  'GLACIER_IR',
])

function isLatin1(value: string): boolean {
  for (let i = 0; i < value.length; i++) if (value.charCodeAt(i) > 0xff) return false
  return true
}

/** Throws InvalidArgument if a header of this value could not be sent back as one header. */
export function requireHeaderValue(name: string, value: string): void {
  if (hasControl(value)) {
    throw new S3Error(
      'InvalidArgument',
      { ArgumentName: name },
      'Header values must not contain control characters.',
    )
  }
}

/** Throws InvalidArgument unless this override of an answer's header is one that S3 takes. */
export function requireOverride(name: string, value: string): void {
  requireHeaderValue(name, value)
  if (!isLatin1(value)) {
    throw new S3Error(
      'InvalidArgument',
      { ArgumentName: name },
      'Header value cannot be represented using ISO-8859-1.',
    )
  }
}

/** Throws unless every one of some named values (standard headers, response overrides) can be a header's value. */
export function requireHeaderValues(headers: Readonly<Record<string, string | undefined>>): void {
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined) requireHeaderValue(name, value)
  }
}

/**
 * Throws unless this is user metadata that S3 keeps: names (without prefix) that are tokens, values without control
 * characters, 2 KiB in all (InvalidArgument, MetadataTooLarge).
 */
export function requireMetadata(metadata: Readonly<Record<string, string>>): void {
  let size = 0
  for (const name in metadata) {
    const value = metadata[name] ?? ''
    if (!token.test(name)) {
      throw new S3Error(
        'InvalidArgument',
        { ArgumentName: `x-amz-meta-${name}` },
        'The name of a metadata entry must be a valid header name.',
      )
    }
    requireHeaderValue(`x-amz-meta-${name}`, value)
    size += name.length + Buffer.byteLength(value)
  }
  if (size > limits.metadata_bytes_max) {
    throw new S3Error('MetadataTooLarge', {
      Size: size,
      MaxSizeAllowed: limits.metadata_bytes_max,
    })
  }
}

/** The storage class as it is kept: null for STANDARD. Throws InvalidStorageClass for one that S3 does not know. */
export function requireStorageClass(written: string | undefined): string | null {
  if (written === undefined || written === 'STANDARD') return null
  if (!storageClasses.has(written)) {
    throw new S3Error('InvalidStorageClass', { StorageClassRequested: written })
  }
  return written
}
