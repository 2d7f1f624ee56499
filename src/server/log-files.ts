/** Where lines end up: files that are renamed when they grow, standard output, or nowhere. */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { makeFolder } from '../stores/files/make-folder.ts'

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
  /** Whether its disk is full, so that what room is left is not for it. */
  readonly pauses?: () => boolean
}

/** So long after it failed a log is tried again, in milliseconds. */
const retryMs = 5000
/** How long to wait for who reads a pipe that is full, and how often, before its lines are dropped. */
const pipeMs = 5
const pipeTries = 100

const { O_APPEND, O_CREAT, O_WRONLY } = constants
// A pipe that nobody reads must not hold up the start for ever. Windows has no such flag.
const nonBlocking = process.platform === 'win32' ? 0 : constants.O_NONBLOCK
const appending = O_WRONLY | O_APPEND | O_CREAT | nonBlocking

interface Surroundings {
  /** Milliseconds. */
  now(): number
  /** Says a sentence to whoever runs the server. */
  tell(words: string): void
}

const usual: Surroundings = {
  now: () => performance.now(),
  tell(words) {
    try {
      process.stderr.write(`${words}\n`)
    } catch {
      // Nobody is left to be told.
    }
  },
}

const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EAGAIN'

/** Writes all of the bytes. Throws what the system says. */
function writeAll(file: number, bytes: Uint8Array): void {
  const never = new Int32Array(new SharedArrayBuffer(4))
  for (let at = 0, tries = 0; at < bytes.byteLength; ) {
    try {
      at += writeSync(file, bytes, at)
      tries = 0
    } catch (error) {
      tries += 1
      if (!isBusy(error) || tries > pipeTries) throw error
      Atomics.wait(never, 0, 0, pipeMs)
    }
  }
}

const encoder = new TextEncoder()
/** Room for the bytes of a batch, used again for each: memory beside the heap is work for the garbage collector. */
const room = new Uint8Array(2 ** 16)

/** The bytes of a text, valid until the next one is asked for. */
function bytesOf(text: string): Uint8Array {
  if (text.length > room.length) return Buffer.from(text)
  const { read, written } = encoder.encodeInto(text, room)
  return read === text.length ? room.subarray(0, written) : Buffer.from(text)
}

const linesOf = (text: string): number => text.split('\n').length - 1

/**
 * One log. Failures to write never reach a request: what cannot be written is dropped, and the log tried again after
 * some seconds. The first failure is told, and how many lines are missing once it can be written again.
 */
export class LogFile {
  readonly #target: LogTarget
  readonly #around: Surroundings
  #file: number | undefined
  #bytes = 0
  #failed = false
  #retryAt = 0
  #lost = 0

  constructor(target: LogTarget, around: Surroundings = usual) {
    this.#target = target
    this.#around = around
  }

  write(text: string): void {
    if (this.#failed && this.#around.now() < this.#retryAt) {
      this.#lost += linesOf(text)
      return
    }
    try {
      if (this.#target.pauses?.() === true) throw new Error('the disk is full')
      const bytes = bytesOf(text)
      writeAll(this.#open(), bytes)
      this.#bytes += bytes.byteLength
    } catch (error) {
      this.#lost += linesOf(text)
      this.#fail(error)
      return
    }
    if (this.#failed) this.#recovered()
    if (typeof this.#target.to === 'string' && this.#bytes >= this.#target.maxBytes) {
      this.#rotate(this.#target.to)
    }
  }

  /** Where it goes, to be named. */
  get place(): string {
    return String(this.#target.to)
  }

  /** Opens it now rather than at its first line. Throws the system's errors. */
  open(): void {
    this.#open()
  }

  #open(): number {
    if (this.#file !== undefined) return this.#file
    const { to } = this.#target
    if (typeof to === 'number') this.#file = to
    else {
      makeFolder(dirname(to), 0o700)
      this.#file = openSync(to, appending, 0o600)
      this.#bytes = fstatSync(this.#file).size
    }
    return this.#file
  }

  #close(): void {
    const file = this.#file
    this.#file = undefined
    if (file !== undefined && typeof this.#target.to === 'string') closeSync(file)
  }

  #rotate(path: string): void {
    try {
      this.#close()
      rmSync(`${path}.${this.#target.keep}`, { force: true })
      for (let i = this.#target.keep - 1; i >= 1; i--)
        if (existsSync(`${path}.${i}`)) renameSync(`${path}.${i}`, `${path}.${i + 1}`)
      renameSync(path, `${path}.1`)
      this.#open()
    } catch (error) {
      this.#fail(error)
    }
  }

  #recovered(): void {
    this.#failed = false
    const { to } = this.#target
    this.#around.tell(`The log ${to} is written again; ${this.#lost} lines of it are lost.`)
    this.#lost = 0
  }

  #fail(error: unknown): void {
    const first = !this.#failed
    this.#failed = true
    this.#retryAt = this.#around.now() + retryMs
    try {
      this.#close()
    } catch {
      // It is given up either way.
    }
    if (!first) return
    const reason = error instanceof Error ? error.message : String(error)
    this.#around.tell(`The log ${this.#target.to} cannot be written now: ${reason}`)
  }
}
