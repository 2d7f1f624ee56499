/** Tests of the lock of a data folder. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { lockFolder } from './folder-lock.ts'

test('a process whose lock is taken away ends at once and says why, and nothing else', t => {
  const folder = mkdtempSync(join(tmpdir(), 'moongate-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const code = `
    import { rmSync } from 'node:fs'
    import { lockFolder } from ${JSON.stringify(new URL('./folder-lock.ts', import.meta.url).href)}
    lockFolder(${JSON.stringify(folder)}, { every: 1 })
    rmSync(${JSON.stringify(join(folder, 'moongate.lock'))})
    setInterval(() => undefined, 1000)`
  const { signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code])
  assert.equal(signal, 'SIGKILL')
  assert.match(
    stderr.toString(),
    /^moongate: the lock \S+moongate\.lock was taken away, so another process may use the folder; this process ends\n$/,
  )
})

test('whoever holds the folder is told when its lock is taken away', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'moongate-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const lost = Promise.withResolvers<Error>()
  const unlock = lockFolder(folder, { onLost: lost.resolve, every: 1 })
  const alive = setInterval(() => undefined, 1000)
  rmSync(join(folder, 'moongate.lock'))
  assert.match((await lost.promise).message, /taken away/)
  clearInterval(alive)
  unlock()
})
