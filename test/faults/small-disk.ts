// File systems so small that a test can fill them. Only root mounts.

import { execFileSync } from 'node:child_process'
import { closeSync, openSync, statfsSync, writeSync } from 'node:fs'
import { after } from 'node:test'
import { temporaryFolder } from '../server.ts'

/** Where nobody looks such tests may be left out; CI, which says so by this variable, may not. */
const mounts = process.getuid?.() === 0 || process.env['CI'] !== undefined
export const skip = mounts ? false : 'mounting a file system takes root'

/** A file system of its own, gone when the test's process ends. */
export function smallDisk(size: string): string {
  const folder = temporaryFolder()
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'moongate-test', folder])
  after(() => execFileSync('umount', ['-l', folder]))
  return folder
}

/** Writes a file until the disk is full, or until so many bytes are left. */
export function fill(path: string, left = 0): void {
  const file = openSync(path, 'w')
  const block = Buffer.alloc(4096)
  try {
    while (left === 0 || freeBytes(path) > left) writeSync(file, block)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
  } finally {
    closeSync(file)
  }
}

export function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}
