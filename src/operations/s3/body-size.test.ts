/** Tests of the greatest body of one request. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Body } from '../../ports/keyspace.ts'
import { bodyUpTo } from './body-size.ts'

/** A body in pieces of these sizes that does not say how long it is, and whether it was read to its end. */
function unsaid(sizes: readonly number[]): { readonly body: Body; readonly ended: () => boolean } {
  let ended = false
  async function* source() {
    for (const size of sizes) yield new Uint8Array(size)
    ended = true
  }
  const digests = () => ({ size: 0, md5: '', checksums: {} })
  const receive = async () => ({ bytes: undefined, source: source(), digests })
  return { body: { length: undefined, announced: undefined, receive }, ended: () => ended }
}

async function sizeOf(body: Body): Promise<number> {
  let size = 0
  for await (const chunk of (await body.receive([], 0)).source) size += chunk.byteLength
  return size
}

test('a body that says that it is longer is not begun', () => {
  const { body } = unsaid([])
  assert.throws(() => bodyUpTo({ ...body, length: 11 }, 10), { code: 'EntityTooLarge' })
  const exact = { ...body, length: 10 }
  assert.equal(bodyUpTo(exact, 10), exact)
})

test('a body that does not say its length is refused where it becomes too long', async () => {
  assert.equal(await sizeOf(bodyUpTo(unsaid([4, 6]).body, 10)), 10)
  const long = unsaid([4, 7, 100])
  await assert.rejects(sizeOf(bodyUpTo(long.body, 10)), { code: 'EntityTooLarge' })
  assert.equal(long.ended(), false)
})
