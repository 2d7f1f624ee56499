/** Files that remote commands are given: policies. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WrongUse } from './command.ts'

const clone = fileURLToPath(new URL('../..', import.meta.url))

interface Place {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly folder: string
}

const here = (): Place => ({ env: process.env, folder: process.cwd() })

/**
 * Where a file is that somebody named. `npm start` goes to the clone's folder before the command is run, and names the
 * one in which it was typed.
 */
export function fileAt(path: string, { env, folder }: Place = here()): string {
  const { INIT_CWD: typed, npm_lifecycle_event: script } = env
  const isMoved = typed !== undefined && script === 'start' && resolve(folder) === resolve(clone)
  return isMoved ? resolve(typed, path) : path
}

/** A document of JSON, from a file or (`-`) standard input. */
export function documentIn(path: string): object {
  let text: string
  try {
    text = readFileSync(path === '-' ? 0 : fileAt(path), 'utf8')
  } catch (error) {
    throw new WrongUse(`${path} cannot be read: ${error instanceof Error ? error.message : ''}`)
  }
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // Told below, with what is no document for another reason.
  }
  throw new WrongUse(`${path === '-' ? 'Standard input' : path} holds no JSON object.`)
}
