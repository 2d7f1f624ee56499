/** Tests of starting on a folder whose database is gone. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { ConfigError, loadConfig } from './config.ts'
import { startServer } from './start.ts'

function configOf(data: string, masterKey?: string) {
  const flags = new Map([
    ['data', [data]],
    ['port', ['0']],
    ['workers', ['1']],
  ])
  const env = masterKey === undefined ? {} : { MOONGATE_MASTER_KEY: masterKey }
  return loadConfig({ flags, env, readFile: () => '' }).config
}

const onHopeless = (error: Error) => {
  throw error
}

test('a folder that held data is not begun anew when its database is gone', async t => {
  const data = mkdtempSync(join(tmpdir(), 'moongate-'))
  t.after(() => rmSync(data, { recursive: true, force: true }))
  const config = configOf(data)
  const start = async () => (await startServer({ config, onHopeless })).close()
  await start()
  await start()
  const path = join(data, 'moongate.db')
  rmSync(path)
  const refused = (words: RegExp) => (error: unknown) => {
    assert.ok(error instanceof ConfigError)
    assert.match(error.message, words)
    return true
  }
  await assert.rejects(start(), refused(/moongate\.db is missing, but .*blobs holds/))
  writeFileSync(path, '')
  await assert.rejects(start(), refused(/moongate\.db is empty, but .*blobs holds/))
  rmSync(join(data, 'blobs'), { recursive: true })
  await assert.rejects(start(), refused(/moongate\.db is empty, but .*master\.key is there/))
  rmSync(path)
  rmSync(join(data, 'master.key'))
  await start()
})

test('a key from the environment belongs to no folder', async t => {
  const data = mkdtempSync(join(tmpdir(), 'moongate-'))
  t.after(() => rmSync(data, { recursive: true, force: true }))
  const config = configOf(data, Buffer.alloc(32, 7).toString('base64'))
  const server = await startServer({ config, onHopeless })
  await server.close()
})

test('every database has an id of its own, which stays', async t => {
  const data = mkdtempSync(join(tmpdir(), 'moongate-'))
  t.after(() => rmSync(data, { recursive: true, force: true }))
  const config = configOf(data)
  const idOf = async () => {
    await (await startServer({ config, onHopeless })).close()
    const db = new DatabaseSync(join(data, 'moongate.db'))
    const id = db.prepare("SELECT value FROM meta WHERE name = 'store id'").get()?.['value']
    db.close()
    return id
  }
  const id = await idOf()
  assert.match(String(id), /^[0-9a-f-]{36}$/)
  assert.equal(await idOf(), id)
})
