// Decodes aws-chunked bodies as they come in: sizes, signatures, trailers. Bytes are handed on at once; a bad chunk
// throws at its end, so whoever takes the bytes commits nothing before `end()` has returned.

import { createHash, type Hash, hash } from 'node:crypto'
import { S3Error } from '../../model/errors.ts'
import { limits } from '../../model/limits.ts'
import { emptySha256 } from '../auth/payload.ts'
import type { ChunkSigner } from '../auth/verified.ts'
import { SignatureChain } from './signature.ts'
import { checkTrailers, readTrailerLine, trailerSignature } from './trailer.ts'

export interface ChunkedBody {
  /** `x-amz-decoded-content-length`, in bytes. */
  readonly decodedLength: number
  /** The announced trailers, from `announcedTrailers`; `undefined` for the kinds of body that have none. */
  readonly trailers: readonly string[] | undefined
  /** Continues the request's signature; `undefined` for unsigned chunks. */
  readonly signer: ChunkSigner | undefined
}

type State = 'header' | 'data' | 'data-end' | 'trailer' | 'done'
const carriageReturn = 0x0d
const lineFeed = 0x0a
const nothing: Buffer[] = []

const incomplete = (message?: string) => new S3Error('IncompleteBody', {}, message)

/**
 * Reads `x-amz-decoded-content-length`.
 * @throws S3Error MissingContentLength where it is absent, InvalidArgument where it is no length
 */
export const readDecodedLength = (header: string | undefined): number => {
  if (header === undefined || header === '') throw new S3Error('MissingContentLength')
  const length = /^\d{1,15}$/.test(header) ? Number(header) : -1
  if (length < 0) {
    throw new S3Error(
      'InvalidArgument',
      { ArgumentName: 'x-amz-decoded-content-length', ArgumentValue: header },
      'The value of x-amz-decoded-content-length is not a length.',
    )
  }
  return length
}

/** Push parser of one aws-chunked body. */
export class ChunkDecoder {
  readonly #body: ChunkedBody
  readonly #chain: SignatureChain | undefined
  readonly #trailers = new Map<string, string>()
  #state: State = 'header'
  #line = ''
  #lineLimit: number = limits.chunk_header_bytes_max
  #left = 0
  #decoded = 0
  #chunk = 0
  #shortChunk = 0
  #signature = ''
  #hash: Hash | undefined
  #chunkHash = emptySha256
  #trailerText = ''
  #trailerSignature = ''

  constructor(body: ChunkedBody) {
    this.#body = body
    this.#chain = body.signer === undefined ? undefined : new SignatureChain(body.signer)
  }

