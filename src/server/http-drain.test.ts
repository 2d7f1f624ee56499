/** A server that is told to stop takes nothing back that its clients are sending. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { newRecord } from '../gateway/message.ts'
import { HttpServer } from './http.ts'

async function run() {
  const server = new HttpServer({
    handler: async () => ({ status: 200, headers: [], body: 'x', record: newRecord('R') }),
    limits: {
      headerTimeout: 5000,
      idleTimeout: 5000,
      keepAliveTimeout: 60_000,
      maxHeaderSize: 32768,
      maxConnections: 100,
    },
    observe: () => undefined,
    observeRefusal: () => undefined,
  })
  const port = await server.listen({ host: '127.0.0.1', port: 0, shared: false })
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return { server, socket }
}

const request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

test('a request that is on its way when the server stops is answered, as the last of its connection', async () => {
  const { server, socket } = await run()
  socket.write(request)
  assert.match(String((await once(socket, 'data'))[0]), /^HTTP\/1.1 200 /)
  const closed = server.close(5000)
  socket.write(request)
  const [answer] = await once(socket, 'data')
  assert.match(String(answer), /^HTTP\/1.1 200 [^]*Connection: close/)
  await once(socket, 'end')
  await closed
})

test('connections on which nothing comes do not hold up the end', async () => {
  const { server, socket } = await run()
  socket.write(request)
  await once(socket, 'data')
  socket.resume()
  await Promise.all([server.close(60_000), once(socket, 'end')])
})
