/** Large blobs go past the page cache, and through it where that does not work. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { collect, pattern, somewhere, sourceOf } from '../../ports/blob-store.contract.ts'
import { openFileBlobs } from './blob-store.ts'
import { type Disk, systemDisk } from './disk.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'moongate-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

describe('a large blob', () => {
  it('is written past the page cache as soon as it is large, in whole blocks of the disk', async () => {
    const calls: [number, number, number][] = []
    const disk: Disk = {
      ...systemDisk,
      openPastCache: async () => 1e6,
      async write(fd, bytes, position) {
        calls.push([fd, bytes.length, position])
        return bytes.length
      },
      async close(fd) {
        if (fd < 1e6) await systemDisk.close(fd)
        else calls.push([fd, 0, 0])
      },
    }
    const store = await openFileBlobs({ folder, disk })
    const block = 524_288
    await store.put(sourceOf(pattern(block * 2 + 5000), 65_536), somewhere)
    const [past, cache] = [1e6, calls.at(-2)?.[0]]
    assert.notEqual(cache, past)
    assert.deepEqual(calls, [
      [past, block, 0],
      [past, block, block],
      [past, 4096, block * 2],
      [cache, 5000 - 4096 + 5 * 4 + 12, block * 2 + 4096],
      [past, 0, 0],
    ])
    calls.length = 0
    await store.put(sourceOf(pattern(500_000), 65_536), somewhere)
    assert.ok(calls.every(([fd]) => fd !== past))
    await store.close()
  })

  for (const refuses of ['openPastCache', 'write', 'read'] as const)
    it(`goes through the page cache where ${refuses} does not work past it`, async () => {
      const past = new Set<number>()
      let refused = 0
      const refuse = () => {
        refused += 1
        return Object.assign(new Error('EINVAL'), { code: 'EINVAL' })
      }
      const disk: Disk = {
        ...systemDisk,
        async openPastCache(path) {
          if (refuses === 'openPastCache') refused += 1
          if (refuses === 'openPastCache') return undefined
          const fd = await systemDisk.open(path)
          past.add(fd)
          return fd
        },
        async write(fd, ...rest) {
          if (past.has(fd)) throw refuse()
          return await systemDisk.write(fd, ...rest)
        },
        async read(fd, ...rest) {
          if (past.has(fd) && refuses === 'read') throw refuse()
          return await systemDisk.read(fd, ...rest)
        },
        async close(fd) {
          past.delete(fd)
          await systemDisk.close(fd)
        },
      }
      const store = await openFileBlobs({ folder, disk })
      const bytes = pattern(3_000_001)
      const { id } = await store.put(sourceOf(bytes, 65_536), somewhere)
      for (let i = 0; i < 2; i++)
        assert.ok((await collect(store, id, { start: 0, end: bytes.length })).equals(bytes))
      assert.ok(refused > 0)
      assert.equal(past.size, 0)
      await store.close()
    })

  it('is read past the page cache until it is read again, and then through it', async () => {
    let opened = 0
    const disk: Disk = {
      ...systemDisk,
      async openPastCache(path, mode) {
        if (mode === 'read') opened += 1
        return await systemDisk.openPastCache(path, mode)
      },
    }
    const store = await openFileBlobs({ folder, disk })
    const size = 3_000_000
    const [one, other] = await Promise.all(
      [1, 2].map(() => store.put(sourceOf(pattern(size), 65_536), somewhere)),
    )
    assert.ok(one !== undefined && other !== undefined)
    const read = async (id: string, start: number, end: number) => {
      assert.ok(
        (await collect(store, id, { start, end })).equals(pattern(size).subarray(start, end)),
      )
      return opened
    }
    assert.equal(await read(one.id, 100, 2000), 0, 'a short range')
    assert.equal(await read(one.id, 3, size - 3), 1)
    assert.equal(await read(other.id, 0, size), 2)
    assert.equal(await read(one.id, 0, size), 2)
    await store.remove([one.id])
    await store.close()
  })
})
