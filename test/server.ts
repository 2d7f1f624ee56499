// Starts Moongate for tests: as its users would, in a process of its own, or (faster) in the process of the test.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { loadConfig } from '../src/server/config.ts'
import { startServer } from '../src/server/start.ts'
import { Client } from './client.ts'

/** The root key of every server that tests start. */
export const root = { accessKeyId: 'TESTROOTKEY0', secret: 'a-secret-of-the-root-for-tests' }
/** A key of another account, which owns nothing. */
export const other = { accessKeyId: 'TESTOTHERKEY', secret: 'a-secret-of-somebody-else-here' }
export const otherId = 'b'.repeat(64)

/** A key of an account in a volume of its own. */
export const tenant = { accessKeyId: 'TESTTENANTKEY', secret: 'a-secret-of-another-volume-here' }
export const tenantId = 'c'.repeat(64)

export type Flags = Readonly<Record<string, string | readonly string[]>>

/** What must go when the test's process ends, however it ends. */
const folders = new Set<string>()
const children = new Set<ChildProcess>()
const stopAll = () => {
  for (const child of children) child.kill('SIGKILL')
}
process.once('exit', () => {
  stopAll()
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})
// A server that a failed test left would keep the process from ending.
after(stopAll)

/** A new folder, gone when the test's process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'moongate-test-'))
  folders.add(folder)
  return folder
}

export interface Running {
  readonly port: number
  readonly endpoint: string
  /** Requests of the root account. */
  readonly client: Client
  /** Requests of the other account. */
  readonly stranger: Client
  /** Requests of the account in another volume. */
  readonly tenant: Client
  /** Its data folder; undefined in memory. */
  readonly data: string | undefined
  close(): Promise<void>
}

export interface InProcess {
  readonly flags?: Flags
  readonly buckets?: readonly string[]
  /** A folder to keep data in; in memory without. */
  readonly data?: string
  /** Further keys of the configuration file. */
  readonly file?: object
}

const accounts = [
  {
    id: otherId,
    display_name: 'other',
    keys: [{ access_key_id: other.accessKeyId, secret_access_key: other.secret }],
  },
  {
    id: tenantId,
    display_name: 'tenant',
    volume: 'elsewhere',
    keys: [{ access_key_id: tenant.accessKeyId, secret_access_key: tenant.secret }],
  },
]

/** A gateway in this process. */
export async function startInProcess(options: InProcess = {}): Promise<Running> {
  const { data, buckets = ['bucket'], file = {} } = options
  const said: Flags = {
    ...(data === undefined ? { memory: 'true' } : { data, workers: '1' }),
    port: '0',
    config: 'test.json',
    'access-log': 'off',
    'audit-log': 'off',
    'log-level': 'error',
    'drain-timeout': '2s',
    ...options.flags,
  }
  const { config } = loadConfig({
    flags: new Map(Object.entries(said).map(([name, value]) => [name, [value].flat()])),
    env: {
      MOONGATE_ROOT_ACCESS_KEY_ID: root.accessKeyId,
      MOONGATE_ROOT_SECRET_ACCESS_KEY: root.secret,
      MOONGATE_BUCKETS: buckets.join(','),
    },
    readFile: () => JSON.stringify({ accounts, ...file }),
  })
  const server = await startServer({
    config,
    onHopeless(error) {
      throw error
    },
  })
  const { port } = server
  return {
    port,
    endpoint: server.endpoint,
    client: new Client({ port, ...root }),
    stranger: new Client({ port, ...other }),
    tenant: new Client({ port, ...tenant }),
    data,
    close: () => server.close(),
  }
}

export interface Spawned {
  readonly child: ChildProcess
  readonly pid: number
  readonly port: number
  readonly endpoint: string
  readonly client: Client
  /** What it has written so far. */
  stdout(): string
  stderr(): string
  /** Sends the signal and resolves with exit status, or the signal's name, once it has ended. */
  stop(signal?: NodeJS.Signals): Promise<number | string>
  readonly ended: Promise<number | string>
}

export interface SpawnOptions {
  readonly data?: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Root keys by environment; true by default. */
  readonly keys?: boolean
  /** Arguments of node itself. */
  readonly node?: readonly string[]
}

const entry = join(import.meta.dirname, '..', 'src', 'cli', 'main.ts')

/** The environment of a child: this one's without anything of Moongate's, and what is added. */
function environment({ env, keys = true }: SpawnOptions): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(?:MOONGATE_|AWS_|NODE_TEST)/.test(name),
  )
  return {
    ...Object.fromEntries(kept),
    ...(keys
      ? {
          MOONGATE_ROOT_ACCESS_KEY_ID: root.accessKeyId,
          MOONGATE_ROOT_SECRET_ACCESS_KEY: root.secret,
        }
      : {}),
    ...env,
  }
}

function launch(args: readonly string[], options: SpawnOptions) {
  const child = spawn(process.execPath, [...(options.node ?? []), entry, ...args], {
    env: environment(options),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const written = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => {
    written.stdout += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    written.stderr += chunk.toString()
  })
  const ended = new Promise<number | string>(resolve => {
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'gone'))
  })
  children.add(child)
  void ended.then(() => children.delete(child))
  return { child, written, ended }
}

/** Runs the command line to its end. */
export async function runCommand(args: readonly string[], options: SpawnOptions = {}) {
  const { written, ended } = launch(args, options)
  const status = await ended
  return { status, ...written }
}

/** `moongate serve` in a process of its own, on a free port. Rejects with what it wrote if it ends before it serves. */
export async function spawnServer(options: SpawnOptions = {}): Promise<Spawned> {
  const { args = [], data = temporaryFolder() } = options
  const { child, written, ended } = launch(
    ['serve', '--port', '0', '--data', data, ...args],
    options,
  )
  const endpoint = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', () => {
      const found = /(?:serves S3 at |"endpoint":")([^\s"]+)[^]*\n(?:[^]*Workers|$)/.exec(
        written.stdout,
      )
      if (found?.[1] !== undefined) resolve(found[1])
    })
    void ended.then(status => reject(new Error(`ended (${status}): ${written.stderr}`)))
  })
  const port = Number(/:(\d+)(?:\/|$)/.exec(endpoint)?.[1])
  return {
    child,
    pid: child.pid ?? 0,
    port,
    endpoint,
    client: new Client({ port, ...root }),
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    ended,
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      return await ended
    },
  }
}
