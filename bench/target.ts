/** The servers that are measured: our own, started here and pinned to a core, and peers that run already. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { presign } from '../src/wire/auth/sign.ts'

export interface Target {
  readonly name: string
  /** host:port. */
  readonly host: string
  readonly accessKeyId: string
  readonly secret: string
  /** The server's own process. */
  readonly pid: number
  /** Seconds from its start to its first answer, where we started it. */
  readonly startSeconds?: number
}

export const has = (program: string): boolean =>
  spawnSync('which', [program], { stdio: 'ignore' }).status === 0

/** The command with its core, where the system can pin. */
export function pinned(core: number, command: readonly string[]): [string, string[]] {
  const [program = '', ...args] = has('taskset')
    ? ['taskset', '-c', String(core), ...command]
    : command
  return [program, args]
}

/** A day's URL of the target: path and query. */
export function urlOf(
  target: Target,
  method: string,
  path: string,
  query: Readonly<Record<string, string>> = {},
): string {
  const { host, accessKeyId, secret } = target
  const common = { host, accessKeyId, secret, region: 'us-east-1', expires: 86_400 }
  return presign({ ...common, method, path, query, now: Date.now() })
}

const number = (text: string, name: string): number =>
  Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)?.[1] ?? Number.NaN)

/** MiB of memory that is the process's own, without pages of mapped files. NaN where the system does not tell. */
export function ownMemory({ pid }: Target): number {
  try {
    return number(readFileSync(`/proc/${pid}/status`, 'utf8'), 'RssAnon') / 1024
  } catch {
    return Number.NaN
  }
}

/** CPU seconds of the process so far, a hundredth exact. */
export function cpuSeconds({ pid }: Target): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return Number.NaN
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write('GET /-/health/ready HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n'),
    )
    socket.on('error', () => resolve(false))
    socket.on('data', data => {
      socket.destroy()
      resolve(data.includes(' 200 '))
    })
  })
}

export interface OwnServer extends Target {
  stop(): Promise<void>
}

async function untilReady(child: ChildProcess, port: number): Promise<number> {
  const began = performance.now()
  while (child.exitCode === null) {
    if (await answers(port)) return (performance.now() - began) / 1000
    await sleep(2)
  }
  throw new Error(`the server ended with ${child.exitCode} before it answered`)
}

/** Starts this tree's server twice on a fresh folder: the second start, on a folder that is there, is the one that counts. */
export async function startOwn(options: {
  readonly port: number
  readonly workers: number
  readonly flags?: readonly string[]
}): Promise<OwnServer> {
  const { port, workers, flags = [] } = options
  const folder = mkdtempSync(join(tmpdir(), 'moongate-bench-'))
  const accessKeyId = 'BENCHKEY000000000000'
  const secret = 'bench'.repeat(8)
  const main = join(import.meta.dirname, '../src/cli/main.ts')
  const serve = ['serve', '--port', String(port), '--data', join(folder, 'data'), ...flags]
  const command = [process.execPath, main, ...serve, '--workers', String(workers)]
  const [program, args] = workers === 1 ? pinned(0, command) : [process.execPath, command.slice(1)]
  const env = {
    ...process.env,
    MOONGATE_ROOT_ACCESS_KEY_ID: accessKeyId,
    MOONGATE_ROOT_SECRET_ACCESS_KEY: secret,
  }
  const start = () => spawn(program, args, { env, stdio: ['ignore', 'ignore', 'inherit'] })
  const end = async (child: ChildProcess) => {
    const ended = new Promise(resolve => child.once('exit', resolve))
    child.kill('SIGTERM')
    await ended
  }
  const first = start()
  await untilReady(first, port)
  await end(first)
  const child = start()
  const startSeconds = await untilReady(child, port)
  const { pid = 0 } = child
  return {
    name: 'moongate',
    host: `127.0.0.1:${port}`,
    accessKeyId,
    secret,
    pid,
    startSeconds,
    async stop() {
      await end(child)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** `name=http://host:port,key,secret,pid`. */
export function readPeer(text: string): Target {
  const parts = /^([^=]+)=http:\/\/([^,/]+),([^,]+),([^,]+),(\d+)$/.exec(text)
  if (parts === null) throw new Error(`--peer ${text}: name=http://host:port,key,secret,pid`)
  const [, name = '', host = '', accessKeyId = '', secret = '', pid = ''] = parts
  return { name, host, accessKeyId, secret, pid: Number(pid) }
}
