/** `moongate export` and `import`, put together: a folder of data whose server is stopped, and a folder of plain files. */
import type { RootKey } from '../access/accounts.ts'
import { newSettings } from '../access/bucket-access.ts'
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
import { codeOf } from '../stores/files/disk.ts'
import { openFileTree } from '../stores/tree/file-tree.ts'
import type { House } from './compose.ts'
import { type Config, newBuckets } from './config.ts'
import { bucketNamed, CommandFailed, inFolder, nameable } from './folder.ts'
import { reasonOf } from './reasons.ts'

export type { ExportReport, ImportReport, TransferProblem, TransferProgress }

export interface FolderTransfer extends TransferHooks {
  readonly bucket: string
  readonly folder: string
  readonly prefix: string
}

/** Does what begins with a folder of plain files. Rejects with CommandFailed if it cannot be used. */
async function using<T>(folder: string, done: 'read' | 'made', work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (codeOf(error) === undefined) throw error
    const message = `${folder} cannot be ${done}: ${reasonOf(error)}`
    throw new CommandFailed(message, { cause: error })
  }
}

/**
 * Writes a bucket into a folder that is new or empty, or goes on with an export that was interrupted. Rejects as
 * {@link inFolder} does, and with CommandFailed.
 */
export const exportData = (
  config: Config,
  options: FolderTransfer & { readonly versions: boolean },
): Promise<ExportReport> =>
  inFolder(config, async house => {
    const { folder } = options
    const bucket = await bucketNamed(house, options.bucket)
    const tree = await using(folder, 'made', () => openFileTree({ folder, make: true }))
    if (!(await tree.isEmpty()) && (await tree.find([manifestFile])) === undefined)
      throw new CommandFailed(`${folder} is not empty; name a new folder to export to`)
    const windows = process.platform === 'win32'
    try {
      return await exportBucket(house.buckets.keyspace(bucket), tree, { ...options, windows })
    } catch (error) {
      if (!(error instanceof OtherExport) && !(error instanceof BadManifest)) throw error
      const message = `${folder} ${error.message}; name a new folder to export to`
      throw new CommandFailed(message, { cause: error })
    }
  })

export interface FolderImport extends FolderTransfer {
  readonly overwrite: boolean
  /** Canonical id of the account that the bucket is to belong to; undefined: the root's, or whose it is already. */
  readonly owner: string | undefined
  /** Told the root key of a data folder that was not there, or was empty. */
  readonly onMade: (root: RootKey) => void
}

/** What is asked for can be done, as far as that can be known before a data folder is made for it. */
async function requirePossible({ folder, bucket }: FolderImport): Promise<void> {
  await using(folder, 'read', async () => (await openFileTree({ folder, make: false })).isEmpty())
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
  const target = new Target(house, config, options.bucket, await ownerOf(house, options.owner))
  const { digester } = house.core
  try {
    return await nameable(importTree(tree, target, { ...options, digester }))
  } catch (error) {
    if (error instanceof BadManifest) throw new CommandFailed(error.message, { cause: error })
    throw error
  }
}

interface WantedOwner {
  readonly canonicalId: string
  readonly volume: string
  /** Whether it was asked for, so that no other will do. */
  readonly asked: boolean
}

async function ownerOf(house: House, asked: string | undefined): Promise<WantedOwner> {
  if (asked === undefined) return { ...(await house.access.rootPrincipal('')), asked: false }
  const account = await house.access.account(asked)
  if (account === undefined) throw new CommandFailed(`no account has the canonical id ${asked}`)
  return { ...account, asked: true }
}

class Target implements ImportTarget {
  readonly #house: House
  readonly #config: Config
  readonly #name: string
  readonly #owner: WantedOwner
  #bucket: BucketInfo | undefined
  /** Whether every version that is written stays. */
  #history = false

  constructor(...[house, config, name, owner]: [House, Config, string, WantedOwner]) {
    this.#house = house
    this.#config = config
    this.#name = name
    this.#owner = owner
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
    const theirs = bucket.owner !== this.#owner.canonicalId
    if (theirs && this.#owner.asked)
      throw new CommandFailed(`${bucket.name} is there already and belongs to another account`)
    if (versioned && bucket.versioning === 'off') {
      const fresh = !theirs && (await this.#isEmpty(bucket))
      if (!fresh)
        throw new CommandFailed(
          `the export has versions, so ${bucket.name} must be new, empty or have versioning`,
        )
      await buckets.setVersioning(bucket, 'Enabled')
    }
    this.#history = versioned
    this.#bucket = await buckets.find(bucket.volume, bucket.name)
    return this.#bucket
  }

  async #find(): Promise<BucketInfo | undefined> {
    try {
      return await this.#house.buckets.find(this.#owner.volume, this.#name)
    } catch (error) {
      if (error instanceof S3Error && error.code === 'NoSuchBucket') return undefined
      throw error
    }
  }

  async #create(head: ManifestHead | undefined): Promise<BucketInfo> {
    requireBucketName(this.#name)
    const { volume, canonicalId: owner } = this.#owner
    const { region } = this.#config
    const settings = head?.settings ?? newSettings(newBuckets(this.#config))
    return this.#house.buckets.create({ volume, name: this.#name, owner, region, settings })
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
