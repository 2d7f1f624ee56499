/** Large blobs go through the page cache in part: what is written so, what is read so, and that it is the same bytes. */
import assert from 'node:assert/strict'
import { mkdtempSync, openSync, rmSync, utimesSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { collect, pattern, somewhere, sourceOf } from '../../ports/blob-store.contract.ts'
import { BlobCorrupt } from '../../ports/blob-store.ts'
import { foldersOf } from './blob-id.ts'
import { openFileBlobs } from './blob-store.ts'
import { type Disk, systemDisk } from './disk.ts'

const MiB = 1024 ** 2
const stripe = MiB / 2
const from = 16 * MiB
/** Ten stripes behind the first 16 MiB, and a bit. */
const size = from + 10 * stripe + 5000
const stripes = (...indices: number[]) => indices.map(index => from + index * stripe)
const eighth = stripes(0, 8)
const quarter = stripes(0, 4, 8)
const half = stripes(0, 2, 4, 6, 8, 10)
const bytes = pattern(size)

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'moongate-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

const pathOf = (id: string) => join(folder, 'blobs', ...foldersOf(id), id)

interface Watched {
  readonly disk: Disk
  /** Where calls began, of those with a whole or a last part of a stripe. */
  readonly past: number[]
  readonly cached: number[]
}

/** A disk that writes down what goes past the page cache and through it; the file system need not have both. */
function watched(): Watched {
  const descriptors = new Set<number>()
  const past: number[] = []
  const cached: number[] = []
  const note = (fd: number, position: number) => {
    if (descriptors.has(fd)) past.push(position)
    else if (position < size) cached.push(position)
  }
  const disk: Disk = {
    ...systemDisk,
    async openPastCache(path, mode) {
      const fd = mode === 'read' ? await systemDisk.open(path) : openSync(path, 'r+')
      descriptors.add(fd)
      return fd
    },
    async write(fd, data, position) {
      note(fd, position)
      return await systemDisk.write(fd, data, position)
    },
    async read(fd, into, length, position) {
      note(fd, position)
      return await systemDisk.read(fd, into, length, position)
    },
    async close(fd) {
      descriptors.delete(fd)
      await systemDisk.close(fd)
    },
  }
  return { disk, past, cached }
}

const positions = Array.from({ length: size / stripe + 1 }, (_, i) => i * stripe)
const others = (some: readonly number[]) => positions.filter(position => !some.includes(position))

/** Opens a store, puts the blob, and forgets what was written down. */
async function opened(freeMemory = 8 * 1024 * MiB) {
  const { disk, past, cached } = watched()
  const store = await openFileBlobs({ folder, disk, freeMemory: () => freeMemory })
  const { id } = await store.put(sourceOf(bytes, 65_536), somewhere)
  const written = { past: past.splice(0), cached: cached.splice(0) }
  const read = async (start: number, end: number) => {
    past.length = 0
    cached.length = 0
    assert.ok((await collect(store, id, { start, end })).equals(bytes.subarray(start, end)))
    return { past: past.toSorted((a, b) => a - b), cached: cached.toSorted((a, b) => a - b) }
  }
  return { store, id, written, read }
}

describe('a large blob', () => {
  it('is written to an eighth through the page cache, behind its first 16 MiB', async () => {
    const { store, written } = await opened()
    // Of what is left at the end, no whole block, goes there as well.
    const rest = size - (size % 4096)
    assert.deepEqual(written, { past: others(eighth), cached: [...eighth, rest] })
    await store.close()
  })

  it('is written past it altogether while memory is short', async () => {
    const { store, written } = await opened(512 * MiB)
    assert.deepEqual(written, { past: positions, cached: [size - (size % 4096)] })
    await store.close()
  })

  it('is read so when it was just written, and more of it through the cache each time', async () => {
    const { store, read } = await opened()
    assert.deepEqual(await read(0, size), { past: others(eighth), cached: eighth })
    const first = positions.filter(position => position < from)
    for (const more of [quarter, half]) {
      const cached = [...first, ...more]
      assert.deepEqual(await read(0, size), { past: others(cached), cached })
    }
    assert.deepEqual(await read(0, size), { past: [], cached: positions })
    await store.close()
  })

  it('is read past the cache for the first time when it was written long ago', async () => {
    const { store, id, read } = await opened()
    utimesSync(pathOf(id), new Date(), new Date(Date.now() - 600_000))
    assert.deepEqual(await read(0, size), { past: positions, cached: [] })
    await store.close()
  })

  it('gives ranges that begin and end anywhere, and each of them counts for itself', async () => {
    const { store, read } = await opened()
    const end = from + stripe + 1
    assert.deepEqual(await read(from - 1, from + MiB), {
      past: [from - stripe / 2, from + stripe],
      cached: [from],
    })
    assert.deepEqual((await read(end, end + 4 * MiB)).cached, [eighth[1]])
    assert.deepEqual((await read(7, 3 * MiB)).cached, [])
    assert.deepEqual((await read(3, 2 * MiB)).past, [])
    await store.close()
  })

  it('is found to be changed wherever it was, in memory or on the disk', async () => {
    const { store, id } = await opened()
    for (const position of [from + 8 * stripe + 9, from + 9 * stripe + 9]) {
      const file = openSync(pathOf(id), 'r+')
      writeSync(file, Buffer.from([(bytes[position] ?? 0) ^ 1]), 0, 1, position)
      await assert.rejects(collect(store, id, { start: 0, end: size }), BlobCorrupt)
      writeSync(file, bytes, position, 1, position)
      await systemDisk.close(file)
      await collect(store, id, { start: 0, end: size })
    }
    await store.close()
  })
})

/** A disk that writes nothing; it says in which order it was asked to write through the page cache and to sync. */
function orderly(past: () => Promise<number>): { readonly disk: Disk; readonly order: string[] } {
  const order: string[] = []
  const disk: Disk = {
    ...systemDisk,
    openPastCache: async () => 1e6,
    async write(fd, data) {
      if (fd === 1e6) return await past()
      order.push('write')
      return data.length
    },
    async syncData() {
      order.push('sync')
    },
    async close(fd) {
      if (fd !== 1e6) await systemDisk.close(fd)
    },
  }
  return { disk, order }
}

it('what of a blob is in the page cache is synced on the way, each 64 MiB of it', async () => {
  const { disk, order } = orderly(async () => stripe)
  const store = await openFileBlobs({ folder, disk, freeMemory: () => 8 * 1024 * MiB })
  await store.put(sourceOf(Buffer.alloc(from + 600 * MiB), MiB), somewhere)
  // One stripe may be under way while the sync begins; the last write is of the checksums.
  assert.ok([0, 1].includes(order.indexOf('sync') - 128), `${order.indexOf('sync')} writes`)
  assert.deepEqual(order.slice(-2), ['write', 'sync'])
  assert.equal(order.filter(call => call === 'write').length, 150 + 1)
  assert.equal(order.filter(call => call === 'sync').length, 2)
  await store.close()
})

it('a blob is synced on the way also where the system refuses each write past the page cache', async () => {
  const { disk, order } = orderly(async () => {
    throw Object.assign(new Error('invalid argument'), { code: 'EINVAL' })
  })
  const store = await openFileBlobs({ folder, disk, freeMemory: () => 8 * 1024 * MiB })
  await store.put(sourceOf(Buffer.alloc(130 * MiB), MiB), somewhere)
  assert.equal(order.filter(call => call === 'sync').length, 3)
  await store.close()
})
