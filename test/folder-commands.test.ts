// `check`, `export` and `import` as people call them, on a folder that a server filled.
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import {
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { before, test } from 'node:test'
import { Client, elements } from './client.ts'
import { runCommand, type Spawned, spawnServer, temporaryFolder } from './server.ts'

const data = temporaryFolder()
const large = Buffer.alloc(300_000, 'large')
const keys = ['a', 'a/b', 'a//b', '.', '%2e%2e/x', 'é/\u{1f311}', 'big']
const target = (bucket: string, key: string) =>
  `/${bucket}/${key.startsWith('%') ? key : encodeURI(key)}`

/** The listing of a bucket without what a copy of it cannot have: its name. */
async function listings(): Promise<Record<string, string>> {
  const server = await spawnServer({ data })
  const told: Record<string, string> = {}
  for (const bucket of ['first', 'second']) {
    const { bytes } = await server.client.get(`/${bucket}?list-type=2&fetch-owner=true`)
    told[bucket] = bytes.toString().replaceAll(`<Name>${bucket}</Name>`, '')
    const versions = (await server.client.get(`/${bucket}?versions`)).bytes.toString()
    told[`${bucket} versions`] = elements(versions, 'ETag').join()
    for (const key of keys) {
      const { status, headers, bytes } = await server.client.get(target(bucket, key))
      const kept = ['content-type', 'x-amz-meta-m', 'x-amz-tagging-count', 'etag', 'last-modified']
      told[`${bucket} ${key}`] = JSON.stringify([
        status,
        kept.map(name => headers[name]),
        bytes.length,
      ])
    }
  }
  await server.stop()
  return told
}

before(async () => {
  const server = await spawnServer({ data })
  try {
    await fill(server)
  } finally {
    await server.stop()
  }
})

async function fill(server: Spawned): Promise<void> {
  assert.equal((await server.client.put('/first')).status, 200)
  for (const key of keys) {
    const headers = {
      'content-type': `text/${key.length}`,
      'x-amz-meta-m': 'm',
      'x-amz-tagging': 'a=b',
    }
    const { status } = await server.client.put(
      target('first', key),
      key === 'big' ? large : key,
      headers,
    )
    assert.equal(status, 200, key)
  }
  const enabled = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
  const md5 = { 'content-md5': hash('md5', enabled, 'base64') }
  assert.equal((await server.client.put('/first?versioning', enabled, md5)).status, 200)
  await server.client.put('/first/a', 'second', { 'content-type': 'text/1', 'x-amz-meta-m': 'm' })
  const used = await runCommand(['check', '--data', data])
  assert.equal(used.status, 1)
  assert.match(used.stderr, /in use by another Moongate process/)
}

const check = async (...args: string[]) => {
  const { status, stdout, stderr } = await runCommand(['check', '--data', data, ...args])
  assert.equal(stderr, '')
  return { status, stdout }
}

/** The files of blobs. */
const blobs = () =>
  readdirSync(join(data, 'blobs'), { recursive: true, encoding: 'utf8' })
    .filter(name => name !== 'store-id')
    .map(name => join(data, 'blobs', name))
    .filter(path => statSync(path).isFile())

test('an export comes back as the same bucket', async () => {
  assert.deepEqual(await check(), {
    status: 0,
    stdout: 'Checked 8 objects (293 KiB): all is well.\n',
  })
  const folder = join(temporaryFolder(), 'out')
  const exported = await runCommand(['export', 'first', folder, '--versions', '--data', data])
  assert.equal(exported.status, 0, exported.stderr)
  assert.equal(readFileSync(join(folder, 'a%2F', 'b'), 'utf8'), 'a/b')
  const imported = await runCommand(['import', folder, 'second', '--data', data, '--json'])
  assert.equal(imported.status, 0, imported.stderr)
  assert.equal(JSON.parse(imported.stdout).objects, 8)
  const told = await listings()
  for (const [name, value] of Object.entries(told))
    if (name.startsWith('first')) assert.equal(told[name.replace('first', 'second')], value, name)
  assert.equal((await check()).status, 0)
  const again = await runCommand(['export', 'first', folder, '--data', data])
  assert.equal(again.status, 1)
  assert.match(again.stderr, /another --prefix or --versions; name a new folder/)
  const other = await runCommand(['export', 'first', data, '--data', data])
  assert.equal(other.status, 1)
  assert.match(other.stderr, /is not empty; name a new folder/)
})

test('an export that was interrupted is completed by the same command', async () => {
  const folder = join(temporaryFolder(), 'out')
  const command = ['export', 'first', folder, '--versions', '--data', data]
  assert.equal((await runCommand(command)).status, 0)
  const manifest = join(folder, '.moongate-export.jsonl')
  const whole = readFileSync(manifest, 'utf8')
  truncateSync(manifest, Buffer.byteLength(whole) - 100)
  unlinkSync(join(folder, 'big'))
  const { status, stdout, stderr } = await runCommand(command)
  assert.equal(status, 0, stderr)
  assert.match(stdout, /^Exported 8 objects .*; \d of them were there from a run before\.$/m)
  assert.equal(readFileSync(manifest, 'utf8'), whole)
  assert.equal(statSync(join(folder, 'big')).size, large.length)
  const complete = await runCommand(command)
  assert.match(complete.stderr, /holds an export that is complete/)
})

test('a wrong count in the database is found, and repaired when asked', async () => {
  const db = new DatabaseSync(join(data, 'moongate.db'))
  const { changes } = db.prepare('UPDATE blobs SET refs = refs + 1').run()
  db.close()
  assert.ok(Number(changes) > 0)
  const found = await check()
  assert.equal(found.status, 1)
  assert.match(found.stdout, /WRONG \[count\]/)
  assert.equal((await check('--repair')).status, 0)
  assert.match((await check()).stdout, /all is well/)
})

test('blobs that lost a bit, their end or themselves are found, told by their keys, and stay', async () => {
  const [flipped = '', cut = ''] = blobs()
  const bytes = readFileSync(flipped)
  bytes[1000] = (bytes[1000] ?? 0) ^ 1
  writeFileSync(flipped, bytes)
  truncateSync(cut, 1000)
  for (const flags of [[], ['--repair']]) {
    const { status, stdout } = await check(...flags)
    assert.equal(status, 1)
    assert.match(stdout, /WRONG \[damaged\] (?:first|second)\/big /)
    assert.match(stdout, /WRONG \[unreadable\] (?:first|second)\/big /)
    assert.match(stdout, /WRONG \[size\]/)
  }
  assert.equal(blobs().length, 2)
  unlinkSync(flipped)
  const gone = await check('--json')
  const lines = gone.stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.ok(lines.some(({ finding }) => finding?.kind === 'missing' && finding.key === 'big'))
  assert.equal(lines.at(-1).clean, false)
})

test('what is in a folder can be checked and exported without its master key', async () => {
  const lost = temporaryFolder()
  const server = await spawnServer({ data: lost, env: { MOONGATE_BUCKETS: 'bucket' } })
  await server.client.put('/bucket/a', 'a')
  await server.stop()
  unlinkSync(join(lost, 'master.key'))
  const checked = await runCommand(['check', '--data', lost])
  assert.deepEqual([checked.status, checked.stderr], [0, ''])
  const out = join(temporaryFolder(), 'out')
  assert.equal((await runCommand(['export', 'bucket', out, '--data', lost])).status, 0)
  assert.equal(readFileSync(join(out, 'a'), 'utf8'), 'a')
  assert.ok(!existsSync(join(lost, 'master.key')))
  const served = await runCommand(['serve', '--port', '0', '--data', lost])
  assert.equal(served.status, 2)
  const args = ['root-key', 'rotate', '--data', lost]
  const rotated = await runCommand(args, { keys: false })
  assert.match(rotated.stdout, /^ {4}export AWS_SECRET_ACCESS_KEY=\S+$/m)
  assert.equal(rotated.stderr, '')
  assert.match((await runCommand(args)).stderr, /which the next start puts back/)
})

test('an import makes the data folder, shows its root key, and leaves links out', async () => {
  const source = temporaryFolder()
  writeFileSync(join(source, 'file'), 'x')
  symlinkSync('file', join(source, 'link'))
  // Within the source, as by default in the folder that one is in; it is not imported into itself.
  const made = join(source, 'data')
  const args = (folder: string, bucket = 'bucket') => ['import', folder, bucket, '--data', made]
  for (const wrong of [args(join(source, 'nothing')), args(source, 'A_B')]) {
    assert.equal((await runCommand(wrong)).status, 1)
    assert.ok(!existsSync(made))
  }
  const first = await runCommand([...args(source), '--json'], { keys: false })
  assert.equal(first.status, 0, first.stderr)
  assert.match(first.stderr, /^The data folder .* was made\. [^]*export AWS_SECRET_ACCESS_KEY=/)
  const { objects, links, failed, rootKey } = JSON.parse(first.stdout)
  assert.deepEqual([objects, links, failed], [1, 1, 0])
  const again = await runCommand(args(source), { keys: false })
  assert.match(again.stdout, /; 1 key of it there already, 1 symbolic link left out\.\n$/)
  assert.deepEqual([again.status, again.stderr], [0, ''])
  const server = await spawnServer({ data: made, keys: false })
  const { accessKeyId, secretAccessKey: secret } = rootKey
  const client = new Client({ port: server.port, accessKeyId, secret })
  assert.equal((await client.get('/bucket/file')).text, 'x')
  await server.stop()
  const elsewhere = temporaryFolder()
  writeFileSync(join(elsewhere, 'mine'), '')
  const refused = await runCommand(['import', source, 'bucket', '--data', elsewhere])
  assert.equal(refused.status, 1)
  assert.match(refused.stderr, /holds no data of Moongate/)
})

test('a bucket that is imported may belong to another account than the root', async () => {
  const folder = temporaryFolder()
  const config = join(folder, 'config.toml')
  const id = '0123456789abcdef'.repeat(4)
  writeFileSync(config, `[[accounts]]\nid = "${id}"\ndisplay_name = "moon"\nvolume = "far"\n`)
  const theirs = temporaryFolder()
  const server = await spawnServer({ data: theirs, args: ['--config', config] })
  await server.stop()
  const source = temporaryFolder()
  writeFileSync(join(source, 'file'), 'x')
  const into = (bucket: string, owner: string) =>
    runCommand(['import', source, bucket, '--data', theirs, '--owner', owner])
  assert.match((await into('bucket', 'nobody')).stderr, /no account has the canonical id nobody/)
  const { status, stderr } = await into('bucket', id)
  assert.deepEqual([status, stderr], [0, ''])
  const db = new DatabaseSync(join(theirs, 'moongate.db'), { readOnly: true })
  const told = (sql: string) => db.prepare(sql).all().map(Object.values)
  assert.deepEqual(told('SELECT name, volume, owner FROM buckets'), [['bucket', 'far', id]])
  assert.deepEqual(told('SELECT key, owner FROM objects'), [['file', id]])
  db.close()
})

test('a folder to read or to write that is none is told in words', async () => {
  const file = join(temporaryFolder(), 'file')
  writeFileSync(file, '')
  const none = `${file}-not-there`
  for (const [args, said] of [
    [['import', none, 'third'], `${none} cannot be read: there is no such place`],
    [['import', file, 'third'], `${file} cannot be read: what is to be a folder is none`],
    [['export', 'first', file], `${file} cannot be made: what is to be a folder is none`],
  ] as const) {
    const { status, stderr } = await runCommand([...args, '--data', data])
    assert.deepEqual([status, stderr], [1, `moongate: ${said}\n`])
  }
})

test('wrong use is told as such', async () => {
  for (const args of [['check', 'x'], ['export', 'b'], ['import'], ['check', '--prefix', 'x']])
    assert.equal((await runCommand(args)).status, 2, args.join(' '))
  const nothing = await runCommand(['check', '--data', temporaryFolder()])
  assert.equal(nothing.status, 1)
  assert.match(nothing.stderr, /holds no data of Moongate/)
})
