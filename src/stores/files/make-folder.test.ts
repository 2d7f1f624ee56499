import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeFolder } from './make-folder.ts'

test('folders are made with their mode, and what is there stays', t => {
  const folder = mkdtempSync(join(tmpdir(), 'moongate-make-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const deep = join(folder, 'a', 'b', 'c')
  makeFolder(deep, 0o700)
  makeFolder(deep, 0o700)
  makeFolder('/')
  assert.equal(statSync(deep).mode & 0o777, 0o700)
  symlinkSync('a', join(folder, 'link'))
  makeFolder(join(folder, 'link', 'd'))
  assert.ok(existsSync(join(folder, 'a', 'd')))
  writeFileSync(join(folder, 'file'), '')
  assert.throws(() => makeFolder(join(folder, 'file')), { code: 'EEXIST' })
  assert.throws(() => makeFolder(join(folder, 'file', 'x')), { code: 'EEXIST' })
  symlinkSync('nothing', join(folder, 'dangling'))
  assert.throws(() => makeFolder(join(folder, 'dangling')), { code: 'EEXIST' })
})

test('where nothing can be made that is said', { skip: !existsSync('/proc/self') }, () => {
  assert.throws(() => makeFolder('/proc/x'), { code: 'ENOENT' })
  assert.throws(() => makeFolder('/proc/x/y'), { code: 'ENOENT' })
})
