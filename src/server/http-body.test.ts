/** Memory of a body's chunks is given back, and only such as nobody else sees. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { releaseChunk } from './http-body.ts'

const own = (bytes: number) => Buffer.from(new ArrayBuffer(bytes))

describe('a chunk that was passed on', () => {
  it('gives its memory back', () => {
    const chunk = own(65_536)
    releaseChunk(chunk)
    assert.equal(chunk.length, 0)
  })
  it('keeps it where it is a view of something larger, or small', () => {
    const whole = own(131_072)
    const view = whole.subarray(0, 65_536)
    const small = own(1024)
    releaseChunk(view)
    releaseChunk(small)
    assert.equal(view.length, 65_536)
    assert.equal(whole.length, 131_072)
    assert.equal(small.length, 1024)
  })
})
