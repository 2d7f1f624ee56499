// aws-chunked bodies: AWS's examples, any cut, and rows 4 to 8 of 5b.

import assert from 'node:assert/strict'
import { hash, randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type ErrorCode, S3Error } from '../../model/errors.ts'
import { deriveSigningKey } from '../auth/keys.ts'
import { ecdsaKey } from '../auth/sigv4a.ts'
import type { ChunkSigner } from '../auth/verified.ts'
import { hashBytes } from '../checksums/hashers.ts'
import { ChunkDecoder, type ChunkedBody, readDecodedLength } from './decoder.ts'
import { SignatureChain } from './signature.ts'
import { announcedTrailers } from './trailer.ts'

const sha256 = (bytes: Buffer) => hash('sha256', bytes, 'hex')
const owner = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
}
const chain = { timestamp: '20130524T000000Z', scope: '20130524/us-east-1/s3/aws4_request' }
const hmac: ChunkSigner = {
  ...chain,
  kind: 'hmac',
  key: deriveSigningKey({ ...owner, date: '20130524', region: 'us-east-1', service: 's3' }),
  seedSignature: '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
}
const ecdsa: ChunkSigner = {
  ...chain,
  scope: '20130524/s3/aws4_request',
  kind: 'ecdsa',
  key: ecdsaKey(owner.accessKeyId, owner.secret),
  seedSignature: '3045',
}
const crc = 'x-amz-checksum-crc32c'

interface Made {
  readonly chunks: readonly Buffer[]
  readonly signer?: ChunkSigner | undefined
  readonly trailer?: string | undefined
}

/** One frame a chunk, the last one empty, then the trailers. */
const frames = ({ chunks, signer, trailer }: Made): Buffer[] => {
  const signatures = signer === undefined ? undefined : new SignatureChain(signer)
  const frame = (chunk: Buffer): Buffer => {
    const signature = signatures
      ?.signChunk(sha256(chunk))
      .padEnd(signer?.kind === 'ecdsa' ? 144 : 0, '*')
    const extension = signature === undefined ? '' : `;chunk-signature=${signature}`
    const end = chunk.length === 0 ? '' : '\r\n'
    return Buffer.concat([
      Buffer.from(`${chunk.length.toString(16)}${extension}\r\n`),
      chunk,
      Buffer.from(end),
    ])
  }
  const all = [...chunks.map(frame), frame(Buffer.alloc(0))]
  if (trailer === undefined) return [...all, Buffer.from('\r\n')]
  const digest = sha256(Buffer.from(`${crc}:${trailer}\n`))
  const signed =
    signatures === undefined ? '' : `x-amz-trailer-signature:${signatures.signTrailer(digest)}\r\n`
  return [...all, Buffer.from(`${crc}:${trailer}\r\n${signed}\r\n`)]
}

const bodyOf = (made: Made, change: Partial<ChunkedBody> = {}): ChunkedBody => ({
  decodedLength: Buffer.concat(made.chunks).length,
  trailers: made.trailer === undefined ? undefined : [crc],
  signer: made.signer,
  ...change,
})

const decode = (body: ChunkedBody, bytes: Buffer, sizes: readonly number[] = []) => {
  const decoder = new ChunkDecoder(body)
  const out: Buffer[] = []
  let at = 0
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes.length === 0 ? bytes.length : Math.max(1, sizes[i % sizes.length] ?? 1)
    out.push(...decoder.write(bytes.subarray(at, at + size)))
    at += size
  }
  return { trailers: decoder.end(), bytes: Buffer.concat(out) }
}

const refuses = (
  codes: ErrorCode | readonly ErrorCode[],
  body: ChunkedBody,
  bytes: Buffer,
): void => {
  let thrown: unknown
  try {
    decode(body, bytes)
  } catch (error) {
    thrown = error
  }
  assert.ok(thrown instanceof S3Error, `expected ${String(codes)}, got ${String(thrown)}`)
  assert.ok([codes].flat().includes(thrown.code), `${thrown.code} instead of ${String(codes)}`)
}

const chunks = [randomBytes(8192), randomBytes(65536), randomBytes(1000)]
const trailer = hashBytes('CRC32C', Buffer.concat(chunks))
const kinds: readonly (readonly [string, Made])[] = [
  ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', { chunks, trailer }],
  ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', { chunks, signer: hmac }],
  ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', { chunks, signer: hmac, trailer }],
  ['STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD', { chunks, signer: ecdsa }],
  ['STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER', { chunks, signer: ecdsa, trailer }],
]

