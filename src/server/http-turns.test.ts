/** Requests of one connection: one at a time, in their order, and none while an answer waits to be taken. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Handler, newRecord, type Outgoing } from '../gateway/message.ts'
import { HttpServer } from './http.ts'

const running = new Set<HttpServer>()
after(() => Promise.all([...running].map(server => server.close(0))))

async function run(handler: Handler, idleTimeout = 200): Promise<Socket> {
  const server = new HttpServer({
    handler,
    limits: {
      headerTimeout: 5000,
      idleTimeout,
      keepAliveTimeout: 60_000,
      maxHeaderSize: 32768,
      maxConnections: 100,
    },
    observe: () => undefined,
    observeRefusal: () => undefined,
  })
  running.add(server)
  const socket = connect(await server.listen({ host: '127.0.0.1', port: 0, shared: false }))
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

const outgoing = (body: Outgoing['body'], headers: string[] = []): Outgoing => ({
  status: 200,
  headers,
  body,
  record: newRecord('R'),
})

async function heard(socket: Socket): Promise<string> {
  let text = ''
  for await (const data of socket) text += String(data)
  return text
}

const get = (target: string, extra = '') => `GET ${target} HTTP/1.1\r\nHost: a\r\n${extra}\r\n`
const last = 'Connection: close\r\n'

test('pipelined requests are handled one at a time and in order', async () => {
  let now = 0
  let most = 0
  let value = 'nothing'
  const socket = await run(async incoming => {
    now += 1
    most = Math.max(most, now)
    if (incoming.method === 'PUT') {
      await sleep(30)
      value = ''
      for await (const chunk of incoming.body) value += String(chunk)
    } else await sleep(1)
    now -= 1
    return outgoing(`<${value}>`)
  })
  const put = (text: string) =>
    `PUT /k HTTP/1.1\r\nHost: a\r\nContent-Length: ${text.length}\r\n\r\n${text}`
  const large = 'x'.repeat(300_000)
  socket.write(put('one') + get('/k') + put('two') + get('/k') + put(large) + get('/k', last))
  const text = await heard(socket)
  assert.equal(most, 1)
  const values = [...text.matchAll(/<(\w+)>/g)].map(match => match[1])
  assert.deepEqual(values, ['one', 'one', 'two', 'two', large, large])
})

test('what follows a connection that closes is not handled', async () => {
  const seen: string[] = []
  const socket = await run(async ({ target }) => {
    seen.push(target)
    return outgoing('fine')
  })
  socket.write(get('/1') + get('/2', last) + get('/3'))
  assert.equal((await heard(socket)).split('HTTP/1.1 200').length, 3)
  assert.deepEqual(seen, ['/1', '/2'])
})

test('requests before broken HTTP are answered, then the connection is closed', async () => {
  const socket = await run(async () => outgoing('fine'))
  socket.write(`${get('/1') + get('/2')}nonsense\r\n\r\n`)
  assert.equal((await heard(socket)).split('HTTP/1.1 200').length, 3)
})

test('a flood of pipelined requests waits outside, and others have their turn meanwhile', async () => {
  let handled = 0
  let turns = 0
  const socket = await run(async () => {
    handled += 1
    return outgoing('fine')
  })
  const count = 20_000
  const ticking = setInterval(() => {
    turns += 1
  }, 1)
  socket.write(get('/').repeat(count - 1) + get('/', last))
  const text = await heard(socket)
  clearInterval(ticking)
  assert.equal(handled, count)
  assert.equal(text.split('HTTP/1.1 200').length, count + 1)
  assert.ok(turns > 20, `a timer of one millisecond came ${turns} times`)
})

test('an answer that nobody takes holds back the next request and is given up', async () => {
  let handled = 0
  const body = Buffer.alloc(16 * 2 ** 20)
  const socket = await run(async () => {
    handled += 1
    return outgoing(body)
  })
  socket.pause()
  const closed = once(socket, 'close')
  socket.write(get('/').repeat(50))
  await sleep(1000)
  assert.equal(handled, 1)
  socket.resume()
  await closed
  assert.ok(socket.bytesRead < body.byteLength)
})

test('an answer that is taken slowly is not given up', async () => {
  const body = Buffer.alloc(12 * 2 ** 20)
  // The system lets us write only when a good part of its buffer is free again, so the steps that are seen are not short.
  const socket = await run(async () => outgoing(body), 1000)
  socket.write(get('/', last))
  let taken = 0
  for await (const data of socket) {
    taken += Buffer.from(data).byteLength
    await sleep(8)
  }
  assert.ok(taken > body.byteLength)
})
