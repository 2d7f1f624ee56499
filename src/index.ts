/// <reference lib="esnext.disposable" preserve="true" />
/**
 * Moongate as a library: an S3 server in the process that asks for it, mostly for tests.
 *
 * @example
 * import { startGateway } from 'moongate'
 * const gateway = await startGateway({ buckets: ['photos'] })
 * // … gateway.endpoint, gateway.accessKeyId, gateway.secretAccessKey …
 * await gateway.close()
 */
import { nodeComplaint } from './server/node-version.ts'
import type { GatewayOptions } from './server/options.ts'

export { ConfigError } from './server/config-error.ts'
export { GatewayFailed } from './server/gateway-failed.ts'
export type { GatewayOptions }

// What follows is loaded when it is called for: an old Node could not, and would say less.
const complaint = nodeComplaint(process.version)
if (complaint !== undefined) throw new Error(complaint)

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
  /**
   * Resolves when the gateway is closed. Rejects with {@link GatewayFailed}, without any request finished, when it had to
   * close itself: somebody took away the lock of its data folder, so that another process may write there, or the disk did
   * not keep what was written. Nobody has to look at it.
   */
  readonly closed: Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts a gateway and resolves when it is ready. The environment and configuration files are not looked at.
 * Rejects with {@link ConfigError} for a wrong option, which the message names.
 */
export async function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const { configOfOptions } = await import('./server/options.ts')
  const config = configOfOptions(options)
  const { startServer } = await import('./server/start.ts')
  const server = await startServer({ config })
  const { endpoint, port, root, close, closed } = server
  return {
    endpoint,
    port,
    region: config.region,
    accessKeyId: root.accessKeyId,
    secretAccessKey: root.secret ?? options.secretAccessKey,
    close,
    closed,
    [Symbol.asyncDispose]: close,
  }
}
