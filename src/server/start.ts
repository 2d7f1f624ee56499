/** Starts a whole server in this process, for the command line and for the library alike. */
import { availableParallelism } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import type { RootKey } from '../access/accounts.ts'
import { startSweeper, sweepTimes } from '../jobs/sweeper.ts'
import type { Log } from '../ports/log.ts'
import type { Reserve } from '../stores/files/reserve.ts'
import { lockFolder } from '../stores/sqlite/folder-lock.ts'
import { createShared } from '../stores/sqlite/shared.ts'
import { readCertificate, watchCertificate } from './certificate.ts'
import { keepCheckpointing } from './checkpointing.ts'
import { openHouse, reserveOf } from './compose.ts'
import type { Config } from './config.ts'
import { countersBytes } from './counters.ts'
import { withRealFolder } from './data-folder.ts'
import { keepReserve } from './disk-room.ts'
import { furnish } from './furnish.ts'
import { Failure } from './gateway-failed.ts'
import { createLogs, type Logs, openLogFiles } from './logs.ts'
import { requireDatabase } from './lost-database.ts'
import { keyFileWarning, masterKeyOf } from './master-key.ts'
import { portError, portsAreShared, provePort } from './port.ts'
import { type Certificate, type Serving, SharedState, serve } from './serving.ts'
import { Undo } from './undo.ts'
import { Workers, type WorkersOptions } from './workers.ts'

export interface RunningServer {
  /** What clients are given: the public URL, else where it listens. */
  readonly endpoint: string
  readonly port: number
  readonly root: RootKey
  /** Threads that serve. */
  readonly workers: number
  readonly log: Log
  /** Reads the certificate again. */
  reload(): void
  /** Writes out what the logs have gathered; may be called in an exit handler. */
  flush(): void
  /** Resolves when it is closed; rejects with GatewayFailed when it had to close itself. Nobody has to look at it. */
  readonly closed: Promise<void>
  /** Drains, closes the stores, releases the folder. */
  readonly close: () => Promise<void>
}

export interface StartOptions {
  readonly config: Config
  /**
   * Called for what the process should not survive; what cannot wait for that ends it at once. Left out, the process is
   * somebody else's: then the server closes itself, and says so by {@link RunningServer.closed}.
   */
  readonly onHopeless?: (error: Error) => void
}

function workersOf(config: Config): number {
  if (config.memory || !portsAreShared) return 1
  return config.workers ?? Math.min(availableParallelism(), 64)
}

/** Where a client on this machine finds the server. */
function endpointOf(config: Config, port: number): string {
  if (config.publicUrl !== undefined) return config.publicUrl
  const anywhere: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }
  const { host } = config
  const name = anywhere[host] ?? (host.includes(':') ? `[${host}]` : host)
  const scheme = config.tlsCert === undefined ? 'http' : 'https'
  return `${scheme}://${name}:${port}${config.prefix}`
}

interface Parts {
  readonly config: Config
  readonly logs: Logs
  readonly emit: WorkersOptions['emit']
  readonly wanted: ReturnType<typeof openLogFiles>['wanted']
  readonly proveLogs: () => void
  readonly undo: Undo
  readonly state: SharedState
  readonly reserve: Reserve | undefined
  readonly onHopeless: StartOptions['onHopeless']
  readonly failure: Failure
}

async function open(parts: Parts) {
  const { config, logs, reserve, undo } = parts
  const onFatal = parts.onHopeless === undefined ? parts.failure.report : undefined
  if (!config.memory) {
    undo.add(lockFolder(config.data, onFatal === undefined ? {} : { onLost: onFatal }))
    await reserve?.begin()
  }
  parts.proveLogs()
  requireDatabase(config)
  const masterKey = masterKeyOf(config)
  const warning = keyFileWarning(config)
  if (warning !== undefined) logs.log.warn({}, warning)
  const started = Date.now()
  const shared = createShared()
  const house = await openHouse({ config, masterKey, shared, reserve, started, index: 0, onFatal })
  undo.add(() => house.close())
  if (!config.memory) undo.add(keepCheckpointing(config, { store: house.store, reserve }, logs.log))
  const root = await furnish(house, config)
  return { masterKey, started, house, root }
}

function workersFor(
  parts: Parts,
  opened: Awaited<ReturnType<typeof open>>,
  rest: { counters: readonly SharedArrayBuffer[]; port: number; tls: Certificate | undefined },
): Workers {
  const { config, logs, wanted, emit, onHopeless, state, reserve, failure } = parts
  const { masterKey, started, house } = opened
  const { counters, port, tls } = rest
  return new Workers({
    data: {
      config,
      masterKey,
      started,
      counters,
      port,
      logs: wanted,
      shared: house.store.shared,
      attempts: house.attempts,
      state: state.buffer,
      reserve: reserve?.shared,
      isGuest: onHopeless === undefined,
    },
    tls,
    emit,
    onHopeless: onHopeless ?? failure.report,
    onFailed: failure.report,
    log: logs.log,
    release(connection) {
      if (connection !== undefined) house.store.releaseTurnOf(connection)
    },
  })
}

