/** Memory of a body's chunks is given back, and only such as nobody else sees. */
import assert from 'node:assert/strict'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, it } from 'node:test'
import { RequestBody, releaseChunk } from './http-body.ts'

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

function messageOf(...chunks: string[]) {
  const message = new IncomingMessage(new Socket())
  for (const chunk of chunks) message.push(Buffer.from(chunk))
  return message
}

async function rest(body: RequestBody): Promise<string> {
  let text = ''
  for await (const chunk of body) text += chunk.toString()
  return text
}

describe('a body that is asked for as a whole', () => {
  it('is handed over when the message is complete, once', async () => {
    const message = messageOf('all of it')
    message.complete = true
    const body = new RequestBody(message)
    assert.equal(body.whole()?.toString(), 'all of it')
    assert.equal(body.whole(), undefined)
    assert.equal(body.received, 9)
    assert.equal(await rest(body), '')
  })
  it('stays as it is while more is to come', async () => {
    const message = messageOf('some')
    const body = new RequestBody(message)
    assert.equal(body.whole(), undefined)
    message.push(Buffer.from(' more'))
    message.complete = true
    assert.equal(await rest(body), 'some more')
  })
})
