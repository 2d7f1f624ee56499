/** The HTTP server from outside, mostly over raw sockets: broken and slow clients, aborts, drain. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Handler, type Incoming, newRecord, type Outgoing } from '../gateway/message.ts'
import { S3Error } from '../model/errors.ts'
import { type HttpLimits, HttpServer } from './http.ts'

const limits: HttpLimits = {
  headerTimeout: 200,
  idleTimeout: 200,
  keepAliveTimeout: 5000,
  maxHeaderSize: 32768,
  maxConnections: 100,
}

const outgoing = (status: number, body: Outgoing['body'], headers: string[] = []): Outgoing => ({
  status,
  headers,
  body,
  record: newRecord('R'),
})

/** Answers with what it received; errors as a gateway would. */
const echo: Handler = async incoming => {
  try {
    const chunks: Buffer[] = []
    for await (const chunk of incoming.body) chunks.push(chunk)
    return outgoing(200, Buffer.concat(chunks))
  } catch (error) {
    const code = error instanceof S3Error ? error.code : 'InternalError'
    return outgoing(error instanceof S3Error ? error.status : 500, code)
  }
}

interface Running {
  server: HttpServer
  port: number
  observed: { status: number; failure: unknown; sent: number }[]
  refusals: number[]
  stop(): Promise<void>
}

const running = new Set<HttpServer>()
after(() => Promise.all([...running].map(server => server.close(0))))

async function run(handler: Handler, changed: Partial<HttpLimits> = {}): Promise<Running> {
  const observed: Running['observed'] = []
  const refusals: number[] = []
  const server = new HttpServer({
    handler,
    limits: { ...limits, ...changed },
    observe: (exchange, { status }, failure) =>
      observed.push({ status, failure, sent: exchange.sent }),
    observeRefusal: ({ status }) => refusals.push(status),
  })
  running.add(server)
  const port = await server.listen({ host: '127.0.0.1', port: 0, shared: false })
  const stop = () => {
    running.delete(server)
    return server.close(0)
  }
  return { server, port, observed, refusals, stop }
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

/** Sends the bytes and returns all that comes until the server closes. */
async function exchange(port: number, ...pieces: string[]): Promise<string> {
  const socket = await open(port)
  let heard = ''
  socket.on('data', (data: Buffer) => {
    heard += data.toString('latin1')
  })
  const closed = once(socket, 'close')
  for (const piece of pieces) socket.write(piece)
  await closed
  return heard
}

async function heardUntil(socket: Socket, wanted: string): Promise<string> {
  let heard = ''
  for await (const data of socket.iterator({ destroyOnReturn: false })) {
    heard += String(data)
    if (heard.includes(wanted)) break
  }
  return heard
}

async function eventually(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !condition(); i++) await sleep(10)
  assert.ok(condition())
}

const closing = 'Connection: close\r\n'

test('a body that nobody announced has ended before it began', async () => {
  const running = await run(echo)
  for (const method of ['GET', 'POST', 'DELETE']) {
    const heard = await exchange(running.port, `${method} / HTTP/1.1\r\nHost: a\r\n${closing}\r\n`)
    assert.match(heard, /^HTTP\/1.1 200 .*Content-Length: 0\r\n/s)
  }
  await running.stop()
})

test('attack 43: broken HTTP is refused with an XML error and a closed connection', async () => {
  const running = await run(echo)
  const cases: readonly [string, string, number][] = [
    [
      'both lengths',
      'POST /b/k HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc',
      400,
    ],
    ['folded header', 'GET / HTTP/1.1\r\nHost: a\r\nX-A: b\r\n c\r\n\r\n', 400],
    ['bare LF', 'GET / HTTP/1.1\nHost: a\n\n', 400],
    ['bare LF in headers', 'GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n', 400],
    ['no host', `GET / HTTP/1.1\r\n${closing}\r\n`, 400],
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['100 kB of headers', `GET / HTTP/1.1\r\nHost: a\r\nX-A: ${'b'.repeat(100_000)}\r\n\r\n`, 431],
    ['headers that never end', 'GET / HTTP/1.1\r\nHost: a\r\n', 408],
  ]
  for (const [name, bytes, status] of cases) {
    const heard = await exchange(running.port, bytes)
    assert.match(heard, new RegExp(`^HTTP/1\\.1 ${status} `), name)
    assert.match(heard, /Connection: close/i, name)
    assert.match(heard, /<Error><Code>\w+<\/Code>/, name)
  }
  assert.equal(running.refusals.length, cases.length - 1)
  const fine = await exchange(
    running.port,
    `POST / HTTP/1.1\r\nHost: a\r\n${closing}Content-Length: 2\r\n\r\nok`,
  )
  assert.match(fine, /\r\n\r\nok$/)
  await running.stop()
})

