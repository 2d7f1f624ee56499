import assert from 'node:assert/strict'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadConfig } from './config.ts'
import { startServer } from './start.ts'

test('a data folder that the server makes is for its owner alone', async t => {
  const parent = await mkdtemp(join(tmpdir(), 'moongate-start-'))
  t.after(() => rm(parent, { recursive: true, force: true }))
  const data = join(parent, 'deep', 'data')
  const flags = new Map([
    ['data', [data]],
    ['port', ['0']],
    ['workers', ['1']],
  ])
  const { config } = loadConfig({ flags, env: {}, readFile: () => '' })
  const server = await startServer({
    config,
    onHopeless(error) {
      throw error
    },
  })
  await fetch(`${server.endpoint}/`)
  await server.close()
  for (const folder of [data, join(data, 'logs'), join(data, 'blobs')])
    assert.equal((await stat(folder)).mode & 0o777, 0o700, folder)
})
