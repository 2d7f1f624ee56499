/** The data folder as a path: made, followed to where it really is, and looked at before anything is opened in it. */
import { accessSync, constants, existsSync, lstatSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf } from '../stores/files/disk.ts'
import { makeFolder } from '../stores/files/make-folder.ts'
import type { Config } from './config.ts'
import { reasonOf } from './reasons.ts'

/** The data folder, or a log in it, cannot be used; the message names it and says why. */
export class FolderUnusable extends Error {
  override readonly name = 'FolderUnusable'
}

const { R_OK, W_OK, X_OK } = constants

/** What is in a data folder, with what this user must be allowed. Logs are looked at when they are opened. */
const contents = {
  'moongate.lock': R_OK | W_OK,
  'moongate.db': R_OK | W_OK,
  'moongate.db-wal': R_OK | W_OK,
  'moongate.db-shm': R_OK | W_OK,
  'moongate.reserve': W_OK,
  'master.key': R_OK,
  blobs: R_OK | W_OK | X_OK,
  temporary: R_OK | W_OK | X_OK,
} as const

type Look = (path: string, mode: number) => void

function requireAccess(path: string, mode: number, look: Look): void {
  try {
    look(path, mode)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    const what = (mode & W_OK) === 0 ? 'read' : 'read and written'
    throw new FolderUnusable(`${path} cannot be ${what}: ${reasonOf(error)}`, { cause: error })
  }
}

/** Files are renamed from one to the other, so they must be on one file system; and a link could be turned elsewhere. */
function requireNoLink(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return
  throw new FolderUnusable(
    `${path} is a symbolic link; it must be a folder. The whole data folder may be a link to another disk`,
  )
}

/** Who comes from MinIO may name its folder, and would find a server without his buckets, and new files among the old. */
function requireNotForeign(folder: string): void {
  if (!existsSync(join(folder, '.minio.sys')) || existsSync(join(folder, 'moongate.db'))) return
  throw new FolderUnusable(
    `the data folder ${folder} is MinIO's, which Moongate cannot read; name another one, and copy the buckets from server to server with mc mirror or rclone`,
  )
}

/** Throws {@link FolderUnusable} where this user cannot use the folder, or something in it. `look` for tests. */
export function requireUsable(folder: string, look: Look = accessSync): void {
  requireAccess(folder, R_OK | W_OK | X_OK, look)
  for (const name of ['blobs', 'temporary']) requireNoLink(join(folder, name))
  for (const [name, mode] of Object.entries(contents)) requireAccess(join(folder, name), mode, look)
}

function makeIt(folder: string): void {
  try {
    makeFolder(folder, 0o700)
  } catch (error) {
    const words = `the data folder ${folder} cannot be made: ${reasonOf(error)}`
    throw new FolderUnusable(words, { cause: error })
  }
}

/** The real path; undefined where nothing is. */
function followed(folder: string): string | undefined {
  try {
    const real = realpathSync(folder)
    if (statSync(real).isDirectory()) return real
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
    const words = `the data folder ${folder} cannot be opened: ${reasonOf(error)}`
    throw new FolderUnusable(words, { cause: error })
  }
  throw new FolderUnusable(`the data folder ${folder} is not a folder`)
}

/**
 * The configuration with the real path of its folder: links are followed once, so that one which is turned elsewhere
 * later parts nothing that belongs together. Undefined where no folder is and none is to be made. Throws
 * {@link FolderUnusable}.
 */
export function withRealFolder(config: Config, make: 'make'): Config
export function withRealFolder(config: Config, make: 'find'): Config | undefined
export function withRealFolder(config: Config, make: 'make' | 'find'): Config | undefined {
  if (config.memory) return config
  const { data: folder } = config
  if (make === 'make') makeIt(folder)
  const data = followed(folder)
  if (data === undefined) return undefined
  requireUsable(data)
  requireNotForeign(data)
  return { ...config, data }
}
