/** Where listings begin and end; what lies between is for the model of the requests. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { character } from '../model/characters.fixture.ts'
import { bucketOf, memoryHouse, putOf } from './house.fixture.ts'
import { compareNames, successor } from './list.ts'

const texts = fc.string({ unit: character, maxLength: 4 })
const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

test('names are compared as their UTF-8 bytes', () => {
  fc.assert(
    fc.property(texts, texts, (a, b) => {
      assert.equal(Math.sign(compareNames(a, b)), byBytes(a, b))
    }),
  )
  assert.equal(Math.sign(compareNames('\u{ffff}', '\u{10000}')), -1)
})

test('the successor of a text is above all that begins with it, and nothing lies between', () => {
  fc.assert(
    fc.property(texts, texts, (text, rest) => {
      const next = successor(text)
      if (next === undefined) return
      assert.equal(byBytes(text + rest, next), -1)
      if (byBytes(rest, text) > 0 && !rest.startsWith(text)) assert.ok(byBytes(rest, next) >= 0)
    }),
  )
  assert.equal(successor(''), undefined)
  assert.equal(successor('a\u{10ffff}'), 'b')
  assert.equal(successor('\u{10ffff}'), undefined)
  assert.equal(successor('\u{d7ff}'), '\u{e000}')
})

test('a page after the greatest of all groups is empty', async () => {
  const house = memoryHouse()
  const bucket = await bucketOf(house, 'bucket', 'Enabled')
  const top = '\u{10ffff}'
  for (const key of ['a', `${top}b`, `${top}${top}`]) await bucket.put(putOf(key, key))
  const page = { prefix: '', delimiter: top, limit: 10 }
  const first = await bucket.list({ ...page, after: '' })
  assert.deepEqual(
    first.entries.map(entry => (typeof entry === 'string' ? entry : entry.key)),
    ['a', top],
  )
  assert.deepEqual(await bucket.list({ ...page, after: top }), { entries: [], more: false })
  const versions = await bucket.listVersions({ ...page, after: top, afterVersion: '' })
  assert.deepEqual(versions, { entries: [], more: false })
  const uploads = await bucket.listUploads({ ...page, after: top, afterUpload: '' })
  assert.deepEqual(uploads, { entries: [], more: false })
  await house.close()
})

test('a page of nothing asks for nothing', async () => {
  const house = memoryHouse()
  const bucket = await bucketOf(house)
  await bucket.put(putOf('a', 'a'))
  const page = { prefix: '', delimiter: '', after: '', limit: 0 }
  assert.deepEqual(await bucket.list(page), { entries: [], more: false })
  assert.deepEqual(await bucket.listVersions({ ...page, afterVersion: '' }), {
    entries: [],
    more: false,
  })
  await house.close()
})
