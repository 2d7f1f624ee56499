/** The BlobStore on files keeps the contract, and what only it promises: order of syncs, failures, planted files. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import {
  blobStoreContract,
  collect,
  pattern,
  somewhere,
  sourceOf,
} from '../../ports/blob-store.contract.ts'
import type { ByteSource } from '../../ports/blob-store.ts'
import { StoreFull, StoreUnavailable } from '../../ports/store-unavailable.ts'
import { foldersOf, newBlobId } from './blob-id.ts'
import { openFileBlobs } from './blob-store.ts'
import { type Disk, systemDisk } from './disk.ts'
import { createReserve, Reserve } from './reserve.ts'

const made: string[] = []
function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'moongate-'))
  made.push(folder)
  return folder
}
function removeFolders(): void {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true })
}
process.once('exit', removeFolders)

blobStoreContract('files', () => openFileBlobs({ folder: join(newFolder(), 'data') }))

const paths = new Map<number, string>()

/** The system's disk, writing down what is made, renamed and synced; `fails` names a call that is to fail. */
function recordingDisk(log: string[], fails: { call?: string; code?: string } = {}): Disk {
  const attempt = async <T>(call: string, path: string, run: () => Promise<T>): Promise<T> => {
    log.push(`${call} ${path}`)
    if (fails.call === call)
      throw Object.assign(new Error(`${fails.code}: ${call}`), { code: fails.code })
    return await run()
  }
  const opened = async (path: string, fd: Promise<number>) => {
    paths.set(await fd, path)
    return await fd
  }
  const at = (fd: number) => paths.get(fd) ?? ''
  return {
    ...systemDisk,
    create: path => attempt('create', path, () => opened(path, systemDisk.create(path))),
    openFolder: path => opened(path, systemDisk.openFolder(path)),
    write: (fd, bytes, position) =>
      attempt('write', at(fd), () => systemDisk.write(fd, bytes, position)),
    read: (...args) => attempt('read', at(args[0]), () => systemDisk.read(...args)),
    syncData: fd => attempt('syncData', at(fd), () => systemDisk.syncData(fd)),
    syncFolder: fd => attempt('syncFolder', at(fd), () => systemDisk.syncFolder(fd)),
    rename: (from, to) => attempt('rename', to, () => systemDisk.rename(from, to)),
    makeFolder: path => attempt('makeFolder', path, () => systemDisk.makeFolder(path)),
  }
}

/** As where nothing goes past the page cache. */
const cached = (disk: Disk): Disk => ({ ...disk, openPastCache: async () => undefined })

function fileOf(folder: string, id: string): string {
  return join(folder, 'blobs', ...foldersOf(id), id)
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => entry.name)
}

let folder: string
beforeEach(() => {
  folder = newFolder()
})
afterEach(removeFolders)

