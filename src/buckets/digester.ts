/** Digests of bytes that are already here: for copies, appends and completed uploads. */
import type { ChecksumAlgorithm } from '../model/checksums.ts'
import type { Digests, Received } from '../ports/keyspace.ts'
import { BodyHasher, hexOfBase64 } from '../wire/checksums/body-hasher.ts'
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
    const hashing = hashed(source, algorithms)
    if (size > inlineMax) return { bytes: undefined, ...hashing }
    const chunks: Uint8Array[] = []
    for await (const chunk of hashing.source) chunks.push(Buffer.from(chunk))
    return { bytes: Buffer.concat(chunks), ...hashing }
  },
  digestBytes: hashBytes,
  combine(algorithm, parts) {
    if (!isCombinable(algorithm)) return undefined
    return combineFull(algorithm, parts)
  },
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
