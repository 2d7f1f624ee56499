/** Tests of whose a folder of blobs is. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { claimBlobs } from './store-id.ts'

test('blobs belong to the first database that claims them', t => {
  const folder = mkdtempSync(join(tmpdir(), 'moongate-'))
  t.after(() => rmSync(folder, { recursive: true }))
  mkdirSync(join(folder, 'blobs'))
  assert.equal(claimBlobs(folder, 'first'), true)
  assert.equal(claimBlobs(folder, 'first'), true)
  assert.equal(claimBlobs(folder, 'second'), false)
  assert.equal(claimBlobs(folder, 'first'), true)
})
