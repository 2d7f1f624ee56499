// Forms of browsers: what the policy does not allow has no effect.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { type FormUpload, postForm } from '../form.ts'
import { type Running, startInProcess } from '../server.ts'
import { onlyKeys } from './assertions.ts'

let running: Running
before(async () => {
  running = await startInProcess({ buckets: ['bucket', 'other'] })
})
after(() => running.close())

const good: FormUpload = {
  bucket: 'bucket',
  conditions: [
    { bucket: 'bucket' },
    ['starts-with', '$key', 'up/'],
    ['content-length-range', 2, 100],
  ],
  fields: { key: 'up/a' },
  file: 'hello',
}

test('row 26: a form that keeps to its policy uploads', async () => {
  const { client } = running
  const answer = await postForm(client, good)
  assert.equal(answer.status, 204, answer.text)
  assert.equal((await client.get('/bucket/up/a')).text, 'hello')
  await client.delete('/bucket/up/a')
})

const attacks: Readonly<Record<string, [Partial<FormUpload>, RegExp]>> = {
  'a policy that expired': [{ expiration: Date.now() - 1000 }, /^403 AccessDenied$/],
  'another bucket': [{ bucket: 'other' }, /^403 AccessDenied$/],
  'a key outside the policy': [{ fields: { key: 'down/a' } }, /^403 AccessDenied$/],
  'a file of nothing': [{ file: '' }, /^400 EntityTooSmall$/],
  'a file too large': [{ file: randomBytes(101) }, /^400 EntityTooLarge$/],
  'a file far too large': [{ file: randomBytes(300_000) }, /^400 EntityTooLarge$/],
  'a field not in the policy': [
    { fields: { key: 'up/a', 'x-amz-meta-more': '1' } },
    /^403 AccessDenied$/,
  ],
  'an ACL not in the policy': [
    { fields: { key: 'up/a', acl: 'public-read' } },
    /^403 AccessDenied$/,
  ],
  'tags not in the policy': [
    { fields: { key: 'up/a', tagging: '<Tagging><TagSet/></Tagging>' } },
    /^403 AccessDenied$/,
  ],
  'the file first': [
    { fileFirst: true },
    /^(?:400 (?:MalformedPOSTRequest|InvalidArgument|UserKeyMustBeSpecified)|403 AccessDenied)$/,
  ],
  'no key': [{ fields: {} }, /^400 (?:InvalidArgument|UserKeyMustBeSpecified)$/],
  'another secret': [{ secret: 'guessed' }, /^403 SignatureDoesNotMatch$/],
}
for (const [name, [change, wanted]] of Object.entries(attacks)) {
  test(`row 26: ${name}`, async () => {
    const answer = await postForm(running.client, { ...good, ...change })
    assert.match(`${answer.status} ${answer.code}`, wanted, answer.text)
    await onlyKeys(running, [])
    assert.deepEqual(await running.client.keys('other'), [])
  })
}

test('row 26: ${filename} with a path in it stays a key under the prefix, and nothing else', async () => {
  const { client } = running
  const upload = { ...good, fields: { key: 'up/${filename}' } }
  const answer = await postForm(client, { ...upload, filename: '../x' })
  assert.equal(answer.status, 204, answer.text)
  const [key = '', ...more] = await client.keys()
  assert.deepEqual(more, [])
  assert.ok(['up/../x', 'up/x'].includes(key), key)
  await client.delete(`/bucket/${key}`)
})

test('row 26: a form of nobody, and one that is no form', async () => {
  const { client } = running
  const headers = { 'content-type': 'multipart/form-data; boundary=b' }
  const nobody =
    '--b\r\nContent-Disposition: form-data; name="key"\r\n\r\na\r\n--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--b--\r\n'
  const answer = await client.plain({ method: 'POST', target: '/bucket', headers, body: nobody })
  assert.equal(`${answer.status} ${answer.code}`, '403 AccessDenied')
  for (const body of ['', 'x', '--b', '--b\r\n\r\n', `--b\r\n${'a: b\r\n'.repeat(10_000)}`]) {
    const broken = await client.plain({ method: 'POST', target: '/bucket', headers, body })
    assert.equal(broken.status, 400, broken.text)
  }
  await onlyKeys(running, [])
})
