/** The file system calls that the blob store makes, as an object, so that tests can watch them and make them fail. */
import fs from 'node:fs'
import { constants } from 'node:os'

export interface FileFacts {
  readonly regular: boolean
  readonly folder: boolean
  readonly size: number
  /** Milliseconds since the epoch. */
  readonly modified: number
}

/** Every call rejects with the system's error (`code`). Descriptors are plain numbers. */
export interface Disk {
  /** Creates a file that must not exist, for writing. */
  create(path: string): Promise<number>
  /**
   * A further descriptor of a file, which reads or writes past the page cache; undefined where the system or the file
   * system has no such thing. Buffers, lengths and positions must be multiples of the block size, else calls fail with
   * EINVAL.
   */
  openPastCache(path: string, mode: 'read' | 'write'): Promise<number | undefined>
  /** Opens for reading; never follows a symbolic link and never waits for a FIFO's other end. */
  open(path: string): Promise<number>
  openFolder(path: string): Promise<number>
  /** Writes all of the bytes at the position; resolves with how many they are. */
  write(fd: number, bytes: Uint8Array, position: number): Promise<number>
  /** Reads up to `length` bytes into the buffer; resolves with how many. */
  read(fd: number, into: Uint8Array, length: number, position: number): Promise<number>
  facts(fd: number): Promise<FileFacts>
  /** Facts of a path, not following a link; undefined where nothing is. */
  factsAt(path: string): Promise<FileFacts | undefined>
  syncData(fd: number): Promise<void>
  syncFolder(fd: number): Promise<void>
  close(fd: number): Promise<void>
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  /** Makes one folder; resolves with false when it is there already. */
  makeFolder(path: string): Promise<boolean>
  names(folder: string): Promise<string[]>
}

type Done<T> = (error: NodeJS.ErrnoException | null, value: T) => void

/** Callbacks of node:fs cost less than its promises and their FileHandles. */
function call<T>(start: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => {
      if (error) reject(error)
      else resolve(value)
    })
  })
}

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = fs.constants

function factsOf(stats: fs.Stats): FileFacts {
  return {
    regular: stats.isFile(),
    folder: stats.isDirectory(),
    size: stats.size,
    modified: stats.mtimeMs,
  }
}

/** Node has no name for it, and says UNKNOWN. */
const overQuota = -constants.errno.EDQUOT

export function codeOf(error: unknown): string | undefined {
  if (error instanceof Error && 'errno' in error && error.errno === overQuota) return 'EDQUOT'
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}

/** Treats one error code as an answer. */
async function unless<T>(code: string, instead: T, attempt: Promise<T>): Promise<T> {
  try {
    return await attempt
  } catch (error) {
    if (codeOf(error) === code) return instead
    throw error
  }
}

async function writeAll(fd: number, bytes: Uint8Array, position: number): Promise<number> {
  let written = 0
  while (written < bytes.length) {
    const from = written
    written += await call<number>(done =>
      fs.write(fd, bytes, from, bytes.length - from, position + from, done),
    )
  }
  return written
}

/** Reads and writes past the page cache begin and end at multiples of this, the largest block of a disk. */
export const alignment = 4096

/** Some file systems let a file be opened past the page cache and refuse to be used so: then 0 bytes were moved. */
export function refusedPastCache(error: unknown): 0 {
  if (codeOf(error) === 'EINVAL') return 0
  throw error
}

/** Only Linux has it. */
const past: number | undefined = fs.constants.O_DIRECT

async function openPastCache(path: string, mode: 'read' | 'write'): Promise<number | undefined> {
  if (past === undefined) return undefined
  const flags = (mode === 'read' ? O_RDONLY | O_NONBLOCK : O_WRONLY) | O_NOFOLLOW | past
  const opened = call<number>(done => fs.open(path, flags, done))
  return await unless<number | undefined>('EINVAL', undefined, opened)
}

export const systemDisk: Disk = {
  create: path =>
    call(done => fs.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600, done)),
  open: path => call(done => fs.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, done)),
  openPastCache,
  openFolder: path => call(done => fs.open(path, O_RDONLY, done)),
  write: writeAll,
  read: (fd, into, length, position) => call(done => fs.read(fd, into, 0, length, position, done)),
  facts: async fd => factsOf(await call<fs.Stats>(done => fs.fstat(fd, done))),
  factsAt: path =>
    unless<FileFacts | undefined>(
      'ENOENT',
      undefined,
      call<fs.Stats>(done => fs.lstat(path, done)).then(factsOf),
    ),
  syncData: fd => call<void>(done => fs.fdatasync(fd, error => done(error, undefined))),
  syncFolder: fd => call<void>(done => fs.fsync(fd, error => done(error, undefined))),
  close: fd => call<void>(done => fs.close(fd, error => done(error ?? null, undefined))),
  rename: (from, to) => call<void>(done => fs.rename(from, to, error => done(error, undefined))),
  remove: path => call<void>(done => fs.unlink(path, error => done(error, undefined))),
  makeFolder: path =>
    unless(
      'EEXIST',
      false,
      call<void>(done => fs.mkdir(path, 0o700, error => done(error, undefined))).then(() => true),
    ),
  names: folder =>
    unless<string[]>(
      'ENOENT',
      [],
      call(done => fs.readdir(folder, done)),
    ),
}
