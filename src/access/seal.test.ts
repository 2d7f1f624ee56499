// Sealed secrets: opened only by their key, for their owner, unchanged; and never readable in what is stored.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { newMasterKey, open, parseMasterKey, seal, WrongMasterKey } from './seal.ts'

const key = parseMasterKey(newMasterKey())

test('what was sealed is opened again, and does not hold the secret', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 4 }), fc.string(), (secret, owner) => {
      const sealed = seal(key, owner, secret)
      assert.equal(open(key, owner, sealed), secret)
      assert.ok(!Buffer.from(sealed).includes(Buffer.from(secret)))
    }),
  )
})

test('two seals of one secret differ', () => {
  assert.notDeepEqual(seal(key, 'a', 'secret'), seal(key, 'a', 'secret'))
})

test('another key, another owner, a changed or missing byte: refused', () => {
  const sealed = seal(key, 'AKID', 'secret')
  assert.throws(() => open(parseMasterKey(newMasterKey()), 'AKID', sealed), WrongMasterKey)
  assert.throws(() => open(key, 'OTHER', sealed), WrongMasterKey)
  for (let i = 0; i < sealed.length; i++) {
    const changed = Uint8Array.from(sealed)
    changed[i] = (changed[i] ?? 0) ^ 1
    assert.throws(() => open(key, 'AKID', changed), WrongMasterKey, `byte ${i}`)
    assert.throws(() => open(key, 'AKID', sealed.slice(0, i)), WrongMasterKey, `${i} bytes`)
  }
})

test('a master key is 32 bytes in base64 or hex, and does not show when printed', () => {
  const text = newMasterKey()
  const hex = Buffer.from(text, 'base64').toString('hex')
  const url = Buffer.from(text, 'base64').toString('base64url')
  const sealed = seal(parseMasterKey(text), 'a', 'secret')
  for (const form of [hex, url, ` ${text}\n`]) {
    assert.equal(open(parseMasterKey(form), 'a', sealed), 'secret')
  }
  assert.ok(!inspect(parseMasterKey(text)).includes(text.slice(0, 8)))
  for (const bad of ['', 'abc', hex.slice(1), `${text}AA`]) assert.throws(() => parseMasterKey(bad))
})
