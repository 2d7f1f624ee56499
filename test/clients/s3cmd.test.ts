// s3cmd.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import {
  client,
  gibibyte,
  sameFile,
  sameTree,
  type Workplace,
  writeFile,
  writeTree,
} from './workplace.ts'

const s3cmd = { name: 's3cmd', probe: ['s3cmd', '--version'] } as const
const curl = { name: 'curl', probe: ['curl', '--version'] } as const

async function drive(t: TestContext, place: Workplace): Promise<void> {
  const { folder, run, host } = place
  const settings = join(folder, 's3cfg')
  writeFileSync(
    settings,
    [
      '[default]',
      `access_key = ${place.accessKeyId}`,
      `secret_key = ${place.secretAccessKey}`,
      `host_base = ${host}`,
      `host_bucket = ${host}`,
      `bucket_location = ${place.region}`,
      'use_https = False',
      '',
    ].join('\n'),
  )
  const s3 = (...args: readonly string[]) =>
    run('s3cmd', ['-c', settings, '--no-progress', ...args])
  const source = writeTree(join(folder, 'tree'))

  await t.test('sync of a tree with odd names and sizes, up and down', async () => {
    await s3('mb', 's3://tree')
    await s3('sync', `${source}/`, 's3://tree/in/')
    const target = join(folder, 'back')
    await run('mkdir', [target])
    await s3('sync', 's3://tree/in/', `${target}/`)
    await sameTree(target, source)
  })
  await t.test('a second sync sends nothing', async () => {
    assert.doesNotMatch(await s3('sync', `${source}/`, 's3://tree/in/'), /upload:/)
  })
  await t.test('1 GiB in parts', async () => {
    const file = writeFile(join(folder, 'large'), gibibyte)
    await s3('put', '--multipart-chunk-size-mb=64', file, 's3://tree/large')
    await s3('get', 's3://tree/large', `${file}.back`)
    await sameFile(`${file}.back`, file)
    await s3('del', 's3://tree/large')
  })
  await t.test('put with metadata, info, cp, mv, signurl, ls', async () => {
    const file = writeFile(join(folder, 'small'), 1000)
    await s3('put', '--add-header=x-amz-meta-note:kept', file, 's3://tree/a b+c')
    assert.match(await s3('info', 's3://tree/a b+c'), /x-amz-meta-note: kept/)
    await s3('cp', 's3://tree/a b+c', 's3://tree/copied')
    await s3('mv', 's3://tree/copied', 's3://tree/moved')
    const url = (await s3('signurl', 's3://tree/moved', '+60')).trim()
    await run('curl', ['-sSf', '-o', `${file}.back`, url])
    await sameFile(`${file}.back`, file)
    assert.match(
      await s3('ls', 's3://tree/'),
      /DIR {2}s3:\/\/tree\/in\/[^]*1000 {2}s3:\/\/tree\/moved/,
    )
  })
  await t.test('rb of all', async () => {
    await s3('rb', '--recursive', '--force', 's3://tree')
    assert.equal(await s3('ls'), '')
  })
}

// What `signurl` makes is signed by Signature Version 2, always.
client('s3cmd', [s3cmd, curl], drive, ['--sigv2'])
