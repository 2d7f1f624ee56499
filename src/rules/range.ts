/** Byte ranges: which bytes of an object a `Range` header, or the range of a copy's source, means. Pure. */
import { S3Error } from '../model/errors.ts'
import { limits } from '../model/limits.ts'

/** Inclusive start, exclusive end, in bytes. */
export interface Range {
  readonly start: number
  readonly end: number
}

const single = /^bytes=(\d*)-(\d*)$/i
const strict = /^bytes=(\d+)-(\d+)$/

/**
 * The bytes that a `Range` header means in an object of `size` bytes. Undefined: the whole object, because the header
 * is one that S3 does not understand (another unit, several ranges, an end before its start). Throws InvalidRange
 * where no byte of the object lies in the range.
 */
export function resolveRange(header: string, size: number): Range | undefined {
  const found = single.exec(header.trim())
  if (found === null) return undefined
  const [, first = '', last = ''] = found
  if (first === '') {
    if (last === '') return undefined
    const length = Math.min(Number(last), size)
    if (length === 0) throw unsatisfiable(header, size)
    return { start: size - length, end: size }
  }
  const start = Number(first)
  if (last !== '' && Number(last) < start) return undefined
  if (start >= size) throw unsatisfiable(header, size)
  return { start, end: last === '' ? size : Math.min(Number(last) + 1, size) }
}

const unsatisfiable = (header: string, size: number): S3Error =>
  new S3Error('InvalidRange', { RangeRequested: header, ActualObjectSize: size })

/** Throws InvalidRequest when a read names a part and a range: S3 takes one of them. */
export function requireRangeOrPart(range: string | undefined, part: number | undefined): void {
  if (range !== undefined && part !== undefined) {
    throw new S3Error(
      'InvalidRequest',
      {},
      'Cannot specify both Range header and partNumber query parameter',
    )
  }
}

/**
 * The bytes that `x-amz-copy-source-range` means, whatever the size of the source. Both ends must be there. Throws
 * InvalidArgument for any other form.
 */
export function parseSourceRange(header: string): Range {
  const found = strict.exec(header)
  const start = Number(found?.[1])
  const end = Number(found?.[2]) + 1
  if (found === null || end <= start || !Number.isSafeInteger(end)) {
    throw new S3Error(
      'InvalidArgument',
      { ArgumentName: 'x-amz-copy-source-range', ArgumentValue: header },
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
    )
  }
  return { start, end }
}

/** Throws InvalidRange unless the source of a copy has every byte of the range. */
export function requireSourceRange(range: Range, size: number): void {
  if (range.end > size) {
    throw new S3Error('InvalidRange', {
      RangeRequested: `bytes=${range.start}-${range.end - 1}`,
      ActualObjectSize: size,
    })
  }
}

/** Throws InvalidRequest where one copy would take more bytes than S3 copies at once; larger ones go in parts. */
export function requireCopySize(bytes: number): void {
  const most = limits.put_bytes_max
  if (bytes > most) {
    const sentence = `The specified copy source is larger than the maximum allowable size for a copy source: ${most}`
    throw new S3Error('InvalidRequest', {}, sentence)
  }
}
