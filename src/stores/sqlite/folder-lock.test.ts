/** Tests of the lock of a data folder. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { lockFolder } from './folder-lock.ts'

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
