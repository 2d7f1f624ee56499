/** Where the master key comes from: the environment, else a file of its own in the data folder. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { type MasterKey, newMasterKey, parseMasterKey } from '../access/seal.ts'
import { databaseFile } from './compose.ts'
import { type Config, ConfigError } from './config.ts'

const isError = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code

const keyFile = (config: Config): string => join(config.data, 'master.key')

/** What the operator should know of the key's file: undefined where only its owner may read it, or where it is not used. */
export function keyFileWarning(config: Config): string | undefined {
  if (config.masterKey !== undefined || config.memory || process.platform === 'win32') return
  const path = keyFile(config)
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0
  if ((mode & 0o077) === 0) return
  return `${path} can be read by others; only its owner should (chmod 600)`
}

function parse(text: string, where: string): MasterKey {
  try {
    return parseMasterKey(text)
  } catch (error) {
    throw new ConfigError(`${where} must hold 32 bytes in base64 or hex.`, { cause: error })
  }
}

function sync(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** Only its owner may read the file; it is on the disk before a secret is encrypted under it. */
function makeFile(folder: string, path: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const text = newMasterKey()
  const file = openSync(path, 'wx', 0o600)
  try {
    writeSync(file, `${text}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  sync(folder)
  return text
}

/**
 * The master key of a data folder, made for a new one. One that holds data already has lost its key: that is refused,
 * or a new key made under which nothing can be read that is there. Call it while the folder is locked. Throws
 * {@link ConfigError} for one that is none, and node's errors for a file that cannot be read.
 */
export function masterKeyOf(config: Config, lost: 'refuse' | 'renew' = 'refuse'): MasterKey {
  if (config.masterKey !== undefined) return parse(config.masterKey, 'MOONGATE_MASTER_KEY')
  if (config.memory) return parseMasterKey(newMasterKey())
  const path = keyFile(config)
  try {
    return parse(readFileSync(path, 'utf8'), path)
  } catch (error) {
    if (isError(error, 'EISDIR')) {
      const words = `${path} is a directory; it must be the file that holds the master key.`
      throw new ConfigError(words, { cause: error })
    }
    if (!isError(error, 'ENOENT')) throw error
  }
  // A new key could open none of the secrets that are there; making one would only hide that the old one is gone.
  if (lost === 'refuse' && existsSync(databaseFile(config))) {
    throw new ConfigError(
      `${path} is missing, and without it no stored secret can be read. Put it back, or set MOONGATE_MASTER_KEY; moongate root-key rotate starts anew with a new one.`,
    )
  }
  return parse(makeFile(config.data, path), path)
}
