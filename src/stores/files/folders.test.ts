/** Tests of folders that somebody takes away under a running store. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openFileBlobs } from './blob-store.ts'

for (const gone of [['temporary'], ['blobs'], ['blobs', 'temporary']]) {
  test(`${gone.join(' and ')}: made again when the next blob is written`, async t => {
    const folder = mkdtempSync(join(tmpdir(), 'moongate-'))
    t.after(() => rmSync(folder, { recursive: true }))
    // Ids of one moment share their folder.
    const blobs = await openFileBlobs({ folder, clock: { now: () => 1_790_000_000_000 } })
    const place = { volume: 'v', bucket: 'b', key: 'k' }
    async function* source() {
      yield Buffer.from('bytes')
    }
    await blobs.put(source(), place)
    for (const name of gone) rmSync(join(folder, name), { recursive: true })
    const { id } = await blobs.put(source(), place)
    for await (const chunk of blobs.get(id, { start: 0, end: 5 }))
      assert.equal(String(chunk), 'bytes')
    await blobs.close()
  })
}
