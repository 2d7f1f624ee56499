/** Tests of the reserve: when it is made, how large, and what becomes of it when the disk is full. */
import assert from 'node:assert/strict'
import fs, { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { type FileHandle, open as openFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { StoreUnavailable } from '../../ports/store-unavailable.ts'
import { createReserve, isDiskFull, marginBytes, Reserve, reserveBytes } from './reserve.ts'

const mebibyte = 2 ** 20
const never = () => false

let folder: string
let file: string
/** A disk of 64 MiB, whose reserve is 8 MiB and which has to have 4 MiB beside it. */
let others: number
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'moongate-reserve-'))
  file = join(folder, 'moongate.reserve')
  others = 0
})
afterEach(() => rmSync(folder, { recursive: true }))

/** What node says of a quota of the file system. */
const overQuota = () =>
  Object.assign(new Error('unknown error, write'), {
    code: 'UNKNOWN',
    errno: -constants.errno.EDQUOT,
  })

/** Of what `open` of node:fs/promises resolves with; the class itself is not told. */
async function handlePrototype(): Promise<FileHandle> {
  const handle = await openFile(folder)
  await handle.close()
  return Object.getPrototypeOf(handle) as FileHandle
}

const size = () => statSync(file, { throwIfNoEntry: false })?.size
const look = () => ({ size: 64 * mebibyte, free: 64 * mebibyte - others - (size() ?? 0) })

function open(shared = createReserve(), seen = look): Reserve {
  return new Reserve({ folder, shared, look: seen })
}

async function begun(): Promise<Reserve> {
  const reserve = open()
  await reserve.begin()
  return reserve
}

describe('the size of the reserve', () => {
  it('is an eighth of the disk, bounded, and nothing on a disk that is too small', () => {
    assert.equal(reserveBytes(2 ** 40), 64 * mebibyte)
    assert.equal(reserveBytes(512 * mebibyte), 64 * mebibyte)
    assert.equal(reserveBytes(100 * mebibyte), 12 * mebibyte)
    assert.equal(reserveBytes(15 * mebibyte), 0)
    assert.equal(marginBytes(64 * mebibyte), 32 * mebibyte)
    assert.equal(marginBytes(0), mebibyte)
  })

  it('is nothing on a file system that has no bounds, which is full when it says so', async () => {
    const reserve = open(createReserve(), () => ({ size: 0, free: Number.POSITIVE_INFINITY }))
    await reserve.begin()
    await reserve.make(never)
    assert.equal(size(), undefined)
    assert.equal(reserve.scarce, false)
    reserve.release()
    assert.equal(reserve.full, true)
    await reserve.make(never)
    assert.equal(reserve.full, false)
  })

  it('is really taken from the disk', async () => {
    const reserve = await begun()
    await reserve.make(never)
    assert.equal(size(), 8 * mebibyte)
    assert.equal(reserve.held, 8 * mebibyte)
    assert.ok(statSync(file).blocks * 512 >= 8 * mebibyte)
    assert.equal(statSync(file).mode & 0o777, 0o600)
  })

  it('is half of what is left on a disk that is nearly full from the start, and grows with it', async () => {
    others = 60 * mebibyte
    const reserve = await begun()
    await reserve.make(never)
    assert.equal(size(), 2 * mebibyte)
    others = 30 * mebibyte
    await reserve.make(never)
    assert.equal(size(), 8 * mebibyte)
    assert.equal(reserve.full, false)
  })

  it('is what was reached when it is stopped, and the rest comes later', async () => {
    const reserve = await begun()
    let steps = 0
    await reserve.make(() => {
      steps += 1
      return steps > 3
    })
    assert.equal(size(), 3 * mebibyte)
    const next = await begun()
    assert.equal(next.full, false)
    assert.equal(next.held, 3 * mebibyte)
    await next.make(never)
    assert.equal(size(), 8 * mebibyte)
  })
})

