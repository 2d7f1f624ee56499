// Bodies in aws-chunked form, signed by either algorithm or not at all, right or deliberately wrong.

import { hash } from 'node:crypto'
import { signingKey } from '../src/wire/auth/keys.ts'
import { ecdsaKey } from '../src/wire/auth/sigv4a.ts'
import type { ChunkSigner } from '../src/wire/auth/verified.ts'
import { SignatureChain } from '../src/wire/chunked/signature.ts'
import type { Answer, Client, Headers } from './client.ts'

export const streamingKinds = {
  signed: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  signedTrailer: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
  unsignedTrailer: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  ecdsa: 'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD',
  ecdsaTrailer: 'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER',
} as const

export interface Piece {
  readonly data: Buffer
  readonly signature: string
}

export interface Streaming {
  readonly target: string
  readonly method?: string
  readonly payload: string
  readonly chunks: readonly Buffer[]
  readonly headers?: Headers
  /** Trailers: `[name, value]`. */
  readonly trailers?: readonly (readonly [string, string])[]
  /** What `x-amz-trailer` says; the trailers' names by default. */
  readonly announced?: string
  readonly decodedLength?: number | string
  readonly secret?: string
  /** Changes the signed pieces before they are sent. The last one is the empty chunk. */
  readonly edit?: (pieces: Piece[]) => Piece[]
}

/** Sends a streaming upload. */
export async function stream(client: Client, upload: Streaming): Promise<Answer> {
  const { target, method = 'PUT', payload, chunks, trailers } = upload
  const ecdsa = payload.includes('ECDSA')
  const total = chunks.reduce((sum, { length }) => sum + length, 0)
  const announced = upload.announced ?? trailers?.map(([name]) => name).join(',')
  const now = Date.now()
  const headers = client.sign({
    method,
    target,
    payload,
    now,
    ecdsa,
    ...(upload.secret === undefined ? {} : { secret: upload.secret }),
    headers: {
      'content-encoding': 'aws-chunked',
      'x-amz-decoded-content-length': String(upload.decodedLength ?? total),
      ...(announced === undefined ? {} : { 'x-amz-trailer': announced }),
      ...upload.headers,
    },
  })
  const chain = payload.includes('UNSIGNED') ? undefined : chainOf(client, headers, ecdsa)
  const signed = [...chunks, Buffer.alloc(0)].map(data => ({
    data,
    signature: chain?.signChunk(hash('sha256', data, 'hex')) ?? '',
  }))
  const pieces = upload.edit?.(signed) ?? signed
  const parts: Buffer[] = []
  for (const { data, signature } of pieces) {
    const extension = chain === undefined ? '' : `;chunk-signature=${signature}`
    parts.push(Buffer.from(`${data.length.toString(16)}${extension}\r\n`, 'latin1'), data)
    if (data.length > 0) parts.push(Buffer.from('\r\n'))
  }
  if (trailers !== undefined) parts.push(Buffer.from(trailerText(trailers, chain)))
  parts.push(Buffer.from('\r\n'))
  return await client.plain({ method, target, headers, body: Buffer.concat(parts) })
}

function trailerText(
  trailers: readonly (readonly [string, string])[],
  chain: SignatureChain | undefined,
): string {
  const lines = trailers.map(([name, value]) => `${name}:${value}`)
  const text = lines.map(line => `${line}\r\n`).join('')
  if (chain === undefined) return text
  const canonical = lines.map(line => `${line}\n`).join('')
  return `${text}x-amz-trailer-signature:${chain.signTrailer(hash('sha256', canonical, 'hex'))}\r\n`
}

function chainOf(client: Client, headers: Headers, ecdsa: boolean): SignatureChain {
  const { accessKeyId, secret, region } = client
  const timestamp = headers['x-amz-date'] ?? ''
  const date = timestamp.slice(0, 8)
  const seedSignature = /Signature=([0-9a-f]+)/.exec(headers['authorization'] ?? '')?.[1] ?? ''
  const signer: ChunkSigner = ecdsa
    ? {
        kind: 'ecdsa',
        key: ecdsaKey(accessKeyId, secret),
        timestamp,
        scope: `${date}/s3/aws4_request`,
        seedSignature,
      }
    : {
        kind: 'hmac',
        key: signingKey({ accessKeyId, secret, date, region, service: 's3' }),
        timestamp,
        scope: `${date}/${region}/s3/aws4_request`,
        seedSignature,
      }
  return new SignatureChain(signer)
}
