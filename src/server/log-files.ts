/** Where lines end up: files that are renamed when they grow, standard output, or nowhere. */
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'

const require = createRequire(import.meta.url)
type Pino = typeof import('pino')
type Destination = ReturnType<Pino['destination']>
/** Loaded by the first line: the start need not wait for it. */
const loadPino = (): Pino => require('pino')

export const streams = ['access', 'audit', 'server'] as const
export type StreamName = (typeof streams)[number]

/** Takes whole lines. */
export type Emit = (stream: StreamName, text: string) => void

export interface LogTarget {
  /** A file, or the number of an open descriptor (1, 2). */
  readonly to: string | number
  /** Bytes after which a file is renamed, and how many renamed ones are kept. */
  readonly maxBytes: number
  readonly keep: number
}

/** One log. Failures to write are told once and never reach a request. */
export class LogFile {
  readonly #target: LogTarget
  #destination: Destination | undefined
  #bytes = 0
  #failed = false

  constructor(target: LogTarget) {
    this.#target = target
  }

  write(text: string): void {
    if (this.#failed) return
    try {
      this.#open().write(text)
    } catch (error) {
      this.#fail(error)
      return
    }
    this.#bytes += Buffer.byteLength(text)
    if (typeof this.#target.to === 'string' && this.#bytes >= this.#target.maxBytes) {
      this.#rotate(this.#target.to)
    }
  }

  /** All that was written is with the system when this returns. */
  flush(): void {
    try {
      this.#destination?.flushSync()
    } catch (error) {
      this.#fail(error)
    }
  }

  #open(): Destination {
    if (this.#destination !== undefined) return this.#destination
    const { to } = this.#target
    if (typeof to === 'string') {
      mkdirSync(dirname(to), { recursive: true, mode: 0o700 })
      this.#bytes = existsSync(to) ? statSync(to).size : 0
    }
    // Opened at once, so that what is still to be written at exit can be.
    const destination = loadPino().destination({ dest: to, append: true, sync: true, minLength: 0 })
    destination.on('error', (error: unknown) => this.#fail(error))
    this.#destination = destination
    return destination
  }

  #rotate(path: string): void {
    this.flush()
    try {
      rmSync(`${path}.${this.#target.keep}`, { force: true })
      for (let i = this.#target.keep - 1; i >= 1; i--)
        if (existsSync(`${path}.${i}`)) renameSync(`${path}.${i}`, `${path}.${i + 1}`)
      renameSync(path, `${path}.1`)
      this.#destination?.reopen()
      this.#bytes = 0
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    if (this.#failed) return
    this.#failed = true
    const reason = error instanceof Error ? error.message : String(error)
    process.stderr.write(`The log ${this.#target.to} cannot be written any more: ${reason}\n`)
  }
}
