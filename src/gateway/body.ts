/** The body of a request: unwrapped, counted and verified while it is read. */
import type { ChecksumAlgorithm } from '../model/checksums.ts'
import { S3Error } from '../model/errors.ts'
import type { Body, Digests, Received } from '../ports/keyspace.ts'
import type { Payload } from '../wire/auth/claim.ts'
import type { ChunkSigner } from '../wire/auth/verified.ts'
import {
  algorithmOfHeader,
  type GivenChecksum,
  readChecksumHeader,
  readContentMd5,
  requireChecksum,
} from '../wire/checksums/algorithms.ts'
import {
  BodyHasher,
  base64OfHex,
  hashSmall,
  hexOfBase64,
  md5Hex,
} from '../wire/checksums/body-hasher.ts'
import { ChunkDecoder, readDecodedLength } from '../wire/chunked/decoder.ts'
import { announcedTrailers } from '../wire/chunked/trailer.ts'
import type { Incoming } from './message.ts'

/** What the client says of the body before it comes. */
interface Promised {
  readonly length: number | undefined
  readonly md5: string | undefined
  readonly sha256: string | undefined
  readonly checksum: GivenChecksum | undefined
  readonly trailers: readonly string[] | undefined
  readonly streaming: boolean
}

export class RequestBody implements Body {
  readonly length: number | undefined
  readonly announced: ChecksumAlgorithm | undefined
  readonly #incoming: Incoming
  readonly #promised: Promised
  readonly #signer: ChunkSigner | undefined
  #taken = false

  /** Throws for headers that contradict each other or are no checksums. Reads nothing. */
  constructor(
    incoming: Incoming,
    sender: { readonly payload: Payload; readonly signer: ChunkSigner | undefined },
    checksums: 'of body' | 'of object',
  ) {
    this.#incoming = incoming
    this.#promised = readPromises(incoming, sender.payload, checksums)
    this.#signer = sender.signer
    this.length = this.#promised.length
    const trailer = this.#promised.trailers?.[0]
    this.announced =
      this.#promised.checksum?.algorithm ??
      (trailer === undefined ? undefined : algorithmOfHeader(trailer))
  }

  /** Whether the client sent a digest of the body that S3 counts as one. */
  get hasDigest(): boolean {
    return this.#promised.md5 !== undefined || this.announced !== undefined
  }

  async receive(algorithms: readonly ChecksumAlgorithm[], inlineMax: number): Promise<Received> {
    if (this.#taken) throw new Error('the body was read before')
    this.#taken = true
    this.#incoming.proceed()
    const wanted = this.#algorithms(algorithms)
    if (this.length !== undefined && this.length <= inlineMax) {
      const bytes = this.#atOnce(this.length) ?? (await this.#whole(this.length))
      const md5 = md5Hex(bytes)
      const checksums = hashSmall(bytes, wanted)
      const digests = { size: bytes.byteLength, md5, checksums }
      this.#verify(digests)
      return { bytes, source: none, digests: () => digests }
    }
    return this.#stream(wanted)
  }

  /** A document of at most so many bytes. */
  async document(bytesMax: number): Promise<Uint8Array> {
    if (this.length !== undefined && this.length > bytesMax) {
      throw new S3Error('MaxMessageLengthExceeded')
    }
    if (this.length !== undefined) {
      const { bytes } = await this.receive([], bytesMax)
      return bytes ?? new Uint8Array(0)
    }
    const { source } = await this.receive([], 0)
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of source) {
      size += chunk.byteLength
      if (size > bytesMax) throw new S3Error('MaxMessageLengthExceeded')
      chunks.push(Buffer.from(chunk))
    }
    return Buffer.concat(chunks)
  }

  /** What the body is digested with beside MD5: what is asked for, and what the client gave a checksum of. */
  #algorithms(asked: readonly ChecksumAlgorithm[]): readonly ChecksumAlgorithm[] {
    const { announced } = this
    const known =
      announced === undefined || asked.includes(announced) ? asked : [...asked, announced]
    if (this.#promised.sha256 === undefined || known.includes('SHA256')) return known
    return [...known, 'SHA256']
  }

  /** All of a body that is here already, as most small ones are: it needs no iterator. */
  #atOnce(length: number): Buffer | undefined {
    if (this.#promised.streaming) return undefined
    if (length === 0) return empty
    const chunk = this.#incoming.whole?.()
    if (chunk === undefined) return undefined
    if (chunk.byteLength !== length) throw new S3Error('IncompleteBody')
    return owned(chunk)
  }

