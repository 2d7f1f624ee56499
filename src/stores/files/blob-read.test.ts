/** Readers of large blobs, and what they hold in memory. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { pattern, somewhere, sourceOf } from '../../ports/blob-store.contract.ts'
import { openFileBlobs } from './blob-store.ts'
import { type Disk, systemDisk } from './disk.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'moongate-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

describe('a reader that is slow', () => {
  it('has one chunk in memory, and more again when he hurries', async () => {
    let reads = 0
    const disk: Disk = {
      ...systemDisk,
      async read(...args) {
        reads += 1
        return await systemDisk.read(...args)
      },
      openPastCache: async () => undefined,
    }
    const store = await openFileBlobs({ folder, disk })
    const size = 6 * 524_288
    const { id } = await store.put(sourceOf(pattern(size), 65_536), somewhere)
    const chunks = store.get(id, { start: 0, end: size })[Symbol.asyncIterator]()
    const read: number[] = []
    for (const wait of [150, 150, 0, 0, 0, 0]) {
      const { value } = await chunks.next()
      assert.equal(value?.length, 524_288)
      read.push(reads)
      await new Promise(resolve => setTimeout(resolve, wait))
    }
    assert.equal((await chunks.next()).done, true)
    // One read is of the checksums. The second chunk was read ahead before anybody knew.
    assert.deepEqual(read, [3, 3, 4, 6, 7, 7])
    await store.close()
  })
})

describe('readers that wait for the disk', () => {
  it('read eight chunks ahead, and three where they are many', async () => {
    const most = new Map<number, number>()
    const open = new Map<number, number>()
    const disk: Disk = {
      ...systemDisk,
      openPastCache: async (path, mode) =>
        mode === 'read' ? await systemDisk.open(path) : undefined,
      async read(fd, ...rest) {
        open.set(fd, (open.get(fd) ?? 0) + 1)
        most.set(fd, Math.max(most.get(fd) ?? 0, open.get(fd) ?? 0))
        try {
          await new Promise(resolve => setTimeout(resolve, 1))
          return await systemDisk.read(fd, ...rest)
        } finally {
          open.set(fd, (open.get(fd) ?? 0) - 1)
        }
      },
    }
    const store = await openFileBlobs({ folder, disk })
    const size = 12 * 2 ** 20
    const ids: string[] = []
    for (let i = 0; i < 13; i++)
      ids.push((await store.put(sourceOf(Buffer.alloc(size), 2 ** 20), somewhere)).id)
    const readers = ids.map(id => store.get(id, { start: 0, end: size })[Symbol.asyncIterator]())
    const alone = readers.pop()
    for (;;) if ((await alone?.next())?.done !== false) break
    assert.equal(Math.max(...most.values()), 8)
    most.clear()
    for (let i = 0; i < 12; i++) await Promise.all(readers.map(reader => reader.next()))
    for (const reader of readers) await reader.return?.()
    assert.ok([...most.values()].filter(count => count > 3).length < readers.length / 2)
    await store.close()
  })
})

describe('a reader that leaves early', () => {
  it('gives its buffers back only when no read writes into them any more', async () => {
    let release: (() => void) | undefined
    let reads = 0
    const disk: Disk = {
      ...systemDisk,
      async read(...args) {
        reads += 1
        // The first is of the first blocks, the second of their checksums.
        if (reads === 3)
          await new Promise<void>(resolve => {
            release = resolve
          })
        return await systemDisk.read(...args)
      },
    }
    const store = await openFileBlobs({ folder, disk })
    const { id } = await store.put(sourceOf(pattern(3_000_000), 65_536), somewhere)
    const chunks = store.get(id, { start: 0, end: 3_000_000 })[Symbol.asyncIterator]()
    await chunks.next()
    let left = false
    const leaving = chunks.return?.().then(() => {
      left = true
    })
    await new Promise(resolve => setTimeout(resolve, 20))
    assert.equal(left, false)
    release?.()
    await leaving
    await store.close()
  })
})
