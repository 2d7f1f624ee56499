/** Refuses a data folder whose database is gone: a new one would take every blob that is there for an orphan. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { databaseFile } from './compose.ts'
import { type Config, ConfigError } from './config.ts'

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT'

function sizeOf(path: string): number | undefined {
  try {
    return statSync(path).size
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Whether anything is in the folder, which need not be there. */
export function holdsSomething(folder: string): boolean {
  try {
    // A volume of its own has that folder from its making.
    return readdirSync(folder).some(name => name !== 'lost+found')
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

/**
 * Throws {@link ConfigError} where the folder held data before and its database is missing or empty. Call it while the
 * folder is locked, before a master key is made for a new one.
 */
export function requireDatabase(config: Config): void {
  if (config.memory) return
  const path = databaseFile(config)
  const size = sizeOf(path)
  if (size !== undefined && size > 0) return
  const state = size === undefined ? 'missing' : 'empty'
  const blobs = join(config.data, 'blobs')
  if (holdsSomething(blobs)) {
    throw new ConfigError(
      `${path} is ${state}, but ${blobs} holds bytes of objects that only this database knows. Put it back from a backup, or name another data folder.`,
    )
  }
  const key = join(config.data, 'master.key')
  if (config.masterKey === undefined && sizeOf(key) !== undefined) {
    throw new ConfigError(
      `${path} is ${state}, but ${key} is there, so this folder held data before. Put the database back from a backup; if nothing is to be kept, move ${key} away.`,
    )
  }
}
