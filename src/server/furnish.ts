/** Sees to it that what the configuration declares is there: root, accounts, buckets. By one thread of the process. */
import { WrongAccounts } from '../access/access-keys.ts'
import { type Access, defaultVolume, type RootKey } from '../access/accounts.ts'
import { newSettings } from '../access/bucket-access.ts'
import { S3Error } from '../model/errors.ts'
import type { House } from './compose.ts'
import { type Config, ConfigError, newBuckets } from './config.ts'
import type { DeclaredBucket } from './declared.ts'

/** Resolves with the root's key. Rejects with {@link ConfigError} for what cannot be, beside what is stored. */
export async function furnish(house: House, config: Config): Promise<RootKey> {
  const { access } = house
  try {
    for (const bucket of config.buckets) await requireOwner(access, config, bucket)
    const isGiven = config.rootAccessKeyId !== undefined
    // A given one first: one of the accounts may have the key that the root account had before. One that is made last:
    // it is shown once, and what is refused ends the process before.
    const given = isGiven ? await ensureRoot(access, config) : undefined
    await access.declare(declaredAccounts(config))
    const root = given ?? (await ensureRoot(access, config))
    await ensureVolumes(house, config)
    for (const bucket of config.buckets) await ensureBucket(house, config, bucket)
    return root
  } catch (error) {
    if (error instanceof WrongAccounts) throw new ConfigError(`${error.message}.`, { cause: error })
    throw error
  }
}

/** The default volume, which is the root's, and those that declared accounts live in: of the first one each. */
async function ensureVolumes({ access, buckets }: House, config: Config): Promise<void> {
  const root = await access.rootPrincipal('')
  await buckets.volumes.ensure(defaultVolume, root.canonicalId)
  for (const { id, volume } of config.accounts) {
    if (volume !== undefined) await buckets.volumes.ensure(volume, id)
  }
}

const declaredAccounts = ({ accounts }: Config) =>
  accounts.map(({ id, displayName, email, volume, admin, keys }) => ({
    canonicalId: id,
    displayName,
    email,
    volume,
    admin,
    keys: keys.map(key => ({ accessKeyId: key.accessKeyId, secret: key.secretAccessKey })),
  }))

/** The root account with the key that the configuration gives, else with its own, else with a new one. */
export function ensureRoot(access: Access, config: Config): Promise<RootKey> {
  const { rootAccessKeyId: accessKeyId, rootSecretAccessKey: secret } = config
  const isGiven = accessKeyId !== undefined && secret !== undefined
  return access.ensureRoot(isGiven ? { accessKeyId, secret } : undefined)
}

/** Where the bucket's owner lives: only there is it found by who asks. Undefined: there is no such account. */
async function volumeOfOwner(access: Access, config: Config, owner: string | undefined) {
  if (owner === undefined) return defaultVolume
  const declared = config.accounts.find(({ id }) => id === owner)
  if (declared !== undefined) return declared.volume ?? defaultVolume
  return (await access.account(owner))?.volume
}

async function requireOwner(access: Access, config: Config, bucket: DeclaredBucket): Promise<void> {
  const { owner, volume, where } = bucket
  const lives = await volumeOfOwner(access, config, owner)
  if (lives === undefined)
    throw new ConfigError(`${where}.owner must be the id of an account; "${owner}" is none.`)
  if (volume === undefined || volume === lives) return
  throw new ConfigError(`${where}.volume must be that of its owner, ${lives} (it is "${volume}").`)
}

async function ensureBucket(house: House, config: Config, bucket: DeclaredBucket): Promise<void> {
  const { access, buckets } = house
  const { name, where } = bucket
  const owner = bucket.owner ?? (await access.rootPrincipal('')).canonicalId
  const volume = (await volumeOfOwner(access, config, bucket.owner)) ?? defaultVolume
  try {
    const settings = newSettings(newBuckets(config))
    await buckets.create({ volume, name, owner, region: config.region, settings })
  } catch (error) {
    if (!(error instanceof S3Error)) throw error
    if (error.code === 'BucketAlreadyOwnedByYou') return
    if (error.code !== 'BucketAlreadyExists') throw error
    throw new ConfigError(`${where}: the bucket "${name}" belongs to another account already.`, {
      cause: error,
    })
  }
}
