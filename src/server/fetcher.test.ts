import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { FetchFailed } from '../ports/fetcher.ts'
import { createFetcher } from './fetcher.ts'

const fetcher = createFetcher()

async function serve(t: TestContext, listener: RequestListener): Promise<number> {
  const server = createServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

const ask = (url: string, more: object = {}) =>
  fetcher.fetch({ url, anyAddress: false, bytesMax: 1000, timeoutMs: 5000, ...more })

test('addresses of this machine and of its link are not reached, however they are written', async t => {
  let reached = 0
  const port = await serve(t, (_, response) => {
    reached += 1
    response.end('{}')
  })
  const hosts = [
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f.1',
    '0.0.0.0',
    'localhost',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '169.254.169.254',
    '[fe80::1]',
    '[::ffff:169.254.169.254]',
  ]
  for (const host of hosts) {
    await assert.rejects(
      ask(`http://${host}:${port}/`),
      (error: unknown) =>
        error instanceof FetchFailed &&
        /of this machine/.test(`${error.message} ${String(error.cause)}`),
      host,
    )
  }
  assert.equal(reached, 0)
  const answer = await ask(`http://localhost:${port}/`, { anyAddress: true })
  assert.equal(Buffer.from(answer).toString(), '{}')
})

test('only a whole answer of at most so many bytes is one', async t => {
  const port = await serve(t, (request, response) => {
    if (request.url === '/large') response.end('x'.repeat(1001))
    else if (request.url === '/redirect') response.writeHead(302, { location: '/' }).end()
    else if (request.url === '/broken') {
      response.writeHead(200, { 'content-length': '10' })
      response.write('x')
      response.destroy()
    } else if (request.url !== '/never') response.end('x'.repeat(1000))
  })
  const own = (path: string, more: object = {}) =>
    ask(`http://127.0.0.1:${port}${path}`, { anyAddress: true, ...more })
  assert.equal((await own('/')).length, 1000)
  for (const path of ['/large', '/redirect', '/broken'])
    await assert.rejects(own(path), FetchFailed)
  await assert.rejects(own('/never', { timeoutMs: 50 }), FetchFailed)
  await assert.rejects(ask('file:///etc/passwd'), FetchFailed)
})
