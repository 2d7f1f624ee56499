/** One thread's share of the server: its HTTP server before its part of the house, with logs and counters. */
import { statSync } from 'node:fs'
import type { Health } from '../endpoints/health/health.ts'
import type { Outgoing } from '../gateway/message.ts'
import type { Reserve } from '../stores/files/reserve.ts'
import { clientAddress } from '../wire/forwarded.ts'
import { databaseFile, type House } from './compose.ts'
import type { Config } from './config.ts'
import { Counters } from './counters.ts'
import type { Exchange } from './exchange.ts'
import { HttpServer } from './http.ts'
import type { Logs } from './logs.ts'
import { type Gauge, printMetrics } from './metrics.ts'
import { addressTest } from './networks.ts'
import { withOwnPaths } from './own-paths.ts'

const states = ['starting', 'ready', 'draining'] as const
export type State = (typeof states)[number]

/** The state of the process, which every thread sees. */
export class SharedState {
  readonly buffer: SharedArrayBuffer
  readonly #word: Int32Array

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer
    this.#word = new Int32Array(buffer)
  }

  get state(): State {
    return states[Atomics.load(this.#word, 0)] ?? 'starting'
  }

  set state(state: State) {
    Atomics.store(this.#word, 0, states.indexOf(state))
  }
}

export interface Certificate {
  readonly cert: string
  readonly key: string
}

export interface ServingOptions {
  readonly config: Config
  readonly house: House
  readonly logs: Logs
  readonly state: SharedState
  readonly reserve: Reserve | undefined
  /** Of all workers, this one's at `index`. */
  readonly counters: readonly SharedArrayBuffer[]
  readonly index: number
  readonly tls: Certificate | undefined
  readonly port: number
  readonly sharesPort: boolean
}

export interface Serving {
  readonly port: number
  readonly http: HttpServer
  /** Finishes what is under way; the house stays open. */
  close(graceMs: number): Promise<void>
}

const gaugesMs = 5000

/** The client as far as trusted proxies tell; most requests have no header that could say so. */
function remoteOf(exchange: Exchange, trusts: (address: string) => boolean): string {
  const { headers, remoteAddress } = exchange
  if (headers['x-forwarded-for'] === undefined && headers['forwarded'] === undefined)
    return remoteAddress
  return clientAddress(headers, remoteAddress, trusts)
}

function observer(options: ServingOptions, own: Counters) {
  const { logs, config } = options
  const trusts = addressTest(config.trustedProxy)
  return {
    observe(exchange: Exchange, outgoing: Outgoing, failure: unknown): void {
      const { record, status } = outgoing
      const { headers } = exchange
      const bytesIn = exchange.bodyInUse?.received ?? 0
      const bytesOut = exchange.sent
      const milliseconds = performance.now() - exchange.started
      own.count(record, { status, milliseconds, bytesIn, bytesOut })
      logs.request(record, {
        remote: remoteOf(exchange, trusts),
        method: exchange.method,
        target: exchange.target,
        status,
        bytesIn,
        bytesOut,
        milliseconds,
        userAgent: headers['user-agent'],
        referer: headers['referer'],
        failure,
      })
    },
    observeRefusal({ record, status }: Outgoing, remote: string): void {
      own.count(record, { status, milliseconds: 0, bytesIn: 0, bytesOut: 0 })
      const nothing = { bytesIn: 0, bytesOut: 0, milliseconds: 0, failure: undefined }
      const unread = { method: '', target: '', userAgent: undefined, referer: undefined }
      logs.request(record, { remote, status, ...nothing, ...unread })
    },
  }
}

/** What the store weighs on the disk. */
function storeGauges(config: Config, reserve: Reserve | undefined): readonly Gauge[] {
  if (reserve === undefined) return []
  const file = databaseFile(config)
  const size = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0
  return [
    { name: 'moongate_database_bytes', help: 'Size of the database file', value: size(file) },
    { name: 'moongate_wal_bytes', help: 'Size of its write-ahead log', value: size(`${file}-wal`) },
    {
      name: 'moongate_disk_full',
      help: '1 while objects are read and deleted only, because the disk is full',
      value: Number(reserve.full),
    },
    {
      name: 'moongate_disk_reserve_bytes',
      help: 'Room on the disk that is kept for deletes',
      value: reserve.held,
    },
  ]
}

function healthOf(state: SharedState, reserve: Reserve | undefined): Health {
  return {
    get state() {
      return state.state
    },
    get diskFull() {
      return reserve?.full === true
    },
  }
}

/** Starts to listen. Rejects as node does when the port cannot be had. */
export async function serve(options: ServingOptions): Promise<Serving> {
  const { config, house, state, reserve, index, tls, sharesPort } = options
  const counters = options.counters.map(buffer => new Counters(buffer))
  const own = counters[index]
  if (own === undefined) throw new RangeError(`there are no counters for worker ${index}`)
  const http = new HttpServer({
    handler: withOwnPaths(house.handler, {
      health: healthOf(state, reserve),
      metricsToken: config.metricsToken,
      printMetrics: () => printMetrics(counters, storeGauges(config, reserve)),
    }),
    limits: config,
    tls,
    ...observer(options, own),
  })
  const port = await http.listen({ host: config.host, port: options.port, shared: sharesPort })
  let seen = performance.eventLoopUtilization()
  const gauges = setInterval(() => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, seen)
    seen = now
    own.setGauges(http.inFlight, process.memoryUsage().heapUsed, utilization)
  }, gaugesMs).unref()
  return {
    port,
    http,
    async close(graceMs) {
      await http.close(graceMs)
      clearInterval(gauges)
    },
  }
}
