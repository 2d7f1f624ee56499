/** The entry of a worker thread: it serves the port that the main thread chose, beside it. */
import { parentPort, workerData } from 'node:worker_threads'
import type { MasterKey } from '../access/seal.ts'
import { openHouse, reserveOf } from './compose.ts'
import type { Config } from './config.ts'
import { growYoungGeneration } from './heap.ts'
import type { StreamName } from './log-files.ts'
import { createLogs, type Wanted } from './logs.ts'
import { type Certificate, SharedState, serve } from './serving.ts'

/** What the main thread hands over. */
export interface WorkerData {
  readonly config: Config
  readonly masterKey: MasterKey
  readonly shared: SharedArrayBuffer
  /** Counts of failed sign-ins. */
  readonly attempts: SharedArrayBuffer
  readonly state: SharedArrayBuffer
  /** What the threads share of the reserve. */
  readonly reserve: SharedArrayBuffer | undefined
  readonly counters: readonly SharedArrayBuffer[]
  readonly index: number
  readonly started: number
  readonly port: number
  readonly tls: Certificate | undefined
  readonly logs: Wanted
  /** Whether the process is somebody else's, which must not end when the server does. */
  readonly isGuest: boolean
}

export type ToWorker =
  | { readonly say: 'close'; readonly graceMs: number }
  | { readonly say: 'certificate'; readonly tls: Certificate }

export type FromWorker =
  | { readonly say: 'connected'; readonly connection: number }
  | { readonly say: 'listening' }
  | { readonly say: 'failed'; readonly why: string }
  | { readonly say: 'lines'; readonly stream: StreamName; readonly text: string }

const main = parentPort
if (main === null) throw new Error('this file is the entry of a worker thread')
const tell = (message: FromWorker) => main.postMessage(message)

const data = workerData as WorkerData
const { config, masterKey, shared, started, index, port, tls } = data
const logs = createLogs(config, data.logs, (stream, text) => tell({ say: 'lines', stream, text }))
process.on('exit', () => logs.flush())

/** This thread ends here: what it told the main thread before still arrives. */
function fail(error: unknown): void {
  tell({ say: 'failed', why: error instanceof Error ? error.message : String(error) })
  process.exit(1)
}

const reserve = reserveOf(config, data.reserve)
const house = await openHouse({
  config,
  masterKey,
  shared,
  attempts: data.attempts,
  reserve,
  started,
  index,
  onFatal: data.isGuest ? fail : undefined,
  onConnected: ({ connection }) => tell({ say: 'connected', connection }),
})
const serving = await serve({
  config,
  house,
  logs,
  index,
  tls,
  port,
  state: new SharedState(data.state),
  reserve,
  counters: data.counters,
  sharesPort: true,
})

async function close(graceMs: number): Promise<void> {
  await serving.close(graceMs)
  await house.close()
  logs.flush()
  main?.close()
}

main.on('message', (message: ToWorker) => {
  if (message.say === 'certificate') serving.http.setCertificate(message.tls)
  else void close(message.graceMs)
})
growYoungGeneration()
tell({ say: 'listening' })