async function listen(parts: Parts) {
  const { config, logs, state, reserve, undo } = parts
  const tls = readCertificate(config)
  const count = workersOf(config)
  // Before anything is made: a root key is shown once, by the start that succeeds.
  const wanted = await provePort(config.host, config.port)
  const opened = await open(parts)
  const counters = Array.from({ length: count }, () => new SharedArrayBuffer(countersBytes))
  const { house, root } = opened
  let serving: Serving
  try {
    serving = await serve({
      config,
      house,
      logs,
      state,
      reserve,
      counters,
      index: 0,
      tls,
      port: wanted,
      sharesPort: count > 1,
    })
  } catch (error) {
    throw portError(error, config.host, wanted)
  }
  const { port, http } = serving
  const workers = workersFor(parts, opened, { counters, port, tls })
  undo.add(() => closeServing(parts, serving, workers))
  const started = counters.slice(1).map((_, index) => workers.start(index + 1))
  return { serving, workers, started, root, house, http, port }
}

/** All threads to their end, also when one fails. What the server must not survive may come while it drains. */
async function closeServing(
  { config, failure }: Parts,
  serving: Serving,
  workers: Workers,
): Promise<void> {
  const end = async () => {
    await Promise.all([serving.close(0), workers.terminate()])
  }
  const drain = async () => {
    const { drainTimeout } = config
    const closing = await Promise.allSettled([
      serving.close(drainTimeout),
      workers.close(drainTimeout),
    ])
    const failed = closing.find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
  }
  await (failure.hasHappened ? end() : Promise.race([drain(), failure.happens.then(end)]))
}

/** As `work`, but rejects as soon as the server must not go on: what was waited for may never come then. */
function unlessFailing<T>(work: Promise<T>, failure: Failure): Promise<T> {
  return Promise.race([
    work,
    failure.happens.then(reason => {
      throw reason
    }),
  ])
}

/** A server that closes itself is closed after so many milliseconds, whatever it still waits for. */
const failedMs = 5000

/** The end of a server that is ready, whoever wants it. */
function closingOf({ state, undo, failure, logs }: Parts, flush: () => void) {
  const closed = Promise.withResolvers<void>()
  closed.promise.catch(() => undefined)
  let closing: Promise<void> | undefined
  const closeOnce = async () => {
    state.state = 'draining'
    await undo.run().finally(flush)
  }
  const close = () => {
    closing ??= closeOnce().finally(() => {
      if (!failure.hasHappened) closed.resolve()
    })
    return closing
  }
  void failure.happens.then(async reason => {
    logs.log.error({ err: reason }, 'the gateway closes itself')
    // What waits for the disk may wait for ever.
    await Promise.race([close().catch(() => undefined), pause(failedMs, undefined, { ref: false })])
    closed.reject(reason)
  })
  return { close, closed: closed.promise }
}

/**
 * Starts the server and resolves when it is ready: declared accounts and buckets are there, every worker listens.
 * Rejects with ConfigError, FolderUnusable, FolderInUse, PortUnavailable, WrongMasterKey, SchemaMismatch, or what the
 * system said.
 */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  const { onHopeless } = options
  const failure = new Failure()
  const config = withRealFolder(options.config, 'make')
  const reserve = reserveOf(config)
  const { wanted, emit, prove: proveLogs } = openLogFiles(config, reserve)
  const logs = createLogs(config, wanted, emit)
  const state = new SharedState(new SharedArrayBuffer(4))
  const undo = new Undo()
  const flush = () => logs.flush()
  const parts: Parts = {
    config,
    logs,
    emit,
    wanted,
    proveLogs,
    undo,
    state,
    reserve,
    onHopeless,
    failure,
  }
  try {
    const { workers, started, root, house, http, port } = await unlessFailing(
      listen(parts),
      failure,
    )
    const sweeper = startSweeper({
      core: house.core,
      log: logs.log,
      interval: config.sweepInterval,
      times: sweepTimes({ uploadAge: config.uploadExpiry }),
    })
    if (reserve !== undefined)
      undo.add(keepReserve({ reserve, store: house.store, sweeper, log: logs.log }))
    // First of the two: a sweep that hurries lets go then.
    undo.add(() => sweeper.stop())
    const certificate = watchCertificate(config, logs.log, tls => {
      http.setCertificate(tls)
      workers.setCertificate(tls)
    })
    undo.add(() => certificate.stop())
    await unlessFailing(Promise.all(started), failure)
    state.state = 'ready'
    const { close, closed } = closingOf(parts, flush)
    return {
      endpoint: endpointOf(config, port),
      port,
      root,
      workers: 1 + started.length,
      log: logs.log,
      reload: () => certificate.reload(),
      flush,
      close,
      closed,
    }
  } catch (error) {
    // Why the start failed says more than what could not be undone after it.
    await undo.run().catch((err: unknown) => logs.log.debug({ err }, 'a start was not undone'))
    flush()
    throw error
  }
}
