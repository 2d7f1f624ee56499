// A gateway in somebody else's process: what it must not survive closes it, and leaves its host alone.

import assert from 'node:assert/strict'
import fs, { rmSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { GatewayFailed, startGateway } from '../../src/index.ts'
import { Client, Connection, headOf } from '../client.ts'
import { temporaryFolder } from '../server.ts'

const keys = { accessKeyId: 'host-key', secretAccessKey: 'host-secret' }
const clientOf = (port: number) =>
  new Client({ port, accessKeyId: keys.accessKeyId, secret: keys.secretAccessKey })

/** Cuts the patience of those who look at the lock now and then. */
function lookOften(t: { readonly after: (step: () => void) => void }): void {
  const usual = globalThis.setInterval
  globalThis.setInterval = Object.assign(
    (...[step, every, ...rest]: Parameters<typeof usual>) =>
      usual(step, every === 5000 ? 20 : every, ...rest),
    usual,
  )
  t.after(() => {
    globalThis.setInterval = usual
  })
}

for (const workers of [1, 2])
  test(`a gateway of ${workers} thread(s) closes itself when its lock is taken away`, async t => {
    lookOften(t)
    const data = temporaryFolder()
    const gateway = await startGateway({ ...keys, data, workers, buckets: ['bucket'] })
    const client = clientOf(gateway.port)
    assert.equal((await client.put('/bucket/kept', 'kept')).status, 200)
    rmSync(join(data, 'moongate.lock'))
    await assert.rejects(
      gateway.closed,
      (error: unknown) => error instanceof GatewayFailed && /taken away/.test(error.message),
    )
    await assert.rejects(client.put('/bucket/lost', 'lost'))
    await gateway.close()
    await using next = await startGateway({ ...keys, data })
    assert.deepEqual(await clientOf(next.port).keys(), ['kept'])
  })

for (const workers of [1, 2])
  test(`a gateway of ${workers} thread(s) that loses its lock while it drains finishes no request`, async t => {
    lookOften(t)
    const data = temporaryFolder()
    const gateway = await startGateway({ ...keys, data, workers, buckets: ['bucket'] })
    const client = clientOf(gateway.port)
    // So many that each thread has some of them.
    const uploads = Array.from({ length: 12 }, (_, at) => {
      const target = `/bucket/late-${at}`
      const headers = client.sign({ method: 'PUT', target, payload: 'UNSIGNED-PAYLOAD' })
      const connection = new Connection(client.wire)
      connection.write(headOf('PUT', target, { ...headers, 'content-length': '4' }))
      return connection
    })
    await client.put('/bucket/kept', 'kept')
    const closing = gateway.close()
    rmSync(join(data, 'moongate.lock'))
    await pause(500)
    for (const connection of uploads) connection.write('late')
    const answers = await Promise.all(uploads.map(connection => connection.rest()))
    for (const answer of answers) assert.doesNotMatch(answer.toString(), /^HTTP\/1.1 200/)
    await assert.rejects(gateway.closed, GatewayFailed)
    await closing
    await using next = await startGateway({ ...keys, data })
    assert.deepEqual(await clientOf(next.port).keys(), ['kept'])
  })

test('a gateway closes itself when the disk does not keep what is written', async t => {
  const data = temporaryFolder()
  const gateway = await startGateway({ ...keys, data, buckets: ['bucket'] })
  const client = clientOf(gateway.port)
  assert.equal((await client.put('/bucket/kept', 'kept')).status, 200)
  const failed = Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' })
  t.mock.method(fs, 'fdatasync', (_: number, done: (error: Error) => void) => done(failed))
  syncBuiltinESMExports()
  t.after(() => {
    t.mock.restoreAll()
    syncBuiltinESMExports()
  })
  await assert.rejects(client.put('/bucket/unsure', 'unsure'))
  await assert.rejects(
    gateway.closed,
    (error: unknown) => error instanceof GatewayFailed && /EIO/.test(error.message),
  )
  await gateway.close()
})

test('a gateway that is closed says so', async () => {
  const gateway = await startGateway()
  await gateway.close()
  await gateway.closed
})