describe('aws-chunked', () => {
  it("signs as AWS's example", () => {
    const signatures = new SignatureChain(hmac)
    const made = [Buffer.alloc(65536, 'a'), Buffer.alloc(1024, 'a'), Buffer.alloc(0)].map(chunk =>
      signatures.signChunk(sha256(chunk)),
    )
    assert.deepEqual(made, [
      'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
      '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
      'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
    ])
  })

  it("signs trailers as AWS's example", () => {
    const seedSignature = '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e'
    const signatures = new SignatureChain({ ...hmac, seedSignature })
    const made = [Buffer.alloc(65536, 'a'), Buffer.alloc(1024, 'a'), Buffer.alloc(0)].map(chunk =>
      signatures.signChunk(sha256(chunk)),
    )
    assert.deepEqual(made, [
      'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2',
      '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7',
      '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992',
    ])
    const text = Buffer.from('x-amz-checksum-crc32c:sOO8/Q==\n')
    assert.equal(
      signatures.signTrailer(sha256(text)),
      'd81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435',
    )
  })

  for (const [name, made] of kinds) {
    it(`${name}: decodes the same however the body is cut`, () => {
      const bytes = Buffer.concat(frames(made))
      const numRuns = made.signer?.kind === 'ecdsa' ? 20 : 60
      fc.assert(
        fc.property(
          fc.array(
            fc.oneof(fc.integer({ min: 50, max: 100_000 }), fc.integer({ min: 1, max: 60 })),
            { maxLength: 8 },
          ),
          sizes => {
            const decoded = decode(bodyOf(made), bytes, sizes)
            assert.ok(decoded.bytes.equals(Buffer.concat(chunks)))
            assert.deepEqual(
              [...decoded.trailers],
              made.trailer === undefined ? [] : [[crc, trailer]],
            )
          },
        ),
        { numRuns },
      )
      const small: Made = { ...made, chunks: [Buffer.from('hi')] }
      assert.equal(decode(bodyOf(small), Buffer.concat(frames(small)), [1]).bytes.toString(), 'hi')
      const none: Made = { ...made, chunks: [] }
      assert.equal(decode(bodyOf(none), Buffer.concat(frames(none))).bytes.length, 0)
    })

    it(`${name}: refuses any change of a byte, or fails as S3 does`, () => {
      const bytes = Buffer.concat(frames(made))
      fc.assert(
        fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, bits) => {
          const changed = Buffer.from(bytes)
          changed[at] = (changed[at] ?? 0) ^ bits
          let decoded: ReturnType<typeof decode> | undefined
          try {
            decoded = decode(bodyOf(made), changed)
          } catch (error) {
            assert.ok(error instanceof S3Error, String(error))
          }
          // Letters' case in hex says the same; so do stars that fill up.
          if (made.signer !== undefined && decoded !== undefined) {
            assert.ok(decoded.bytes.equals(Buffer.concat(chunks)))
          }
        }),
        { numRuns: 100 },
      )
    })
  }

  it('4: chunks changed, dropped, reordered, repeated; a wrong last signature', () => {
    const equal = [randomBytes(8192), randomBytes(8192), randomBytes(8192)]
    for (const signer of [hmac, ecdsa]) {
      const made: Made = { chunks: equal, signer }
      const [a, b, c, last, end] = frames(made)
      assert.ok(a && b && c && last && end)
      const body = bodyOf(made)
      const bad = (...list: Buffer[]) => refuses('SignatureDoesNotMatch', body, Buffer.concat(list))
      const flipped = Buffer.from(b)
      flipped.writeUInt8(flipped.readUInt8(3000) ^ 1, 3000)
      bad(a, flipped, c, last, end)
      bad(b, a, c, last, end)
      bad(a, c, b, last, end)
      bad(a, a, b, last, end)
      refuses(
        'SignatureDoesNotMatch',
        bodyOf(made, { decodedLength: 16384 }),
        Buffer.concat([a, c, last, end]),
      )
      bad(a, b, c, Buffer.from(`0;chunk-signature=${'0'.repeat(64)}\r\n`), end)
      bad(a, b, c, Buffer.from('0\r\n'), end)
      refuses(
        'SignatureDoesNotMatch',
        { ...body, signer: { ...signer, seedSignature: 'x' } },
        Buffer.concat([a, b, c, last, end]),
      )
    }
  })

  it('5: more or fewer bytes than announced', () => {
    for (const [, made] of kinds) {
      const bytes = Buffer.concat(frames(made))
      const length = Buffer.concat(chunks).length
      refuses('IncompleteBody', bodyOf(made, { decodedLength: length - 1 }), bytes)
      refuses('IncompleteBody', bodyOf(made, { decodedLength: length + 1 }), bytes)
      refuses('IncompleteBody', bodyOf(made), bytes.subarray(0, 20_000))
      refuses('IncompleteBody', bodyOf(made), bytes.subarray(0, -2))
      refuses('IncompleteBody', bodyOf(made), Buffer.alloc(0))
      refuses('InvalidRequest', bodyOf(made), Buffer.concat([bytes, Buffer.from('x')]))
    }
  })

  it('6: no decoded length', () => {
    for (const bad of [undefined, '']) {
      assert.throws(() => readDecodedLength(bad), { code: 'MissingContentLength', status: 411 })
    }
    for (const bad of ['-1', 'abc', '1e3', '0x5', '9'.repeat(16)]) {
      assert.throws(() => readDecodedLength(bad), { code: 'InvalidArgument' })
    }
    assert.equal(readDecodedLength('0'), 0)
  })

  it('7: sizes that are none, chunks that are too short, endless lines, missing line breaks', () => {
    const body: ChunkedBody = { decodedLength: 3, trailers: [], signer: undefined }
    for (const size of ['FFFFFFFFFFFFFFFF', '-1', '0x5', '', ' 3', '3 ', 'g', '+3']) {
      refuses('InvalidChunkSizeError', body, Buffer.from(`${size}\r\nabc\r\n0\r\n\r\n`))
    }
    const short: Made = { chunks: [randomBytes(8191), randomBytes(8192)], signer: hmac }
    refuses('InvalidChunkSizeError', bodyOf(short), Buffer.concat(frames(short)))
    const fine: Made = { chunks: [randomBytes(10), randomBytes(20)], trailer }
    decode(bodyOf(fine), Buffer.concat(frames(fine)))
    refuses('IncompleteBody', body, Buffer.alloc(9_000_000, '1'))
    refuses('IncompleteBody', body, Buffer.from('3\nabc\r\n0\r\n\r\n'))
    refuses('IncompleteBody', body, Buffer.from('3\r\nabc0\r\n\r\n'))
    refuses('IncompleteBody', body, Buffer.from('3\r\nabcd\r\n0\r\n\r\n'))
    const decoder = new ChunkDecoder(body)
    assert.throws(() => {
      for (let i = 0; i < 5000; i++) decoder.write(Buffer.from('1'))
    }, S3Error)
  })

  it('8: trailers missing, extra, of another algorithm, malformed', () => {
    const body: ChunkedBody = { decodedLength: 3, trailers: [crc], signer: undefined }
    const value = hashBytes('CRC32C', Buffer.from('abc'))
    const ending = (...lines: string[]) =>
      Buffer.from(`3\r\nabc\r\n0\r\n${lines.map(line => `${line}\r\n`).join('')}\r\n`)
    assert.deepEqual([...decode(body, ending(`${crc}:${value}`)).trailers], [[crc, value]])
    assert.deepEqual(
      [...decode(body, ending(`X-Amz-Checksum-Crc32c: ${value} `)).trailers],
      [[crc, value]],
    )
    for (const lines of [
      [],
      [`${crc}:${value}`, 'x-a:b'],
      [`x-amz-checksum-crc32:${value}`],
      ['nonsense'],
      [':x'],
      [`${crc}:${value}`, `${crc}:${value}`],
    ]) {
      refuses('MalformedTrailerError', body, ending(...lines))
    }
    refuses('MalformedTrailerError', body, ending(`${crc}:${'x'.repeat(10_000)}`))
    refuses('MalformedTrailerError', { ...body, trailers: undefined }, ending(`${crc}:${value}`))
    for (const bad of ['', '!!!!', 'AAAA', `${value}=`])
      refuses('InvalidRequest', body, ending(`${crc}:${bad}`))
    assert.deepEqual(announcedTrailers(' X-Amz-Checksum-CRC32C'), [crc])
    assert.deepEqual(announcedTrailers(undefined), [])
    for (const bad of ['x-amz-meta-a', `${crc},${crc}`, `${crc},`]) {
      assert.throws(() => announcedTrailers(bad), { code: 'InvalidRequest' })
    }
    for (const signer of [hmac, ecdsa]) {
      const made: Made = { chunks, signer, trailer }
      const bytes = Buffer.concat(frames(made)).toString('latin1')
      const changed = Buffer.from(
        bytes.replace(trailer, hashBytes('CRC32C', Buffer.from('other'))),
        'latin1',
      )
      refuses('SignatureDoesNotMatch', bodyOf(made), changed)
      const unsigned = Buffer.from(bytes.replace(/x-amz-trailer-signature:.*\r\n/, ''), 'latin1')
      refuses('SignatureDoesNotMatch', bodyOf(made), unsigned)
    }
  })
})
