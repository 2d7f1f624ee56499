/** The worker threads beside the main thread: started, replaced when one dies, closed. */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Log } from '../ports/log.ts'
import { threadLimits } from './heap.ts'
import type { Emit } from './log-files.ts'
import type { Certificate } from './serving.ts'
import type { FromWorker, ToWorker, WorkerData } from './worker.ts'

export interface WorkersOptions {
  /** Of every worker but its index. */
  readonly data: Omit<WorkerData, 'index' | 'tls'>
  readonly tls: Certificate | undefined
  readonly log: Log
  readonly emit: Emit
  /**
   * Frees what a connection that is closed may have held. It ends the process if that cannot be done; undefined: the
   * thread ended before it told its connection.
   */
  readonly release: (connection: number | undefined) => void
  /** The threads' entry, in tests. */
  readonly entry?: URL
  /** Called when workers die faster than they can be replaced. */
  readonly onHopeless: (error: Error) => void
  /** Called when a worker found that the server must not go on. */
  readonly onFailed: (why: string) => void
}

/** So many deaths within the time are taken for a fault that no replacement mends. */
const deathsMax = 5
const deathsMs = 10_000

// Built, this file and the thread's end in .js; the compiler does not rewrite a URL.
const usualEntry = new URL(`./worker${extname(import.meta.filename)}`, import.meta.url)

interface Running {
  readonly worker: Worker
  readonly ended: Promise<void>
}

export class Workers {
  readonly #options: WorkersOptions
  readonly #running = new Map<number, Running>()
  #deaths: number[] = []
  #closing = false
  #tls: Certificate | undefined

  constructor(options: WorkersOptions) {
    this.#options = options
    this.#tls = options.tls
  }

  /** Resolves when the worker listens. Rejects when it ends before. */
  start(index: number): Promise<void> {
    const { log, emit, release, onFailed, data, entry = usualEntry } = this.#options
    const workerData: WorkerData = { ...data, index, tls: this.#tls }
    const worker = new Worker(entry, { workerData, resourceLimits: threadLimits })
    const listening = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<void>()
    let connection: number | undefined
    let failure: unknown
    worker.on('message', (message: FromWorker) => {
      if (message.say === 'lines') emit(message.stream, message.text)
      else if (message.say === 'failed') onFailed(message.why)
      else if (message.say === 'connected') connection = message.connection
      else listening.resolve()
    })
    worker.on('error', error => {
      failure = error
      log.error({ err: error, worker: index }, 'a worker failed')
    })
    worker.on('exit', () => {
      this.#running.delete(index)
      listening.reject(failure ?? new Error(`worker ${index} ended before it listened`))
      release(connection)
      ended.resolve()
      if (!this.#closing) this.#replace(index)
    })
    this.#running.set(index, { worker, ended: ended.promise })
    return listening.promise
  }

  #replace(index: number): void {
    const now = Date.now()
    this.#deaths = [...this.#deaths.filter(death => now - death < deathsMs), now]
    if (this.#deaths.length > deathsMax) {
      this.#options.onHopeless(new Error('workers die faster than they can be replaced'))
      return
    }
    this.#options.log.warn({ worker: index }, 'a worker died and is replaced')
    this.start(index).catch((err: unknown) => {
      this.#options.log.error({ err, worker: index }, 'a worker could not be replaced')
    })
  }

  setCertificate(tls: Certificate): void {
    this.#tls = tls
    this.#tell({ say: 'certificate', tls })
  }

  async close(graceMs: number): Promise<void> {
    this.#closing = true
    this.#tell({ say: 'close', graceMs })
    await Promise.all([...this.#running.values()].map(({ ended }) => ended))
  }

  /** Ends them where they are. */
  async terminate(): Promise<void> {
    this.#closing = true
    const ending = [...this.#running.values()].map(({ worker }) => worker.terminate())
    await Promise.all(ending)
  }

  #tell(message: ToWorker): void {
    for (const { worker } of this.#running.values()) worker.postMessage(message)
  }
}
