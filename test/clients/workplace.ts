// Where a client that nobody here wrote is tried: a server of its own, a folder, a clean environment and files to move.

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import {
  closeSync,
  createReadStream,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { root, spawnServer, temporaryFolder } from '../server.ts'

export const mebibyte = 2 ** 20
export const gibibyte = 2 ** 30

/** A program that a test cannot do without: its name, and a call of it that exits with 0 where it is usable. */
export interface Tool {
  readonly name: string
  readonly probe: readonly [string, ...string[]]
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Fed to standard input, which is closed otherwise. */
  readonly input?: string
  /** The program must fail, with whatever status. */
  readonly fails?: boolean
}

export interface Workplace {
  /** Gone when the test ends. */
  readonly folder: string
  readonly endpoint: string
  /** `127.0.0.1:PORT`. */
  readonly host: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly region: string
  /** What children get: the keys as `AWS_*`, an empty home, and nothing of the user's own configuration. */
  readonly env: Readonly<Record<string, string>>
  /** Runs a program to its end and resolves with its standard output; a failure is an error that quotes it. */
  readonly run: (command: string, args: readonly string[], options?: RunOptions) => Promise<string>
}

const inCI = process.env['CI'] === 'true'
const patience = 10 * 60_000

function missing(tools: readonly Tool[]): readonly string[] {
  const absent = tools.filter(({ probe: [command, ...args] }) => {
    const { status } = spawnSync(command, args, { stdio: 'ignore' })
    return status !== 0
  })
  return absent.map(tool => tool.name)
}

function environment(folder: string, endpoint: string): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    LANG: 'C.UTF-8',
    LC_ALL: 'C.UTF-8',
    HOME: join(folder, 'home'),
    TMPDIR: folder,
    AWS_ACCESS_KEY_ID: root.accessKeyId,
    AWS_SECRET_ACCESS_KEY: root.secret,
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ENDPOINT_URL: endpoint,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
  }
}

async function run(
  command: string,
  args: readonly string[],
  { cwd, env, input, fails = false }: RunOptions,
): Promise<string> {
  const child = spawn(command, args, {
    cwd,
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: patience,
  })
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  // A program that does not read its input to the end is judged by its exit status.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const ended = await new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code ?? signal))
  })
  const stdout = Buffer.concat(out).toString()
  if ((ended !== 0) !== fails) {
    const stderr = Buffer.concat(err).toString()
    const told = `${stdout.slice(-4000)}\n${stderr.slice(-4000)}`
    assert.fail(`${command} ${args.join(' ')} ended with ${ended}:\n${told}`)
  }
  return stdout
}

/**
 * Declares the test of one client. Without its tools the test is skipped with the reason, but under `CI=true` it fails:
 * there they must be installed. `flags` go to the server.
 */
export function client(
  name: string,
  tools: readonly Tool[],
  drive: (t: TestContext, place: Workplace) => Promise<void>,
  flags: readonly string[] = [],
): void {
  const absent = missing(tools)
  const skip = absent.length > 0 && !inCI ? `not on this machine: ${absent.join(', ')}` : false
  test(name, { skip }, async t => {
    assert.deepEqual(absent, [], 'every tool is installed')
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'home'))
    const server = await spawnServer({ data: join(folder, 'data'), args: flags })
    t.after(async () => {
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    })
    const env = environment(folder, server.endpoint)
    await drive(t, {
      folder,
      endpoint: server.endpoint,
      host: `127.0.0.1:${server.port}`,
      accessKeyId: root.accessKeyId,
      secretAccessKey: root.secret,
      region: 'us-east-1',
      env,
      run: (command, args, options = {}) =>
        run(command, args, { ...options, env: { ...env, ...options.env } }),
    })
  })
}

/** Names that file systems take and that clients encode in different ways. */
export const oddNames: readonly string[] = [
  'plain.txt',
  'with space/a b  c.txt',
  ' leading and trailing ',
  'plus+sign/1+1=2.txt',
  'percent%20/%2F/100%.txt',
  'ünïcödé/日本語/Ωmega.txt',
  'decomposed-e\u0301',
  'emoji-🌕🚪.txt',
  '.hidden/..two/...three',
  'dots..inside/a..b',
  '-leading-dash/--delete',
  '~tilde/!bang*star(paren)\'quote"double',
  'amp&semi;colon:comma,at@equals=hash#question?',
  'brackets[1]{2}<3>',
  'dollar$HOME`tick`^caret|pipe',
  'back\\slash',
  'Case.txt',
  'case.TXT',
  `long/${'n'.repeat(240)}/${'m'.repeat(240)}/${'o'.repeat(240)}`,
]

/** Sizes on both sides of where clients begin to upload in parts. */
export const oddSizes: readonly number[] = [
  0,
  1,
  65_535,
  65_537,
  5 * mebibyte,
  8 * mebibyte - 1,
  8 * mebibyte,
  16 * mebibyte + 1,
  35 * mebibyte + 7,
]

/** Writes `size` bytes of which no two blocks of 64 KiB are equal, so that a part in a wrong place shows. */
export function writeFile(path: string, size: number): string {
  mkdirSync(dirname(path), { recursive: true })
  const block = randomBytes(Math.min(size, mebibyte))
  const file = openSync(path, 'w')
  for (let at = 0; at < size; at += block.length) {
    for (let mark = 0; mark + 8 <= block.length; mark += 65_536)
      block.writeBigUInt64LE(BigInt(at + mark), mark)
    writeSync(file, block, 0, Math.min(block.length, size - at))
  }
  closeSync(file)
  return path
}

/** A folder with every odd name and every odd size. */
export function writeTree(folder: string): string {
  for (const name of oddNames) {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, `content of ${name}`)
  }
  for (const size of oddSizes) writeFile(join(folder, 'sizes', `${size}.bin`), size)
  return folder
}

/** SHA-256 of a file, in hex. */
export async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: mebibyte })) hash.update(chunk)
  return hash.digest('hex')
}

/** Asserts that two files have the same bytes. */
export async function sameFile(actual: string, expected: string): Promise<void> {
  assert.equal(await hashOf(actual), await hashOf(expected), `${actual} is ${expected}`)
}

/** Every file below a folder by its path from there, with its hash. */
async function contents(folder: string): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  for (const entry of entries.filter(each => each.isFile())) {
    const path = join(entry.parentPath, entry.name)
    found.set(path.slice(folder.length + 1), await hashOf(path))
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Asserts that two folders hold the same files with the same bytes. */
export async function sameTree(actual: string, expected: string): Promise<void> {
  assert.deepEqual(await contents(actual), await contents(expected))
}
