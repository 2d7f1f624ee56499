/** A bucket as plain files: each under its key (see file-names.ts), and a manifest of what files cannot say. */
import { BlobMissing } from '../../ports/blob-store.ts'
import type { FileTree, NewFile, TreePath } from '../../ports/file-tree.ts'
import type { Keyspace, OpenObject, VersionSummary } from '../../ports/keyspace.ts'
import { StoreUnavailable } from '../../ports/store-unavailable.ts'
import { Lanes } from '../lanes.ts'
import { pathOfKey } from './file-names.ts'
import {
  asideFolder,
  type ManifestEnd,
  type ManifestEntry,
  type ManifestHead,
  manifestFile,
} from './manifest.ts'
import { lanesWidth, Tally, type TransferHooks } from './transfer.ts'

export interface ExportOptions extends TransferHooks {
  readonly prefix: string
  /** Noncurrent versions and delete markers too. */
  readonly versions: boolean
  /** Whether names must be such as Windows can have. */
  readonly windows: boolean
}

export interface ExportReport {
  readonly objects: number
  readonly bytes: number
  readonly failed: number
}

/** Keys listed in one call. */
const page = 1000
/** Files in one folder of those that stand aside. */
const asideFolderMax = 1000
/** Parts read in one call. */
const partsPage = 1000

type Version = Pick<VersionSummary, 'key' | 'size' | 'modified' | 'isDeleteMarker' | 'isLatest'> & {
  /** Undefined: the current one is asked for without its id. */
  readonly versionId: string | undefined
}

/** Writes into an empty tree. Resolves when all is there; what could not be read is told and left out. */
export async function exportBucket(
  space: Keyspace,
  tree: FileTree,
  options: ExportOptions,
): Promise<ExportReport> {
  const tally = new Tally(options)
  for await (const versions of keysOf(space, options))
    for (const version of versions) if (!version.isDeleteMarker) tally.expect(version.size)
  const run = new Export(space, tree, options, tally)
  await run.all()
  const { objects, bytes, failed } = tally
  return { objects, bytes, failed }
}

/** The versions of each key, the oldest first. */
function keysOf(space: Keyspace, options: ExportOptions): AsyncGenerator<readonly Version[]> {
  return options.versions ? allVersions(space, options.prefix) : currentOnes(space, options.prefix)
}

async function* currentOnes(space: Keyspace, prefix: string): AsyncGenerator<readonly Version[]> {
  let after = ''
  for (let more = true; more; ) {
    const listing = await space.list({ prefix, delimiter: '', after, limit: page })
    for (const entry of listing.entries) {
      if (typeof entry === 'string') continue
      const { key, size, modified } = entry
      after = key
      yield [{ key, size, modified, isDeleteMarker: false, isLatest: true, versionId: undefined }]
    }
    more = listing.more
  }
}

async function* allVersions(space: Keyspace, prefix: string): AsyncGenerator<readonly Version[]> {
  let gathered: VersionSummary[] = []
  let after = ''
  let afterVersion = ''
  for (let more = true; more; ) {
    const request = { prefix, delimiter: '', after, afterVersion, limit: page }
    const listing = await space.listVersions(request)
    for (const entry of listing.entries) {
      if (typeof entry === 'string') continue
      if (gathered.length > 0 && entry.key !== after) {
        yield gathered.reverse()
        gathered = []
      }
      gathered.push(entry)
      after = entry.key
      afterVersion = entry.versionId
    }
    more = listing.more
  }
  if (gathered.length > 0) yield gathered.reverse()
}

class Export {
  readonly #space: Keyspace
  readonly #tree: FileTree
  readonly #options: ExportOptions
  readonly #tally: Tally
  #aside = 0
  #entries = 0

  constructor(...[space, tree, options, tally]: [Keyspace, FileTree, ExportOptions, Tally]) {
    this.#space = space
    this.#tree = tree
    this.#options = options
    this.#tally = tally
  }

