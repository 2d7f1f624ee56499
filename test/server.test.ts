/** The server as a process: banner, one folder and one port for one server, workers, signals, certificates, logs. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const folder = await mkdtemp(join(tmpdir(), 'moongate-server-'))
const children = new Set<ChildProcess>()
after(async () => {
  for (const child of children) child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

interface Started {
  child: ChildProcess
  exit: Promise<number>
  output: () => string
  endpoint: string
  port: number
}

const environment = (extra: Record<string, string> = {}) => {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('MOONGATE_'))
  return { ...Object.fromEntries(kept), ...extra }
}

function launch(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [main, ...args], { env: environment(env), cwd: folder })
  children.add(child)
  let heard = ''
  const hear = (data: Buffer) => {
    heard += data.toString()
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  const exit = once(child, 'close').then(([status]) => {
    children.delete(child)
    return Number(status)
  })
  return { child, exit, output: () => heard }
}

async function start(args: string[], env: Record<string, string> = {}): Promise<Started> {
  const launched = launch([...args, '--port', '0'], env)
  for (let i = 0; i < 500; i++) {
    const endpoint = /serves S3 at (\S+)/.exec(launched.output())?.[1]
    if (endpoint !== undefined)
      return { ...launched, endpoint, port: Number(new URL(endpoint).port) }
    if (launched.child.exitCode !== null) break
    await sleep(20)
  }
  throw new Error(`the server did not start: ${launched.output()}`)
}

async function stop({ child, exit }: Started): Promise<number> {
  child.kill('SIGTERM')
  return await exit
}

test('the root key is made once and shown once; secrets are in no log', async () => {
  const data = join(folder, 'keys')
  const first = await start(['--data', data, '--workers', '1'], { MOONGATE_BUCKETS: 'photos' })
  const secret = /AWS_SECRET_ACCESS_KEY=(\S+)/.exec(first.output())?.[1] ?? ''
  assert.ok(secret.length >= 20)
  assert.match(first.output(), /Buckets +photos/)
  assert.match(first.output(), /aws --endpoint-url http:\/\/127\.0\.0\.1:\d+/)
  assert.equal((await fetch(`${first.endpoint}/photos?X-Amz-Signature=sssiggg`)).status, 400)
  assert.equal(await stop(first), 0)
  assert.equal((await stat(join(data, 'master.key'))).mode & 0o777, 0o600)
  const second = await start(['--data', data, '--workers', '1'])
  assert.ok(!second.output().includes('SECRET'))
  assert.equal(await stop(second), 0)
  const logs = await Promise.all(
    ['access', 'audit'].map(name => readFile(join(data, 'logs', `${name}.log`), 'utf8')),
  )
  for (const text of logs) {
    assert.ok(text.length > 0)
    for (const line of text.trim().split('\n'))
      assert.equal(typeof JSON.parse(line).requestId, 'string')
    assert.ok(!text.includes(secret) && !text.includes('sssiggg'))
  }
})

test('files of a data folder that others may enter are for its owner only', async () => {
  const data = join(folder, 'open')
  await mkdir(data, { mode: 0o755 })
  const before = process.umask(0o022)
  try {
    assert.equal(await stop(await start(['--data', data, '--workers', '2'])), 0)
    await rm(join(data, 'moongate.lock'))
    assert.equal(await launch(['root-key', 'rotate', '--data', data]).exit, 0)
  } finally {
    process.umask(before)
  }
  for (const entry of await readdir(data, { withFileTypes: true })) {
    if (!entry.isFile()) continue
    assert.equal((await stat(join(data, entry.name))).mode & 0o077, 0, entry.name)
  }
})

test('one folder and one port belong to one server', async () => {
  const data = join(folder, 'one')
  const first = await start(['--data', data, '--workers', '2'])
  const sameFolder = launch(['--data', data, '--port', '0'])
  assert.equal(await sameFolder.exit, 1)
  assert.match(sameFolder.output(), /^moongate: the data folder .* is in use by another Moongate/)
  for (const workers of ['1', '2']) {
    const other = join(folder, `other-${workers}`)
    const port = String(first.port)
    const samePort = launch(['--data', other, '--port', port, '--workers', workers])
    assert.equal(await samePort.exit, 1)
    assert.match(samePort.output(), /^moongate: port \d+ of 127\.0\.0\.1 is taken/)
  }
  assert.equal(await stop(first), 0)
})

test('workers share the port, and metrics tell of them all', async () => {
  const server = await start(['--data', join(folder, 'two'), '--workers', '2'])
  // A new connection each, so that the system deals them out.
  const ask = (path: string) =>
    fetch(`${server.endpoint}${path}`, { headers: { Connection: 'close' } })
  for (let i = 0; i < 40; i++) assert.equal((await ask('/')).status, 403)
  const text = await (await ask('/-/metrics')).text()
  assert.match(text, /moongate_requests_total\{operation="ListBuckets",status="403"\} 40\n/)
  assert.match(text, /moongate_worker_heap_bytes\{worker="1"\}/)
  assert.equal(await stop(server), 0)
  const log = await readFile(join(folder, 'two', 'logs', 'access.log'), 'utf8')
  const lines = log.trim().split('\n')
  assert.equal(lines.filter(line => JSON.parse(line).operation === 'ListBuckets').length, 40)
})

test('a drain ends idle connections, a second signal ends everything', async () => {
  const server = await start(['--memory'])
  const socket = connect(server.port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  // A request whose body never comes keeps the drain waiting.
  socket.write('PUT /b/k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
  const idle = connect(server.port, '127.0.0.1')
  await once(idle, 'connect')
  idle.write('GET /-/health/live HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(idle, 'data')
  idle.resume()
  server.child.kill('SIGTERM')
  await once(idle, 'close')
  const told = () => server.output().includes('requests under way may take up to 30 s')
  for (let i = 0; i < 500 && !told(); i++) await sleep(20)
  assert.ok(told(), server.output())
  server.child.kill('SIGTERM')
  await server.exit
  socket.destroy()
})

test('wrong use is refused with exit status 2', async () => {
  for (const [args, message] of [
    [['--prot', '1'], /Unknown flag: --prot/],
    [['serve', 'x'], /takes no argument/],
    [['--tls-cert', 'a.pem'], /belong together/],
    [['--config', 'gone.toml'], /file gone\.toml cannot be read: there is no such place\.\n/],
    [['nonsense'], /Unknown command: nonsense/],
  ] as const) {
    const launched = launch([...args])
    assert.equal(await launched.exit, 2)
    assert.match(launched.output(), message)
  }
  const masterKey = launch(['--data', join(folder, 'x')], { MOONGATE_MASTER_KEY: 'tooshort' })
  assert.equal(await masterKey.exit, 2)
  assert.match(masterKey.output(), /MOONGATE_MASTER_KEY must hold 32 bytes/)
  assert.ok(!masterKey.output().includes('tooshort'))
})

test('the root key can be changed while the server is stopped', async () => {
  const data = join(folder, 'rotate')
  const server = await start(['--data', data, '--workers', '1'])
  const running = launch(['root-key', 'rotate', '--data', data, '--json'])
  assert.equal(await running.exit, 1)
  assert.match(running.output(), /in use/)
  await stop(server)
  const rotated = launch(['root-key', 'rotate', '--data', data, '--json'])
  assert.equal(await rotated.exit, 0)
  const { accessKeyId } = JSON.parse(rotated.output())
  const again = await start(['--data', data, '--workers', '1'])
  assert.ok(again.output().includes(accessKeyId))
  await stop(again)
})

async function makeCertificate(name: string): Promise<void> {
  const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')]
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const args = ['req', '-x509', ...kind, ...files, '-days', '2', '-subj', `/CN=${name}`]
  await promisify(execFile)('openssl', args)
}

const hasOpenssl = (process.env['PATH'] ?? '')
  .split(':')
  .some(path => existsSync(join(path, 'openssl')))

test('a certificate is read again without a restart', { skip: !hasOpenssl }, async () => {
  await makeCertificate('first')
  const flags = ['--tls-cert', join(folder, 'cert.pem'), '--tls-key', join(folder, 'key.pem')]
  const server = await start(['--data', join(folder, 'tls'), '--workers', '2', ...flags])
  assert.match(server.endpoint, /^https:/)
  const shown = () =>
    new Promise<string>((resolve, reject) => {
      const asked = request(`${server.endpoint}/`, { rejectUnauthorized: false, agent: false })
      asked.on('response', response => {
        resolve(String((response.socket as TLSSocket).getPeerCertificate().subject['CN']))
        response.resume()
      })
      asked.on('error', reject).end()
    })
  assert.equal(await shown(), 'first')
  await writeFile(join(folder, 'cert.pem'), 'broken')
  server.child.kill('SIGHUP')
  await sleep(100)
  assert.equal(await shown(), 'first')
  await makeCertificate('second')
  server.child.kill('SIGHUP')
  for (let i = 0; i < 100 && (await shown()) !== 'second'; i++) await sleep(20)
  for (let i = 0; i < 10; i++) assert.equal(await shown(), 'second')
  assert.equal(await stop(server), 0)
})
