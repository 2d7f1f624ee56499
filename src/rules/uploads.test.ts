// Uploads: the list of a completion against what was received, ETags and checksums with values that AWS's tests use.
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  completedEtag,
  compositeChecksum,
  type ListedPart,
  matchParts,
  requireAlgorithm,
  requireObjectChecksum,
  requireObjectSize,
  requirePartNumber,
  resolveChecksum,
  type StoredPart,
} from './uploads.ts'

const refused = (code: string) => (error: Error & { code?: string }) => error.code === code
const MiB = 1024 * 1024
const sha256 = (bytes: Uint8Array): string => hash('sha256', bytes, 'base64')

test('part numbers', () => {
  requirePartNumber(1)
  requirePartNumber(10_000)
  for (const number of [0, -1, 10_001, 1.5, Number.NaN])
    assert.throws(() => requirePartNumber(number), refused('InvalidArgument'))
})

const listed = (number: number, etag = `e${number}`): ListedPart => ({
  number,
  etag,
  checksum: undefined,
})
const received = new Map<number, StoredPart>(
  [1, 2, 3].map(n => [n, { size: n === 2 ? 1 : 5 * MiB, etag: `e${n}`, checksum: undefined }]),
)
const match = (parts: ListedPart[]): StoredPart[] => matchParts(parts, n => received.get(n), 'u')

test('the parts of a completion', () => {
  assert.deepEqual(
    match([listed(1), listed(3)]).map(part => part.etag),
    ['e1', 'e3'],
  )
  assert.equal(match([listed(1), listed(2)]).length, 2)
  assert.throws(() => match([]), refused('MalformedXML'))
  assert.throws(() => match([listed(3), listed(1)]), refused('InvalidPartOrder'))
  assert.equal(match([listed(1, 'f'.repeat(32)), listed(1)]).length, 1, 'sent twice')
  assert.throws(() => match([listed(9999)]), refused('InvalidPart'))
  assert.throws(() => match([listed(1, 'f'.repeat(32))]), refused('InvalidPart'))
  assert.throws(() => match([listed(10_001)]), refused('InvalidArgument'))
  assert.throws(() => match([listed(2), listed(3)]), {
    code: 'EntityTooSmall',
    fields: { ProposedSize: 1, MinSizeAllowed: 5 * MiB, PartNumber: 2, ETag: 'e2' },
  })
})

test('checksums of parts in a completion', () => {
  const checksum = { algorithm: 'SHA256', value: 'x' } as const
  const stored: StoredPart = { size: 1, etag: 'e', checksum }
  const complete = (part: Partial<ListedPart>): StoredPart[] =>
    matchParts([{ number: 1, etag: 'e', checksum, ...part }], () => stored, 'u')
  assert.equal(complete({}).length, 1)
  assert.throws(() => complete({ checksum: { ...checksum, value: 'y' } }), refused('InvalidPart'))
  const bare = [{ number: 1, etag: 'e', checksum: undefined }]
  assert.equal(matchParts(bare, () => stored, 'u').length, 1, 'it may be left out')
})

test('a list passes exactly when its numbers ascend; of one number the last counts', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 6 }),
      numbers => {
        const ascends = numbers.every((n, i) => i === 0 || n >= (numbers[i - 1] ?? 0))
        const act = () =>
          matchParts(
            numbers.map(n => listed(n)),
            n => ({ size: 5 * MiB, etag: `e${n}`, checksum: undefined }),
            'u',
          )
        if (ascends) assert.equal(act().length, new Set(numbers).size)
        else assert.throws(act, refused('InvalidPartOrder'))
      },
    ),
  )
})

test('ETag and composite checksum of three parts of 5 MiB', () => {
  const bodies = ['A', 'B', 'C'].map(letter => Buffer.alloc(5 * MiB, letter))
  const md5 = (bytes: Uint8Array): string => hash('md5', bytes, 'hex')
  assert.equal(completedEtag(bodies.map(md5), md5), 'b2add96cc9702bbf4efb0ccdfc6b7747-3')
  assert.equal(
    compositeChecksum(bodies.map(sha256), sha256),
    'uWBwpe1dxI4Vw8Gf0X9ynOdw/SS6VBzfWm9giiv1sf4=-3',
  )
})

test('what the client announced of the whole', () => {
  requireObjectSize(undefined, 5)
  requireObjectSize(5, 5)
  assert.throws(() => requireObjectSize(4, 5), refused('InvalidRequest'))
  const whole = { algorithm: 'SHA256', value: 'x-1' } as const
  requireObjectChecksum(undefined, whole)
  requireObjectChecksum(whole, whole)
  assert.throws(
    () => requireObjectChecksum({ ...whole, value: 'bad' }, whole),
    refused('BadDigest'),
  )
  assert.throws(() => requireObjectChecksum(whole, undefined), refused('BadDigest'))
  const composite = { algorithm: 'CRC32C', value: '6tvRXA==-2' } as const
  requireObjectChecksum(composite, composite)
  requireObjectChecksum({ ...composite, value: '6tvRXA==' }, composite)
  for (const value of ['6tvRXA==-3', '6tvRXB==', '6tvRXA'])
    assert.throws(
      () => requireObjectChecksum({ ...composite, value }, composite),
      refused('BadDigest'),
    )
})

test('types of checksum by algorithm', () => {
  assert.equal(resolveChecksum(undefined, undefined), undefined)
  assert.deepEqual(resolveChecksum('CRC32', undefined), { algorithm: 'CRC32', type: 'COMPOSITE' })
  assert.deepEqual(resolveChecksum('crc32c', 'FULL_OBJECT'), {
    algorithm: 'CRC32C',
    type: 'FULL_OBJECT',
  })
  assert.deepEqual(resolveChecksum('CRC64NVME', undefined), {
    algorithm: 'CRC64NVME',
    type: 'FULL_OBJECT',
  })
  for (const name of ['SHA1', 'SHA256', 'SHA512', 'MD5', 'XXHASH64', 'XXHASH3', 'XXHASH128']) {
    assert.equal(resolveChecksum(name, undefined)?.type, 'COMPOSITE')
    assert.throws(() => resolveChecksum(name, 'FULL_OBJECT'), refused('InvalidRequest'))
  }
  assert.throws(() => resolveChecksum('CRC64NVME', 'COMPOSITE'), refused('InvalidRequest'))
  assert.throws(() => resolveChecksum(undefined, 'COMPOSITE'), refused('InvalidRequest'))
  assert.throws(() => resolveChecksum('CRC32', 'WHOLE'), refused('InvalidRequest'))
  assert.throws(() => requireAlgorithm('toString'), refused('InvalidRequest'))
})