  async all(): Promise<void> {
    const journal = await this.#tree.journal(manifestFile)
    const { name, versioning, settings } = this.#space.bucket
    const { versions } = this.#options
    const head: ManifestHead = {
      moongate: 'export',
      format: 1,
      bucket: name,
      versioning,
      settings,
      versions,
    }
    try {
      await journal.append(`${JSON.stringify(head)}\n`)
      const lanes = new Lanes(lanesWidth)
      for await (const group of keysOf(this.#space, this.#options)) {
        // Files are made one after the other: whether `a` is a file must be known before `a/b` is made.
        const files: (NewFile | undefined)[] = []
        for (const version of group) files.push(await this.#fileFor(version))
        await lanes.run(async () => {
          const lines: string[] = []
          for (const [index, version] of group.entries()) {
            const entry = await this.#write(version, files[index])
            if (entry !== undefined) lines.push(`${JSON.stringify(entry)}\n`)
          }
          this.#entries += lines.length
          await journal.append(lines.join(''))
        })
      }
      await lanes.idle()
      const end: ManifestEnd = { entries: this.#entries }
      await journal.append(`${JSON.stringify(end)}\n`)
    } finally {
      await journal.close()
    }
  }

  async #fileFor(version: Version): Promise<NewFile | undefined> {
    if (version.isDeleteMarker) return undefined
    const { windows } = this.#options
    const own = version.isLatest
      ? await this.#tree.create(pathOfKey(version.key, windows))
      : undefined
    if (own !== undefined) return own
    const number = this.#aside
    this.#aside += 1
    const folder = String(Math.floor(number / asideFolderMax)).padStart(6, '0')
    const aside = await this.#tree.create([asideFolder, folder, String(number).padStart(9, '0')])
    if (aside === undefined) throw new Error(`${asideFolder} holds files already`)
    return aside
  }

  async #write(version: Version, file: NewFile | undefined): Promise<ManifestEntry | undefined> {
    const { key, versionId, modified } = version
    if (file === undefined) return markerEntry(version)
    try {
      const opening = this.#space.open({ key, versionId })
      // Also when it cannot be opened: then the file, which is made already, goes again.
      await file.write(bytesOf(opening), modified)
      this.#tally.done(version.size)
      return await entryOf(await opening, file.path)
    } catch (error) {
      if (!(error instanceof BlobMissing) && !(error instanceof StoreUnavailable)) throw error
      this.#tally.fail(key, `could not be read and is not in the export: ${error.message}`)
      return undefined
    }
  }
}

async function* bytesOf(opening: Promise<OpenObject>): AsyncGenerator<Uint8Array> {
  const object = await opening
  if (object.info.size > 0) yield* await object.stream({ start: 0, end: object.info.size })
}

function markerEntry({ key, modified, versionId }: Version): ManifestEntry {
  const attributes = { headers: {}, metadata: {}, tags: [], storageClass: null }
  const nothing = { path: null, size: 0, etag: '', checksum: null, parts: null }
  return { key, ...nothing, modified, versionId: versionId ?? null, ...attributes }
}

async function entryOf(object: OpenObject, path: TreePath): Promise<ManifestEntry> {
  const { key, size, etag, modified, versionId, headers, metadata, tags, storageClass } =
    object.info
  return {
    key,
    path: path.join('/'),
    size,
    etag,
    modified,
    versionId: versionId ?? null,
    headers,
    metadata,
    tags,
    storageClass,
    checksum: object.info.checksum ?? null,
    parts: object.info.partCount === undefined ? null : await partsOf(object),
  }
}

async function partsOf(object: OpenObject): Promise<[number, number][]> {
  const sizes: [number, number][] = []
  for (let more = true; more; ) {
    const listed = await object.parts(sizes.at(-1)?.[0] ?? 0, partsPage)
    for (const { number, size } of listed.parts) sizes.push([number, size])
    more = listed.more
  }
  return sizes
}
