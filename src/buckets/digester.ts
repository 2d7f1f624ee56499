/** Digests of bytes that are already here: for copies, appends and completed uploads. */
import type { ChecksumAlgorithm } from '../model/checksums.ts'
import type { Digests, Received } from '../ports/keyspace.ts'
import { BodyHasher, hashSmall, hexOfBase64, md5Hex } from '../wire/checksums/body-hasher.ts'
import { combineFull, isCombinable } from '../wire/checksums/combine.ts'
import { hashBytes } from '../wire/checksums/hashers.ts'
import type { Digester } from './core.ts'

export const digester: Digester = {
  async digest(source, algorithms) {
    const hashing = hashed(source, algorithms)
    for await (const _ of hashing.source);
    return hashing.digests()
  },
  async receive(source, { size, algorithms, inlineMax }): Promise<Received> {
    if (size > inlineMax) return { bytes: undefined, ...hashed(source, algorithms) }
    const bytes = await allOf(source)
    const digests = smallDigests(bytes, algorithms)
    return { bytes, source, digests: () => digests }
  },
  digestBytes: hashBytes,
  combine(algorithm, parts) {
    if (!isCombinable(algorithm)) return undefined
    return combineFull(algorithm, parts)
  },
}

async function allOf(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Buffer[] = []
  // A chunk stays as it is only until the next one.
  for await (const chunk of source) chunks.push(Buffer.from(chunk))
  const [first] = chunks
  return first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks)
}

function smallDigests(bytes: Uint8Array, algorithms: readonly ChecksumAlgorithm[]): Digests {
  const checksums = hashSmall(bytes, algorithms)
  return { size: bytes.byteLength, md5: md5Hex(bytes), checksums }
}

/** The same bytes, digested on their way. */
function hashed(
  source: AsyncIterable<Uint8Array>,
  algorithms: readonly ChecksumAlgorithm[],
): { source: AsyncIterable<Uint8Array>; digests(): Digests } {
  const hasher = new BodyHasher(['MD5', ...algorithms])
  let digests: Digests | undefined
  async function* passing() {
    try {
      for await (const chunk of source) {
        const waiting = hasher.update(chunk)
        if (waiting !== undefined) await waiting
        yield chunk
      }
      digests = digestsOf(hasher)
    } finally {
      hasher.close()
    }
  }
  return {
    source: passing(),
    digests() {
      if (digests === undefined) throw new Error('the source has not ended')
      return digests
    },
  }
}

function digestsOf(hasher: BodyHasher): Digests {
  const checksums = hasher.digest()
  return { size: hasher.bytes, md5: hexOfBase64(checksums.MD5 ?? ''), checksums }
}