describe('a put into files', () => {
  it('syncs the bytes before the name, the name before it answers, and every folder it makes', async () => {
    const log: string[] = []
    const store = await openFileBlobs({ folder: join(folder, 'data'), disk: recordingDisk(log) })
    const { id } = await store.put(sourceOf(pattern(10), 10), somewhere)
    const [outer, inner] = foldersOf(id)
    const short = log.map(line => line.replaceAll(join(folder, 'data'), '').replaceAll(folder, '^'))
    assert.deepEqual(short, [
      'makeFolder ',
      'syncFolder ^',
      'makeFolder /blobs',
      'syncFolder ',
      'makeFolder /temporary',
      'syncFolder ',
      `create /temporary/${id}`,
      `write /temporary/${id}`,
      `write /temporary/${id}`,
      `syncData /temporary/${id}`,
      `makeFolder /blobs/${outer}`,
      'syncFolder /blobs',
      `makeFolder /blobs/${outer}/${inner}`,
      `syncFolder /blobs/${outer}`,
      `rename /blobs/${outer}/${inner}/${id}`,
      `syncFolder /blobs/${outer}/${inner}`,
    ])
    await store.close()
  })

  it('syncs what came long ago on the way, and fails when that fails', async () => {
    const log: string[] = []
    const large = () => sourceOf(Buffer.alloc(150 * 2 ** 20), 2 ** 20)
    const store = await openFileBlobs({ folder, disk: cached(recordingDisk(log)) })
    const { id, size } = await store.put(large(), somewhere)
    assert.equal(size, 150 * 2 ** 20)
    assert.equal(log.filter(line => line === `syncData ${join(folder, 'temporary', id)}`).length, 3)
    let syncs = 0
    const failing: Disk = {
      ...cached(systemDisk),
      async syncData(fd) {
        syncs += 1
        if (syncs === 1) throw Object.assign(new Error('EIO'), { code: 'EIO' })
        await systemDisk.syncData(fd)
      },
    }
    const broken = await openFileBlobs({ folder, disk: failing })
    await assert.rejects(broken.put(large(), somewhere), StoreUnavailable)
    await store.close()
    await broken.close()
  })

  it('shares a sync of the folder that begins after its rename', async () => {
    const log: string[] = []
    const clock = { now: () => 1_700_000_000_000 }
    const store = await openFileBlobs({ folder, clock, disk: recordingDisk(log) })
    await store.put(sourceOf(pattern(1), 1), somewhere)
    log.length = 0
    const puts = Array.from({ length: 40 }, async () => {
      const { id } = await store.put(sourceOf(pattern(1), 1), somewhere)
      const renamed = log.findIndex(line => line.startsWith('rename') && line.endsWith(id))
      assert.ok(log.slice(renamed).some(line => line.startsWith('syncFolder')))
    })
    await Promise.all(puts)
    const syncs = log.filter(line => line.startsWith('syncFolder')).length
    assert.ok(syncs < 40, `${syncs} syncs for 40 puts`)
    await store.close()
  })

  for (const call of ['create', 'write', 'syncData', 'rename', 'syncFolder'])
    it(`keeps nothing when ${call} fails, says why, and works again afterwards`, async () => {
      const fails: { call?: string; code?: string } = {}
      const store = await openFileBlobs({ folder, disk: recordingDisk([], fails) })
      await store.put(sourceOf(pattern(5), 5), somewhere)
      Object.assign(fails, { call, code: call === 'write' ? 'ENOSPC' : 'EIO' })
      await assert.rejects(
        store.put(sourceOf(pattern(600_000), 65_536), somewhere),
        (error: unknown) => {
          assert.ok(error instanceof StoreUnavailable)
          assert.match(error.message, call === 'write' ? /ENOSPC/ : /EIO/)
          return error.cause instanceof Error
        },
      )
      assert.equal(filesUnder(folder).length, 1)
      fails.call = 'none'
      await store.put(sourceOf(pattern(5), 5), somewhere)
      assert.equal(filesUnder(folder).length, 2)
      await store.close()
    })

  it('makes ids that are never the same and rise with time', () => {
    const ids = Array.from({ length: 2000 }, (_, i) => newBlobId(1_700_000_000_000 + i))
    assert.equal(new Set(ids).size, 2000)
    assert.deepEqual(ids, ids.toSorted())
    assert.equal(new Set(Array.from({ length: 2000 }, () => newBlobId(0))).size, 2000)
  })
})

describe('on a full disk', () => {
  const mebibyte = 2 ** 20
  const disk = { free: 0, size: 64 * mebibyte }
  let reserve: Reserve
  beforeEach(() => {
    disk.free = 60 * mebibyte
    reserve = new Reserve({ folder, shared: createReserve(), look: () => disk })
  })
  const open = (log: string[] = [], fails = {}) =>
    openFileBlobs({ folder, disk: recordingDisk(log, fails), reserve })
  const blobs = () => filesUnder(folder).filter(name => name !== 'moongate.reserve')

  it('no blob is begun', async () => {
    const log: string[] = []
    const store = await open(log)
    reserve.release()
    log.length = 0
    let asked = 0
    async function* source() {
      asked += 1
      yield Buffer.from('bytes')
    }
    await assert.rejects(store.put(source(), somewhere), StoreFull)
    assert.equal(asked, 0)
    assert.deepEqual(log, [])
    await store.close()
  })

  it('a blob is given up in the middle, whoever has met the full disk', async () => {
    const store = await open()
    let chunks = 0
    async function* source() {
      for (;;) {
        chunks += 1
        if (chunks === 3) reserve.release()
        yield Buffer.alloc(1000)
      }
    }
    await assert.rejects(store.put(source(), somewhere), StoreFull)
    assert.equal(chunks, 3)
    assert.deepEqual(blobs(), [])
    await store.close()
  })

  it('the last room is not for blobs, and one that was too large leaves the state as it is', async () => {
    const store = await open()
    let chunks = 0
    async function* source() {
      try {
        for (;;) {
          chunks += 1
          disk.free -= mebibyte
          yield Buffer.alloc(mebibyte)
        }
      } finally {
        disk.free += chunks * mebibyte
      }
    }
    await assert.rejects(store.put(source(), somewhere), StoreFull)
    assert.equal(disk.free, 60 * mebibyte)
    assert.ok(chunks > 50, `${chunks}`)
    assert.deepEqual(blobs(), [])
    assert.equal(reserve.full, false)
    assert.equal(reserve.takeRefused(), true)
    await store.close()
  })

  it('what the system says is told, and looked after', async () => {
    const store = await open([], { call: 'write', code: 'ENOSPC' })
    disk.free = mebibyte
    await assert.rejects(
      store.put(sourceOf(pattern(10), 10), somewhere),
      (error: unknown) => error instanceof StoreFull && /ENOSPC/.test(error.message),
    )
    assert.equal(reserve.full, false)
    disk.free = 0
    await assert.rejects(store.put(sourceOf(pattern(10), 10), somewhere), StoreFull)
    assert.equal(reserve.full, true)
    await store.close()
  })
})