  /**
   * Takes bytes of the body. @returns views of the decoded ones among them
   * @throws S3Error SignatureDoesNotMatch, IncompleteBody, InvalidChunkSizeError, MalformedTrailerError
   */
  write(input: Buffer): Buffer[] {
    let out = nothing
    let at = 0
    while (at < input.length) {
      if (this.#state === 'data') {
        const end = Math.min(input.length, at + this.#left)
        const part = at === 0 && end === input.length ? input : input.subarray(at, end)
        at = end
        if (out === nothing) out = []
        out.push(part)
        this.#take(part)
      } else if (this.#state === 'done') {
        throw new S3Error('InvalidRequest', {}, 'There are bytes behind the end of the body.')
      } else at = this.#readLine(input, at)
    }
    return out
  }

  /**
   * The body is over. @returns the trailers, names in lower case; their checksums are not compared here
   * @throws S3Error IncompleteBody, MalformedTrailerError, InvalidRequest
   */
  end(): ReadonlyMap<string, string> {
    if (this.#state !== 'done') throw incomplete()
    if (this.#decoded !== this.#body.decodedLength) throw incomplete()
    return this.#trailers
  }

  #take(part: Buffer): void {
    this.#left -= part.length
    if (this.#chain !== undefined) {
      if (this.#left === 0 && this.#hash === undefined)
        this.#chunkHash = hash('sha256', part, 'hex')
      else {
        this.#hash ??= createHash('sha256')
        this.#hash.update(part)
      }
    }
    if (this.#left > 0) return
    if (this.#hash !== undefined) {
      this.#chunkHash = this.#hash.digest('hex')
      this.#hash = undefined
    }
    this.#verifyChunk()
    this.#state = 'data-end'
    this.#lineLimit = 0
  }

  #verifyChunk(): void {
    if (this.#chain === undefined) return
    if (!this.#chain.verifyChunk(this.#chunkHash, this.#signature)) {
      throw new S3Error('SignatureDoesNotMatch')
    }
  }

  /** Collects bytes up to CRLF, then acts on the line. @returns where to go on */
  #readLine(input: Buffer, from: number): number {
    const feed = input.indexOf(lineFeed, from)
    const end = feed < 0 ? input.length : feed
    if (this.#line.length + end - from > this.#lineLimit + 1) this.#badLine()
    this.#line += input.toString('latin1', from, end)
    if (feed < 0) return end
    const line = this.#line
    this.#line = ''
    if (line.charCodeAt(line.length - 1) !== carriageReturn) this.#badLine()
    this.#readWholeLine(line.slice(0, -1))
    return feed + 1
  }

  #badLine(): never {
    if (this.#state === 'trailer') throw new S3Error('MalformedTrailerError')
    throw incomplete('A chunk of the body is not framed as aws-chunked requires.')
  }

  #readWholeLine(line: string): void {
    if (this.#state === 'header') this.#readHeader(line)
    else if (this.#state === 'trailer') this.#readTrailer(line)
    else {
      if (line !== '') this.#badLine()
      this.#state = 'header'
      this.#lineLimit = limits.chunk_header_bytes_max
    }
  }

  #readHeader(line: string): void {
    const semicolon = line.indexOf(';')
    const text = semicolon < 0 ? line : line.slice(0, semicolon)
    const size = /^[0-9a-fA-F]{1,12}$/.test(text) ? Number.parseInt(text, 16) : -1
    if (size < 0) throw this.#badSize(text)
    this.#signature = ''
    if (this.#chain !== undefined) {
      const extension = line.slice(text.length)
      if (!extension.startsWith(';chunk-signature=')) throw new S3Error('SignatureDoesNotMatch')
      this.#signature = extension.slice(17)
    }
    this.#chunk++
    if (size === 0) {
      this.#lastChunk()
      return
    }
    if (this.#shortChunk > 0) throw this.#badSize(String(this.#shortChunk))
    if (this.#chain !== undefined && size < limits.chunk_bytes_min) this.#shortChunk = size
    this.#decoded += size
    if (this.#decoded > this.#body.decodedLength) throw incomplete()
    this.#left = size
    this.#state = 'data'
  }

  #badSize(text: string): S3Error {
    const shown = text.slice(0, 32)
    return new S3Error('InvalidChunkSizeError', { Chunk: this.#chunk, BadChunkSize: shown })
  }

  #lastChunk(): void {
    if (this.#decoded !== this.#body.decodedLength) throw incomplete()
    this.#chunkHash = emptySha256
    this.#verifyChunk()
    this.#state = 'trailer'
    this.#lineLimit = limits.trailer_bytes_max
  }

  #readTrailer(line: string): void {
    if (line === '') {
      this.#endTrailers()
      return
    }
    if (this.#body.trailers === undefined) throw new S3Error('MalformedTrailerError')
    this.#lineLimit -= Math.min(line.length + 2, this.#lineLimit)
    const [name, value] = readTrailerLine(line)
    if (name === trailerSignature && this.#trailerSignature === '') {
      this.#trailerSignature = value
      return
    }
    // Whatever stands behind the signature is not covered by it.
    if (this.#trailers.has(name) || this.#trailerSignature !== '') {
      throw new S3Error('MalformedTrailerError')
    }
    this.#trailers.set(name, value)
    this.#trailerText += `${name}:${value}\n`
  }

  #endTrailers(): void {
    checkTrailers(this.#trailers, this.#body.trailers ?? [])
    if (this.#chain !== undefined && this.#body.trailers !== undefined) {
      const digest = hash('sha256', Buffer.from(this.#trailerText, 'latin1'), 'hex')
      if (!this.#chain.verifyTrailer(digest, this.#trailerSignature)) {
        throw new S3Error('SignatureDoesNotMatch')
      }
    }
    this.#state = 'done'
  }
}
