/**
 * The FileTree on a file system. Trees have a great many small files, and a call in Node's thread pool costs more than most
 * of what is asked for: only what waits for a disk goes there (opening, reading, writing much, closing what was written).
 */
import {
  closeSync,
  constants,
  type Dirent,
  close as fsClose,
  open as fsOpen,
  read as fsRead,
  fstatSync,
  write as fsWrite,
  futimesSync,
  lstatSync,
  opendirSync,
  realpathSync,
  type Stats,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { mkdir, opendir, open as openHandle, realpath } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { ByteRange, ByteSource } from '../../ports/blob-store.ts'
import {
  type FileTree,
  folderMark,
  type Journal,
  type NewFile,
  type TreeFile,
  type TreeOddity,
  type TreePath,
  UnsafePath,
} from '../../ports/file-tree.ts'
import { makeFolder } from '../files/make-folder.ts'

const open = promisify(fsOpen)
const read = promisify(fsRead)
const write = promisify(fsWrite)
const close = promisify(fsClose)

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants

export interface FileTreeOptions {
  /** Made when it is not there, if `make` is set. */
  readonly folder: string
  readonly make: boolean
  /** A folder that is not listed though it is in there. */
  readonly without?: string
}

const readSize = 1024 * 1024
/** Up to so many bytes are written at once: the system only copies them. */
const writtenAtOnce = 64 * 1024
/** Folders whose existence is remembered. */
const knownMax = 10_000
/** Entries of folders that are listed before others have their turn. */
const listedAtOnce = 256
/** The file system cannot have such a name, or something else has it. */
const unusable = new Set(['EEXIST', 'EISDIR', 'ENAMETOOLONG', 'EILSEQ', 'EINVAL', 'ELOOP'])

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error ? String(error.code) : undefined

/** Opens a folder as a tree. A link to the folder itself is followed, none inside is. */
export async function openFileTree(options: FileTreeOptions): Promise<FileTree> {
  if (options.make) makeFolder(options.folder)
  const root = await realpath(options.folder)
  const without =
    options.without === undefined
      ? undefined
      : await realpath(options.without).catch(() => options.without)
  return new PlainTree(root, without)
}

class PlainTree implements FileTree {
  readonly #root: string
  readonly #without: string | undefined
  /** Folders that are there, by the path that was asked for. */
  readonly #known = new Map<string, string>()
  /** Folders that are no links. */
  readonly #real = new Set<string>()
  #listed = 0

  constructor(root: string, without: string | undefined) {
    this.#root = root
    this.#without = without
  }

  async create(path: TreePath, replace = false): Promise<NewFile | undefined> {
    requireSafe(path)
    const name = path.at(-1) ?? ''
    try {
      const used = [...(await this.#ensure(path.slice(0, -1))), name]
      const full = join(this.#root, ...used)
      if (replace) makeWay(full, name)
      const file = await open(full, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o666)
      return { path: used, write: (source, modified) => writeAll({ file, full }, source, modified) }
    } catch (error) {
      if (unusable.has(codeOf(error) ?? '')) return undefined
      throw error
    }
  }

  /** Makes the folders; their names as they are in the end. */
  async #ensure(folders: TreePath): Promise<TreePath> {
    const placed: string[] = []
    for (const folder of folders) {
      const wanted = [...placed, folder].join('/')
      let name = this.#known.get(wanted)
      if (name === undefined) {
        name = await this.#folder(placed, folder)
        if (this.#known.size >= knownMax) this.#known.clear()
        this.#known.set(wanted, name)
      }
      placed.push(name)
    }
    return placed
  }

  async #folder(parents: TreePath, name: string): Promise<string> {
    for (const tried of [name, name + folderMark]) {
      const full = join(this.#root, ...parents, tried)
      const facts = factsOf(full)
      if (facts === undefined) await mkdir(full, { recursive: true })
      else if (!facts.isDirectory()) continue
      return tried
    }
    throw Object.assign(
      new Error(`${join(...parents, name)} cannot be made: files have its names`),
      {
        code: 'EEXIST',
      },
    )
  }

  async journal(name: string, kept?: number): Promise<Journal> {
    requireSafe([name])
    const full = join(this.#root, name)
    const made = kept === undefined ? O_CREAT | O_EXCL : 0
    const file = await openHandle(full, O_WRONLY | made | O_NOFOLLOW, 0o666)
    let position = kept ?? 0
    await file.truncate(position)
    return {
      async append(text: string) {
        const bytes = Buffer.from(text)
        for (let done = 0; done < bytes.length; ) {
          const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position)
          done += bytesWritten
          position += bytesWritten
        }
      },
      async close() {
        await file.sync()
        await file.close()
      },
    }
  }

  async find(path: TreePath): Promise<TreeFile | undefined> {
    requireSafe(path)
    if (!this.#foldersAreReal(path)) return undefined
    const facts = factsOf(join(this.#root, ...path))
    if (facts?.isFile() !== true) return undefined
    return { path, size: facts.size, modified: facts.mtimeMs }
  }

  #foldersAreReal(path: TreePath): boolean {
    for (let depth = 1; depth < path.length; depth++) {
      const folder = join(this.#root, ...path.slice(0, depth))
      if (this.#real.has(folder)) continue
      if (factsOf(folder)?.isDirectory() !== true) return false
      if (this.#real.size >= knownMax) this.#real.clear()
      this.#real.add(folder)
    }
    return true
  }

  async *read(path: TreePath, range?: ByteRange): AsyncGenerator<Uint8Array> {
    requireSafe(path)
    if (!this.#foldersAreReal(path)) throw new Error(`${path.join('/')} is not there`)
    const file = await open(join(this.#root, ...path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    try {
      const facts = fstatSync(file)
      if (!facts.isFile()) throw new Error(`${path.join('/')} is not a regular file`)
      const start = range?.start ?? 0
      const end = Math.min(range?.end ?? facts.size, facts.size)
      const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(readSize, end - start)))
      for (let position = start; position < end; ) {
        const length = Math.min(buffer.length, end - position)
        const { bytesRead } = await read(file, buffer, 0, length, position)
        if (bytesRead === 0) throw new Error('a file became shorter while it was read')
        position += bytesRead
        yield buffer.subarray(0, bytesRead)
      }
    } finally {
      closeSync(file)
    }
  }

  list(): AsyncGenerator<TreeFile | TreeOddity> {
    return this.#listFolder([])
  }

  async *#listFolder(parents: TreePath): AsyncGenerator<TreeFile | TreeOddity> {
    const folder = join(this.#root, ...parents)
    // The types know no folder that is read as bytes, which is what a name of other bytes than UTF-8 needs.
    const encoding = 'buffer' as BufferEncoding
    const entries = opendirSync(folder, { encoding, bufferSize: listedAtOnce })
    try {
      for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
        this.#listed += 1
        if (this.#listed % listedAtOnce === 0) await setImmediate()
        const name = textOf(entry)
        const shown = [...parents, name ?? String(entry.name)].join('/')
        if (name === undefined) {
          yield { shown, why: 'its name is not UTF-8', isLink: false }
          continue
        }
        const path = [...parents, name]
        const full = join(folder, name)
        if (full === this.#without) continue
        const facts = factsOf(full)
        if (facts === undefined) continue
        if (facts.isDirectory()) yield* this.#listFolder(path)
        else if (facts.isFile()) yield { path, size: facts.size, modified: facts.mtimeMs }
        else if (facts.isSymbolicLink()) yield { shown, why: 'it is a symbolic link', isLink: true }
        else yield { shown, why: 'it is not a regular file', isLink: false }
      }
    } finally {
      entries.closeSync()
    }
  }

  async isEmpty(): Promise<boolean> {
    for await (const _ of await opendir(this.#root)) return false
    return true
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textOf(entry: Dirent): string | undefined {
  const name: unknown = entry.name
  try {
    return name instanceof Uint8Array ? utf8.decode(name) : entry.name
  } catch {
    return undefined
  }
}

/** Throws for anything that would not be exactly one name in its folder: a manifest may come from anywhere. */
function requireSafe(path: TreePath): void {
  const unsafe = (name: string): boolean =>
    name === '' ||
    name === '.' ||
    name === '..' ||
    /[/\0]/.test(name) ||
    (onWindows && /[\\:]/.test(name))
  if (path.length === 0 || path.some(unsafe)) throw new UnsafePath(path)
}

const onWindows = process.platform === 'win32'

/** Not following a link; undefined where nothing is. */
function factsOf(full: string): Stats | undefined {
  try {
    return lstatSync(full, { throwIfNoEntry: false })
  } catch (error) {
    if (codeOf(error) === 'ENOTDIR') return undefined
    throw error
  }
}

/** Removes a file, if it is there under exactly this name. */
function makeWay(full: string, name: string): void {
  if (factsOf(full)?.isFile() !== true) return
  if (basename(realpathSync.native(full)) === name) unlinkSync(full)
}

async function writeAll(
  { file, full }: { file: number; full: string },
  source: ByteSource,
  modified: number,
): Promise<void> {
  let closed = false
  try {
    for await (const chunk of source) await writeChunk(file, chunk)
    futimesSync(file, modified / 1000, modified / 1000)
    closed = true
    await close(file)
  } catch (error) {
    if (!closed) quietly(() => closeSync(file))
    quietly(() => unlinkSync(full))
    throw error
  }
}

/** What goes wrong while something else went wrong already is not told. */
function quietly(work: () => void): void {
  try {
    work()
  } catch {}
}

async function writeChunk(file: number, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.length; ) {
    const rest = chunk.length - done
    if (rest <= writtenAtOnce) done += writeSync(file, chunk, done, rest)
    else done += (await write(file, chunk, done, rest)).bytesWritten
  }
}
