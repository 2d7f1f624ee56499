import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ConfigError, loadConfig } from './config.ts'
import { startServer } from './start.ts'

interface Declared {
  readonly accounts?: readonly object[]
  readonly buckets?: readonly object[]
}

/** Starts and closes; resolves with the root's key. */
async function begin(data: string, declared: Declared, env: Record<string, string> = {}) {
  const flags = { data, port: '0', workers: '1', config: 'c.json', 'access-log': 'off' }
  const { config } = loadConfig({
    flags: new Map(Object.entries(flags).map(([name, value]) => [name, [value]])),
    env,
    readFile: () => JSON.stringify(declared),
  })
  const server = await startServer({
    config,
    onHopeless(error) {
      throw error
    },
  })
  await server.close()
  return server.root
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'moongate-furnish-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const key = (id: string) => ({ access_key_id: id, secret_access_key: 'secret-of-it' })
const refused = (message: RegExp) => (error: unknown) =>
  error instanceof ConfigError && message.test(error.message)

test('a bucket for nobody is refused by name, and the root key is made when the start succeeds', async t => {
  const data = folderOf(t)
  const buckets = [{ name: 'abc' }, { name: 'abd', owner: 'nobody' }]
  await assert.rejects(
    begin(data, { buckets }),
    refused(/^buckets\[1\]\.owner must be the id of an account; "nobody" is none\.$/),
  )
  const { secret } = await begin(data, { buckets: [{ name: 'abc' }] })
  assert.ok(secret !== undefined)
})

test('a bucket is in the volume of its owner, and another one is refused', async t => {
  const data = folderOf(t)
  const accounts = [{ id: 'ann', volume: 'v2' }]
  const buckets = [{ name: 'abc', owner: 'ann' }]
  await begin(data, { accounts, buckets })
  // Declared before, it is an account still.
  await begin(data, { buckets })
  await assert.rejects(
    begin(data, { accounts, buckets: [{ name: 'abc', owner: 'ann', volume: 's3v' }] }),
    refused(/^buckets\[0\]\.volume must be that of its owner, v2/),
  )
  await assert.rejects(
    begin(data, { buckets: [{ name: 'abc', volume: 'v2' }] }),
    refused(/^buckets\[0\]\.volume must be that of its owner, s3v/),
  )
})

test('what is stored already cannot be declared as somebody else’s', async t => {
  const data = folderOf(t)
  const ann = { id: 'ann', keys: [key('ANN')] }
  const env = { MOONGATE_ROOT_ACCESS_KEY_ID: 'ROOT', MOONGATE_ROOT_SECRET_ACCESS_KEY: 'secret' }
  await begin(data, { accounts: [ann], buckets: [{ name: 'abc', owner: 'ann' }] }, env)
  await assert.rejects(
    begin(data, { accounts: [ann], buckets: [{ name: 'abc' }] }),
    refused(/^buckets\[0\]: the bucket "abc" belongs to another account already\.$/),
  )
  await assert.rejects(
    begin(data, { accounts: [{ id: 'bob', keys: [key('ANN')] }] }),
    refused(/access key ANN belongs to another account/),
  )
  await assert.rejects(
    begin(data, { accounts: [{ id: 'bob', keys: [key('ROOT')] }] }),
    refused(/access key ROOT belongs to another account/),
  )
  await assert.rejects(
    begin(data, { accounts: [{ ...ann, volume: 'v2' }] }),
    refused(/ann lives in volume s3v and cannot move/),
  )
  // A key that the root account gives up can be somebody's in the same start.
  const other = { ...env, MOONGATE_ROOT_ACCESS_KEY_ID: 'ROOT2' }
  await begin(data, { accounts: [ann, { id: 'bob', keys: [key('ROOT')] }] }, other)
})
