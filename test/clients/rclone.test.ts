// rclone: copy, check, sync, move, and (where FUSE is) a mounted bucket.

import assert from 'node:assert/strict'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fuseReason, fusermount, mounted } from './fuse.ts'
import {
  client,
  gibibyte,
  sameFile,
  sameTree,
  type Workplace,
  writeFile,
  writeTree,
} from './workplace.ts'

const rclone = { name: 'rclone', probe: ['rclone', 'version'] } as const

/** A remote called `moon`, told by the environment as rclone takes it. */
const remote = ({ endpoint, accessKeyId, secretAccessKey, region }: Workplace) => ({
  RCLONE_CONFIG_MOON_TYPE: 's3',
  RCLONE_CONFIG_MOON_PROVIDER: 'Other',
  RCLONE_CONFIG_MOON_ENDPOINT: endpoint,
  RCLONE_CONFIG_MOON_ACCESS_KEY_ID: accessKeyId,
  RCLONE_CONFIG_MOON_SECRET_ACCESS_KEY: secretAccessKey,
  RCLONE_CONFIG_MOON_REGION: region,
})

async function mount(t: TestContext, place: Workplace, source: string): Promise<void> {
  const { folder, run } = place
  const env = remote(place)
  const point = join(folder, 'mount')
  // Without a cache a file is stored when it is closed; with one, some time later.
  const args = ['mount', 'moon:tree', point, '--vfs-cache-mode', 'off', '--dir-cache-time', '1s']
  await t.test('mount: read a tree, write, rename and delete', { skip: fuseReason() }, async () => {
    const mountEnv = { ...place.env, ...env }
    await mounted({ command: 'rclone', args, point, env: mountEnv }, async () => {
      await sameTree(join(point, 'in'), source)
      writeFile(join(point, 'out', 'written'), 20_000_000)
      await run('mv', [join(point, 'out', 'written'), join(point, 'out', 'renamed')])
      rmSync(join(point, 'in', 'plain.txt'))
      writeFileSync(join(point, 'in', 'plain.txt'), 'overwritten')
    })
    assert.equal(await run('rclone', ['cat', 'moon:tree/in/plain.txt'], { env }), 'overwritten')
    const listed = await run('rclone', ['lsf', '--format', 'ps', 'moon:tree/out'], { env })
    assert.equal(listed, 'renamed;20000000\n')
  })
}

client('rclone', [rclone, fusermount], async (t, place) => {
  const { folder, run } = place
  const env = remote(place)
  const moon = (...args: readonly string[]) => run('rclone', args, { env })
  const source = writeTree(join(folder, 'tree'))
  const target = join(folder, 'back')

  await t.test('copy and check of a tree with odd names and sizes', async () => {
    await moon('mkdir', 'moon:tree')
    await moon('copy', source, 'moon:tree/in')
    await moon('check', '--download', source, 'moon:tree/in')
    await moon('check', source, 'moon:tree/in')
    await moon('copy', 'moon:tree/in', target)
    await sameTree(target, source)
  })
  await t.test('sync deletes what is gone, server-side copy and move', async () => {
    await moon('copy', 'moon:tree/in', 'moon:tree/second')
    rmSync(join(target, 'sizes'), { recursive: true })
    await moon('sync', target, 'moon:tree/second')
    await moon('move', 'moon:tree/second', 'moon:tree/third')
    assert.equal(await moon('lsf', 'moon:tree/'), 'in/\nthird/\n')
    await moon('check', '--download', target, 'moon:tree/third')
    await moon('purge', 'moon:tree/third')
  })
  await t.test('1 GiB, up in parts and down on several streams', async () => {
    mkdirSync(join(folder, 'large'))
    const file = writeFile(join(folder, 'large', 'file'), gibibyte)
    await moon('copyto', '--s3-chunk-size', '32M', file, 'moon:tree/large')
    await moon('copyto', '--multi-thread-streams', '4', 'moon:tree/large', `${file}.back`)
    await sameFile(`${file}.back`, file)
    await moon('deletefile', 'moon:tree/large')
  })
  await t.test('rcat of a stream of unknown length', async () => {
    await run('rclone', ['rcat', 'moon:tree/stream'], { env, input: 'x'.repeat(300_000) })
    assert.equal((await moon('cat', 'moon:tree/stream')).length, 300_000)
    await moon('deletefile', 'moon:tree/stream')
  })
  await mount(t, place, source)
})
