// boto3, AWS's SDK for Python: the script beside this file.

import { join } from 'node:path'
import { client, gibibyte, sameFile, sameTree, writeFile, writeTree } from './workplace.ts'

const python = { name: 'python3 with boto3', probe: ['python3', '-c', 'import boto3'] } as const

client('boto3', [python], async (t, place) => {
  const { folder, run } = place
  const large = writeFile(join(folder, 'large'), gibibyte)
  const tree = writeTree(join(folder, 'tree'))
  await t.test('files, checksums, conditions, parts, signed URLs, versions', async () => {
    await run('python3', [join(import.meta.dirname, 'boto3_client.py'), 'snake', folder])
  })
  await t.test('1 GiB came back as it went', async () => {
    await sameFile(`${large}.back`, large)
  })
  await t.test('so did every odd name and size', async () => {
    await sameTree(`${tree}.back`, tree)
  })
})