describe('files planted in the folder', () => {
  it('are not followed, not waited for and not listed unless they are regular', async () => {
    const store = await openFileBlobs({ folder })
    const { id } = await store.put(sourceOf(pattern(10), 10), somewhere)
    const path = fileOf(folder, id)
    const secret = join(folder, 'secret')
    writeFileSync(secret, 'not for you')
    const refused = () => assert.rejects(collect(store, id, { start: 0, end: 1 }), StoreUnavailable)
    unlinkSync(path)
    symlinkSync(secret, path)
    await refused()
    unlinkSync(path)
    execFileSync('mkfifo', [path])
    await refused()
    unlinkSync(path)
    mkdirSync(path)
    await refused()
    for await (const blob of store.list()) assert.fail(`listed ${blob.id}`)
    await store.close()
  })

  it('such as a link in place of a folder are refused on writing and not walked on listing', async () => {
    const clock = { now: () => 1_700_000_000_000 }
    const elsewhere = newFolder()
    const first = await openFileBlobs({ folder, clock })
    const { id } = await first.put(sourceOf(pattern(10), 10), somewhere)
    await first.close()
    const inner = join(folder, 'blobs', ...foldersOf(id))
    renameSync(inner, join(elsewhere, 'moved'))
    symlinkSync(join(elsewhere, 'moved'), inner)
    const store = await openFileBlobs({ folder, clock })
    await assert.rejects(store.put(sourceOf(pattern(1), 1), somewhere), StoreUnavailable)
    for await (const blob of store.list()) assert.fail(`listed ${blob.id}`)
    await store.close()
  })

  it('such as a second name of a blob, which a backup makes, do no harm', async () => {
    const store = await openFileBlobs({ folder })
    const { id } = await store.put(sourceOf(pattern(10), 10), somewhere)
    linkSync(fileOf(folder, id), join(folder, 'backup'))
    assert.equal((await collect(store, id, { start: 0, end: 10 })).length, 10)
    await store.close()
  })
})

describe('a get from files', () => {
  it('says that the disk failed', async () => {
    const fails: { call?: string; code?: string } = {}
    const store = await openFileBlobs({ folder, disk: recordingDisk([], fails) })
    const { id } = await store.put(sourceOf(pattern(10), 10), somewhere)
    Object.assign(fails, { call: 'read', code: 'EIO' })
    await assert.rejects(collect(store, id, { start: 0, end: 10 }), StoreUnavailable)
    await store.close()
  })
})

describe('the sweep of temporary files', () => {
  it('takes what dead writers left and is old enough, never what is being written', async () => {
    const store = await openFileBlobs({ folder })
    const left = join(folder, 'temporary', 'left')
    writeFileSync(left, 'x')
    let release: (() => void) | undefined
    const held = new Promise<void>(resolve => {
      release = resolve
    })
    async function* slow(): ByteSource {
      yield pattern(10)
      await held
    }
    const put = store.put(slow(), somewhere)
    assert.equal(await store.sweepTemporary(60_000), 0)
    utimesSync(left, 1, 1)
    while (readdirSync(join(folder, 'temporary')).length < 2)
      await new Promise(resolve => setImmediate(resolve))
    assert.equal(await store.sweepTemporary(-60_000), 1)
    assert.equal(existsSync(left), false)
    release?.()
    const { id } = await put
    assert.equal((await collect(store, id, { start: 0, end: 10 })).length, 10)
    await store.close()
  })
})
