/** The command line: flags, help of every command, the remote's configuration, the sentence for an old Node. */
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { nodeComplaint } from '../server/node-version.ts'
import { commandHelp, readArguments, suggestion, WrongUse } from './command.ts'
import { commands } from './commands.ts'
import { fileAt } from './document.ts'
import { parseProfiles, type RemoteSources, resolveRemote } from './remote.ts'
import { unreachableReason } from './unreachable.ts'

const flags = { port: { shown: 'PORT', doc: '' }, memory: { doc: '' } }

test('flags are read, repeated, switched and refused by name', () => {
  const { positionals, flags: read } = readArguments(
    ['a', '--port', '1', '--port=2', '--memory', '--', '--b'],
    flags,
  )
  assert.deepEqual(positionals, ['a', '--b'])
  assert.deepEqual(read.get('port'), ['1', '2'])
  assert.deepEqual(read.get('memory'), ['true'])
  const refused = (args: string[], message: RegExp) =>
    assert.throws(
      () => readArguments(args, flags),
      (error: unknown) => error instanceof WrongUse && message.test(error.message),
    )
  refused(['--prot', '1'], /Unknown flag: --prot\. Did you mean --port\?/)
  refused(['--port'], /--port needs a value/)
  refused(['--port', '--memory'], /--port needs a value/)
  refused(['--constructor', 'x'], /Unknown flag/)
})

test('every command explains itself with examples', async () => {
  for (const command of commands) {
    const help = await commandHelp(command)
    assert.match(help, /Usage: moongate /)
    assert.match(help, /Examples:\n {2}moongate/)
    assert.match(help, /--json/)
    assert.ok(command.examples.every(example => example.includes('moongate')))
  }
})

test('help of a noun is that of its verbs, and help can be asked for first', async () => {
  const said = (...args: string[]) => {
    const main = fileURLToPath(new URL('main.ts', import.meta.url))
    return execFileSync(process.execPath, [main, ...args], { encoding: 'utf8' })
  }
  assert.match(said('root-key', '--help'), /Usage: moongate root-key rotate \[flags\]/)
  const verbs = said('volume', '--help')
  assert.match(verbs, /^Usage: moongate volume VERB [^]*\n {2}volume quota {3}Set the quota/)
  assert.doesNotMatch(verbs, /Examples|--quota-bytes/)
  assert.equal(said('help', 'volume'), verbs)
  assert.equal(said('volume', 'help'), verbs)
  assert.match(said('help', 'check'), /Usage: moongate check \[flags\]/)
  assert.throws(() => said('root-key'), /Unknown command: root-key\. There is root-key rotate\.\n/)
})

