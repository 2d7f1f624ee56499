// mc, MinIO's client.

import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { client, gibibyte, sameFile, sameTree, writeFile, writeTree } from './workplace.ts'

// Midnight Commander has the same name, and no `alias`.
const mc = { name: 'mc', probe: ['mc', 'alias', '--help'] } as const
const curl = { name: 'curl', probe: ['curl', '--version'] } as const

client('mc', [mc, curl], async (t, place) => {
  const { folder, run, host, accessKeyId, secretAccessKey } = place
  const env = { MC_HOST_moon: `http://${accessKeyId}:${secretAccessKey}@${host}` }
  const m = (...args: readonly string[]) => run('mc', ['--quiet', ...args], { env })
  const source = writeTree(join(folder, 'tree'))
  const target = join(folder, 'back')

  await t.test('mirror of a tree with odd names and sizes, up and down', async () => {
    await m('mb', 'moon/tree')
    await m('mirror', source, 'moon/tree/in')
    await m('mirror', 'moon/tree/in', target)
    await sameTree(target, source)
    assert.equal(await m('diff', source, 'moon/tree/in'), '')
  })
  await t.test('mirror --remove deletes what is gone', async () => {
    rmSync(join(target, 'sizes'), { recursive: true })
    await m('mirror', '--remove', '--overwrite', target, 'moon/tree/in')
    const found = await m('find', 'moon/tree/in')
    assert.doesNotMatch(found, /sizes/)
    assert.match(found, /plain\.txt/)
  })
  await t.test('1 GiB in parts', async () => {
    const file = writeFile(join(folder, 'large'), gibibyte)
    await m('cp', file, 'moon/tree/large')
    await m('cp', 'moon/tree/large', `${file}.back`)
    await sameFile(`${file}.back`, file)
  })
  await t.test('pipe, cat, stat, tags, a shared link', async () => {
    await run('mc', ['pipe', '--attr', 'note=kept', 'moon/tree/a b+c'], { env, input: 'piped' })
    assert.equal(await m('cat', 'moon/tree/a b+c'), 'piped')
    assert.match(await m('stat', 'moon/tree/a b+c'), /X-Amz-Meta-Note\s*: kept/)
    await m('tag', 'set', 'moon/tree/a b+c', 'k=v')
    assert.match(await m('tag', 'list', 'moon/tree/a b+c'), /k\s*: v/)
    const shared = await m('--json', 'share', 'download', '--expire', '1m', 'moon/tree/a b+c')
    const link: unknown = JSON.parse(shared)
    assert.ok(typeof link === 'object' && link !== null && 'share' in link)
    assert.equal(await run('curl', ['-sSf', String(link.share)]), 'piped')
  })
  await t.test('versions: undo of a deletion', async () => {
    await m('version', 'enable', 'moon/tree')
    await m('rm', 'moon/tree/a b+c')
    await m('undo', 'moon/tree/a b+c')
    assert.equal(await m('cat', 'moon/tree/a b+c'), 'piped')
  })
  await t.test('rb --force of all', async () => {
    await m('rb', '--force', 'moon/tree')
    assert.equal(await m('ls', 'moon'), '')
  })
})
