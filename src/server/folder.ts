/** Opens a data folder for a command that works on it while its server is stopped. */
import { existsSync } from 'node:fs'
import type { AccessKey } from '../access/access-keys.ts'
import type { RootKey } from '../access/accounts.ts'
import { type MasterKey, newMasterKey, parseMasterKey } from '../access/seal.ts'
import { S3Error } from '../model/errors.ts'
import type { BucketInfo } from '../ports/keyspace.ts'
import { silentLog } from '../ports/log.ts'
import { defaultVolume } from '../ports/volumes.ts'
import { lockFolder } from '../stores/sqlite/folder-lock.ts'
import { createShared } from '../stores/sqlite/shared.ts'
import { keepCheckpointing } from './checkpointing.ts'
import { databaseFile, type House, openHouse, reserveOf } from './compose.ts'
import type { Config } from './config.ts'
import { withRealFolder } from './data-folder.ts'
import { ensureRoot } from './furnish.ts'
import { holdHeap } from './heap.ts'
import { holdsSomething, requireDatabase } from './lost-database.ts'
import { masterKeyOf } from './master-key.ts'

/** A command could not do what it was asked to; the message says why. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed'
}

export interface FolderUse {
  /** Whether secrets are written: then under a new master key, if the one before is lost. Else none is needed. */
  readonly secrets?: 'written'
  /** Makes a folder that is not there or empty, and is told its root key. */
  readonly onMade?: (root: RootKey) => void
}

/** A folder that holds data, or one that may be begun. */
function folderOf(given: Config, mayMake: boolean): { config: Config; isNew: boolean } {
  if (given.memory)
    throw new CommandFailed('there is no data folder: the configuration says to keep all in memory')
  const config = withRealFolder(given, 'find')
  if (config !== undefined && existsSync(databaseFile(config))) return { config, isNew: false }
  if (!mayMake || (config !== undefined && holdsSomething(config.data)))
    throw new CommandFailed(`${given.data} holds no data of Moongate; name the folder with --data`)
  return { config: withRealFolder(given, 'make'), isNew: true }
}

function keyFor(config: Config, isNew: boolean, { secrets }: FolderUse): MasterKey {
  if (secrets === 'written') return masterKeyOf(config, 'renew')
  if (isNew) return masterKeyOf(config)
  // No secret is read or written: what is in the folder can be had without its key.
  return parseMasterKey(newMasterKey())
}

/**
 * Runs `work` in a house that nobody else uses. Rejects with {@link CommandFailed} where there is no data folder,
 * FolderInUse where its server runs, FolderUnusable where this user may not use it.
 */
export async function inFolder<T>(
  given: Config,
  work: (house: House) => Promise<T>,
  use: FolderUse = {},
): Promise<T> {
  const { config, isNew } = folderOf(given, use.onMade !== undefined)
  // What SQLite makes is the owner's only; what the command writes elsewhere is as its user has it.
  const mask = process.umask(0o077)
  let unlock: (() => void) | undefined
  try {
    unlock = lockFolder(config.data)
    requireDatabase(config)
    const reserve = reserveOf(config)
    await reserve?.begin()
    const house = await openHouse({
      config,
      masterKey: keyFor(config, isNew, use),
      shared: createShared(),
      reserve,
      started: Date.now(),
      index: 0,
    })
    process.umask(mask)
    const stopCheckpointing = keepCheckpointing(config, { store: house.store, reserve }, silentLog)
    const letGo = holdHeap()
    try {
      if (isNew) use.onMade?.(await ensureRoot(house.access, config))
      return await work(house)
    } finally {
      letGo()
      await stopCheckpointing()
      await house.close()
    }
  } finally {
    process.umask(mask)
    unlock?.()
  }
}

/** What S3 refuses is told by its message; anything else is a bug. */
export async function nameable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof S3Error)
      throw new CommandFailed(`${error.code}: ${error.message}`, { cause: error })
    throw error
  }
}

/**
 * The bucket that a command on a folder names: `/vol1/bucket1`, else one of the default volume. A link is the bucket that it
 * leads to.
 */
export async function bucketNamed({ buckets }: House, text: string): Promise<BucketInfo> {
  const [, volume = defaultVolume, name = text] = /^\/([^/]+)\/([^/]+)$/.exec(text) ?? []
  const { bucket } = await nameable(buckets.resolve(volume, name))
  return bucket
}

/** A new root key; the one before stops to work. */
export const rotateRoot = (config: Config): Promise<AccessKey> =>
  inFolder(config, house => house.access.rotateRoot(), { secrets: 'written' })
