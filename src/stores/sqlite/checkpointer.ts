/** Keeps the WAL short from a thread of its own, so that no request waits for a checkpoint's disk. */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { ReserveOptions } from '../files/reserve.ts'
import { Shared } from './shared.ts'

type ReservePlace = Pick<ReserveOptions, 'folder' | 'shared'>

export interface CheckpointerOptions {
  readonly path: string
  readonly shared: SharedArrayBuffer
  /** The reserve of the folder: where it is, and what its threads share. */
  readonly reserve?: ReservePlace | undefined
  /** Told when the thread failed; the server should say so and start another. */
  readonly onError?: (error: unknown) => void
}

export interface Checkpointer {
  /** Its number in the shared buffer, as of any connection: for `releaseTurnOf` after `onError`. */
  readonly connection: number
  close(): Promise<void>
}

/** What the thread is given. */
export interface CheckpointerData {
  readonly path: string
  readonly shared: SharedArrayBuffer
  readonly connection: number
  readonly reserve: ReservePlace | undefined
  /** One word: 1 asks the thread to end. */
  readonly stop: SharedArrayBuffer
}

/** Starts the thread. The database must be open already, by a connection that outlives it. */
export function startCheckpointer(options: CheckpointerOptions): Checkpointer {
  const connection = new Shared(options.shared).nextConnection()
  const stop = new SharedArrayBuffer(4)
  const data: CheckpointerData = {
    path: options.path,
    shared: options.shared,
    connection,
    reserve: options.reserve,
    stop,
  }
  // Built, this file and the thread's end in .js; the compiler does not rewrite a URL.
  const thread = `./checkpointer-thread${extname(import.meta.filename)}`
  const worker = new Worker(new URL(thread, import.meta.url), { workerData: data })
  worker.on('error', error => options.onError?.(error))
  const ended = new Promise<void>(resolve => {
    worker.once('exit', () => resolve())
  })
  worker.unref()
  return {
    connection,
    async close() {
      const word = new Int32Array(stop)
      Atomics.store(word, 0, 1)
      Atomics.notify(word, 0)
      worker.ref()
      await ended
    },
  }
}
