/** Order and values of an answer's headers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newRecord } from './message.ts'
import { answer } from './respond.ts'

test('the length stands behind all other headers, once', () => {
  const output = { ContentLength: 2, ContentDisposition: 'attachment', ETag: '"x"' }
  for (const { headers } of [
    answer('GetObject', { output, body: Buffer.from('ok') }, newRecord('R')),
    answer('HeadObject', { output }, newRecord('R')),
  ]) {
    const names = headers.filter((_, index) => index % 2 === 0)
    assert.deepEqual(names.indexOf('Content-Length'), names.length - 1)
    assert.equal(headers.at(-1), '2')
    assert.deepEqual(names.toSorted(), ['Content-Disposition', 'Content-Length', 'ETag'])
  }
})
