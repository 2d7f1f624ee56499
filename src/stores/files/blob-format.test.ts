import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it, test } from 'node:test'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { collect, pattern, somewhere, sourceOf } from '../../ports/blob-store.contract.ts'
import { BlobCorrupt, type BlobStore } from '../../ports/blob-store.ts'
import { blockSize, FooterWriter, lengthOfFile } from './blob-format.ts'
import { foldersOf } from './blob-id.ts'
import { openFileBlobs } from './blob-store.ts'

test('the length of the bytes follows from that of the file', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 5 * 2 ** 40 }), length => {
      const blocks = Math.ceil(length / blockSize)
      const footer = new FooterWriter().footer().length + 4 * blocks
      assert.equal(lengthOfFile(length + footer), length)
    }),
  )
  assert.equal(lengthOfFile(3), undefined)
})

describe('a blob whose file the disk changed', () => {
  let folder: string
  let store: BlobStore
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'moongate-format-'))
    store = await openFileBlobs({ folder })
  })
  after(async () => {
    await store.close()
    rmSync(folder, { recursive: true })
  })

  const size = 3 * blockSize + 1000
  async function damaged(at: number): Promise<string> {
    const { id } = await store.put(sourceOf(pattern(size), 65_536), somewhere)
    const path = join(folder, 'blobs', ...foldersOf(id), id)
    const bytes = readFileSync(path)
    bytes.writeUInt8((bytes.readUInt8(at) ^ 1) & 0xff, at)
    writeFileSync(path, bytes)
    return id
  }

  it('is refused wherever a byte of it is another', async () => {
    for (const at of [0, blockSize - 1, blockSize, 2 * blockSize + 7, size - 1]) {
      const id = await damaged(at)
      await assert.rejects(collect(store, id, { start: 0, end: size }), BlobCorrupt, `byte ${at}`)
    }
  })

  it('hands on nothing of the block that is damaged, also for a range within it', async () => {
    const id = await damaged(blockSize + 5)
    let got = 0
    await assert.rejects(async () => {
      for await (const chunk of store.get(id, { start: 10, end: size })) got += chunk.length
    }, BlobCorrupt)
    assert.ok(got <= blockSize - 10)
    const near = { start: blockSize + 100, end: blockSize + 200 }
    await assert.rejects(collect(store, id, near), BlobCorrupt)
  })

  it('is still read where it is sound', async () => {
    const id = await damaged(5)
    const range = { start: 2 * blockSize + 1, end: size }
    const bytes = await collect(store, id, range)
    assert.deepEqual(
      Buffer.from(bytes),
      Buffer.from(pattern(size).subarray(range.start, range.end)),
    )
  })

  it('is refused when its mark is another', async () => {
    const id = await damaged(size + 4 * 4 + 7)
    await assert.rejects(collect(store, id, { start: 0, end: 10 }), BlobCorrupt)
  })

  it('is refused when its checksums are', async () => {
    const id = await damaged(size + 1)
    await assert.rejects(collect(store, id, { start: 0, end: 10 }), BlobCorrupt)
  })
})

test('a blob with the checksums of an older version is read, and is refused where it is damaged', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'moongate-format-'))
  const store = await openFileBlobs({ folder })
  t.after(async () => {
    await store.close()
    rmSync(folder, { recursive: true })
  })
  const size = blockSize + 10
  const { id } = await store.put(sourceOf(pattern(size), 65_536), somewhere)
  const path = join(folder, 'blobs', ...foldersOf(id), id)
  const bytes = readFileSync(path)
  for (const [block, start] of [0, blockSize].entries()) {
    const end = Math.min(start + blockSize, size)
    bytes.writeUInt32LE(crc32(bytes.subarray(start, end)), size + 4 * block)
  }
  bytes.writeUInt8(1, size + 8 + 7)
  writeFileSync(path, bytes)
  const read = await collect(store, id, { start: 0, end: size })
  assert.deepEqual(Buffer.from(read), Buffer.from(pattern(size)))
  bytes.writeUInt8((bytes.readUInt8(5) ^ 1) & 0xff, 5)
  writeFileSync(path, bytes)
  await assert.rejects(collect(store, id, { start: 0, end: size }), BlobCorrupt)
})
