/** Tags of objects and buckets: read from a header, and held to S3's rules. Pure. */
import { S3Error } from '../model/errors.ts'
import { limits } from '../model/limits.ts'

export interface Tag {
  readonly Key: string
  readonly Value: string
}

// Letters, digits and spaces of any script, and + - = . _ : / @.
const allowed = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u

/** Whether a key may come again with another value, as Ceph lets it; AWS does not. */
export type TagKeys = 'once' | 'repeated'

/** Tags without a `Key` or a `Value` in the XML are no tags. */
export interface WrittenTag {
  readonly Key?: string | undefined
  readonly Value?: string | undefined
}

/**
 * The tags of the `x-amz-tagging` header, which has the form of a query string, in the order of their keys. Throws
 * InvalidArgument when it is not encoded as one, InvalidTag when a rule of tags is broken.
 */
export function parseTagging(header: string, keys: TagKeys = 'once'): readonly Tag[] {
  const written: Tag[] = []
  for (const field of header.split('&')) {
    if (field === '') continue
    const equals = field.indexOf('=')
    const key = equals < 0 ? field : field.slice(0, equals)
    const value = equals < 0 ? '' : field.slice(equals + 1)
    written.push({ Key: decode(key, header), Value: decode(value, header) })
  }
  return requireTags(written, limits.object_tags_max, keys)
}

function decode(text: string, header: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw new S3Error(
      'InvalidArgument',
      { ArgumentName: 'x-amz-tagging', ArgumentValue: header },
      "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
    )
  }
}

/**
 * Tags as they are kept: complete and in the order of their keys, so that they are answered in one order however they
 * came. `most` is how many there may be. Throws InvalidTag, or MalformedXML where a key or value is missing.
 */
export function requireTags(
  written: readonly WrittenTag[],
  most: number,
  keys: TagKeys = 'once',
): readonly Tag[] {
  if (written.length > most) {
    const what = most === limits.object_tags_max ? 'Object' : 'Bucket'
    throw new S3Error('InvalidTag', {}, `${what} tags cannot be greater than ${most}`)
  }
  const seen = new Set<string>()
  const tags: Tag[] = []
  for (const { Key, Value } of written) {
    if (Key === undefined || Value === undefined) throw new S3Error('MalformedXML')
    requireTag(Key, Value)
    const what = keys === 'once' ? Key : `${Key}=${Value}`
    if (seen.has(what)) {
      throw new S3Error(
        'InvalidTag',
        { TagKey: Key },
        'Cannot provide multiple Tags with the same key',
      )
    }
    seen.add(what)
    tags.push({ Key, Value })
  }
  return tags.sort((a, b) => (a.Key < b.Key ? -1 : 1))
}

function requireTag(key: string, value: string): void {
  if (key === '' || key.length > limits.tag_key_chars_max || !allowed.test(key)) {
    throw new S3Error('InvalidTag', { TagKey: key }, 'The TagKey you have provided is invalid')
  }
  if (value.length > limits.tag_value_chars_max || !allowed.test(value)) {
    throw new S3Error(
      'InvalidTag',
      { TagKey: key, TagValue: value },
      'The TagValue you have provided is invalid',
    )
  }
  if (key.slice(0, 4).toLowerCase() === 'aws:') {
    throw new S3Error(
      'InvalidTag',
      { TagKey: key },
      'System tags cannot be added/updated by requester',
    )
  }
}