  /** All of a body that says how long it is. */
  async #whole(length: number): Promise<Buffer> {
    const chunks: Buffer[] = []
    let size = 0
    // Plain bodies are most of them: they need no generator between them and the socket.
    const source = this.#promised.streaming ? this.#decoded('kept') : this.#incoming.body
    for await (const chunk of source) {
      size += chunk.byteLength
      chunks.push(chunk)
    }
    if (size !== length) throw new S3Error('IncompleteBody')
    const only = chunks[0]
    return chunks.length === 1 && only !== undefined ? owned(only) : Buffer.concat(chunks)
  }

  #stream(wanted: readonly ChecksumAlgorithm[]): Received {
    const hasher = new BodyHasher(['MD5', ...wanted])
    let digests: Digests | undefined
    const source = this.#hashed(hasher, known => {
      digests = known
    })
    return {
      bytes: undefined,
      source,
      digests() {
        if (digests === undefined) throw new Error('the body has not ended')
        return digests
      },
    }
  }

  async *#hashed(hasher: BodyHasher, done: (digests: Digests) => void) {
    try {
      for await (const chunk of this.#decoded('passed on')) {
        const waiting = hasher.update(chunk)
        if (waiting !== undefined) await waiting
        yield chunk
      }
      if (this.length !== undefined && hasher.bytes !== this.length) {
        throw new S3Error('IncompleteBody')
      }
      const checksums = hasher.digest()
      const digests = { size: hasher.bytes, md5: hexOfBase64(checksums.MD5 ?? ''), checksums }
      this.#verify(digests)
      done(digests)
    } finally {
      hasher.close()
    }
  }

  #trailing: ReadonlyMap<string, string> | undefined

  /** Chunks that are passed on are over when the next one is asked for. */
  async *#decoded(chunks: 'kept' | 'passed on'): AsyncGenerator<Buffer> {
    const { streaming, trailers, length } = this.#promised
    const incoming = this.#incoming
    if (!streaming) {
      for await (const chunk of incoming.body) {
        yield chunk
        if (chunks === 'passed on') incoming.release?.(chunk)
      }
      return
    }
    const decoder = new ChunkDecoder({
      decodedLength: length ?? 0,
      trailers,
      signer: this.#signer,
    })
    for await (const chunk of incoming.body) {
      yield* decoder.write(chunk)
      if (chunks === 'passed on') incoming.release?.(chunk)
    }
    this.#trailing = decoder.end()
  }

  /** Everything that the client said of the bytes must be so. */
  #verify({ size, md5: computed, checksums }: Digests): void {
    const { md5, sha256, checksum } = this.#promised
    const hash = sha256 === undefined ? undefined : hexOfBase64(checksums.SHA256 ?? '')
    if (sha256 !== hash) {
      throw new S3Error('XAmzContentSHA256Mismatch', {
        ClientComputedContentSHA256: sha256 ?? '',
        S3ComputedContentSHA256: hash ?? '',
      })
    }
    if (md5 !== undefined && md5 !== base64OfHex(computed)) {
      throw new S3Error('BadDigest', {
        ExpectedDigest: md5,
        CalculatedDigest: base64OfHex(computed),
        Size: size,
      })
    }
    if (checksum !== undefined) requireChecksum(checksum, checksums[checksum.algorithm] ?? '')
    if (this.#trailing === undefined) return
    for (const [name, value] of this.#trailing) {
      const algorithm = algorithmOfHeader(name)
      if (algorithm !== undefined) requireChecksum({ algorithm, value }, checksums[algorithm] ?? '')
    }
  }
}

const empty = Buffer.alloc(0)
const none: AsyncIterable<Uint8Array> = { async *[Symbol.asyncIterator]() {} }

/** A chunk that is a view of a larger buffer must not keep all of that because of it. */
function owned(chunk: Buffer): Buffer {
  return chunk.byteLength === chunk.buffer.byteLength ? chunk : Buffer.from(chunk)
}

function readPromises(
  { headers }: Incoming,
  payload: Payload,
  checksums: 'of body' | 'of object',
): Promised {
  const streaming = payload.kind === 'streaming'
  const checksum = checksums === 'of body' ? readChecksumHeader(headers) : undefined
  const trailers =
    streaming && payload.trailer ? announcedTrailers(headers['x-amz-trailer']) : undefined
  if (trailers !== undefined && checksum !== undefined && trailers.length > 0) {
    throw new S3Error(
      'InvalidRequest',
      {},
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    )
  }
  return {
    length: streaming
      ? readDecodedLength(headers['x-amz-decoded-content-length'])
      : declaredLength(headers),
    md5: readContentMd5(headers['content-md5']),
    sha256: payload.kind === 'hash' ? payload.sha256 : undefined,
    checksum,
    trailers,
    streaming,
  }
}

/** Undefined: the body is chunked by HTTP. Without either header there is none. */
function declaredLength(headers: Incoming['headers']): number | undefined {
  const text = headers['content-length']
  if (text !== undefined) return Number(text)
  return headers['transfer-encoding'] === undefined ? 0 : undefined
}
