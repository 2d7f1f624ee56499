// Imports that are interrupted at every step, and run again; whose the objects are.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { PlainBuckets } from '../../buckets/buckets.ts'
import {
  bucketOf,
  bytesOf,
  type House,
  hooked,
  memoryHouse,
  putOf,
  volume,
} from '../../buckets/house.fixture.ts'
import type { Keyspace, VersionSummary } from '../../ports/keyspace.ts'
import { openFileTree } from '../../stores/tree/file-tree.ts'
import { exportBucket } from './export.ts'
import { importTree } from './import.ts'

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'moongate-import-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

const silent = { onProgress: () => undefined, onProblem: () => undefined }

class Killed extends Error {}

async function imported(
  house: House,
  folder: string,
  { name, steps = Number.POSITIVE_INFINITY }: { name: string; steps?: number },
) {
  const bucket = await house.buckets.find(volume, name)
  let left = steps
  const store = hooked(house.store, {
    commit: async () => {
      left -= 1
      if (left < 0) throw new Killed()
    },
  })
  return importTree(
    await openFileTree({ folder, make: false }),
    {
      at(modified, asNull = false) {
        const core = { ...house.core, store, clock: { now: () => modified } }
        const versioning = asNull ? 'Suspended' : bucket.versioning
        return new PlainBuckets(core).keyspace({ ...bucket, versioning })
      },
      open: async () => bucket,
      finish: async () => undefined,
    },
    { ...silent, prefix: '', overwrite: false, digester: house.core.digester },
  )
}

async function versionsOf(space: Keyspace) {
  const request = { prefix: '', delimiter: '', after: '', afterVersion: '', limit: 1000 }
  const { entries } = await space.listVersions(request)
  const versions = entries.filter((entry): entry is VersionSummary => typeof entry !== 'string')
  return versions.map(({ versionId, ...rest }) => ({ ...rest, isNull: versionId === 'null' }))
}

/** Keys of one version and of several, with markers between, before and after them. */
async function filled(house: House): Promise<Keyspace> {
  const space = await bucketOf(house, 'bucket', 'Enabled')
  for (const key of ['one', 'many', 'gone', 'back']) {
    const times = key === 'one' ? 1 : 3
    for (let i = 0; i < times; i++) {
      house.clock.time += 1000
      await space.put(putOf(key, `${key} ${i}`))
      if (key === 'back' && i === 1) await space.delete({ key, conditions: {} })
    }
  }
  house.clock.time += 1000
  await space.delete({ key: 'gone', conditions: {} })
  await space.delete({ key: 'never', conditions: {} })
  return space
}

test('an import that ended at any step is completed by the next, with every version once', async t => {
  const house = memoryHouse()
  const space = await filled(house)
  const folder = folderOf(t)
  const tree = await openFileTree({ folder, make: true })
  await exportBucket(space, tree, { ...silent, prefix: '', versions: true, windows: false })
  const wanted = await versionsOf(space)
  assert.equal(wanted.length, 13)
  for (let steps = 0; steps <= wanted.length; steps++) {
    const name = `target-${steps}`
    const target = await bucketOf(house, name, 'Enabled')
    if (steps < wanted.length)
      await assert.rejects(imported(house, folder, { name, steps }), Killed)
    await imported(house, folder, { name })
    assert.deepEqual(await versionsOf(target), wanted, `after ${steps} steps`)
    const again = await imported(house, folder, { name })
    assert.deepEqual([again.objects, again.skipped, again.failed], [0, 5, 0])
  }
  await house.close()
})

test('versions that somebody else wrote are not gone on with', async t => {
  const house = memoryHouse()
  const space = await filled(house)
  const folder = folderOf(t)
  const tree = await openFileTree({ folder, make: true })
  await exportBucket(space, tree, { ...silent, prefix: '', versions: true, windows: false })
  const target = await bucketOf(house, 'target', 'Enabled')
  await target.put(putOf('many', 'mine'))
  await imported(house, folder, { name: 'target' })
  assert.equal(await bytesOf(target, 'many'), 'mine')
  const many = (await versionsOf(target)).filter(({ key }) => key === 'many')
  assert.equal(many.length, 1)
  await house.close()
})

test('objects belong to whom the bucket belongs to', async t => {
  const house = memoryHouse()
  const common = { volume, region: 'us-east-1', settings: {} }
  const bucket = await house.buckets.create({ ...common, name: 'theirs', owner: 'somebody' })
  const folder = folderOf(t)
  writeFileSync(join(folder, 'file'), 'x')
  await imported(house, folder, { name: 'theirs' })
  const { owner } = await house.buckets.keyspace(bucket).head({ key: 'file' })
  assert.equal(owner, 'somebody')
  await house.close()
})
