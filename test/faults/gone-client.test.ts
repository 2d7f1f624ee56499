// A client that goes away while the server works for it.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { eventually } from '../attacks/assertions.ts'
import { Connection, headOf } from '../client.ts'
import { startInProcess, temporaryFolder } from '../server.ts'

test('a copy that reads every byte for another checksum ends with its client', async t => {
  const running = await startInProcess({ data: temporaryFolder() })
  t.after(() => running.close())
  const { client } = running
  assert.equal((await client.put('/bucket/large', randomBytes(64_000_000))).status, 200)
  const given = {
    'x-amz-copy-source': '/bucket/large',
    'x-amz-checksum-algorithm': 'SHA1',
    'content-length': '0',
  }
  for (const [index, leave] of (['end', 'destroy'] as const).entries()) {
    const target = `/bucket/${leave}`
    const request = { method: 'PUT', target, headers: given }
    const { socket } = new Connection(client.wire)
    await new Promise(sent => socket.write(headOf('PUT', target, client.sign(request)), sent))
    socket[leave]()
    const givenUp = `moongate_errors_total{code="ConnectionClosedByRequester"} ${index + 1}\n`
    await eventually(
      async () => (await client.plain({ target: '/-/metrics' })).text.includes(givenUp),
      `the copy is given up after ${leave}`,
    )
    assert.equal((await client.head(target)).status, 404)
  }
  const whole = await client.put('/bucket/whole', '', given)
  assert.equal(whole.status, 200)
  assert.deepEqual(await client.keys(), ['large', 'whole'])
})
