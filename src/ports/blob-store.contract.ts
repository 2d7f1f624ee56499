/** What every BlobStore must do, as tests that an adapter registers against its own factory. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { BlobMissing, type BlobStore, type ByteRange, type ByteSource } from './blob-store.ts'

/** Opens an empty store. */
export type BlobFactory = () => Promise<BlobStore>

export const somewhere = { volume: 's3v', bucket: 'b', key: '../../etc/passwd' }

/** The bytes as a source that gives them in pieces and uses its memory again for each. */
export async function* sourceOf(bytes: Uint8Array, piece: number): ByteSource {
  const memory = new Uint8Array(piece)
  for (let at = 0; at < bytes.length; at += piece) {
    const part = bytes.subarray(at, at + piece)
    memory.set(part)
    yield memory.subarray(0, part.length)
    memory.fill(0xee)
  }
}

/** Reads a range to its end, copying each chunk before the next is asked for. */
export async function collect(store: BlobStore, id: string, range: ByteRange): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of store.get(id, range)) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

/** Bytes in which every place can be told from its neighbours. */
export function pattern(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >>> 8) * 7 + (i >>> 16)) & 0xff
  return bytes
}

async function idsOf(store: BlobStore): Promise<string[]> {
  const ids: string[] = []
  for await (const { id } of store.list()) ids.push(id)
  return ids.toSorted()
}

async function* failing(): ByteSource {
  yield new Uint8Array(100)
  throw new RangeError('the client went away')
}

function writeTests(factory: BlobFactory): void {
  it('returns any range of what was put, however it came in pieces', async () => {
    const store = await factory()
    const size = fc.oneof(fc.nat(50), fc.constantFrom(262_144, 262_145, 1_048_576, 2_500_001))
    const property = fc.asyncProperty(
      size,
      fc.constantFrom(1000, 65_536, 300_000, 3_000_000),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      async (length, piece, one, two) => {
        const bytes = pattern(length)
        const put = await store.put(sourceOf(bytes, piece), somewhere)
        assert.equal(put.size, length)
        const start = Math.floor(Math.min(one, two) * length)
        const end = Math.ceil(Math.max(one, two) * length)
        const got = await collect(store, put.id, { start, end })
        assert.ok(got.equals(bytes.subarray(start, end)))
        assert.ok((await collect(store, put.id, { start: 0, end: length })).equals(bytes))
      },
    )
    await fc.assert(property, { numRuns: 30 })
    await store.close()
  })

  it('gives every blob an id of its own', async () => {
    const store = await factory()
    const puts = await Promise.all(
      Array.from({ length: 50 }, (_, i) => store.put(sourceOf(pattern(i), 10), somewhere)),
    )
    assert.equal(new Set(puts.map(({ id }) => id)).size, 50)
    for (const [i, { id }] of puts.entries())
      assert.ok((await collect(store, id, { start: 0, end: i })).equals(pattern(i)))
    assert.deepEqual(await idsOf(store), puts.map(({ id }) => id).toSorted())
    await store.close()
  })

  it('keeps nothing of a source that fails, and says its error', async () => {
    const store = await factory()
    await assert.rejects(store.put(failing(), somewhere), RangeError)
    assert.deepEqual(await idsOf(store), [])
    assert.equal(await store.sweepTemporary(-1000), 0)
    await store.close()
  })
}

function readTests(factory: BlobFactory): void {
  it('says BlobMissing before the first byte, and nothing about removing the unknown', async () => {
    const store = await factory()
    const { id } = await store.put(sourceOf(pattern(10), 10), somewhere)
    await store.remove([id, id, 'no-such-id', '../../x'])
    for (const unknown of [id, 'no-such-id', '', '../../x'])
      await assert.rejects(collect(store, unknown, { start: 0, end: 1 }), BlobMissing)
    assert.deepEqual(await idsOf(store), [])
    await store.close()
  })

  it('fails when the blob is shorter than the range', async () => {
    const store = await factory()
    const { id } = await store.put(sourceOf(pattern(10), 10), somewhere)
    await assert.rejects(collect(store, id, { start: 5, end: 11 }), /10 bytes/)
    await store.close()
  })

  it('does not take the bytes of a blob that is being read', async () => {
    const store = await factory()
    const bytes = pattern(3_000_000)
    const { id } = await store.put(sourceOf(bytes, 65_536), somewhere)
    const chunks: Buffer[] = []
    for await (const chunk of store.get(id, { start: 0, end: bytes.length })) {
      chunks.push(Buffer.from(chunk))
      if (chunks.length === 1) await store.remove([id])
    }
    assert.ok(Buffer.concat(chunks).equals(bytes))
    await store.close()
  })

  it('keeps the bytes of readers apart, also after one has left early', async () => {
    const store = await factory()
    const bytes = [0, 1, 2].map(shift => pattern(2_500_000 + shift).subarray(shift))
    const puts = await Promise.all(bytes.map(one => store.put(sourceOf(one, 65_536), somewhere)))
    const ids = puts.map(({ id }) => id)
    await Promise.all(
      ids.flatMap(id =>
        [0, 1].map(async () => {
          for await (const chunk of store.get(id, { start: 0, end: 2_500_000 }))
            if (chunk.length > 0) break
        }),
      ),
    )
    const all = await Promise.all(ids.map(id => collect(store, id, { start: 0, end: 2_500_000 })))
    all.forEach((got, i) => {
      assert.ok(bytes[i] !== undefined && got.equals(bytes[i]))
    })
    await store.close()
  })

  it('lists size and time', async () => {
    const store = await factory()
    const { id } = await store.put(sourceOf(pattern(123), 10), somewhere)
    const listed = []
    for await (const blob of store.list()) listed.push(blob)
    assert.deepEqual(
      listed.map(blob => [blob.id, blob.size]),
      [[id, 123]],
    )
    assert.ok(Math.abs(Date.now() - (listed[0]?.modified ?? 0)) < 60_000)
    await store.close()
  })
}

/** Registers the tests; the factory is called once for each. */
export function blobStoreContract(name: string, factory: BlobFactory): void {
  describe(`${name} as a BlobStore`, () => {
    writeTests(factory)
    readTests(factory)
  })
}