test('a command whose reader is gone ends without a word', async () => {
  const main = fileURLToPath(new URL('main.ts', import.meta.url))
  const child = spawn(process.execPath, [main, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()
  const [said, [status]] = await Promise.all([text(child.stderr), once(child, 'close')])
  assert.equal(said, '')
  assert.equal(status, 141)
})

test('why a server cannot be reached is told in words', () => {
  const failed = (code: string, message = '') =>
    unreachableReason(
      new TypeError('fetch failed', { cause: Object.assign(new Error(message), { code }) }),
    )
  assert.match(failed('ECONNREFUSED'), /^nothing listens there/)
  assert.equal(failed('EODD', 'something odd'), 'something odd')
  assert.equal(failed('EODD'), 'EODD')
  assert.equal(unreachableReason(new TypeError('fetch failed')), 'fetch failed')
})

test('a command that failed ends its process, whatever is left open', () => {
  const main = fileURLToPath(new URL('main.ts', import.meta.url))
  const open = 'data:text/javascript,setInterval(() => undefined, 1000)'
  const nothing = fileURLToPath(new URL('nothing', import.meta.url))
  const args = ['--import', open, main, 'check', '--data', nothing]
  assert.throws(
    () => execFileSync(process.execPath, args, { stdio: 'pipe', timeout: 60_000 }),
    (error: unknown) => error instanceof Error && 'status' in error && error.status === 1,
  )
})

test('a word that is nearly right is suggested, another is not', () => {
  assert.equal(suggestion('serv', ['serve', 'check']), ' Did you mean serve?')
  assert.equal(suggestion('banana', ['serve', 'check']), '')
})

test('an old Node is told what it takes, in one sentence', () => {
  assert.equal(nodeComplaint('v20.11.1'), 'Moongate needs Node 26 or newer; this is v20.11.1.')
  assert.equal(nodeComplaint('v26.0.0'), undefined)
  assert.equal(nodeComplaint('v30.1.0'), undefined)
  const launcher = fileURLToPath(new URL('../../bin/moongate.cjs', import.meta.url))
  const pretend = `Object.defineProperty(process, 'version', { value: 'v18.3.0' }); require(${JSON.stringify(launcher)})`
  assert.throws(
    () => execFileSync(process.execPath, ['-e', pretend], { stdio: 'pipe' }),
    (error: unknown) => {
      const { status, stderr } = error as { status: number; stderr: Buffer }
      return (
        status === 1 && String(stderr) === 'Moongate needs Node 26 or newer; this is v18.3.0.\n'
      )
    },
  )
})

test('a clone that is not built is told so in one sentence', t => {
  const clone = mkdtempSync(join(tmpdir(), 'moongate-bin-'))
  t.after(() => rmSync(clone, { recursive: true }))
  mkdirSync(join(clone, 'bin'))
  const launcher = join(clone, 'bin', 'moongate.cjs')
  copyFileSync(new URL('../../bin/moongate.cjs', import.meta.url), launcher)
  const { status, stderr } = spawnSync(process.execPath, [launcher], { encoding: 'utf8' })
  assert.deepEqual([status, /^Moongate is not built here: [^\n]*\n$/.test(stderr)], [1, true])
})

test('as a library an old Node is told the same when it imports it', () => {
  const library = new URL('../index.ts', import.meta.url).href
  const pretend = `Object.defineProperty(process, 'version', { value: 'v20.11.1' }); import('${library}')`
  const { stderr } = spawnSync(process.execPath, ['-e', pretend], { encoding: 'utf8' })
  assert.match(stderr, /Error: Moongate needs Node 26 or newer; this is v20\.11\.1\.\n/)
})

test('files are looked for where npm start was typed, and elsewhere where the command runs', () => {
  const clone = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
  const env = { INIT_CWD: '/elsewhere', npm_lifecycle_event: 'start' }
  assert.equal(fileAt('a/b.json', { env, folder: clone }), '/elsewhere/a/b.json')
  assert.equal(fileAt('/a/b.json', { env, folder: clone }), '/a/b.json')
  // Another package's script runs the command: its own folder is the one that it speaks of.
  assert.equal(fileAt('b.json', { env, folder: '/a/package' }), 'b.json')
  const test = { ...env, npm_lifecycle_event: 'test' }
  assert.equal(fileAt('b.json', { env: test, folder: clone }), 'b.json')
  assert.equal(fileAt('b.json', { env: {}, folder: clone }), 'b.json')
})

const sources = (changed: Partial<RemoteSources> = {}): RemoteSources => ({
  endpoint: undefined,
  profile: undefined,
  env: {},
  readFile: () => undefined,
  ...changed,
})

const files: Readonly<Record<string, string>> = {
  c: '[default]\nregion = eu-west-1\n[profile work]\nendpoint_url = https://w.example\ns3 =\n  x = y\n',
  k: '[work]\naws_access_key_id = WORK\naws_secret_access_key = ws\n[default]\naws_access_key_id=DEF\naws_secret_access_key=ds\n',
}
const aws = { AWS_CONFIG_FILE: 'c', AWS_SHARED_CREDENTIALS_FILE: 'k' }
const readFile = (path: string) => files[path]

test('without a word the server of this machine is meant', () => {
  assert.deepEqual(resolveRemote(sources()), {
    endpoint: 'http://127.0.0.1:9000',
    region: 'us-east-1',
    accessKeyId: undefined,
    secretAccessKey: undefined,
    sessionToken: undefined,
  })
})

test("flags outrank MOONGATE_*, that AWS_*, that the profile's files", () => {
  const fromFiles = resolveRemote(sources({ env: aws, readFile }))
  assert.equal(fromFiles.accessKeyId, 'DEF')
  assert.equal(fromFiles.region, 'eu-west-1')
  const keys = { AWS_ACCESS_KEY_ID: 'A', AWS_SECRET_ACCESS_KEY: 'as' }
  const fromAws = resolveRemote(sources({ env: { ...aws, ...keys }, readFile }))
  assert.equal(fromAws.accessKeyId, 'A')
  const own = { MOONGATE_ACCESS_KEY_ID: 'M', MOONGATE_SECRET_ACCESS_KEY: 'ms' }
  const env = {
    ...aws,
    ...keys,
    ...own,
    MOONGATE_ENDPOINT: 'http://m',
    AWS_ENDPOINT_URL: 'http://a',
  }
  assert.equal(resolveRemote(sources({ env, readFile })).secretAccessKey, 'ms')
  assert.equal(resolveRemote(sources({ env, readFile })).endpoint, 'http://m')
  const named = resolveRemote(sources({ env, readFile, profile: 'work', endpoint: 'http://f' }))
  assert.equal(named.accessKeyId, 'WORK')
  assert.equal(named.endpoint, 'http://f')
  const profiled = { ...aws, AWS_PROFILE: 'work' }
  assert.equal(resolveRemote(sources({ env: profiled, readFile })).endpoint, 'https://w.example')
})

test('a profile that is not there is refused, whatever keys are there', () => {
  const env = { ...aws, AWS_ACCESS_KEY_ID: 'A', AWS_SECRET_ACCESS_KEY: 'as' }
  const absent = /There is no profile nope/
  assert.throws(() => resolveRemote(sources({ env, readFile, profile: 'nope' })), absent)
  const named = { ...env, MOONGATE_PROFILE: 'nope' }
  assert.throws(() => resolveRemote(sources({ env: named, readFile })), absent)
})

test('profiles are read as the AWS CLI writes them', () => {
  const profiles = parseProfiles('# no\n[profile a b]\nx=1\n y=2\n[default]\r\nz = 3=4\r\n')
  assert.deepEqual(
    [...profiles],
    [
      ['a b', { x: '1' }],
      ['default', { z: '3=4' }],
    ],
  )
})
