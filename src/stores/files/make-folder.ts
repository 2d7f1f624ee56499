/** Makes folders step by step: Node's own recursion never ends where nothing can be made, as in /proc. */
import { mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { codeOf } from './disk.ts'

const isFolder = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() === true

/** Makes the folder, and those above it, where they are not there. Throws the system's errors. */
export function makeFolder(path: string, mode?: number): void {
  const missing: string[] = []
  for (let at = resolve(path); !isFolder(at); at = dirname(at)) {
    missing.push(at)
    if (dirname(at) === at) break
  }
  for (const folder of missing.reverse()) {
    try {
      mkdirSync(folder, { mode })
    } catch (error) {
      // Somebody else may have made it in this moment.
      if (codeOf(error) !== 'EEXIST' || !isFolder(folder)) throw error
    }
  }
}
