// Headers that want to be more than values, and documents that want to be more than documents.

import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { after, before, test } from 'node:test'
import { element } from '../client.ts'
import { type Running, startInProcess } from '../server.ts'
import { onlyKeys, refused } from './assertions.ts'

let running: Running
before(async () => {
  running = await startInProcess()
})
after(() => running.close())

test('row 35: internal headers of this and other servers are ignored and never stored', async () => {
  const { client } = running
  const headers = {
    'x-moongate-internal-owner': 'root',
    'x-moongate-actor': 'root',
    'x-minio-replication-actual-object-size': '1',
    'x-minio-source-etag': 'forged',
    'x-minio-source-mtime': '2001-01-01T00:00:00Z',
    'x-minio-internal-server-side-encryption-sealed-key': 'forged',
    'x-rgw-object-type': 'Appendable',
    'x-amz-replication-status': 'REPLICA',
    'x-amz-version-id': 'forged',
  }
  const answer = await client.put('/bucket/internal', 'x', headers)
  assert.ok([200, 400].includes(answer.status))
  const told = await client.head('/bucket/internal')
  for (const [name, value] of Object.entries(headers))
    assert.notEqual(told.headers[name], value, name)
  assert.notEqual(told.headers['etag'], '"forged"')
  assert.ok(!/2001/.test(told.headers['last-modified'] ?? ''))
  const refusedKey = await running.stranger.get('/bucket/internal', headers)
  refused(refusedKey, 403, 'AccessDenied')
  await client.delete('/bucket/internal')
})

test('row 38: an origin is never told that credentials may come along', async () => {
  const { client } = running
  await client.put('/bucket/page', 'x')
  const answer = await client.get('/bucket/page', { origin: 'https://evil.example' })
  assert.equal(answer.headers['access-control-allow-origin'], '*')
  assert.equal(answer.headers['access-control-allow-credentials'], undefined)
  const preflight = await client.plain({
    method: 'OPTIONS',
    target: '/bucket/page',
    headers: { origin: 'https://evil.example', 'access-control-request-method': 'PUT' },
  })
  assert.equal(preflight.status, 200)
  assert.equal(preflight.headers['access-control-allow-origin'], '*')
  assert.equal(preflight.headers['access-control-allow-credentials'], undefined)
  await client.delete('/bucket/page')
})

test('row 38: line ends in response-content-*, metadata and content types', async () => {
  const { client } = running
  await client.put('/bucket/page', 'x')
  const names = ['type', 'disposition', 'language', 'encoding'].map(
    name => `response-content-${name}`,
  )
  for (const name of [...names, 'response-cache-control', 'response-expires']) {
    for (const evil of ['a%0D%0ASet-Cookie:%20a=b', 'a%0Ab', 'a%00b', 'a%0Db']) {
      const answer = await client.get(`/bucket/page?${name}=${evil}`)
      refused(answer, 400, 'InvalidArgument')
      assert.equal(answer.headers['set-cookie'], undefined)
    }
  }
  await client.delete('/bucket/page')
})

test('row 39: response-* overrides of an anonymous GET', async () => {
  const { client } = running
  await client.put('/bucket/page', '<script>1</script>', { 'content-type': 'text/html' })
  const target = '/bucket/page?response-content-type=text/html'
  const answer = await client.plain({ target })
  assert.match(`${answer.status} ${answer.code}`, /^(?:400 InvalidRequest|403 AccessDenied)$/)
  assert.equal((await client.get(target)).headers['content-type'], 'text/html')
  await client.delete('/bucket/page')
})

const open = '<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
const one = '<Object><Key>kept</Key></Object>'
const documents: Readonly<Record<string, string>> = {
  'a DTD': `<!DOCTYPE Delete SYSTEM "http://127.0.0.1:1/x.dtd">${open}${one}</Delete>`,
  'an external entity': `<!DOCTYPE D [<!ENTITY x SYSTEM "file:///etc/passwd">]>${open}<Object><Key>&x;</Key></Object></Delete>`,
  'a billion laughs': `<!DOCTYPE D [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>${open}<Object><Key>&b;</Key></Object></Delete>`,
  'an unknown entity': `${open}<Object><Key>&unknown;</Key></Object></Delete>`,
  '10,000 levels': `${open}${'<a>'.repeat(10_000)}${'</a>'.repeat(10_000)}</Delete>`,
  '1,001 objects': `${open}${one.repeat(1001)}</Delete>`,
  'no object': `${open}</Delete>`,
  'another root': `<Other>${one}</Other>`,
  'bytes behind its end': `${open}${one}</Delete>trailing`,
  'a second root': `${open}${one}</Delete><Delete/>`,
  'an element not closed': `${open}${one}`,
  'an attribute twice': `<Delete a="1" a="2">${one}</Delete>`,
  'a raw control character': `${open}<Object><Key>kept\u0001</Key></Object></Delete>`,
  'a reference to NUL': `${open}<Object><Key>kept&#0;</Key></Object></Delete>`,
  'no document': 'just text',
  nothing: '',
}
for (const [name, text] of Object.entries(documents)) {
  test(`row 40: a document with ${name}`, async () => {
    const { client } = running
    await client.put('/bucket/kept', 'kept')
    const headers = { 'content-md5': hash('md5', text, 'base64') }
    const answer = await client.post('/bucket?delete', text, headers)
    assert.match(
      `${answer.status} ${answer.code}`,
      /^400 (?:MalformedXML|MissingRequestBodyError)$/,
      answer.text,
    )
    await onlyKeys(running, ['kept'])
  })
}

test('row 40: a document of 10 MB is refused, its bytes not kept', async () => {
  const text = `${open}${' '.repeat(10_000_000)}${one}</Delete>`
  const headers = { 'content-md5': hash('md5', text, 'base64') }
  const answer = await running.client.post('/bucket?delete', text, headers)
  assert.match(`${answer.status} ${answer.code}`, /^400 (?:MalformedXML|MaxMessageLengthExceeded)$/)
  await onlyKeys(running, ['kept'])
})

test('row 40: a document of the wrong namespace, of none, and with entities of XML’s own', async () => {
  const { client } = running
  const send = (text: string) =>
    client.post('/bucket?delete', text, { 'content-md5': hash('md5', text, 'base64') })
  const wrong = await send(`<Delete xmlns="http://evil.example/">${one}</Delete>`)
  assert.ok(wrong.code === 'MalformedXML' || wrong.status === 200)
  await client.put('/bucket/a%26b%3C', 'x')
  const answer = await send('<Delete><Object><Key>a&amp;b&#x3C;</Key></Object></Delete>')
  assert.equal(answer.status, 200)
  assert.equal(element(answer.text, 'Key'), 'a&b<')
  assert.ok(!(await client.keys()).includes('a&b<'))
})
