import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { loadConfig } from './config.ts'
import { requireUsable, withRealFolder } from './data-folder.ts'
import { startServer } from './start.ts'

function parentOf(t: TestContext): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'moongate-folder-')))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function configOf(data: string) {
  const flags = { data, port: '0', workers: '1', 'access-log': 'off', 'audit-log': 'off' }
  return loadConfig({
    flags: new Map(Object.entries(flags).map(([name, value]) => [name, [value]])),
    env: {},
    readFile: () => '',
  }).config
}

const start = (data: string) =>
  startServer({
    config: configOf(data),
    onHopeless(error) {
      throw error
    },
  })

test('the data folder may be a link; two servers by two links of one folder do not both start', async t => {
  const parent = parentOf(t)
  mkdirSync(join(parent, 'real'))
  for (const name of ['one', 'two']) symlinkSync('real', join(parent, name))
  const server = await start(join(parent, 'one'))
  await assert.rejects(start(join(parent, 'two')), { name: 'FolderInUse' })
  await server.close()
  await (await start(join(parent, 'two'))).close()
  assert.equal(withRealFolder(configOf(join(parent, 'one')), 'find')?.data, join(parent, 'real'))
})

const unusable = (message: RegExp) => ({ name: 'FolderUnusable', message })

test('what cannot be a data folder is refused in a sentence', t => {
  const parent = parentOf(t)
  const find = (name: string) => withRealFolder(configOf(join(parent, name)), 'find')
  const make = (name: string) => withRealFolder(configOf(join(parent, name)), 'make')
  assert.equal(find('nothing'), undefined)
  writeFileSync(join(parent, 'file'), '')
  assert.throws(() => find('file'), unusable(/file is not a folder$/))
  assert.throws(
    () => make('file'),
    unusable(/file cannot be made: what is to be a folder is none$/),
  )
  assert.throws(() => make('file/x'), unusable(/file\/x cannot be made/))
  symlinkSync('circle', join(parent, 'circle'))
  assert.throws(() => find('circle'), unusable(/circle cannot be opened: .*in a circle$/))
  mkdirSync(join(parent, 'data'))
  symlinkSync(parent, join(parent, 'data', 'blobs'))
  assert.throws(() => find('data'), unusable(/data\/blobs is a symbolic link; it must be a folder/))
})

test('a folder of MinIO is no data folder, unless Moongate began one in it before', t => {
  const data = parentOf(t)
  mkdirSync(join(data, '.minio.sys'))
  assert.throws(
    () => withRealFolder(configOf(data), 'make'),
    unusable(/ is MinIO's, .* mc mirror or rclone$/),
  )
  writeFileSync(join(data, 'moongate.db'), '')
  assert.equal(withRealFolder(configOf(data), 'make')?.data, data)
})

test('a folder, or what is in it, that this user may not use is named', () => {
  const denied =
    (name: string, code = 'EACCES') =>
    (path: string) => {
      if (path === name) throw Object.assign(new Error('no'), { code })
    }
  requireUsable('/d', denied('/elsewhere'))
  requireUsable('/d', denied('/d/moongate.db-wal', 'ENOENT'))
  const refused = (name: string, code: string, message: RegExp) =>
    assert.throws(() => requireUsable('/d', denied(name, code)), unusable(message))
  refused('/d', 'EACCES', /^\/d cannot be read and written: this user may not$/)
  refused('/d', 'EROFS', /^\/d cannot be read and written: the file system is read-only$/)
  refused('/d/master.key', 'EACCES', /^\/d\/master\.key cannot be read: this user may not$/)
  refused('/d/moongate.lock', 'EPERM', /^\/d\/moongate\.lock cannot be read and written/)
})
