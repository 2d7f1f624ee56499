/** The file of the master key: who may read it, and what is no file. */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadConfig } from './config.ts'
import { keyFileWarning, masterKeyOf } from './master-key.ts'

test('a key file that others may read is warned of, a directory refused in one sentence', () => {
  const data = mkdtempSync(join(tmpdir(), 'moongate-key-'))
  try {
    const flags = new Map([['data', [data]]])
    const { config } = loadConfig({ flags, env: {}, readFile: () => '' })
    const path = join(data, 'master.key')
    masterKeyOf(config)
    assert.equal(keyFileWarning(config), undefined)
    chmodSync(path, 0o644)
    assert.match(keyFileWarning(config) ?? '', /master\.key can be read by others/)
    rmSync(path)
    mkdirSync(path)
    assert.throws(() => masterKeyOf(config), {
      name: 'ConfigError',
      message: `${path} is a directory; it must be the file that holds the master key.`,
    })
  } finally {
    rmSync(data, { recursive: true })
  }
})
