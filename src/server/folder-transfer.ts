/** `moongate export` and `import`, put together: a folder of data whose server is stopped, and a folder of plain files. */
import { defaultVolume, type RootKey } from '../access/accounts.ts'
import { PlainBuckets } from '../buckets/buckets.ts'
import type { Core } from '../buckets/core.ts'
import { OtherExport } from '../jobs/transfer/begun-export.ts'
import { type ExportReport, exportBucket } from '../jobs/transfer/export.ts'
import { type ImportReport, type ImportTarget, importTree } from '../jobs/transfer/import.ts'
import { BadManifest, type ManifestHead, manifestFile } from '../jobs/transfer/manifest.ts'
import type { TransferHooks, TransferProblem, TransferProgress } from '../jobs/transfer/transfer.ts'
import { S3Error } from '../model/errors.ts'
import type { BucketInfo, Keyspace } from '../ports/keyspace.ts'
import { isPossibleBucket, requireBucketName } from '../rules/names.ts'
import { openFileTree } from '../stores/tree/file-tree.ts'
import type { House } from './compose.ts'
import type { Config } from './config.ts'
import { CommandFailed, inFolder, nameable } from './folder.ts'

export type { ExportReport, ImportReport, TransferProblem, TransferProgress }

export interface FolderTransfer extends TransferHooks {
  readonly bucket: string
  readonly folder: string
  readonly prefix: string
}

/**
 * Writes a bucket into a folder that is new or empty, or goes on with an export that was interrupted. Rejects as
 * {@link inFolder} does, and with CommandFailed.
 */
export const exportData = (
  config: Config,
  options: FolderTransfer & { readonly versions: boolean },
): Promise<ExportReport> =>
  inFolder(config, async ({ buckets }) => {
    const { folder } = options
    const bucket = await nameable(buckets.find(defaultVolume, options.bucket))
    const tree = await openFileTree({ folder, make: true })
    if (!(await tree.isEmpty()) && (await tree.find([manifestFile])) === undefined)
      throw new CommandFailed(`${folder} is not empty; name a new folder to export to`)
    const windows = process.platform === 'win32'
    try {
      return await exportBucket(buckets.keyspace(bucket), tree, { ...options, windows })
    } catch (error) {
      if (!(error instanceof OtherExport) && !(error instanceof BadManifest)) throw error
      const message = `${folder} ${error.message}; name a new folder to export to`
      throw new CommandFailed(message, { cause: error })
    }
  })

export interface FolderImport extends FolderTransfer {
  readonly overwrite: boolean
  /** Told the root key of a data folder that was not there, or was empty. */
  readonly onMade: (root: RootKey) => void
}

/** What is asked for can be done, as far as that can be known before a data folder is made for it. */
async function requirePossible({ folder, bucket }: FolderImport): Promise<void> {
  const tree = await openFileTree({ folder, make: false })
  await tree.isEmpty()
  if (!isPossibleBucket(bucket)) throw new CommandFailed(`${bucket} cannot be a bucket's name`)
}

/** Makes a bucket of a folder, or adds to one. Rejects as {@link inFolder} does, and with CommandFailed. */
export async function importData(config: Config, options: FolderImport): Promise<ImportReport> {
  await requirePossible(options)
  const work = (house: House) => importInto(house, config, options)
  return await inFolder(config, work, { onMade: options.onMade })
}

async function importInto(
  house: House,
  config: Config,
  options: FolderImport,
): Promise<ImportReport> {
  const tree = await openFileTree({ folder: options.folder, make: false, without: config.data })
  const { canonicalId: owner } = await house.access.rootPrincipal('')
  const target = new Target(house, config, { name: options.bucket, owner })
  const { digester } = house.core
  try {
    return await nameable(importTree(tree, target, { ...options, digester }))
  } catch (error) {
    if (error instanceof BadManifest) throw new CommandFailed(error.message, { cause: error })
    throw error
  }
}

class Target implements ImportTarget {
  readonly #house: House
  readonly #config: Config
  readonly #wanted: { readonly name: string; readonly owner: string }
  #bucket: BucketInfo | undefined
  /** Whether every version that is written stays. */
  #history = false

  constructor(house: House, config: Config, wanted: { name: string; owner: string }) {
    this.#house = house
    this.#config = config
    this.#wanted = wanted
  }

  at(modified: number, asNull = false): Keyspace {
    if (this.#bucket === undefined) throw new Error('the target is not open')
    if (modified === 0) return this.#house.buckets.keyspace(this.#bucket)
    const core: Core = { ...this.#house.core, clock: { now: () => modified } }
    const bucket = { ...this.#bucket }
    // Where versioning is suspended, what is written is the null version, and takes the place of the one before.
    if (asNull) bucket.versioning = 'Suspended'
    else if (this.#history) bucket.versioning = 'Enabled'
    return new PlainBuckets(core).keyspace(bucket)
  }

  async open(head: ManifestHead | undefined): Promise<BucketInfo> {
    const { buckets } = this.#house
    const versioned = head !== undefined && head.versions && head.versioning !== 'off'
    const bucket = (await this.#find()) ?? (await this.#create(head))
    if (versioned && bucket.versioning === 'off') {
      const fresh = bucket.owner === this.#wanted.owner && (await this.#isEmpty(bucket))
      if (!fresh)
        throw new CommandFailed(
          `the export has versions, so ${bucket.name} must be new, empty or have versioning`,
        )
      await buckets.setVersioning(bucket, 'Enabled')
    }
    this.#history = versioned
    this.#bucket = await buckets.find(defaultVolume, bucket.name)
    return this.#bucket
  }

  async #find(): Promise<BucketInfo | undefined> {
    try {
      return await this.#house.buckets.find(defaultVolume, this.#wanted.name)
    } catch (error) {
      if (error instanceof S3Error && error.code === 'NoSuchBucket') return undefined
      throw error
    }
  }

  async #create(head: ManifestHead | undefined): Promise<BucketInfo> {
    requireBucketName(this.#wanted.name)
    const { region } = this.#config
    const settings = head?.settings ?? {}
    return this.#house.buckets.create({ volume: defaultVolume, ...this.#wanted, region, settings })
  }

  async #isEmpty(bucket: BucketInfo): Promise<boolean> {
    const request = { prefix: '', delimiter: '', after: '', limit: 1 }
    const { entries } = await this.#house.buckets.keyspace(bucket).list(request)
    return entries.length === 0
  }

  async finish(head: ManifestHead | undefined): Promise<void> {
    if (head?.versioning !== 'Suspended' || this.#bucket?.versioning !== 'Enabled') return
    await this.#house.buckets.setVersioning(this.#bucket, 'Suspended')
  }
}
