/** When the chunks of a body are given back to the server. */
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { describe, it } from 'node:test'
import { unsignedPayload } from '../wire/auth/payload.ts'
import { hashBytes, readyChecksums } from '../wire/checksums/hashers.ts'
import { RequestBody } from './body.ts'
import type { Incoming } from './message.ts'

await readyChecksums()

const chunks = ['one ', 'two ', 'three'].map(text => Buffer.from(text))

function setUp(whole?: () => Buffer | undefined) {
  const released: Buffer[] = []
  const incoming: Incoming = {
    method: 'PUT',
    target: '/b/k',
    headers: { 'content-length': '13' },
    rawHeaders: ['Content-Length', '13'],
    remoteAddress: '127.0.0.1',
    secure: false,
    body: (async function* () {
      yield* chunks
    })(),
    release: chunk => void released.push(chunk),
    proceed: () => undefined,
    ...(whole === undefined ? {} : { whole }),
  }
  const sender = { payload: unsignedPayload, signer: undefined }
  return { released, body: new RequestBody(incoming, sender, 'of body') }
}

describe('a body', () => {
  it('gives each chunk of a stream back when the next one is asked for, and not before', async () => {
    const { released, body } = setUp()
    const { source } = await body.receive(['CRC32'], 0)
    let seen = 0
    for await (const chunk of source) {
      assert.equal(chunk, chunks[seen])
      assert.deepEqual(released, chunks.slice(0, seen))
      seen += 1
    }
    assert.deepEqual(released, chunks)
  })
  it('keeps all of them where it is told in one piece', async () => {
    const { released, body } = setUp()
    const { bytes } = await body.receive(['CRC32'], 1024)
    assert.equal(Buffer.from(bytes ?? []).toString(), 'one two three')
    assert.deepEqual(released, [])
  })
  it('takes what is here already without asking for chunks', async () => {
    const all = Buffer.from('three two one')
    const received = await setUp(() => all).body.receive(['CRC32'], 1024)
    assert.equal(Buffer.from(received.bytes ?? []).toString(), 'three two one')
    assert.deepEqual(received.digests(), {
      size: 13,
      md5: hash('md5', all, 'hex'),
      checksums: { CRC32: hashBytes('CRC32', all) },
    })
  })
  it('asks for chunks where not all of it is here', async () => {
    const { bytes } = await setUp(() => undefined).body.receive(['CRC32'], 1024)
    assert.equal(Buffer.from(bytes ?? []).toString(), 'one two three')
  })
  it('refuses what is here and shorter than it was said to be', async () => {
    const { body } = setUp(() => Buffer.from('short'))
    await assert.rejects(body.receive(['CRC32'], 1024), { code: 'IncompleteBody' })
  })
})
