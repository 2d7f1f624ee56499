/** A server that is its process: configuration from flags and environment, banner, signals, exit. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type BannerFacts, banner, bannerData } from './banner.ts'
import { type Config, loadConfig } from './config.ts'
import { holdHeap } from './heap.ts'
import { logPlaces } from './logs.ts'
import { type RunningServer, startServer } from './start.ts'
import { version } from './version.ts'

export interface ProcessOptions {
  /** By name without dashes. */
  readonly flags: ReadonlyMap<string, readonly string[]>
  readonly note: (words: string) => void
}

export interface ServerOptions extends ProcessOptions {
  /** Told once, when the server is ready: in words for people, as data for programs. */
  readonly result: (words: string, data: unknown) => void
}

/** The configuration of this process. Throws ConfigError. */
export function processConfig({ flags, note }: ProcessOptions): Config {
  const readFile = (path: string) => readFileSync(path, 'utf8')
  const { config, warnings } = loadConfig({ flags, env: process.env, readFile })
  for (const warning of warnings) note(`moongate: ${warning}`)
  return config
}

function factsOf(config: Config, { endpoint, root, workers }: RunningServer): BannerFacts {
  const { access } = logPlaces(config)
  const places: Readonly<Record<string, string>> = { 1: 'standard output', undefined: 'off' }
  return {
    version,
    endpoint,
    root: { ...root, given: config.rootSecretAccessKey !== undefined },
    region: config.region,
    data: config.memory ? undefined : resolve(config.data),
    buckets: config.buckets.map(({ name }) => name),
    accessLog: places[String(access)] ?? resolve(String(access)),
    insecure: config.insecure,
    workers,
  }
}

/** So long a stop may take without a word, in milliseconds. */
const silentMs = 300

/** Closes the server. Who waits for others' requests is told so: it would look as if the signal had not been heard. */
async function closeAloud(server: RunningServer, { drainTimeout }: Config): Promise<void> {
  const seconds = Math.ceil(drainTimeout / 1000)
  const words = `stopping: requests under way may take up to ${seconds} s; a second Ctrl-C or SIGTERM ends them`
  const waiting = setTimeout(() => server.log.info({}, words), silentMs)
  try {
    await server.close()
  } finally {
    clearTimeout(waiting)
  }
}

/** Resolves with the exit status once the server was told to stop and has stopped. */
export async function runServer(options: ServerOptions): Promise<number> {
  const config = processConfig(options)
  // What SQLite makes in a folder that others may enter is the owner's all the same. Workers share it.
  process.umask(0o077)
  const { promise: hopeless, resolve: giveUp } = Promise.withResolvers<Error>()
  const server = await startServer({ config, onHopeless: giveUp })
  const stopped = new Promise<undefined>(done => {
    let asked = false
    const stop = () => {
      // Who asks twice does not want to wait for others' requests.
      if (asked) process.exit(1)
      asked = true
      done(undefined)
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
  })
  process.on('SIGHUP', () => server.reload())
  process.on('exit', () => server.flush())
  process.on('uncaughtException', err => {
    server.log.error({ err }, 'a fault that nobody expected ends the process')
    process.exit(1)
  })
  // Whoever closes our output (`moongate | head -1`) does not mean to stop the server.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  const facts = factsOf(config, server)
  options.result(banner(facts), bannerData(facts))
  const letGo = holdHeap()
  const reason = await Promise.race([stopped, hopeless])
  if (reason !== undefined) server.log.error({ err: reason }, 'the process ends')
  letGo()
  await closeAloud(server, config)
  return reason === undefined ? 0 : 1
}
