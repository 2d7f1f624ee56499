/** A bucket as plain files: each under its key (see file-names.ts), and a manifest of what files cannot say. */
import { setImmediate } from 'node:timers/promises'
import { BlobMissing } from '../../ports/blob-store.ts'
import type { FileTree, NewFile, TreePath } from '../../ports/file-tree.ts'
import type { Keyspace, OpenObject, VersionSummary } from '../../ports/keyspace.ts'
import { StoreUnavailable } from '../../ports/store-unavailable.ts'
import { Lanes } from '../lanes.ts'
import { type BegunExport, begunExport } from './begun-export.ts'
import { pathOfKey } from './file-names.ts'
import {
  asideFolder,
  type ManifestEnd,
  type ManifestEntry,
  type ManifestHead,
  manifestFile,
} from './manifest.ts'
import { aheadMax, OrderedLines } from './ordered-lines.ts'
import { lanesWidth, Tally, type TransferHooks, weightOf } from './transfer.ts'

export interface ExportOptions extends TransferHooks {
  readonly prefix: string
  /** Noncurrent versions and delete markers too. */
  readonly versions: boolean
  /** Whether names must be such as Windows can have. */
  readonly windows: boolean
}

export interface ExportReport {
  /** All that are in the export. */
  readonly objects: number
  readonly bytes: number
  readonly failed: number
  /** Of the objects, those that an interrupted export had written. */
  readonly kept: number
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

/**
 * Writes into a tree that is empty or holds the beginning of the same export, which then goes on. Resolves when all is
 * there; what could not be read is told and left out. Throws OtherExport, and BadManifest.
 */
export async function exportBucket(
  space: Keyspace,
  tree: FileTree,
  options: ExportOptions,
): Promise<ExportReport> {
  const head = headOf(space, options)
  const begun = await begunExport(tree, head)
  const tally = new Tally(options)
  for await (const versions of keysOf(space, options, ''))
    for (const version of versions) if (!version.isDeleteMarker) tally.expect(version.size)
  if (begun !== undefined) tally.done(begun.size, begun.objects)
  const run = new Export(space, tree, options, tally)
  await run.all(head, begun)
  const { objects, bytes, failed } = tally
  return { objects, bytes, failed, kept: begun?.objects ?? 0 }
}

function headOf({ bucket }: Keyspace, { prefix, versions }: ExportOptions): ManifestHead {
  const { name, id, versioning, settings } = bucket
  const common = { moongate: 'export', format: 1, bucket: name, bucketId: id } as const
  return { ...common, versioning, settings, versions, prefix }
}

/** The versions of each key, the oldest first. */
function keysOf(
  space: Keyspace,
  { prefix, versions }: ExportOptions,
  after: string,
): AsyncGenerator<readonly Version[]> {
  return versions ? allVersions(space, prefix, after) : currentOnes(space, prefix, after)
}

/** A turn of the event loop for each page: a store that answers at once would else keep signals waiting. */
async function* currentOnes(
  space: Keyspace,
  prefix: string,
  start: string,
): AsyncGenerator<readonly Version[]> {
  let after = start
  for (let more = true; more; ) {
    const request = { prefix, delimiter: '', after, limit: page, ownersUnused: true }
    const listing = await space.list(request)
    await setImmediate()
    for (const entry of listing.entries) {
      if (typeof entry === 'string') continue
      const { key, size, modified } = entry
      after = key
      yield [{ key, size, modified, isDeleteMarker: false, isLatest: true, versionId: undefined }]
    }
    more = listing.more
  }
}

async function* allVersions(
  space: Keyspace,
  prefix: string,
  start: string,
): AsyncGenerator<readonly Version[]> {
  let gathered: VersionSummary[] = []
  let after = start
  let afterVersion = ''
  for (let more = true; more; ) {
    const request = { prefix, delimiter: '', after, afterVersion, limit: page }
    const listing = await space.listVersions(request)
    await setImmediate()
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

/** The file, or its number among those that stand aside; undefined for a delete marker. */
type Place = NewFile | number | undefined

class Export {
  readonly #space: Keyspace
  readonly #tree: FileTree
  readonly #options: ExportOptions
  readonly #tally: Tally
  #aside = 0
  #entries = 0
  #resumed = false
  /** So many keys may have files that an interrupted export left. */
  #leftovers = 0

  constructor(...[space, tree, options, tally]: [Keyspace, FileTree, ExportOptions, Tally]) {
    this.#space = space
    this.#tree = tree
    this.#options = options
    this.#tally = tally
  }

  async all(head: ManifestHead, begun: BegunExport | undefined): Promise<void> {
    const journal = await this.#tree.journal(manifestFile, begun?.bytes)
    if (begun !== undefined) {
      this.#aside = begun.aside
      this.#entries = begun.entries
      this.#resumed = true
      this.#leftovers = aheadMax + lanesWidth
    }
    try {
      if ((begun?.bytes ?? 0) === 0) await journal.append(`${JSON.stringify(head)}\n`)
      await this.#objects(new OrderedLines(journal), begun?.after ?? '')
      const end: ManifestEnd = { entries: this.#entries }
      await journal.append(`${JSON.stringify(end)}\n`)
    } finally {
      await journal.close()
    }
  }

  async #objects(lines: OrderedLines, after: string): Promise<void> {
    const lanes = new Lanes(lanesWidth)
    for await (const group of keysOf(this.#space, this.#options, after)) {
      const place = await lines.place()
      const files: Place[] = []
      for (const version of group) files.push(await this.#placeOf(version))
      this.#leftovers -= 1
      const weight = Math.max(...group.map(({ size }) => weightOf(size)))
      await lanes.run(async () => lines.set(place, await this.#linesOf(group, files)), weight)
    }
    await lanes.idle()
  }

  /** Files under their keys are made one after the other: whether `a` is one must be known before `a/b` is made. */
  async #placeOf(version: Version): Promise<Place> {
    if (version.isDeleteMarker) return undefined
    const path = pathOfKey(version.key, this.#options.windows)
    const leftover = this.#leftovers > 0
    const own = version.isLatest ? await this.#tree.create(path, leftover) : undefined
    if (own !== undefined) return own
    this.#aside += 1
    return this.#aside - 1
  }

  /** Writes the versions of a key, and says what the manifest is to say of them. */
  async #linesOf(group: readonly Version[], places: readonly Place[]): Promise<string> {
    let lines = ''
    for (const [index, version] of group.entries()) {
      const place = places[index]
      const file = typeof place === 'number' ? await this.#makeAside(place) : place
      const entry = await this.#write(version, file)
      if (entry === undefined) continue
      lines += `${JSON.stringify(entry)}\n`
      this.#entries += 1
    }
    return lines
  }

  async #makeAside(number: number): Promise<NewFile> {
    const folder = String(Math.floor(number / asideFolderMax)).padStart(6, '0')
    const path = [asideFolder, folder, String(number).padStart(9, '0')]
    const file = await this.#tree.create(path, this.#resumed)
    if (file === undefined) throw new Error(`${asideFolder} holds files already`)
    return file
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
