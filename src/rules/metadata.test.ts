// Metadata: its size at the edge, names, values that would split a response (row 38), and storage classes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  requireHeaderValue,
  requireHeaderValues,
  requireMetadata,
  requireOverride,
  requireStorageClass,
} from './metadata.ts'

const refused = (code: string) => (error: Error & { code?: string }) => error.code === code

test('2 KiB of names and values, and no byte more', () => {
  requireMetadata({})
  requireMetadata({ name: 'v'.repeat(2044) })
  assert.throws(() => requireMetadata({ name: 'v'.repeat(2045) }), {
    code: 'MetadataTooLarge',
    fields: { Size: 2049, MaxSizeAllowed: 2048 },
  })
  assert.throws(() => requireMetadata({ a: 'ü'.repeat(1024) }), refused('MetadataTooLarge'))
})

test('names are tokens, values hold no control characters', () => {
  requireMetadata({ 'a-b_c.d': 'x\ty ü' })
  for (const name of ['', 'a b', 'a:b', 'ü', 'a\r\nb'])
    assert.throws(() => requireMetadata({ [name]: 'x' }), refused('InvalidArgument'), name)
  for (const value of ['a\r\nX: y', 'a\nb', 'a\0b', 'a\x7fb', '\x1b'])
    assert.throws(() => requireMetadata({ a: value }), refused('InvalidArgument'))
})

test('overrides of response headers are held to the same, and to Latin-1', () => {
  requireOverride('response-content-disposition', 'attachment; filename="\u00e9"')
  assert.throws(() => requireOverride('response-content-disposition', '\u65e5'), {
    code: 'InvalidArgument',
    message: 'Header value cannot be represented using ISO-8859-1.',
  })
  assert.throws(() => requireOverride('response-expires', 'a\nb'), refused('InvalidArgument'))
  requireHeaderValue('response-content-type', 'text/plain; charset=utf-8')
  requireHeaderValues({ a: undefined, b: 'x' })
  assert.throws(() => requireHeaderValues({ a: 'x', b: 'x\r\nSet-Cookie: y' }), {
    code: 'InvalidArgument',
    fields: { ArgumentName: 'b' },
  })
})

test('storage classes are kept as written, STANDARD as none', () => {
  assert.equal(requireStorageClass(undefined), null)
  assert.equal(requireStorageClass('STANDARD'), null)
  assert.equal(requireStorageClass('GLACIER_IR'), 'GLACIER_IR')
  for (const name of ['', 'standard', 'OUTPOSTS', 'toString'])
    assert.throws(() => requireStorageClass(name), refused('InvalidStorageClass'), name)
})
