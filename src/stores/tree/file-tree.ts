/** The FileTree on a file system. */
import type { Dirent, Stats } from 'node:fs'
import {
  constants,
  type FileHandle,
  lstat,
  mkdir,
  open,
  opendir,
  realpath,
  unlink,
} from 'node:fs/promises'
import { join } from 'node:path'
import type { ByteRange, ByteSource } from '../../ports/blob-store.ts'
import {
  type FileTree,
  folderMark,
  type NewFile,
  type TreeFile,
  type TreeOddity,
  type TreePath,
  UnsafePath,
} from '../../ports/file-tree.ts'
import { makeFolder } from '../files/make-folder.ts'

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants

export interface FileTreeOptions {
  /** Made when it is not there, if `make` is set. */
  readonly folder: string
  readonly make: boolean
  /** A folder that is not listed though it is in there. */
  readonly without?: string
}

const readSize = 1024 * 1024
/** Folders whose existence is remembered. */
const knownMax = 10_000
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

  constructor(root: string, without: string | undefined) {
    this.#root = root
    this.#without = without
  }

  async create(path: TreePath): Promise<NewFile | undefined> {
    requireSafe(path)
    const folders = path.slice(0, -1)
    const name = path.at(-1) ?? ''
    try {
      const placed = await this.#ensure(folders)
      const used = [...placed, name]
      const full = join(this.#root, ...used)
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
      const facts = await factsOf(full)
      if (facts === undefined) await mkdir(full)
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

  async journal(name: string) {
    requireSafe([name])
    const full = join(this.#root, name)
    const file = await open(full, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o666)
    return {
      async append(text: string) {
        await file.appendFile(text)
      },
      async close() {
        await file.sync()
        await file.close()
      },
    }
  }

  async find(path: TreePath): Promise<TreeFile | undefined> {
    requireSafe(path)
    if (!(await this.#foldersAreReal(path))) return undefined
    const facts = await factsOf(join(this.#root, ...path))
    if (facts?.isFile() !== true) return undefined
    return { path, size: facts.size, modified: facts.mtimeMs }
  }

  async #foldersAreReal(path: TreePath): Promise<boolean> {
    for (let depth = 1; depth < path.length; depth++) {
      const facts = await factsOf(join(this.#root, ...path.slice(0, depth)))
      if (facts?.isDirectory() !== true) return false
    }
    return true
  }

  async *read(path: TreePath, range?: ByteRange): AsyncGenerator<Uint8Array> {
    requireSafe(path)
    if (!(await this.#foldersAreReal(path))) throw new Error(`${path.join('/')} is not there`)
    const file = await open(join(this.#root, ...path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    try {
      const facts = await file.stat()
      if (!facts.isFile()) throw new Error(`${path.join('/')} is not a regular file`)
      yield* chunksOf(file, range ?? { start: 0, end: Number.POSITIVE_INFINITY }, facts.size)
    } finally {
      await file.close()
    }
  }

  list(): AsyncGenerator<TreeFile | TreeOddity> {
    return this.#listFolder([])
  }

  async *#listFolder(parents: TreePath): AsyncGenerator<TreeFile | TreeOddity> {
    const folder = join(this.#root, ...parents)
    // The types know no folder that is read as bytes, which is what a name of other bytes than UTF-8 needs.
    const entries = await opendir(folder, { encoding: 'buffer' as BufferEncoding })
    for await (const entry of entries) {
      const name = textOf(entry)
      const shown = [...parents, name ?? String(entry.name)].join('/')
      if (name === undefined) {
        yield { shown, why: 'its name is not UTF-8', isLink: false }
        continue
      }
      const path = [...parents, name]
      const full = join(folder, name)
      if (full === this.#without) continue
      const facts = await factsOf(full)
      if (facts === undefined) continue
      if (facts.isDirectory()) yield* this.#listFolder(path)
      else if (facts.isFile()) yield { path, size: facts.size, modified: facts.mtimeMs }
      else if (facts.isSymbolicLink()) yield { shown, why: 'it is a symbolic link', isLink: true }
      else yield { shown, why: 'it is not a regular file', isLink: false }
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
async function factsOf(full: string): Promise<Stats | undefined> {
  try {
    return await lstat(full)
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
    throw error
  }
}

async function* chunksOf(
  file: FileHandle,
  { start, end }: ByteRange,
  size: number,
): AsyncGenerator<Uint8Array> {
  const last = Math.min(end, size)
  const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(readSize, last - start)))
  for (let position = start; position < last; ) {
    const length = Math.min(buffer.length, last - position)
    const { bytesRead } = await file.read(buffer, 0, length, position)
    if (bytesRead === 0) throw new Error('a file became shorter while it was read')
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

async function writeAll(
  { file, full }: { file: FileHandle; full: string },
  source: ByteSource,
  modified: number,
): Promise<void> {
  try {
    for await (const chunk of source) await writeChunk(file, chunk)
    await file.utimes(modified / 1000, modified / 1000)
    await file.close()
  } catch (error) {
    await file.close().catch(() => undefined)
    await unlink(full).catch(() => undefined)
    throw error
  }
}

async function writeChunk(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.length; )
    done += (await file.write(chunk, done, chunk.length - done)).bytesWritten
}
