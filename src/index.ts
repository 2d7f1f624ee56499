/**
 * Moongate as a library: an S3 server in the process that asks for it, mostly for tests.
 *
 * @example
 * import { startGateway } from 'moongate'
 * const gateway = await startGateway({ buckets: ['photos'] })
 * // … gateway.endpoint, gateway.accessKeyId, gateway.secretAccessKey …
 * await gateway.close()
 */
import { type Config, ConfigError, loadConfig } from './server/config.ts'
import { startServer } from './server/start.ts'

export { ConfigError }

export interface GatewayOptions {
  /** Buckets that are there when the promise resolves. */
  readonly buckets?: readonly string[]
  /** A folder to keep the data in; without one everything is in memory and gone on close. */
  readonly data?: string
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default 0: a free one. */
  readonly port?: number
  /** Default us-east-1. */
  readonly region?: string
  /** Made up when left out. With `data`, the folder's own key stays when left out. */
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
  /** Threads; default 1. More than one only with `data`. */
  readonly workers?: number
  /** Domains whose sub-domains are buckets. */
  readonly domains?: readonly string[]
  /** Origins whose web pages may call; default all. */
  readonly corsOrigins?: readonly string[]
  /** Take SigV2 too. */
  readonly sigv2?: boolean
  /** Take any key without checking signatures. */
  readonly insecure?: boolean
  /** File of the access log; default none. */
  readonly accessLog?: string
}

export interface Gateway {
  /** For instance `http://127.0.0.1:43210`. Use path style with it. */
  readonly endpoint: string
  readonly port: number
  readonly region: string
  readonly accessKeyId: string
  /** Undefined when `data` already had a key and none was given: secrets are shown once. */
  readonly secretAccessKey: string | undefined
  /** Finishes requests under way, then closes everything. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

function flagsOf(options: GatewayOptions): Map<string, readonly string[]> {
  const { data, host, port = 0, region, workers = 1, accessLog = 'off' } = options
  const said: Readonly<Record<string, string | readonly string[] | undefined>> = {
    data,
    memory: String(data === undefined),
    host,
    port: String(port),
    region,
    workers: String(workers),
    domain: options.domains,
    'cors-origin': options.corsOrigins,
    sigv2: String(options.sigv2 ?? false),
    insecure: String(options.insecure ?? false),
    'access-log': accessLog,
    'audit-log': 'off',
    'log-level': 'error',
    'drain-timeout': '5s',
  }
  const flags = new Map<string, readonly string[]>()
  for (const [name, value] of Object.entries(said))
    if (value !== undefined) flags.set(name, typeof value === 'string' ? [value] : value)
  return flags
}

function configOf(options: GatewayOptions): Config {
  const { accessKeyId, secretAccessKey, buckets = [] } = options
  const env = {
    MOONGATE_ROOT_ACCESS_KEY_ID: accessKeyId,
    MOONGATE_ROOT_SECRET_ACCESS_KEY: secretAccessKey,
    MOONGATE_BUCKETS: buckets.join(','),
  }
  return loadConfig({ flags: flagsOf(options), env, readFile: () => '' }).config
}

/**
 * Starts a gateway and resolves when it is ready. The environment and configuration files are not looked at.
 * Rejects with {@link ConfigError} for a wrong option (its message names the flag of the command line).
 */
export async function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const config = configOf(options)
  const server = await startServer({
    config,
    onHopeless(error) {
      throw error
    },
  })
  const { endpoint, port, root } = server
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= server.close()
    return closing
  }
  return {
    endpoint,
    port,
    region: config.region,
    accessKeyId: root.accessKeyId,
    secretAccessKey: root.secret ?? options.secretAccessKey,
    close,
    [Symbol.asyncDispose]: close,
  }
}
