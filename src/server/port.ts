/** The port: refused when it is taken, even by another server that shares it among its own threads. */
import { type AddressInfo, createServer } from 'node:net'

/** The port cannot be listened on; the message says why and what to do. */
export class PortUnavailable extends Error {
  override readonly name = 'PortUnavailable'
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined

/** Listening's error in words, for whoever started the server. */
export function portError(error: unknown, host: string, port: number): unknown {
  const words: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} of ${host} is taken by another program; stop it or choose another with --port`,
    EACCES: `port ${port} of ${host} may not be used by this user; choose one from 1024 with --port`,
    EADDRNOTAVAIL: `${host} is no address of this machine; choose another with --host`,
    ENOTFOUND: `${host} is no address of this machine; choose another with --host`,
  }
  const said = words[String(codeOf(error))]
  return said === undefined ? error : new PortUnavailable(said, { cause: error })
}

/**
 * Has the port alone for a moment and gives it back, for threads that will share it. Resolves with the port, which is
 * a free one for 0. Rejects with {@link PortUnavailable}.
 */
export async function provePort(host: string, port: number): Promise<number> {
  const server = createServer()
  try {
    return await new Promise<number>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port, exclusive: true }, () => {
        resolve((server.address() as AddressInfo).port)
      })
    })
  } catch (error) {
    throw portError(error, host, port)
  } finally {
    await new Promise<void>(resolve => {
      server.close(() => resolve())
    })
  }
}

/** Whether threads of this system can share a port. */
export const portsAreShared = ['linux', 'freebsd', 'sunos', 'aix'].includes(process.platform)
