// A worker that dies, with whatever it holds: its requests are lost, nothing else is.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { spawnServer, temporaryFolder } from '../server.ts'
import { Load } from './load.ts'

test('workers that die in the middle of writing are replaced, and the turn to write goes on', async () => {
  const load = new Load('bucket')
  const server = await spawnServer({
    data: temporaryFolder(),
    args: ['--workers', '3', '--access-log', 'off'],
    env: { MOONGATE_BUCKETS: 'bucket' },
    node: ['--import', join(import.meta.dirname, 'mortal-workers.fixture.ts')],
  })
  let going = true
  const lanes = Array.from({ length: 16 }, (_, at) => {
    return load.lane(server.client, `workers/lane-${at}`, () => going)
  })
  for (let death = 0; death < 4; death += 1) {
    await pause(400)
    const before = load.acknowledged
    process.kill(server.pid, 'SIGUSR2')
    for (let tries = 0; load.acknowledged < before + 50; tries += 1) {
      assert.ok(tries < 200, 'writes stand still after a worker died')
      await pause(50)
    }
  }
  going = false
  await Promise.all(lanes)
  assert.deepEqual(load.refusals, [])
  await load.verify(server.client)
  assert.equal(
    server.stderr().match(/"a worker died and is replaced"/g)?.length,
    4,
    server.stderr(),
  )
  assert.equal(await server.stop(), 0)
})
