// The trailers of aws-chunked bodies: what was announced, exactly that, once, in its form.

import { S3Error } from '../../model/errors.ts'
import { algorithmOfHeader, checksumBytes, isBase64Of } from '../checksums/algorithms.ts'

export const trailerSignature = 'x-amz-trailer-signature'

/**
 * Reads `x-amz-trailer`.
 * @throws S3Error InvalidRequest where it names anything but a checksum
 */
export const announcedTrailers = (header: string | undefined): string[] => {
  if (header === undefined || header.trim() === '') return []
  const names = header.split(',').map(name => name.trim().toLowerCase())
  const odd = names.find(name => algorithmOfHeader(name) === undefined)
  if (odd !== undefined || new Set(names).size !== names.length) {
    throw new S3Error(
      'InvalidRequest',
      {},
      'The value specified in the x-amz-trailer header is not supported',
    )
  }
  return names
}

/** Splits one trailer line. @throws S3Error MalformedTrailerError */
export const readTrailerLine = (line: string): [name: string, value: string] => {
  const colon = line.indexOf(':')
  if (colon <= 0) throw new S3Error('MalformedTrailerError')
  return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]
}

/**
 * Checks that the trailers are those announced and hold checksums.
 * @throws S3Error MalformedTrailerError, InvalidRequest (no checksum of its algorithm's length)
 */
export const checkTrailers = (
  trailers: ReadonlyMap<string, string>,
  announced: readonly string[],
): void => {
  if (trailers.size !== announced.length) throw new S3Error('MalformedTrailerError')
  for (const name of announced) {
    const value = trailers.get(name)
    const algorithm = algorithmOfHeader(name)
    if (value === undefined || algorithm === undefined) throw new S3Error('MalformedTrailerError')
    if (!isBase64Of(value, checksumBytes[algorithm])) {
      throw new S3Error('InvalidRequest', {}, `Value for ${name} trailing header is invalid.`)
    }
  }
}