test('a body that stops to move is given up, one that moves slowly is not', async () => {
  const running = await run(echo)
  const stalled = await exchange(
    running.port,
    'PUT /b/k HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc',
  )
  assert.match(stalled, /^HTTP\/1\.1 400 .*RequestTimeout$/s)
  const socket = await open(running.port)
  socket.write(`PUT /b/k HTTP/1.1\r\nHost: a\r\n${closing}Content-Length: 8\r\n\r\n`)
  for (const letter of 'slowness') {
    socket.write(letter)
    await sleep(75)
  }
  assert.match(await heardUntil(socket, 'slowness'), /^HTTP\/1\.1 200 /)
  await running.stop()
})

test('a malformed chunk is told to the handler', async () => {
  const running = await run(echo)
  const heard = await exchange(
    running.port,
    'PUT /b/k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nZZ\r\n',
  )
  assert.match(heard, /^HTTP\/1\.1 400 .*IncompleteBody/s)
  await running.stop()
})

test('an answer has a length, a date and a server; HEAD has no body', async () => {
  const running = await run(async () => outgoing(200, 'hello', ['ETag', '"x"']))
  const got = await exchange(running.port, `GET / HTTP/1.1\r\nHost: a\r\n${closing}\r\n`)
  for (const line of [/ETag: "x"\r\n/, /Content-Length: 5\r\n/, /Server: Moongate\r\n/, /Date: \w/])
    assert.match(got, line)
  assert.match(got, /\r\n\r\nhello$/)
  const head = await exchange(running.port, `HEAD / HTTP/1.1\r\nHost: a\r\n${closing}\r\n`)
  assert.match(head, /\r\n\r\n$/)
  await running.stop()
})

test('requests follow each other on a connection', async () => {
  const running = await run(echo)
  const request = 'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc'
  const heard = await exchange(
    running.port,
    request,
    request,
    request.replace('Host', `${closing}Host`),
  )
  assert.equal(heard.split('HTTP/1.1 200').length, 4)
  await running.stop()
})

test('100 Continue is sent when the handler wants the body, and not before', async () => {
  const running = await run(async incoming => {
    if (incoming.target === '/no') return outgoing(403, 'no')
    incoming.proceed()
    return await echo(incoming)
  })
  const headers = (target: string) =>
    `PUT ${target} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n`
  const socket = await open(running.port)
  socket.write(headers('/yes'))
  assert.match(await heardUntil(socket, '\r\n\r\n'), /^HTTP\/1\.1 100 Continue/)
  socket.write('abc')
  assert.match(await heardUntil(socket, 'abc'), /^HTTP\/1\.1 200/)
  socket.destroy()
  const refused = await exchange(running.port, headers('/no'))
  assert.match(refused, /^HTTP\/1\.1 403 .*Connection: close/s)
  // As S3 does, other expectations are ignored.
  const other = `${headers('/yes').replace('100-continue', '200-ok').replace('Host', `${closing}Host`)}abc`
  assert.match(await exchange(running.port, other), /^HTTP\/1\.1 200 .*abc$/s)
  await running.stop()
})

test('a body that nobody reads does not keep the answer from the client', async () => {
  const running = await run(async () => outgoing(403, 'denied'))
  const small = await exchange(
    running.port,
    `PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc`,
    `PUT / HTTP/1.1\r\nHost: a\r\n${closing}Content-Length: 3\r\n\r\nabc`,
  )
  assert.equal(small.split('HTTP/1.1 403').length, 3)
  const large = 'x'.repeat(2_000_000)
  const heard = await exchange(
    running.port,
    `PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${large.length}\r\n\r\n${large}`,
  )
  assert.match(heard, /^HTTP\/1\.1 403 .*Connection: close.*denied$/s)
  await running.stop()
})

