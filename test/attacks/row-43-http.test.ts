// Broken and ambiguous HTTP: refused, the connection closed, others served all the while.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Answer, Connection, headOf } from '../client.ts'
import { type Running, startInProcess } from '../server.ts'
import { onlyKeys } from './assertions.ts'

let running: Running
before(async () => {
  running = await startInProcess({
    flags: { 'header-timeout': '400ms', 'idle-timeout': '400ms', 'keep-alive-timeout': '400ms' },
  })
  await running.client.put('/bucket/kept', 'kept')
})
after(() => running.close())

/** Sends bytes; resolves with all answers once the server has closed the connection. */
async function exchange(text: string): Promise<string> {
  const connection = new Connection(running.client.wire)
  connection.write(text)
  const all = await connection.rest()
  connection.close()
  return all.toString('latin1')
}

const others = async () => {
  assert.equal((await running.client.get('/bucket/kept')).text, 'kept')
  await onlyKeys(running, ['kept'])
}

const host = () => `host: 127.0.0.1:${running.port}\r\n`
/** A signed PUT whose header lines the test may add to. */
const signedPut = (key: string) => {
  const headers = running.client.sign({
    method: 'PUT',
    target: `/bucket/${key}`,
    payload: 'UNSIGNED-PAYLOAD',
  })
  return headOf('PUT', `/bucket/${key}`, headers).slice(0, -2)
}
const smuggled = 'DELETE /bucket/kept HTTP/1.1\r\n'

const broken: Readonly<Record<string, () => string>> = {
  'Content-Length and Transfer-Encoding': () =>
    `${signedPut('smuggled')}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  'two different Content-Lengths': () =>
    `${signedPut('smuggled')}content-length: 5\r\ncontent-length: 50\r\n\r\nhello`,
  'a Content-Length that is none': () => `${signedPut('smuggled')}content-length: +5\r\n\r\nhello`,
  'a negative Content-Length': () => `${signedPut('smuggled')}content-length: -5\r\n\r\nhello`,
  'transfer-encoding of something else': () =>
    `${signedPut('smuggled')}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n`,
  'a folded header': () => `GET /bucket/kept HTTP/1.1\r\n${host()}x-folded: a\r\n b\r\n\r\n`,
  'bare line feeds': () => `GET /bucket/kept HTTP/1.1\nhost: 127.0.0.1\n\n`,
  'a blank before the colon': () => `GET /bucket/kept HTTP/1.1\r\n${host()}x-blank : a\r\n\r\n`,
  'no HTTP': () => 'hello?\r\n\r\n',
  'a TLS hello': () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'HTTP/2 without asking': () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'no Host': () => 'GET /bucket/kept HTTP/1.1\r\n\r\n',
  'two Hosts': () =>
    `GET /bucket/kept HTTP/1.1\r\n${host()}host: other\r\nconnection: close\r\n\r\n`,
  'an absolute target of another host': () =>
    `GET http://other.example/bucket/kept HTTP/1.1\r\n${host()}connection: close\r\n\r\n`,
}
for (const [name, text] of Object.entries(broken)) {
  test(`row 43: ${name}`, async () => {
    const answer = await exchange(text())
    const statuses = [...answer.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) =>
      Number(status),
    )
    assert.equal(statuses.length, 1, answer)
    assert.ok([400, 403, 408, 501].includes(statuses[0] ?? 0), answer)
    assert.match(answer, /<Error>/)
    await others()
  })
}

test('row 43: 100 kB of headers, one large or many small', async () => {
  const large = await exchange(`GET / HTTP/1.1\r\n${host()}x-large: ${'a'.repeat(100_000)}\r\n\r\n`)
  assert.match(large, /^HTTP\/1\.1 431 .*RequestHeaderSectionTooLarge/s)
  const many = await exchange(`GET / HTTP/1.1\r\n${host()}${'a: b\r\n'.repeat(20_000)}\r\n`)
  assert.match(many, /^HTTP\/1\.1 431 /)
  const target = await exchange(`GET /${'a'.repeat(100_000)} HTTP/1.1\r\n${host()}\r\n`)
  assert.match(target, /^HTTP\/1\.1 4(?:31|14|00) /)
  await others()
})

test('row 43: headers that never end and a body that never comes are given up', async () => {
  const slow = await exchange('GET / HTTP/1.1\r\nhost: a')
  assert.match(slow, /^HTTP\/1\.1 408 /)
  const headers = running.client.sign({
    method: 'PUT',
    target: '/bucket/slow',
    payload: 'UNSIGNED-PAYLOAD',
  })
  const connection = new Connection(running.client.wire)
  connection.write(headOf('PUT', '/bucket/slow', { ...headers, 'content-length': '100' }))
  connection.write('begun')
  const answer: Answer = await connection.answer()
  assert.equal(`${answer.status} ${answer.code}`, '400 RequestTimeout')
  await connection.rest()
  connection.close()
  await others()
})

test('row 43: a thousand connections that say nothing do not stand in anybody’s way', async () => {
  const connections = Array.from({ length: 1000 }, () => new Connection(running.client.wire))
  await others()
  for (const connection of connections) connection.close()
  await others()
})

test('row 43: requests in one breath are answered in order', async () => {
  const get = () => {
    const headers = running.client.sign({ target: '/bucket/kept' })
    return headOf('GET', '/bucket/kept', headers)
  }
  const connection = new Connection(running.client.wire)
  connection.write(get() + get() + get())
  for (let i = 0; i < 3; i += 1) assert.equal((await connection.answer()).text, 'kept')
  connection.close()
})
