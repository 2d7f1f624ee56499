/**
 * An export that was interrupted, by a signal or a power cut: its manifest says in the order of keys what is there, so it
 * can go on behind the last key whose files are as they should be.
 */
import type { FileTree } from '../../ports/file-tree.ts'
import {
  asideFolder,
  BadManifest,
  linesOf,
  type ManifestEntry,
  type ManifestHead,
  manifestFile,
  parseEntry,
  parseHead,
} from './manifest.ts'

/** What is kept of it. */
export interface BegunExport {
  /** Bytes of the manifest. */
  readonly bytes: number
  readonly entries: number
  /** The last key. */
  readonly after: string
  /** Files that stand aside. */
  readonly aside: number
  /** Versions with bytes, and how many bytes they have. */
  readonly objects: number
  readonly size: number
}

/** The folder holds an export that this one cannot go on with; the message says why. */
export class OtherExport extends Error {
  override readonly name = 'OtherExport'
}

/** Undefined where there is no manifest. Throws {@link OtherExport}, or BadManifest where its first line is none. */
export async function begunExport(
  tree: FileTree,
  wanted: ManifestHead,
): Promise<BegunExport | undefined> {
  if ((await tree.find([manifestFile])) === undefined) return undefined
  const lines = linesOf(tree.read([manifestFile]))
  const { value: first } = await lines.next()
  if (first === undefined) return beginning
  requireSame(first, wanted)
  const run = new Run(tree, bytesOf(first))
  for await (const line of lines) {
    const entry = entryOf(line)
    if (entry === undefined) break
    if ('entries' in entry) throw new OtherExport('holds an export that is complete')
    if (!(await run.take(entry, bytesOf(line)))) break
  }
  return run.kept.entries === 0 ? beginning : run.kept
}

/** The first line is written anew too. */
const beginning: BegunExport = { bytes: 0, entries: 0, after: '', aside: 0, objects: 0, size: 0 }

const bytesOf = (line: string): number => Buffer.byteLength(line) + 1

function requireSame(line: string, wanted: ManifestHead): void {
  const found = parseHead(line)
  if (found.bucketId === undefined || found.bucketId !== wanted.bucketId)
    throw new OtherExport(`holds an export of another bucket, ${found.bucket}`)
  if (found.versions !== wanted.versions || found.prefix !== wanted.prefix)
    throw new OtherExport('holds an export of the same bucket with another --prefix or --versions')
}

/** Undefined for a line that was not written to its end. */
function entryOf(line: string) {
  try {
    return parseEntry(line)
  } catch (error) {
    if (error instanceof BadManifest) return undefined
    throw error
  }
}

class Run {
  /** All keys but the last: its versions may not all be there. */
  kept: BegunExport
  readonly #tree: FileTree
  #all: BegunExport

  constructor(tree: FileTree, headBytes: number) {
    this.#tree = tree
    this.#all = { ...beginning, bytes: headBytes }
    this.kept = this.#all
  }

  /** False: the entry's file is not what it should be. */
  async take(entry: ManifestEntry, bytes: number): Promise<boolean> {
    if (entry.key !== this.#all.after) this.kept = this.#all
    const path = entry.path?.split('/')
    const file = path && (await this.#tree.find(path))
    if (path !== undefined && file?.size !== entry.size) return false
    const all = this.#all
    this.#all = {
      bytes: all.bytes + bytes,
      entries: all.entries + 1,
      after: entry.key,
      aside: path?.[0] === asideFolder ? Number(path.at(-1)) + 1 : all.aside,
      objects: all.objects + (path === undefined ? 0 : 1),
      size: all.size + entry.size,
    }
    return true
  }
}
