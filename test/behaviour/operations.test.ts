// Every operation of S3 answers: what is built does its work, what is not says so by its name, nothing falls through.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { operationNames, operations, shapeOf } from '../../src/model/operations.ts'
import { operations as table } from '../../src/operations/index.ts'
import { elements } from '../client.ts'
import { type Running, startInProcess } from '../server.ts'

const built: Readonly<Partial<Record<string, object>>> = table
let running: Running
before(async () => {
  running = await startInProcess()
  await running.client.put('/bucket/object', 'kept')
})
after(() => running.close())

const unchanged = async () => {
  assert.deepEqual(elements((await running.client.get('/')).text, 'Name'), ['bucket'])
  assert.equal((await running.client.get('/bucket/object')).text, 'kept')
}

const paths = { service: '/', bucket: '/bucket', object: '/bucket/object' } as const

/** A request that means this operation and, if it is not built, must change nothing. */
function requestOf(name: (typeof operationNames)[number]) {
  const { method, level, query = [], input } = operations[name]
  const parameters = query.map(([word, value]) => (value === undefined ? word : `${word}=${value}`))
  for (const member of shapeOf(input).members)
    if (member.in === 'query' && member.required === true)
      parameters.push(`${member.as ?? member.name}=1`)
  const special: Readonly<Record<string, string>> = {
    WriteGetObjectResponse: '/WriteGetObjectResponse',
  }
  const path = special[name] ?? paths[level]
  const target = parameters.length === 0 ? path : `${path}?${parameters.join('&')}`
  return { method, target }
}

test('AWS’s model has 112 operations, and the form upload makes one more', () => {
  assert.equal(operationNames.length, 113)
})

const unbuilt = operationNames.filter(name => built[name] === undefined)
for (const name of unbuilt.filter(operation => operation !== 'ListDirectoryBuckets')) {
  test(`${name} is not built, and says so`, async () => {
    const { client } = running
    const { method, target } = requestOf(name)
    const answer = await client.send({ method, target })
    if (method === 'HEAD') assert.equal(answer.status, 501)
    else {
      assert.equal(`${answer.status} ${answer.code}`, '501 NotImplemented', answer.text)
      assert.match(answer.text, new RegExp(`\\b${name}\\b`))
    }
    await unchanged()
  })
}

const reads = operationNames.filter(
  name => built[name] !== undefined && operations[name].method === 'GET',
)
for (const name of reads) {
  test(`${name} is built, and answers`, async () => {
    const { target } = requestOf(name)
    const answer = await running.client.get(target)
    assert.notEqual(answer.status, 501)
    assert.ok(answer.status < 500, answer.text)
  })
}

/** What AWS says of a bucket on which nothing was set; a string is an error, whose answer has status 404. */
const unset: Readonly<Record<string, string | RegExp>> = {
  accelerate: /<AccelerateConfiguration [^>]*\/?>(<\/AccelerateConfiguration>)?$/,
  cors: 'NoSuchCORSConfiguration',
  encryption: 'ServerSideEncryptionConfigurationNotFoundError',
  lifecycle: 'NoSuchLifecycleConfiguration',
  logging: /<BucketLoggingStatus [^>]*\/?>(<\/BucketLoggingStatus>)?$/,
  notification: /<NotificationConfiguration [^>]*\/?>(<\/NotificationConfiguration>)?$/,
  replication: 'ReplicationConfigurationNotFoundError',
  website: 'NoSuchWebsiteConfiguration',
  analytics: /<IsTruncated>false<\/IsTruncated><\/ListBucketAnalyticsConfigurationResult>$/,
  'intelligent-tiering':
    /<IsTruncated>false<\/IsTruncated><\/ListBucketIntelligentTieringConfigurationsOutput>$/,
  inventory: /<IsTruncated>false<\/IsTruncated><\/ListInventoryConfigurationsResult>$/,
  metrics: /<IsTruncated>false<\/IsTruncated><\/ListMetricsConfigurationsResult>$/,
  'object-lock': 'ObjectLockConfigurationNotFoundError',
}
for (const [word, told] of Object.entries(unset)) {
  test(`of ${word} a bucket says that nothing is set, to who may ask`, async () => {
    const target = `/bucket?${word}`
    const answer = await running.client.get(target)
    if (typeof told === 'string') {
      assert.equal(`${answer.status} ${answer.code}`, `404 ${told}`)
      assert.deepEqual(elements(answer.text, 'BucketName'), ['bucket'])
    } else {
      assert.equal(answer.status, 200)
      assert.match(answer.text, told)
    }
    assert.equal((await running.stranger.get(target)).code, 'AccessDenied')
    assert.equal((await running.client.get(`/none?${word}`)).code, 'NoSuchBucket')
  })
}

test('words that nobody knows are refused wherever they would change something', async () => {
  const { client } = running
  for (const target of ['/bucket', '/bucket/object']) {
    for (const method of ['PUT', 'DELETE', 'POST']) {
      for (const word of ['unknown', 'quota', 'policy-status', 'append', 'rename']) {
        const answer = await client.send({ method, target: `${target}?${word}` })
        assert.ok(
          [400, 405, 501].includes(answer.status),
          `${method} ${target}?${word}: ${answer.status}`,
        )
      }
    }
  }
  for (const word of ['cors', 'website', 'lifecycle', 'encryption', 'replication'])
    assert.equal((await client.delete(`/bucket?${word}`)).status, 501)
  await unchanged()
})

test('methods that S3 does not have', async () => {
  const { client } = running
  for (const method of ['PATCH', 'PROPFIND', 'MKCOL', 'TRACE']) {
    const answer = await client.send({ method, target: '/bucket/object' })
    assert.ok([400, 405].includes(answer.status), `${method}: ${answer.status}`)
  }
  await unchanged()
})

test('every answer has both of its ids, errors tell them too, and those of HEAD have no body', async () => {
  const { client } = running
  const answers = [
    await client.get('/'),
    await client.get('/bucket/object'),
    await client.get('/bucket/object', { 'if-none-match': '*' }),
    await client.head('/bucket/absent'),
    await client.delete('/bucket/absent'),
    await client.get('/bucket/absent'),
    await client.get('/absent'),
    await client.plain({ target: '/bucket' }),
    await client.plain({ target: '/%zz' }),
    await client.get('/bucket?policy'),
    await client.plain({
      method: 'OPTIONS',
      target: '/',
      headers: { origin: 'http://a', 'access-control-request-method': 'GET' },
    }),
  ]
  const ids = new Set<string | undefined>()
  for (const { headers, text, status } of answers) {
    assert.match(headers['x-amz-request-id'] ?? '', /^[0-9A-Z]{16}$/, String(status))
    assert.ok((headers['x-amz-id-2'] ?? '').length >= 16, `${status} ${text}`)
    ids.add(headers['x-amz-request-id'])
    if (text.includes('<Error>')) {
      assert.ok(text.includes(`<RequestId>${headers['x-amz-request-id']}</RequestId>`))
      assert.ok(text.includes(`<HostId>${headers['x-amz-id-2']}</HostId>`))
    }
  }
  assert.equal(ids.size, answers.length)
  for (const [target, status] of [
    ['/bucket/absent', 404],
    ['/absent', 404],
  ] as const) {
    const { text, headers, ...answer } = await client.head(target)
    assert.equal(answer.status, status)
    assert.equal(text, '')
    assert.ok([undefined, '0'].includes(headers['content-length']))
  }
})
