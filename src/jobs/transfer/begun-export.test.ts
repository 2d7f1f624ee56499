// Exports that are interrupted at every step, and go on.
import assert from 'node:assert/strict'
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { bucketOf, keyspaceOf, memoryHouse, putOf } from '../../buckets/house.fixture.ts'
import type { FileTree } from '../../ports/file-tree.ts'
import type { Keyspace } from '../../ports/keyspace.ts'
import { openFileTree } from '../../stores/tree/file-tree.ts'
import { exportBucket } from './export.ts'
import { manifestFile } from './manifest.ts'

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'moongate-begun-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

class Killed extends Error {}

/** The tree until so many files were made, written or appended to; nothing comes through after that. */
function mortal(tree: FileTree, steps: number): FileTree {
  let left = steps
  const step = () => {
    left -= 1
    if (left < 0) throw new Killed()
  }
  return {
    find: path => tree.find(path),
    read: (path, range) => tree.read(path, range),
    list: () => tree.list(),
    isEmpty: () => tree.isEmpty(),
    async create(path, replace) {
      step()
      const file = await tree.create(path, replace)
      return (
        file && {
          path: file.path,
          async write(source, modified) {
            step()
            await file.write(source, modified)
          },
        }
      )
    },
    async journal(name, kept) {
      const journal = await tree.journal(name, kept)
      return {
        async append(text) {
          step()
          await journal.append(text)
        },
        close: () => journal.close(),
      }
    },
  }
}

const silent = { onProgress: () => undefined, onProblem: () => undefined, windows: false }

async function exported(
  space: Keyspace,
  folder: string,
  { steps = Number.POSITIVE_INFINITY, versions = true, prefix = '' } = {},
) {
  const tree = await openFileTree({ folder, make: true })
  const options = { ...silent, prefix, versions }
  return exportBucket(space, mortal(tree, steps), options)
}

/** Every file with its bytes. */
const contents = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter(path => statSync(join(folder, path)).isFile())
      .toSorted()
      .map(path => [path, readFileSync(join(folder, path), 'latin1')]),
  )

const keys = ['a', 'a/b', 'a/c/d', 'b', 'b//', 'big', 'é']

async function filled() {
  const house = memoryHouse()
  const plain = await bucketOf(house, 'bucket', 'Enabled')
  for (const round of ['one', 'two']) {
    house.clock.time += 1000
    for (const key of keys) await plain.put(putOf(key, `${key} ${round}`))
  }
  await plain.delete({ key: 'b', conditions: {} })
  return { house, space: await keyspaceOf(house.buckets) }
}

for (const versions of [true, false])
  test(`an export that ended at any step is completed by the next${versions ? ', versions too' : ''}`, async t => {
    const { house, space } = await filled()
    const whole = folderOf(t)
    const report = await exported(space, whole, { versions })
    const wanted = contents(whole)
    let interrupted = 0
    for (let steps = 0; ; steps++) {
      const folder = folderOf(t)
      const first = exported(space, folder, { steps, versions })
      const done = await first.then(
        () => true,
        (error: unknown) => {
          assert.ok(error instanceof Killed)
          return false
        },
      )
      if (done) break
      interrupted += 1
      const again = await exported(space, folder, { versions })
      assert.deepEqual(contents(folder), wanted, `after ${steps} steps`)
      assert.deepEqual({ ...again, kept: 0 }, { ...report, kept: 0 })
    }
    assert.ok(interrupted > 15)
    await house.close()
  })

test('what a power cut took of files and manifest is written again', async t => {
  const { house, space } = await filled()
  const whole = folderOf(t)
  await exported(space, whole)
  const wanted = contents(whole)
  const manifest = wanted[manifestFile] ?? ''
  for (const bytes of [0, 10, 300, 700, 1500, manifest.length - 5]) {
    const folder = folderOf(t)
    await exported(space, folder)
    truncateSync(join(folder, manifestFile), bytes)
    truncateSync(join(folder, 'a'), 1)
    if (bytes === 10) await assert.rejects(exported(space, folder), { name: 'BadManifest' })
    else {
      await exported(space, folder)
      assert.deepEqual(contents(folder), wanted, `a manifest of ${bytes} bytes`)
    }
  }
  await house.close()
})

test('what is already exported is kept, and files of others stay', async t => {
  const { house, space } = await filled()
  const folder = folderOf(t)
  await assert.rejects(exported(space, folder, { steps: 30 }), Killed)
  writeFileSync(join(folder, 'notes'), 'mine')
  const { kept, objects } = await exported(space, folder)
  assert.ok(kept > 0 && kept < objects)
  assert.equal(readFileSync(join(folder, 'notes'), 'utf8'), 'mine')
  await house.close()
})

test('an export that is complete, or of something else, is not gone on with', async t => {
  const { house, space } = await filled()
  const folder = folderOf(t)
  await assert.rejects(exported(space, folder, { steps: 30 }), Killed)
  const refused = async (work: Promise<unknown>, message: RegExp) =>
    assert.rejects(work, { name: 'OtherExport', message })
  await refused(exported(space, folder, { versions: false }), /--versions/)
  await refused(exported(space, folder, { prefix: 'a' }), /--prefix/)
  await refused(exported(await bucketOf(house, 'other'), folder), /another bucket/)
  await exported(space, folder)
  await refused(exported(space, folder), /complete/)
  await house.close()
})
