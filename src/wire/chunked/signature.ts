// The signatures of aws-chunked bodies: each chunk's rests on the one before. Source: Amazon S3 API reference,
// "Transferring payload in multiple chunks (chunked upload)", and "… including trailing headers".

import { sameSecret } from '../auth/compare.ts'
import { hmacHex } from '../auth/keys.ts'
import { emptySha256 } from '../auth/payload.ts'
import { signEcdsa, verifyEcdsa } from '../auth/sigv4a.ts'
import type { ChunkSigner } from '../auth/verified.ts'

/** Follows the chain of signatures through a body. */
export class SignatureChain {
  readonly #signer: ChunkSigner
  readonly #start: string
  #previous: string

  constructor(signer: ChunkSigner) {
    this.#signer = signer
    this.#start = signer.kind === 'hmac' ? 'AWS4-HMAC-SHA256' : 'AWS4-ECDSA-P256-SHA256'
    this.#previous = signer.seedSignature
  }

  #text(kind: string, rest: string): string {
    const { timestamp, scope } = this.#signer
    return `${this.#start}-${kind}\n${timestamp}\n${scope}\n${this.#previous}\n${rest}`
  }

  #chunkText(sha256: string): string {
    return this.#text('PAYLOAD', `${emptySha256}\n${sha256}`)
  }

  #verify(text: string, provided: string): boolean {
    // SigV4A's signatures vary in length and are filled up with stars, which are not signed.
    const signature = provided.replace(/\*+$/, '')
    const signer = this.#signer
    const good =
      signer.kind === 'hmac'
        ? sameSecret(hmacHex(signer.key, text), signature)
        : verifyEcdsa(signer.key, text, signature)
    if (good) this.#previous = signature
    return good
  }

  #sign(text: string): string {
    const signer = this.#signer
    this.#previous =
      signer.kind === 'hmac' ? hmacHex(signer.key, text) : signEcdsa(signer.key, text)
    return this.#previous
  }

  /** Whether `signature` is that of the next chunk, whose bytes have this SHA-256 (hex). */
  verifyChunk(sha256: string, signature: string): boolean {
    return this.#verify(this.#chunkText(sha256), signature)
  }

  /** The same for the trailers, whose canonical lines have this SHA-256. */
  verifyTrailer(sha256: string, signature: string): boolean {
    return this.#verify(this.#text('TRAILER', sha256), signature)
  }

  /** Signs the next chunk. */
  signChunk(sha256: string): string {
    return this.#sign(this.#chunkText(sha256))
  }

  /** Signs the trailers. */
  signTrailer(sha256: string): string {
    return this.#sign(this.#text('TRAILER', sha256))
  }
}
