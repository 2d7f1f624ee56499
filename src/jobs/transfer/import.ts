/** Plain files as a bucket: an export with all that its manifest says, or any folder, whose paths become keys. */

import type { Digester } from '../../buckets/core.ts'
import { S3Error } from '../../model/errors.ts'
import { limits } from '../../model/limits.ts'
import { type FileTree, type TreeFile, type TreePath, UnsafePath } from '../../ports/file-tree.ts'
import type { BucketInfo, Keyspace, VersionSummary } from '../../ports/keyspace.ts'
import { requireHeaderValues, requireMetadata, requireStorageClass } from '../../rules/metadata.ts'
import { requireKey } from '../../rules/names.ts'
import { requireTags } from '../../rules/tags.ts'
import { Lanes } from '../lanes.ts'
import { contentTypeOf } from './content-types.ts'
import { keyOfPath, ownNames } from './file-names.ts'
import {
  BadManifest,
  linesOf,
  type ManifestEntry,
  type ManifestHead,
  manifestFile,
  parseEntry,
  parseHead,
} from './manifest.ts'
import { lanesWidth, Tally, type TransferHooks, weightOf } from './transfer.ts'
import { type Source, writeEntry } from './write-entry.ts'

export interface ImportTarget {
  /**
   * The bucket as it writes objects of that age (milliseconds since the epoch; their Last-Modified is what the clock
   * says, so it is set back). Zero: it is only asked what is there. `asNull`: what is written is the null version.
   */
  at(modified: number, asNull?: boolean): Keyspace
  /** The bucket for an export with this head, made or found. Called once, before anything is written. */
  open(head: ManifestHead | undefined): Promise<BucketInfo>
  /** Called when everything is there. */
  finish(head: ManifestHead | undefined): Promise<void>
}

export interface ImportOptions extends TransferHooks {
  /** Put before every key. */
  readonly prefix: string
  /** Keys that are there already are written anew; else they are left as they are. */
  readonly overwrite: boolean
  readonly digester: Digester
}

export interface ImportReport {
  readonly objects: number
  readonly bytes: number
  /** Keys that were there already. */
  readonly skipped: number
  /** Symbolic links, which are left out. */
  readonly links: number
  readonly failed: number
}

/** Versions of a key listed in one call. */
const page = 1000

/** Resolves when all is there; a file that could not be taken is told and left out. Throws BadManifest. */
export async function importTree(
  tree: FileTree,
  target: ImportTarget,
  options: ImportOptions,
): Promise<ImportReport> {
  const run = new Import(tree, target, options)
  await run.all()
  const { failed } = run.tally
  const { skipped, links, written } = run
  return { ...written, skipped, links, failed }
}

class Import {
  readonly tally: Tally
  skipped = 0
  links = 0
  readonly written = { objects: 0, bytes: 0 }
  readonly #tree: FileTree
  readonly #target: ImportTarget
  readonly #options: ImportOptions
  /** Whether what is imported has versions beside the current ones. */
  #versions = false
  /** Whether the bucket was empty: then nothing of what is imported can be there already. */
  #fresh = false
  /** Canonical id of whom the objects will belong to. */
  #owner = ''

  constructor(tree: FileTree, target: ImportTarget, options: ImportOptions) {
    this.#tree = tree
    this.#target = target
    this.#options = options
    this.tally = new Tally(options)
  }

