// AWS's SDK for Go: the program in the folder beside this file.

import { join } from 'node:path'
import { client, gibibyte, sameFile, writeFile } from './workplace.ts'

const go = { name: 'go', probe: ['go', 'version'] } as const

client('go', [go], async (t, place) => {
  const { folder, run } = place
  const program = join(folder, 'program')
  await t.test('the program builds', async () => {
    const source = join(import.meta.dirname, 'go')
    // The user's own home, for its cache of modules.
    const env = { HOME: process.env['HOME'] ?? '' }
    await run('go', ['build', '-o', program, '.'], { cwd: source, env })
  })
  await t.test('1 GiB in parts, odd keys, conditions, presigned, pages, deletion', async () => {
    const large = writeFile(join(folder, 'large'), gibibyte)
    await run(program, ['gopher', large, `${large}.back`])
    await sameFile(`${large}.back`, large)
  })
})