test('a client that leaves ends the body and the stream of the answer', async () => {
  let seen = ''
  const running = await run(async incoming => {
    try {
      for await (const chunk of incoming.body) void chunk
    } catch (error) {
      seen = error instanceof S3Error ? error.code : String(error)
    }
    return outgoing(400, seen)
  })
  const socket = await open(running.port)
  socket.write('PUT /b/k HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc')
  await sleep(30)
  socket.resetAndDestroy()
  await eventually(() => seen === 'ConnectionClosedByRequester')
  await eventually(() => running.server.inFlight === 0)
  // One that says "that was all" too early may still read its answer.
  const half = await open(running.port)
  half.end('PUT /b/k HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc')
  assert.match(await heardUntil(half, 'IncompleteBody'), /^HTTP\/1\.1 400 /)
  await running.stop()
})

test('a stream is asked for its next chunk only when the last was taken, and is returned when the client leaves', async () => {
  let asked = 0
  let returned = false
  const endless = async function* () {
    const chunk = Buffer.alloc(2 ** 20)
    try {
      for (;;) {
        asked += 1
        yield chunk
      }
    } finally {
      returned = true
    }
  }
  const running = await run(
    async () => outgoing(200, endless(), ['Content-Length', String(2 ** 40)]),
    {
      idleTimeout: 60_000,
    },
  )
  const socket = await open(running.port)
  socket.pause()
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await sleep(200)
  assert.ok(asked < 16, `${asked} chunks were asked for though the client took none`)
  socket.destroy()
  await eventually(() => returned)
  await running.stop()
})

test('a client that takes nothing of its answer is given up', async () => {
  let returned = false
  const endless = async function* () {
    try {
      for (;;) yield Buffer.alloc(2 ** 20)
    } finally {
      returned = true
    }
  }
  const running = await run(async () =>
    outgoing(200, endless(), ['Content-Length', String(2 ** 40)]),
  )
  const socket = await open(running.port)
  socket.pause()
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await eventually(() => returned)
  socket.destroy()
  await running.stop()
})

test('a stream that fails or is too short breaks the connection', async () => {
  const failing = async function* () {
    yield Buffer.from('half')
    throw new Error('corrupt blob')
  }
  const short = async function* () {
    yield Buffer.from('half')
  }
  const running = await run(async ({ target }) =>
    outgoing(200, target === '/failing' ? failing() : short(), ['Content-Length', '8']),
  )
  for (const target of ['/failing', '/short']) {
    const heard = await exchange(running.port, `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`)
    assert.match(heard, /Content-Length: 8/)
    assert.doesNotMatch(heard, /half.{4}/)
  }
  assert.equal(running.observed.filter(({ failure }) => failure !== undefined).length, 2)
  await running.stop()
})

test('a handler that throws is answered with InternalError', async () => {
  const running = await run(() => Promise.reject(new Error('bug')))
  const heard = await exchange(running.port, `GET / HTTP/1.1\r\nHost: a\r\n${closing}\r\n`)
  assert.match(heard, /^HTTP\/1\.1 500 .*<Code>InternalError<\/Code>/s)
  assert.doesNotMatch(heard, /bug/)
  await running.stop()
})

test('headers that cannot be written are answered with InternalError, and the body is let go', async () => {
  let returned = 0
  const source = {
    [Symbol.asyncIterator]: () => ({
      next: async () => ({ done: false as const, value: Buffer.from('x') }),
      return: async () => {
        returned += 1
        return { done: true as const, value: undefined }
      },
    }),
  }
  const running = await run(async ({ target }) =>
    outgoing(200, target === '/stream' ? source : 'text', ['X-A', '\u65e5\u672c']),
  )
  for (const target of ['/stream', '/text']) {
    const heard = await exchange(running.port, `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`)
    assert.match(heard, /^HTTP\/1\.1 500 .*<Code>InternalError<\/Code>/s)
  }
  assert.equal(returned, 1)
  assert.deepEqual(
    running.observed.map(({ status }) => status),
    [500, 500],
  )
  await running.stop()
})

test('a drain finishes what is under way and closes idle connections', async () => {
  let release = () => undefined as void
  const held = new Promise<void>(resolve => {
    release = resolve
  })
  const running = await run(async (incoming: Incoming) => {
    if (incoming.target === '/slow') await held
    return outgoing(200, 'done')
  })
  const idle = await open(running.port)
  idle.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await heardUntil(idle, 'done')
  const slow = await open(running.port)
  slow.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n')
  await eventually(() => running.server.inFlight === 1)
  const closed = running.server.close(5000)
  idle.resume()
  await once(idle, 'close')
  release()
  assert.match(await heardUntil(slow, 'done'), /Connection: close/)
  await closed
  await assert.rejects(open(running.port))
})