describe('on a full disk', () => {
  it('it is emptied, which all threads and the next process see, until there is room again', async () => {
    const shared = createReserve()
    const [reserve, other] = [open(shared), open(shared)]
    await reserve.begin()
    await reserve.make(never)
    others = 56 * mebibyte
    other.release()
    assert.equal(size(), 0)
    for (const each of [reserve, other, await begun()]) {
      assert.equal(each.full, true)
      assert.equal(each.held, 0)
    }
    await reserve.make(never)
    assert.equal(reserve.full, true)
    others = 64 * mebibyte - 11 * mebibyte
    await reserve.make(never)
    assert.equal(reserve.full, true, 'nothing would be left beside it')
    assert.equal(size(), 0)
    others = 64 * mebibyte - 12 * mebibyte
    await reserve.make(never)
    assert.equal(other.full, false)
    assert.equal(size(), 8 * mebibyte)
  })

  it('that has room again when the next process begins, that one is not in the state', async () => {
    const reserve = await begun()
    await reserve.make(never)
    reserve.release()
    assert.equal((await begun()).full, false)
    assert.equal(size(), 8 * mebibyte)
  })

  it('that only seems to have room when the next process begins, that one is in the state', async t => {
    const reserve = await begun()
    await reserve.make(never)
    reserve.release()
    t.mock.method(await handlePrototype(), 'appendFile', () => {
      throw overQuota()
    })
    const next = await begun()
    assert.equal(next.full, true)
    assert.equal(size(), 0)
  })

  it('it is given up in the middle of its making', async () => {
    const shared = createReserve()
    const [reserve, other] = [open(shared), open(shared)]
    await reserve.begin()
    let steps = 0
    await reserve.make(() => {
      steps += 1
      if (steps === 3) other.release()
      return false
    })
    assert.equal(size(), 0)
    assert.equal(reserve.full, true)
    assert.equal(reserve.held, 0)
    await reserve.make(never)
    assert.equal(reserve.full, false)
    assert.equal(size(), 8 * mebibyte)
  })

  for (const before of ['full', 'not full']) {
    it(`it is given up while its last step is written, on a disk that was ${before}`, async () => {
      const shared = createReserve()
      const [reserve, other] = [open(shared), open(shared)]
      await reserve.begin()
      if (before === 'full') reserve.release()
      let steps = 0
      await reserve.make(() => {
        steps += 1
        // After it was looked for, before the bytes are there.
        if (steps === 8) queueMicrotask(() => other.release())
        return false
      })
      assert.equal(steps, 8)
      assert.equal(reserve.full, true)
      assert.equal(size(), 0)
      assert.equal(reserve.held, 0)
    })
  }

  it('it is given up when less is left than can be relied on, also before anything is opened', async () => {
    const reserve = await begun()
    await reserve.make(never)
    others = 56 * mebibyte - 512 * 1024
    reserve.suspect()
    assert.equal(reserve.full, false)
    assert.equal((await begun()).full, false)
    others += 1
    assert.equal((await begun()).full, true)
    assert.equal(size(), 0)
    const free = 512 * 1024 - 1
    const later = open(createReserve(), () => ({ size: 64 * mebibyte, free }))
    later.refused()
    assert.equal(later.full, true)
    assert.equal(later.takeRefused(), true)
    assert.equal(later.takeRefused(), false)
  })

  it('it does not matter that somebody took the file away', async () => {
    const reserve = await begun()
    await reserve.make(never)
    rmSync(file)
    reserve.release()
    assert.equal(reserve.full, true)
    await reserve.make(never)
    assert.equal(reserve.full, false)
    assert.equal(size(), 8 * mebibyte)
  })
})

it('a reserve that cannot be written says why', async () => {
  writeFileSync(join(folder, 'target'), '')
  const elsewhere = new Reserve({ folder: join(folder, 'target'), shared: createReserve(), look })
  await assert.rejects(elsewhere.make(never), /ENOTDIR/)
})

it('a full disk is known by what the system or SQLite says, whoever wraps it', () => {
  const system = Object.assign(new Error('no space left'), { code: 'ENOSPC' })
  const sqlite = Object.assign(new Error('database or disk is full'), { errcode: 13 })
  assert.equal(isDiskFull(system), true)
  assert.equal(isDiskFull(overQuota()), true)
  assert.equal(isDiskFull(new StoreUnavailable('it failed', sqlite)), true)
  assert.equal(isDiskFull(new StoreUnavailable('it failed')), false)
  assert.equal(isDiskFull(Object.assign(new Error('busy'), { errcode: 5 })), false)
})

it('what SQLite tells of as a failed write is a full disk where the disk takes nothing else either', async t => {
  const reserve = await begun()
  const failed = new StoreUnavailable('it failed', Object.assign(new Error(), { errcode: 778 }))
  assert.equal(isDiskFull(failed, reserve), false)
  assert.equal(isDiskFull(failed), false)
  const refused = overQuota()
  t.mock.method(fs, 'writeFileSync', () => {
    throw refused
  })
  syncBuiltinESMExports()
  t.after(() => {
    t.mock.restoreAll()
    syncBuiltinESMExports()
  })
  assert.equal(isDiskFull(failed, reserve), true)
  assert.equal(isDiskFull(Object.assign(new Error('busy'), { errcode: 5 }), reserve), false)
  refused.errno = -constants.errno.EIO
  assert.equal(isDiskFull(failed, reserve), false)
  assert.deepEqual(readdirSync(folder), [])
})
