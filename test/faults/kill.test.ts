// Row 54: kill -9 at any moment. What was acknowledged is there; what was not is there whole or not at all.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { spawnServer, temporaryFolder } from '../server.ts'
import { Load, numbers } from './load.ts'

const rounds = process.env['MOONGATE_LONG'] === '1' ? 50 : 5

test(`row 54: kill -9 during mixed load over two workers, ${rounds} rounds`, async () => {
  const data = temporaryFolder()
  const seed = String(Date.now())
  const random = numbers(seed)
  const options = { data, args: ['--workers', '2', '--access-log', 'off'] }
  const load = new Load('bucket')
  let server = await spawnServer({ ...options, env: { MOONGATE_BUCKETS: 'bucket' } })
  for (let round = 0; round < rounds; round += 1) {
    let going = true
    const { client } = server
    const lanes = Array.from({ length: 12 }, (_, at) => {
      return load.lane(client, `${seed}/${round}/lane-${at}`, () => going)
    })
    await pause(150 + random() * 700)
    assert.equal(await server.stop('SIGKILL'), 'SIGKILL')
    going = false
    await Promise.all(lanes)
    server = await spawnServer(options)
    assert.deepEqual(load.refusals, [])
    await load.verify(server.client)
  }
  assert.ok(load.acknowledged > rounds * 20, `only ${load.acknowledged} writes: seed ${seed}`)
  assert.equal(await server.stop(), 0)
  assert.equal(server.stderr(), '')
})