  async all(): Promise<void> {
    const exported = (await this.#tree.find([manifestFile])) !== undefined
    for await (const entry of this.#tree.list()) {
      if ('why' in entry && entry.isLink) this.links += 1
      else if ('why' in entry) this.tally.fail(entry.shown, `is left out: ${entry.why}`)
      else if (!isOurs(entry.path) || entry.path.length > 1) this.tally.expect(entry.size)
    }
    const lanes = new Lanes(lanesWidth)
    const oddities = this.tally.failed
    let head: ManifestHead | undefined
    if (exported) head = await this.#fromManifest(lanes)
    else await this.#open(undefined)
    await lanes.idle()
    // Files that were put into an export since, unless some failed: those are not to come in without what was said of them.
    if (!exported || this.tally.failed === oddities) await this.#fromFiles(exported, lanes)
    await lanes.idle()
    await this.#target.finish(head)
  }

  async #open(head: ManifestHead | undefined): Promise<void> {
    this.#versions = head?.versions === true
    const { owner } = await this.#target.open(head)
    this.#owner = owner
    const first = { prefix: '', after: '', afterVersion: '', limit: 1 }
    this.#fresh = (await this.#versionsFrom(first)).entries.length === 0
  }

  async #fromManifest(lanes: Lanes): Promise<ManifestHead> {
    let head: ManifestHead | undefined
    let group: ManifestEntry[] = []
    let count = 0
    let ended = false
    const flush = async () => {
      const entries = group
      group = []
      if (entries.length === 0) return
      const weight = Math.max(...entries.map(({ size }) => weightOf(size)))
      await lanes.run(() => this.#importKey(entries), weight)
    }
    for await (const line of linesOf(this.#tree.read([manifestFile]))) {
      if (head === undefined) {
        head = parseHead(line)
        await this.#open(head)
        continue
      }
      const entry = parseEntry(line)
      if ('entries' in entry) {
        ended = entry.entries === count
        continue
      }
      count += 1
      if (group[0] !== undefined && group[0].key !== entry.key) await flush()
      group.push(entry)
    }
    await flush()
    if (head === undefined) throw new BadManifest(`${manifestFile} is empty`)
    if (!ended) this.tally.fail(manifestFile, 'is not complete: the export did not end well')
    return head
  }

  /** All versions of a key, the oldest first. */
  async #importKey(entries: readonly ManifestEntry[]): Promise<void> {
    const key = this.#options.prefix + (entries[0]?.key ?? '')
    await this.#try(key, async () => {
      requireKey(key)
      for (const entry of entries) requireAttributes(entry)
      const there = this.#fresh ? [] : await this.#thereOf(key)
      const left = this.#leftOf(entries, there)
      let hasNull = there.some(({ versionId }) => versionId === 'null')
      for (const entry of left) {
        // What stands in the null version's place is not written over: it was never ours.
        const asNull = this.#versions && entry.versionId === 'null' && !hasNull
        hasNull ||= asNull
        await this.#importEntry({ ...entry, key }, asNull)
      }
    })
  }

  /** What of a key is to be imported still. */
  #leftOf(
    entries: readonly ManifestEntry[],
    there: readonly VersionSummary[],
  ): readonly ManifestEntry[] {
    if (this.#options.overwrite || there.length === 0) return entries
    const begun = this.#versions && there.every((version, i) => isSame(version, entries[i]))
    const left = begun ? entries.slice(there.length) : []
    if (left.length === 0) this.skipped += 1
    for (const { path, size } of entries.slice(0, entries.length - left.length))
      if (path !== null) this.tally.done(size)
    return left
  }

  /** What the bucket has of a key, the oldest first; where versions do not matter, the current one at most. */
  async #thereOf(key: string): Promise<readonly VersionSummary[]> {
    const limit = this.#versions ? page : 1
    const found: VersionSummary[] = []
    for (let more = true; more; ) {
      const { key: after = '', versionId: afterVersion = '' } = found.at(-1) ?? {}
      const listing = await this.#versionsFrom({ prefix: key, after, afterVersion, limit })
      const own = listing.entries.filter(entry => typeof entry !== 'string' && entry.key === key)
      found.push(...(own as VersionSummary[]))
      more = this.#versions && listing.more && own.length === listing.entries.length
    }
    return found.filter(({ isDeleteMarker }) => this.#versions || !isDeleteMarker).reverse()
  }

  #versionsFrom(from: { prefix: string; after: string; afterVersion: string; limit: number }) {
    return this.#target.at(0).listVersions({ ...from, delimiter: '' })
  }

  async #importEntry(entry: ManifestEntry, asNull: boolean): Promise<void> {
    const space = this.#target.at(Math.max(1, entry.modified), asNull)
    if (entry.path === null) {
      await space.delete({ key: entry.key, conditions: {} })
      return
    }
    const file = await this.#tree.find(entry.path.split('/'))
    if (file === undefined) {
      this.tally.fail(entry.key, `is not there: the file ${entry.path} is missing`)
      return
    }
    const result = await writeEntry(space, this.#source(), { entry, file })
    this.#wrote(result.size)
    const unlike = result.size !== entry.size || (isMd5(entry.etag) && result.etag !== entry.etag)
    if (unlike)
      this.tally.fail(entry.key, 'was imported, but its file is not what was exported any more')
  }

  #source(): Source {
    const { digester } = this.#options
    return { tree: this.#tree, digester, owner: this.#owner }
  }

  async #fromFiles(exported: boolean, lanes: Lanes): Promise<void> {
    for await (const file of this.#tree.list()) {
      if ('why' in file || (exported && isOurs(file.path))) continue
      const path = exported ? keyOfPath(file.path) : file.path.join('/')
      const shown = file.path.join('/')
      if (path === undefined) {
        this.tally.fail(shown, 'is left out: it is in no export of ours, and its name is no key')
        continue
      }
      const key = this.#options.prefix + path
      const work = () => this.#try(shown, () => this.#importFile(key, file, exported))
      await lanes.run(work, weightOf(file.size))
    }
  }

  async #importFile(key: string, file: TreeFile, exported: boolean): Promise<void> {
    requireKey(key)
    const there = !(this.#fresh && !exported) && (await this.#thereOf(key)).length > 0
    if (there && exported) return
    if (there && !this.#options.overwrite) {
      this.skipped += 1
      return this.tally.done(file.size)
    }
    const modified = Math.max(1, Math.round(file.modified))
    const contentType = contentTypeOf(file.path.at(-1) ?? '')
    const entry: ManifestEntry = {
      key,
      path: file.path.join('/'),
      size: file.size,
      etag: '',
      modified,
      versionId: null,
      headers: contentType === undefined ? {} : { contentType },
      metadata: {},
      tags: [],
      storageClass: null,
      checksum: null,
      parts: null,
    }
    const { size } = await writeEntry(this.#target.at(modified), this.#source(), { entry, file })
    this.#wrote(size)
  }

  #wrote(size: number): void {
    this.written.objects += 1
    this.written.bytes += size
    this.tally.done(size)
  }

  /** What S3 or the system refuses of one file does not keep the others out. */
  async #try(subject: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      const refused =
        error instanceof S3Error ||
        error instanceof UnsafePath ||
        (error instanceof Error && 'syscall' in error)
      if (!refused) throw error
      this.tally.fail(subject, `is left out: ${error.message}`)
    }
  }
}

/** A manifest may come from anywhere, and what it says is sent in headers later. */
function requireAttributes(entry: ManifestEntry): void {
  requireHeaderValues({ ...entry.headers })
  requireMetadata(entry.metadata)
  requireTags(entry.tags, limits.object_tags_max)
  requireStorageClass(entry.storageClass ?? undefined)
}

/** Whether the version was imported from this entry: it has its time, which no other write gives. */
const isSame = (version: VersionSummary, entry: ManifestEntry | undefined): boolean =>
  entry !== undefined &&
  version.isDeleteMarker === (entry.path === null) &&
  version.modified === Math.max(1, entry.modified) &&
  version.size === entry.size

const isMd5 = (etag: string): boolean => /^[0-9a-f]{32}$/.test(etag)

/** The manifest and what stands aside. */
const isOurs = (path: TreePath): boolean => path[0]?.startsWith(ownNames) === true
