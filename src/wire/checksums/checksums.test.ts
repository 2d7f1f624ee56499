// Checksums against other implementations, in pieces, together and combined.

import assert from 'node:assert/strict'
import { createHash, hash, randomBytes } from 'node:crypto'
import { before, describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { xxhash3, xxhash64, xxhash128 } from 'hash-wasm'
import { checksumAlgorithms } from '../../model/checksums.ts'
import { S3Error } from '../../model/errors.ts'
import {
  checksumBytes,
  checksumHeader,
  isBase64Of,
  readChecksumHeader,
  readContentMd5,
  requireChecksum,
} from './algorithms.ts'
import { BodyHasher, hashSmall, hexOfBase64 } from './body-hasher.ts'
import { combineFull, isCombinable } from './combine.ts'
import { createHasher, hashBytes, readyChecksums } from './hashers.ts'
import { Md5Pool, md5Pool } from './md5-pool.ts'

const hex = (base64: string): string => Buffer.from(base64, 'base64').toString('hex')
const thrown = (code: string) => (error: unknown) => error instanceof S3Error && error.code === code

/** CRC-64/NVME a bit at a time. */
const slowCrc64 = (bytes: Uint8Array): string => {
  const mask = 0xffffffffffffffffn
  let crc = mask
  for (const byte of bytes) {
    crc ^= BigInt(byte)
    for (let i = 0; i < 8; i++) crc = (crc >> 1n) ^ ((crc & 1n) === 1n ? 0x9a6c9329ac4bc9b5n : 0n)
  }
  return (crc ^ mask).toString(16).padStart(16, '0')
}

before(readyChecksums)

describe('checksums', () => {
  it('gives the check values of the CRC catalogue', () => {
    const check = Buffer.from('123456789')
    assert.equal(hex(hashBytes('CRC32', check)), 'cbf43926')
    assert.equal(hex(hashBytes('CRC32C', check)), 'e3069283')
    assert.equal(hex(hashBytes('CRC64NVME', check)), 'ae8b14860a799888')
  })

  it('computes CRC64NVME as bit by bit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        assert.equal(hex(hashBytes('CRC64NVME', bytes)), slowCrc64(bytes))
      }),
    )
    const long = randomBytes(300_001)
    assert.equal(hex(hashBytes('CRC64NVME', long)), slowCrc64(long))
  })

  it('writes the XXH family in canonical order', async () => {
    const bytes = randomBytes(1000)
    assert.equal(hex(hashBytes('XXHASH64', bytes)), await xxhash64(bytes))
    assert.equal(hex(hashBytes('XXHASH3', bytes)), await xxhash3(bytes))
    assert.equal(hex(hashBytes('XXHASH128', bytes)), await xxhash128(bytes))
    assert.equal(hex(hashBytes('XXHASH64', Buffer.alloc(0))), 'ef46db3751d8e999')
    assert.equal(hex(hashBytes('XXHASH128', Buffer.alloc(0))), '99aa06d3014798d86001c324468d497f')
  })

  for (const algorithm of checksumAlgorithms) {
    it(`${algorithm}: pieces of interleaved streams give the same as the whole`, () => {
      fc.assert(
        fc.property(fc.array(fc.array(fc.uint8Array({ maxLength: 300 }))), streams => {
          const hashers = streams.map(() => createHasher(algorithm))
          const longest = Math.max(0, ...streams.map(chunks => chunks.length))
          for (let i = 0; i < longest; i++) {
            for (const [j, chunks] of streams.entries()) {
              const chunk = chunks[i]
              if (chunk !== undefined) hashers[j]?.update(chunk)
            }
          }
          for (const [j, chunks] of streams.entries()) {
            const digest = hashers[j]?.digest()
            assert.equal(digest, hashBytes(algorithm, Buffer.concat(chunks)))
            assert.equal(Buffer.from(digest, 'base64').length, checksumBytes[algorithm])
          }
        }),
        { numRuns: 50 },
      )
    })
  }

  it('combines the CRCs of parts into the CRC of the whole', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 5000 }), { minLength: 1 }), parts => {
        const whole = Buffer.concat(parts)
        for (const algorithm of checksumAlgorithms) {
          if (!isCombinable(algorithm)) continue
          const given = parts.map(part => ({
            value: hashBytes(algorithm, part),
            size: part.length,
          }))
          assert.equal(combineFull(algorithm, given), hashBytes(algorithm, whole))
        }
      }),
    )
    assert.deepEqual(checksumAlgorithms.filter(isCombinable), ['CRC32', 'CRC32C', 'CRC64NVME'])
  })

  it('combines lengths above 4 GiB', () => {
    // x^(8n) has the order of the multiplicative group, so zeros can be added in two ways.
    const a = { value: hashBytes('CRC64NVME', Buffer.from('a')), size: 1 }
    const zero = { value: combineFull('CRC64NVME', [zeros(2 ** 20)]), size: 2 ** 20 }
    const many = Array.from({ length: 8192 }, () => zero)
    const big = { value: combineFull('CRC64NVME', many), size: 2 ** 33 }
    assert.equal(combineFull('CRC64NVME', [a, big]), combineFull('CRC64NVME', [a, ...many]))
  })
})

