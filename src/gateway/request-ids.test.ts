import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requestIds } from './request-ids.ts'

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const valueOf = (text: string) =>
  text.split('').reduce((sum, char) => sum * 32 + alphabet.indexOf(char), 0)

test('ids of a worker begin alike and count up', () => {
  const next = requestIds()
  const first = next()
  let before = valueOf(first.slice(8))
  for (let i = 0; i < 5000; i++) {
    const id = next()
    assert.match(id, /^[0-9A-HJKMNP-TV-Z]{16}$/)
    assert.equal(id.slice(0, 8), first.slice(0, 8))
    assert.equal(valueOf(id.slice(8)), before + 1)
    before += 1
  }
})
