// The server as a process: what it refuses at start, how it stops, what it writes, and what it reads anew.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventually } from '../attacks/assertions.ts'
import { certificate } from '../certificate.ts'
import { Client, Connection, elements, headOf } from '../client.ts'
import { root, runCommand, spawnServer, temporaryFolder } from '../server.ts'

test('a second server on the folder or on the port is refused in a sentence; the first goes on', async () => {
  const data = temporaryFolder()
  const first = await spawnServer({ data, args: ['--workers', '2'] })
  const folder = await runCommand(['serve', '--port', '0', '--data', data])
  assert.equal(folder.status, 1)
  assert.match(
    folder.stderr,
    /^moongate: the data folder .* is in use by another Moongate process.*\n$/,
  )
  const elsewhere = temporaryFolder()
  for (const workers of ['1', '2']) {
    const port = await runCommand([
      'serve',
      '--port',
      String(first.port),
      '--data',
      elsewhere,
      '--workers',
      workers,
    ])
    assert.equal(port.status, 1)
    assert.match(
      port.stderr,
      /^moongate: port \d+ of 127\.0\.0\.1 is taken by another program.*\n$/,
    )
  }
  // The next start makes the root key there, and shows it.
  assert.deepEqual(readdirSync(elsewhere), [])
  assert.equal((await first.client.get('/')).status, 200)
  assert.equal(await first.stop(), 0)
})

test('on SIGTERM requests under way finish, new connections are refused, and it exits with 0', async () => {
  const server = await spawnServer({
    args: ['--workers', '1'],
    env: { MOONGATE_BUCKETS: 'bucket' },
  })
  const { client } = server
  const body = randomBytes(400_000)
  const headers = client.sign({ method: 'PUT', target: '/bucket/slow', body })
  const connection = new Connection(client.wire)
  connection.write(
    headOf('PUT', '/bucket/slow', {
      ...headers,
      'content-length': String(body.length),
      expect: '100-continue',
    }),
  )
  await eventually(() => connection.socket.bytesRead > 0, 'the server wants the body')
  connection.write(body.subarray(0, 100_000))
  const stopping = server.stop()
  await eventually(async () => {
    const late = await client.get('/').catch(() => undefined)
    return late === undefined
  }, 'new connections are refused')
  connection.write(body.subarray(100_000))
  const answer = await connection.answer()
  assert.equal(answer.status, 200)
  assert.equal(answer.headers['connection'], 'close')
  assert.equal(await stopping, 0)
})

test('with --json the server says in a line of JSON that it is ready', async () => {
  const server = await spawnServer({ args: ['--json', '--memory'], keys: false })
  const lines = server.stdout().split('\n')
  assert.deepEqual(lines.slice(1), [''])
  const { endpoint, accessKeyId, secretAccessKey: secret, data } = JSON.parse(lines[0] ?? '')
  assert.deepEqual([endpoint, data], [server.endpoint, null])
  const client = new Client({ port: server.port, accessKeyId, secret })
  assert.equal((await client.get('/')).status, 200)
  assert.equal(await server.stop(), 0)
})

test('the root key that is made at first start is printed once', async () => {
  const data = temporaryFolder()
  const first = await spawnServer({ data, keys: false, args: ['--workers', '1'] })
  const accessKeyId = /AWS_ACCESS_KEY_ID=(\S+)/.exec(first.stdout())?.[1] ?? ''
  const secret = /AWS_SECRET_ACCESS_KEY=(\S+)/.exec(first.stdout())?.[1] ?? ''
  const client = new Client({ port: first.port, accessKeyId, secret })
  assert.equal((await client.put('/bucket')).status, 200)
  assert.equal(await first.stop(), 0)
  const second = await spawnServer({ data, keys: false, args: ['--workers', '1'] })
  assert.ok(!second.stdout().includes(secret))
  assert.ok(second.stdout().includes(accessKeyId))
  const again = new Client({ port: second.port, accessKeyId, secret })
  assert.deepEqual(elements((await again.get('/')).text, 'Name'), ['bucket'])
  assert.equal(await second.stop(), 0)
  assert.equal(statSync(join(data, 'master.key')).mode & 0o777, 0o600)
  assert.ok(!readFileSync(join(data, 'moongate.db')).includes(secret))
})

const wrong: readonly (readonly [readonly string[], RegExp])[] = [
  [['--port', '70000'], /--port must be/],
  [['--workers', '0'], /--workers must be/],
  [['--inline-max', '1TB'], /--inline-max must be/],
  [['--prefix', 'no slash'], /--prefix must be/],
  [['--trusted-proxy', '10.0.0.0/99'], /--trusted-proxy must be/],
  [['--public-url', 'ftp://a'], /--public-url must be/],
  [['--tls-cert', 'a.pem'], /--tls-cert and --tls-key/],
  [['--no-such-flag'], /no-such-flag/],
  [['--memory', '--workers', '2'], /--workers must be 1/],
]
for (const [args, message] of wrong) {
  test(`moongate serve ${args.join(' ')} is wrong use: exit status 2`, async () => {
    const { status, stderr, stdout } = await runCommand(['serve', ...args])
    assert.equal(status, 2)
    assert.match(stderr, message)
    assert.equal(stderr.trim().split('\n').length, 1, stderr)
    assert.equal(stdout, '')
  })
}