const zeros = (size: number) => ({ value: hashBytes('CRC64NVME', Buffer.alloc(size)), size })

describe('given checksums (5b 9)', () => {
  it('takes one header, refuses two and what is no checksum', () => {
    const value = hashBytes('CRC32', Buffer.from('x'))
    assert.deepEqual(readChecksumHeader({ [checksumHeader.CRC32]: value }), {
      algorithm: 'CRC32',
      value,
    })
    assert.equal(readChecksumHeader({}), undefined)
    const two = { [checksumHeader.CRC32]: value, [checksumHeader.CRC32C]: value }
    assert.throws(() => readChecksumHeader(two), thrown('InvalidRequest'))
    for (const bad of ['', 'AAAA', `${value}=`, 'sailorjerry', value.replace(/=/g, '')]) {
      assert.throws(() => readChecksumHeader({ [checksumHeader.CRC32]: bad }), thrown('BadDigest'))
    }
  })

  it('refuses every wrong checksum', () => {
    for (const algorithm of checksumAlgorithms) {
      const right = hashBytes(algorithm, Buffer.from('a'))
      requireChecksum({ algorithm, value: right }, right)
      const wrong = hashBytes(algorithm, Buffer.from('b'))
      assert.throws(() => requireChecksum({ algorithm, value: wrong }, right), thrown('BadDigest'))
    }
  })

  it('tells a malformed Content-MD5', () => {
    assert.equal(readContentMd5(undefined), undefined)
    assert.equal(readContentMd5('rL0Y20xC+Fzt72VPzMSk2A=='), 'rL0Y20xC+Fzt72VPzMSk2A==')
    for (const bad of ['', 'YWJyYWNhZGFicmE=', 'AWS HAHAHA', 'rL0Y20xC+Fzt72VPzMSk2B==']) {
      assert.throws(() => readContentMd5(bad), thrown('InvalidDigest'))
    }
    assert.equal(isBase64Of('AAAA', 3), true)
    assert.equal(isBase64Of('AAA=', 3), false)
  })
})

describe('MD5 in lanes', () => {
  it('gives what node:crypto gives, however streams interleave', async () => {
    const sizes = fc.oneof(
      fc.nat(200),
      fc.constantFrom(
        0,
        1,
        55,
        56,
        63,
        64,
        65,
        119,
        120,
        65535,
        65536,
        65537,
        65546,
        131072,
        200_001,
      ),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(sizes, { maxLength: 6 }), { minLength: 4, maxLength: 24 }),
        async streams => {
          const pool = new Md5Pool()
          const run = async (chunkSizes: number[], open: ReturnType<Md5Pool['open']>) => {
            const native = createHash('md5')
            for (const size of chunkSizes) {
              const chunk = randomBytes(size)
              native.update(chunk)
              await open.update(chunk)
              if (size % 3 === 0) await turn()
            }
            assert.equal(open.digest().toString('hex'), native.digest('hex'))
          }
          const opened = streams.map(() => pool.open())
          await Promise.all(
            streams.map((chunkSizes, i) => {
              const open = opened[i]
              assert.ok(open)
              return run(chunkSizes, open)
            }),
          )
        },
      ),
      { numRuns: 60 },
    )
  })

  it('serves the first three streams at once and gives the fourth a lane', () => {
    const pool = new Md5Pool()
    const streams = Array.from({ length: 5 }, () => pool.open())
    const answers = streams.map(stream => stream.update(Buffer.alloc(64)) instanceof Promise)
    assert.deepEqual(answers, [false, false, false, true, true])
    for (const stream of streams) {
      stream.close()
      stream.close()
    }
    assert.equal(pool.open().update(Buffer.alloc(64)), undefined)
  })
})

describe('BodyHasher', () => {
  it('holds no place in the pool before its body begins', () => {
    const engine = () => {
      const stream = md5Pool.open()
      stream.close()
      return stream.constructor
    }
    const alone = engine()
    const idle = Array.from({ length: 8 }, () => new BodyHasher(['MD5']))
    assert.equal(engine(), alone)
    for (const hasher of idle) hasher.close()
  })

  it('has the checksums of nothing', () => {
    const hasher = new BodyHasher(checksumAlgorithms)
    assert.deepEqual(hasher.digest(), hashSmall(new Uint8Array(0), checksumAlgorithms))
  })

  it('gives what hashSmall gives', async () => {
    const bytes = randomBytes(100_000)
    const hashers = Array.from({ length: 5 }, () => new BodyHasher(checksumAlgorithms))
    for (let at = 0; at < bytes.length; at += 7777) {
      const piece = bytes.subarray(at, at + 7777)
      await Promise.all(hashers.map(async hasher => hasher.update(piece)))
    }
    const all = hashSmall(bytes, checksumAlgorithms)
    for (const hasher of hashers) {
      assert.equal(hasher.bytes, bytes.length)
      assert.deepEqual(hasher.digest(), all)
    }
    assert.equal(hexOfBase64(all.MD5 ?? ''), hash('md5', bytes, 'hex'))
  })
})
