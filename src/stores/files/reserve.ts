/**
 * The reserve: a file that only takes up room. When the disk is full it is emptied, so that what needs a little room to
 * make more, deletes and a start among it, goes on. An empty file says to the next process that this was so.
 */
import { randomBytes, randomFill } from 'node:crypto'
import {
  closeSync,
  constants,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  statfsSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { threadId } from 'node:worker_threads'
import { codeOf } from './disk.ts'

const mebibyte = 2 ** 20
/** What deletes need until the write-ahead log starts anew, several times over. */
const bytesMax = 64 * mebibyte
/** Of a disk at most the eighth part; a reserve smaller than this is of no use. */
const bytesMin = 2 * mebibyte
const marginMin = mebibyte
const stepBytes = mebibyte
const syncedBytes = 8 * mebibyte
/** More than a file may get of its last block. */
const probedBytes = 64 * 1024

export interface DiskSpace {
  /** Bytes that this process may still write. */
  readonly free: number
  readonly size: number
}

export interface ReserveOptions {
  /** The data folder. */
  readonly folder: string
  /** From {@link createReserve}, the same in all threads of the process. */
  readonly shared: SharedArrayBuffer
  /** Stands in for asking the system, in tests. */
  readonly look?: () => DiskSpace
}

/** Words in the shared buffer. */
const FULL = 0
const RELEASES = 1
const MAKING = 2
const HELD = 3
const SMALL = 4
const REFUSED = 5

export function createReserve(): SharedArrayBuffer {
  return new SharedArrayBuffer(6 * 4)
}

/** Bytes of the whole reserve on a disk of that size. */
export function reserveBytes(diskBytes: number): number {
  const bytes = Math.min(bytesMax, Math.floor(diskBytes / 8 / mebibyte) * mebibyte)
  return bytes < bytesMin ? 0 : bytes
}

/** So much must be free beside the reserve before objects are written again, so that it is not given up at once. */
export function marginBytes(reserve: number): number {
  return Math.max(marginMin, reserve / 2)
}

/** With less than this free a disk counts as full: not all file systems can say no to every write in time. */
function scarceBytes(diskBytes: number): number {
  return marginBytes(reserveBytes(diskBytes)) / 8
}

/** What SQLite makes of ENOSPC: SQLITE_FULL, and SQLITE_IOERR_SHMSIZE for the index of its log. */
const fullErrcodes: readonly unknown[] = [13, 4874]

/** SQLITE_IOERR; the upper bits say which call failed. */
const ioError = 10

/**
 * Whether an error, or what caused it, says that there is no room on the disk. SQLite keeps to itself that it was a
 * quota (EDQUOT) and tells of a failed write only: with a reserve the disk itself is asked then.
 */
export function isDiskFull(error: unknown, reserve?: Reserve): boolean {
  if (!(error instanceof Error)) return false
  const code = codeOf(error)
  if (code === 'ENOSPC' || code === 'EDQUOT') return true
  if ('errcode' in error && typeof error.errcode === 'number') {
    if (fullErrcodes.includes(error.errcode)) return true
    return (error.errcode & 0xff) === ioError && reserve?.refusesFile() === true
  }
  return isDiskFull(error.cause, reserve)
}

/** What is known of a file system without bounds of its own: nothing can be kept of it, nor need it. */
const endless: DiskSpace = { free: Number.POSITIVE_INFINITY, size: 0 }

/** Its number in statfs, and that of ext2 and ext3. */
const ext4 = 0xef53

function systemLook(folder: string): DiskSpace {
  const { type, bavail, bfree, blocks, bsize } = statfsSync(folder)
  if (blocks === 0) return endless
  // Ext4 keeps some blocks for root, and of those a few for itself; elsewhere what is not available nobody gets.
  const root = type === ext4 && process.getuid?.() === 0
  const free = root ? Math.max(bavail, bfree - Math.min(blocks / 50, 4096)) : bavail
  return { free: free * bsize, size: blocks * bsize }
}

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants
const fillRandom = promisify(randomFill)

export class Reserve {
  readonly shared: SharedArrayBuffer
  readonly #words: Int32Array
  readonly #path: string
  readonly #look: () => DiskSpace

  constructor({ folder, shared, look }: ReserveOptions) {
    this.shared = shared
    this.#words = new Int32Array(shared)
    this.#path = join(folder, 'moongate.reserve')
    this.#look = look ?? (() => systemLook(folder))
  }

  /**
   * Finds out what an earlier process left. Once a process, when the folder is locked. What was given up is made anew
   * before anything else takes its room: that there is some may be said of a disk on which a quota holds.
   */
  async begin(): Promise<void> {
    const held = lstatSync(this.#path, { throwIfNoEntry: false })?.size
    this.#setHeld(held ?? 0)
    if (held !== 0) {
      this.suspect()
      return
    }
    Atomics.store(this.#words, FULL, 1)
    // Whoever writes next is told what is wrong with the disk.
    await this.make(() => false).catch(() => undefined)
  }

  /** A write has met a full disk, and there has not been enough room since. */
  get full(): boolean {
    return Atomics.load(this.#words, FULL) === 1
  }

  /** Bytes of the file. */
  get held(): number {
    return Atomics.load(this.#words, HELD) * 1024
  }

  /** Bytes that the disk has left for this process. */
  get free(): number {
    return this.#look().free
  }

  /** Whether the disk is full, or next to it. */
  get scarce(): boolean {
    const { free, size } = this.#look()
    return this.full || free < scarceBytes(size)
  }

  /** The disk is full: gives the room up. Whoever met it tries again afterwards. */
  release(): void {
    const words = this.#words
    Atomics.add(words, RELEASES, 1)
    Atomics.store(words, SMALL, 0)
    Atomics.store(words, FULL, 1)
    if (this.held > 0 || Atomics.load(words, MAKING) === 1) this.#empty()
  }

  /** Looks whether the disk has become full: {@link release}s then. */
  suspect(): void {
    if (!this.full && this.scarce) this.release()
  }

  /** Writes a small file and removes it: whether the disk has no room even for that. */
  refusesFile(): boolean {
    try {
      this.#probe(`${this.#path}.${process.pid}-${threadId}`)
      return false
    } catch (error) {
      return isDiskFull(error)
    }
  }

  /** A blob was refused for want of room; its bytes are gone again. Perhaps it only was too large. */
  refused(): void {
    Atomics.store(this.#words, REFUSED, 1)
    this.suspect()
  }

  /** Whether something was refused since this was asked last. */
  takeRefused(): boolean {
    return Atomics.exchange(this.#words, REFUSED, 0) === 1
  }

  /** Whether the database has room of its own, so that small objects may be written while the disk is full. */
  get allowsSmall(): boolean {
    return Atomics.load(this.#words, SMALL) === 1
  }

  set allowsSmall(allowed: boolean) {
    Atomics.store(this.#words, SMALL, Number(allowed))
  }

  /**
   * Makes the reserve as large as it should be, if there is room, and ends the state of a full disk once it is. Ends
   * early when `stopped` says so. One call at a time in a process. Throws the system's errors, but not for a lack of room.
   */
  async make(stopped: () => boolean): Promise<void> {
    const words = this.#words
    const releases = Atomics.load(words, RELEASES)
    const given = () => Atomics.load(words, RELEASES) !== releases
    const { full } = this
    const held = full ? 0 : this.#size()
    const target = this.#target(held, full)
    if (target === undefined) return
    if (target > held && !(await this.#grow({ held, target }, given, stopped))) return
    if (!full) return
    Atomics.store(words, FULL, 0)
    // It was wanted in this very moment: what was just made is given up again.
    if (given()) this.release()
  }

  #probe(path: string): void {
    const file = openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600)
    try {
      writeFileSync(file, randomBytes(probedBytes))
      fsyncSync(file)
    } finally {
      closeSync(file)
      unlinkSync(path)
    }
  }

  #size(): number {
    return lstatSync(this.#path, { throwIfNoEntry: false })?.size ?? 0
  }

  /** How large it should be; undefined while the disk stays full. */
  #target(held: number, full: boolean): number | undefined {
    const { free, size } = this.#look()
    const whole = reserveBytes(size)
    if (free + held >= whole + marginBytes(whole)) return whole
    if (full) return undefined
    // Of a disk that was nearly full from the start half of what is left.
    const half = Math.floor((free + held) / 2 / mebibyte) * mebibyte
    return Math.min(whole, half)
  }

  /** False when it was stopped, or given up meanwhile, or when there was not enough room. */
  async #grow(
    { held, target }: { held: number; target: number },
    given: () => boolean,
    stopped: () => boolean,
  ): Promise<boolean> {
    const words = this.#words
    const file = await open(this.#path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600)
    Atomics.store(words, MAKING, 1)
    try {
      return await append(file, target - held, () => stopped() || given())
    } catch (error) {
      await file.truncate(held)
      if (isDiskFull(error)) return false
      throw error
    } finally {
      const { size } = await file.stat()
      this.#setHeld(size)
      Atomics.store(words, MAKING, 0)
      // Whoever gave it up meanwhile may have done so before the last step was written.
      if (given()) this.#empty()
      await file.close()
    }
  }

  #setHeld(bytes: number): void {
    Atomics.store(this.#words, HELD, Math.ceil(bytes / 1024))
  }

  #empty(): void {
    this.#setHeld(0)
    try {
      const file = openSync(this.#path, O_WRONLY | O_NOFOLLOW)
      try {
        ftruncateSync(file, 0)
        // Many file systems give the blocks to others only when this is durable.
        fsyncSync(file)
      } finally {
        closeSync(file)
      }
    } catch {
      this.#remove()
    }
  }

  /** Where copies are made of what is overwritten, cutting a file short may take room itself. */
  #remove(): void {
    try {
      unlinkSync(this.#path)
    } catch {
      // Somebody took it away, or the disk is broken: whoever wants to write is told by his own write.
    }
  }
}

/** Bytes of chance: others would be stored as next to nothing by a file system that compresses. False: it was stopped. */
async function append(file: FileHandle, bytes: number, stopped: () => boolean): Promise<boolean> {
  const step = Buffer.allocUnsafe(stepBytes)
  for (let done = 0; done < bytes; done += stepBytes) {
    if (stopped()) return false
    await fillRandom(step)
    await file.appendFile(step.subarray(0, Math.min(stepBytes, bytes - done)))
    if ((done + stepBytes) % syncedBytes === 0) await file.datasync()
  }
  await file.datasync()
  return true
}
