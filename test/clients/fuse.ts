// Mounts a bucket as a folder while something is done in it.

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'

export const fusermount = { name: 'fusermount3', probe: ['fusermount3', '--version'] } as const

/** Why nothing can be mounted here, or false: the kernel decides that, not what is installed. */
export function fuseReason(): string | false {
  return existsSync('/dev/fuse') ? false : 'this machine has no /dev/fuse'
}

export interface Mount {
  /** Stays in the foreground until the folder is unmounted. */
  readonly command: string
  readonly args: readonly string[]
  /** The folder; made here. */
  readonly point: string
  readonly env: Readonly<Record<string, string>>
}

const isMounted = (point: string): boolean =>
  readFileSync('/proc/self/mounts', 'utf8').includes(` ${point} fuse`)

/** Runs `use` while the command has the folder mounted; resolves when everything is written back and the command has ended. */
export async function mounted(mount: Mount, use: () => Promise<void>): Promise<void> {
  const { command, args, point, env } = mount
  mkdirSync(point, { recursive: true })
  const child = spawn(command, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
  let told = ''
  let running = true
  child.stderr.on('data', (chunk: Buffer) => {
    told += chunk.toString()
  })
  const ended = new Promise<void>(resolve => {
    child.once('error', error => {
      told += String(error)
    })
    child.once('close', () => {
      running = false
      resolve()
    })
  })
  try {
    while (running && !isMounted(point)) await wait(50)
    assert.ok(running, `${command} did not mount: ${told}`)
    await use()
  } finally {
    for (let tries = 0; running && tries < 100; tries++) {
      spawnSync('fusermount3', ['-u', point], { stdio: 'ignore' })
      if (!isMounted(point)) break
      await wait(100)
    }
    // A program that holds on to its mount would keep the test from ending.
    const late = setTimeout(() => child.kill('SIGKILL'), 60_000)
    await ended
    clearTimeout(late)
  }
}