test('a wrong value of the environment is named, a secret among them never repeated', async () => {
  const bucket = await runCommand(['serve'], { env: { MOONGATE_BUCKETS: 'A_B' } })
  assert.equal(bucket.status, 2)
  assert.match(bucket.stderr, /MOONGATE_BUCKETS/)
  const key = await runCommand(['serve', '--data', temporaryFolder()], {
    env: { MOONGATE_MASTER_KEY: 'too-short-a-secret' },
  })
  assert.equal(key.status, 2)
  assert.match(key.stderr, /MOONGATE_MASTER_KEY/)
  assert.ok(!key.stderr.includes('too-short-a-secret'))
  const rootKey = await runCommand(['serve', '--memory', '--port', '0'], {
    env: { MOONGATE_ROOT_SECRET_ACCESS_KEY: 'a b' },
  })
  assert.equal(rootKey.status, 2)
  assert.match(rootKey.stderr, /^moongate: MOONGATE_ROOT_SECRET_ACCESS_KEY must be [^\n]*\n$/)
})

test('TLS, and a certificate that is read again while connections go on', async () => {
  const folder = temporaryFolder()
  const [old, young] = [certificate(folder, 'old'), certificate(folder, 'young')]
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  copyFileSync(old.key, key)
  copyFileSync(old.cert, cert)
  const server = await spawnServer({
    args: ['--workers', '2', '--tls-cert', cert, '--tls-key', key],
  })
  assert.match(server.endpoint, /^https:/)
  const clientOf = (file: string) =>
    new Client({
      port: server.port,
      tls: { ca: readFileSync(file, 'utf8'), servername: 'localhost' },
      ...root,
    })
  assert.equal((await clientOf(old.cert).put('/bucket')).status, 200)
  const kept = new Connection(clientOf(old.cert).wire)
  await once(kept.socket, 'secureConnect')
  copyFileSync(young.key, key)
  copyFileSync(young.cert, cert)
  server.child.kill('SIGHUP')
  await eventually(async () => {
    const answer = await clientOf(young.cert)
      .get('/')
      .catch(() => undefined)
    return answer?.status === 200
  }, 'the new certificate is shown')
  kept.write(headOf('GET', '/', clientOf(old.cert).sign({ target: '/' })))
  assert.equal((await kept.answer()).status, 200)
  kept.close()
  // One that is broken leaves the good one in force.
  writeFileSync(cert, 'no certificate')
  server.child.kill('SIGHUP')
  await eventually(() => /certificate/.test(server.stderr()), 'the broken certificate is logged')
  assert.equal((await clientOf(young.cert).get('/')).status, 200)
  assert.equal(await server.stop(), 0)
})

test('health, metrics and the access log tell what happened', async () => {
  const data = temporaryFolder()
  const server = await spawnServer({
    data,
    args: ['--workers', '2'],
    env: { MOONGATE_BUCKETS: 'bucket' },
  })
  const { client } = server
  assert.equal((await client.plain({ target: '/-/health/live' })).status, 200)
  assert.equal((await client.plain({ target: '/-/health/ready' })).status, 200)
  await client.put('/bucket/a%20b', 'hello')
  const got = await client.get('/bucket/a%20b')
  await client.get('/bucket/absent')
  const metrics = await client.plain({ target: '/-/metrics' })
  assert.match(metrics.headers['content-type'] ?? '', /^text\/plain/)
  assert.match(metrics.text, /operation="PutObject"/)
  assert.match(metrics.text, /NoSuchKey/)
  assert.ok(!metrics.text.includes(root.secret))
  const through = await client.plain({
    target: '/-/metrics',
    headers: { 'x-forwarded-for': '203.0.113.9' },
  })
  assert.equal(through.status, 403)
  assert.equal(await server.stop(), 0)
  const lines = readFileSync(join(data, 'logs', 'access.log'), 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>)
  const line = lines.find(({ requestId }) => requestId === got.headers['x-amz-request-id'])
  assert.equal(line?.['operation'], 'GetObject')
  assert.equal(line['key'], 'a b')
  assert.equal(line['bucket'], 'bucket')
  assert.equal(line['status'], 200)
  assert.equal(line['bytesOut'], 5)
  assert.equal(line['accessKeyId'], root.accessKeyId)
  assert.ok(lines.some(({ error }) => error === 'NoSuchKey'))
})

test('declared accounts and buckets are there when it is ready, with their owners', async () => {
  const folder = temporaryFolder()
  const config = join(folder, 'moongate.toml')
  const id = 'c'.repeat(64)
  writeFileSync(
    config,
    `workers = 1
[[accounts]]
id = "${id}"
display_name = "Carol"
[[accounts.keys]]
access_key_id = "CAROLSKEY"
secret_access_key = "carols-secret-key"
[[buckets]]
name = "carols"
owner = "${id}"
[[buckets]]
name = "ours"
`,
  )
  const server = await spawnServer({ data: join(folder, 'data'), args: ['--config', config] })
  const carol = new Client({
    port: server.port,
    accessKeyId: 'CAROLSKEY',
    secret: 'carols-secret-key',
  })
  const { text } = await carol.get('/')
  assert.deepEqual(elements(text, 'Name'), ['carols'])
  assert.deepEqual(elements(text, 'ID'), [id])
  assert.deepEqual(elements(text, 'DisplayName'), ['Carol'])
  assert.equal((await carol.put('/ours/a', 'x')).code, 'AccessDenied')
  assert.deepEqual(elements((await server.client.get('/')).text, 'Name'), ['ours'])
  assert.equal(await server.stop(), 0)
})
