// s3fs, a bucket as a folder through FUSE.

import assert from 'node:assert/strict'
import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fuseReason, fusermount, mounted } from './fuse.ts'
import { client, mebibyte, sameFile, sameTree, writeFile } from './workplace.ts'

const s3fs = { name: 's3fs', probe: ['s3fs', '--version'] } as const
const aws = { name: 'aws', probe: ['aws', '--version'] } as const

client('s3fs', [s3fs, fusermount, aws], async (t, place) => {
  const { folder, run, endpoint, region } = place
  const point = join(folder, 'mount')
  const args = [
    'files',
    point,
    '-f',
    '-o',
    `url=${endpoint},use_path_request_style,endpoint=${region}`,
  ]
  await t.test('files as a folder', { skip: fuseReason() }, async () => {
    await run('aws', ['s3', 'mb', 's3://files'])
    const source = join(folder, 'source')
    for (const size of [0, 1, mebibyte, 60 * mebibyte])
      writeFile(join(source, 'ä b+c', `${size}`), size)
    await mounted({ command: 's3fs', args, point, env: place.env }, async () => {
      await run('cp', ['-r', source, join(point, 'copy')])
      await sameTree(join(point, 'copy'), source)
      renameSync(join(point, 'copy', 'ä b+c', '1'), join(point, 'one'))
      writeFileSync(join(point, 'one'), 'more', { flag: 'a' })
      rmSync(join(point, 'copy', 'ä b+c', '0'))
      assert.deepEqual(readdirSync(point).sort(), ['copy', 'one'])
    })
    const back = join(folder, 'back')
    await run('aws', ['s3', 'cp', 's3://files/one', back])
    assert.match(await run('cat', [back]), /^.more$/s)
    const large = `ä b+c/${60 * mebibyte}`
    await run('aws', ['s3', 'cp', `s3://files/copy/${large}`, back])
    await sameFile(back, join(source, large))
  })
})
