// Data folders of other releases: an older one opens, a newer one is refused by name.

import assert from 'node:assert/strict'
import { chmodSync, copyFileSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { elements } from '../client.ts'
import { runCommand, startInProcess, temporaryFolder } from '../server.ts'

const fixtures = join(import.meta.dirname, '..', 'fixtures')

function copyOf(fixture: string): string {
  const data = join(temporaryFolder(), 'data')
  mkdirSync(data)
  for (const file of ['moongate.db', 'master.key'])
    copyFileSync(join(fixtures, fixture, file), join(data, file))
  // git keeps no such modes, and a key that others may read is warned of.
  chmodSync(join(data, 'master.key'), 0o600)
  return data
}

for (const fixture of readdirSync(fixtures).filter(name => name.startsWith('schema-'))) {
  test(`the data folder ${fixture} opens, with all that is in it`, async t => {
    const running = await startInProcess({ data: copyOf(fixture) })
    t.after(() => running.close())
    const { client } = running
    const small = await client.get('/bucket/small')
    assert.equal(small.text, 'small')
    assert.equal(small.headers['x-amz-meta-kept'], 'yes')
    assert.deepEqual(elements((await client.get('/bucket/small?tagging')).text, 'Value'), ['b'])
    const versions = await client.get('/versioned?versions')
    assert.equal(elements(versions.text, 'VersionId').length, 3)
    assert.equal((await client.get('/versioned/key')).text, 'second')
    assert.deepEqual(elements((await client.get('/bucket?uploads')).text, 'Key'), ['upload'])
    assert.equal((await client.put('/bucket/new', 'new')).status, 200)
  })
}

test('a data folder that this program opened is refused by the one before', async t => {
  const data = copyOf('schema-1')
  const running = await startInProcess({ data })
  await running.close()
  const db = new DatabaseSync(join(data, 'moongate.db'), { readOnly: true })
  t.after(() => db.close())
  const found = db.prepare("SELECT value FROM meta WHERE name = 'schema version'").get()
  assert.equal(found?.['value'], 2)
})

for (const name of ['store format', 'schema version']) {
  test(`a data folder whose ${name} is newer is refused by name`, async () => {
    const data = copyOf('schema-1')
    const db = new DatabaseSync(join(data, 'moongate.db'))
    db.prepare('UPDATE meta SET value = 999 WHERE name = ?').run(name)
    db.close()
    const { status, stderr } = await runCommand(['serve', '--port', '0', '--data', data])
    assert.equal(status, 1)
    assert.match(stderr, new RegExp(`^moongate: .*newer Moongate.*${name} is 999.*\\n$`))
  })
}
