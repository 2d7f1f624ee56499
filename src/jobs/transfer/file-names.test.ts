import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { character } from '../../model/characters.fixture.ts'
import { folderMark } from '../../ports/file-tree.ts'
import { keyOfPath, ownNames, pathOfKey } from './file-names.ts'

const odd = fc.constantFrom(
  '',
  '.',
  '..',
  '%',
  '%2F',
  '%-',
  '%00',
  '\\',
  'a',
  ownNames,
  'CON',
  'x '.repeat(200),
  'é\u0301',
  '\u{1f311}',
)
const text = fc.string({ unit: character, maxLength: 300 }).map(value => value.replaceAll('\0', ''))
const key = fc
  .oneof(
    text,
    fc.array(fc.oneof(odd, text), { minLength: 1, maxLength: 5 }).map(all => all.join('/')),
  )
  .filter(value => value !== '')

test('a path leads back to its key, so no two keys share one', () => {
  fc.assert(
    fc.property(key, fc.boolean(), (value, windows) => {
      assert.equal(keyOfPath(pathOfKey(value, windows)), value)
    }),
    { numRuns: 1000 },
  )
})

test('every name is one name within its folder, short enough, and none of ours', () => {
  fc.assert(
    fc.property(key, fc.boolean(), (value, windows) => {
      const path = pathOfKey(value, windows)
      for (const name of path) {
        assert.ok(!['', '.', '..'].includes(name) && !/[/\0\\]/.test(name), name)
        assert.ok(Buffer.byteLength(name) + folderMark.length <= 255)
        assert.ok(!name.endsWith(folderMark))
        if (windows) assert.doesNotMatch(name, /[<>:"|?*]|[. ]$|^con$/i)
      }
      assert.ok(path[0]?.toLowerCase().startsWith(ownNames) === false)
    }),
    { numRuns: 1000 },
  )
})

test('a folder beside a file of its name is read as that folder, and is not an empty segment', () => {
  assert.deepEqual(pathOfKey('a/b'), ['a', 'b'])
  assert.equal(keyOfPath([`a${folderMark}`, 'b']), 'a/b')
  assert.deepEqual(pathOfKey('a//b'), ['a', '%00', 'b'])
  assert.deepEqual(pathOfKey('a/'), ['a', '%00'])
  assert.deepEqual(pathOfKey('../x'), ['%2E%2E', 'x'])
  for (const wrong of ['%', '%1', '%zz', '%00x', 'x%2Fy', '%FF'])
    assert.equal(keyOfPath([wrong]), undefined, wrong)
})
