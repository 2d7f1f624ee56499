/** Pages of listings: how long they are, where the next one begins, and how names are spelled in them. Pure. */
import { crc32 } from 'node:zlib'
import { S3Error } from '../model/errors.ts'

const integer = /^-?\d+$/
const int32Max = 2_147_483_647

/**
 * Entries of a page: what was asked for (`max-keys`, `max-uploads`, …), at most `most`, which is also the default.
 * Throws InvalidArgument for what is not an integer from 0 to 2,147,483,647.
 */
export function resolveLimit(
  written: string | number | undefined,
  argument: string,
  most: number,
): number {
  if (written === undefined || written === '') return most
  const asked =
    typeof written === 'number' ? written : integer.test(written) ? Number(written) : Number.NaN
  if (!Number.isInteger(asked) || asked < 0 || asked > int32Max) {
    throw new S3Error(
      'InvalidArgument',
      { ArgumentName: argument, ArgumentValue: String(written) },
      `Argument ${argument} must be an integer between 0 and ${int32Max}`,
    )
  }
  return Math.min(asked, most)
}

/** Whether names are to be spelled as in a URL. Throws InvalidArgument for another `encoding-type` than `url`. */
export function resolveEncoding(written: string | undefined): boolean {
  if (written === undefined || written === '') return false
  if (written.toLowerCase() === 'url') return true
  throw new S3Error(
    'InvalidArgument',
    { ArgumentName: 'encoding-type', ArgumentValue: written },
    'Invalid Encoding Method specified in Request',
  )
}

const plain = /^[A-Za-z0-9\-_.~/]*$/
const kept = /[!'()*]/g

/**
 * A name as `encoding-type=url` spells it: UTF-8 in percent signs, all but letters, digits and `-_.~/`. A space is
 * `%20` and a plus `%2B`, which clients that read a plus as a space and clients that do not both decode rightly.
 */
export function urlEncode(name: string): string {
  if (plain.test(name)) return name
  return encodeURIComponent(name)
    .replace(kept, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', '/')
}

const tokenMark = 0x01

/** An opaque token for the page after this key or group. */
export function encodeToken(after: string): string {
  const length = Buffer.byteLength(after)
  const bytes = Buffer.allocUnsafe(5 + length)
  bytes[0] = tokenMark
  bytes.write(after, 5)
  bytes.writeUInt32BE(crc32(bytes.subarray(5), tokenMark), 1)
  return bytes.toString('base64url')
}

/**
 * The key or group after which a page begins; an empty token is the start. Throws InvalidArgument for a token that was
 * not made by {@link encodeToken}. (Its check sum tells a damaged token; it is no secret, as a key is none.)
 */
export function decodeToken(token: string, argument = 'continuation-token'): string {
  if (token === '') return ''
  const bytes = Buffer.from(token, 'base64url')
  if (
    bytes.length < 5 ||
    bytes[0] !== tokenMark ||
    bytes.readUInt32BE(1) !== crc32(bytes.subarray(5), tokenMark) ||
    bytes.toString('base64url') !== token
  ) {
    throw new S3Error(
      'InvalidArgument',
      { ArgumentName: argument },
      'The continuation token provided is incorrect',
    )
  }
  return bytes.toString('utf8', 5)
}

/** What a page ends with: the key of its last entry or its last group; empty for an empty page. */
export function lastName(entries: readonly ({ readonly key: string } | string)[]): string {
  const last = entries.at(-1)
  return last === undefined ? '' : typeof last === 'string' ? last : last.key
}

/** Entries and common prefixes of a page apart, each in order. */
export function splitPage<E>(entries: readonly (E | string)[]): {
  readonly items: E[]
  readonly prefixes: string[]
} {
  const items: E[] = []
  const prefixes: string[] = []
  for (const entry of entries) {
    if (typeof entry === 'string') prefixes.push(entry)
    else items.push(entry)
  }
  return { items, prefixes }
}
