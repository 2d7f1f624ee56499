/** The greatest body of one request. */
import { S3Error } from '../../model/errors.ts'
import type { Body } from '../../ports/keyspace.ts'

function tooLarge(size: number, most: number): S3Error {
  return new S3Error('EntityTooLarge', { ProposedSize: size, MaxSizeAllowed: most })
}

/**
 * The body, of at most `most` bytes. Throws EntityTooLarge when it says that it is longer; one that does not say its
 * length is counted, and its source throws that as soon as it is too long.
 */
export function bodyUpTo(body: Body, most: number): Body {
  const { length, announced } = body
  if (length !== undefined) {
    if (length > most) throw tooLarge(length, most)
    return body
  }
  return {
    length,
    announced,
    async receive(algorithms, inlineMax) {
      const received = await body.receive(algorithms, inlineMax)
      const { bytes, source } = received
      if (bytes !== undefined && bytes.byteLength > most) throw tooLarge(bytes.byteLength, most)
      return { bytes, source: counted(source, most), digests: () => received.digests() }
    },
  }
}

async function* counted(source: AsyncIterable<Uint8Array>, most: number) {
  let size = 0
  for await (const chunk of source) {
    size += chunk.byteLength
    if (size > most) throw tooLarge(size, most)
    yield chunk
  }
}
