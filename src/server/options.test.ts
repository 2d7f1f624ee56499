import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError, startGateway } from '../index.ts'
import { configOfOptions } from './options.ts'

const refused = (options: unknown, message: RegExp) =>
  assert.throws(
    () => configOfOptions(options),
    (error: unknown) =>
      error instanceof ConfigError &&
      message.test(error.message) &&
      !/--|MOONGATE_/.test(error.message),
  )

test('an option that is none, or of another type, is refused as the library calls it', () => {
  for (const options of [5, null, 'data', ['a']]) refused(options, /must be an object/)
  refused({ buckts: ['a'] }, /^Unknown option: buckts\. There are buckets, data/)
  refused({ toString: 1 }, /^Unknown option: toString/)
  refused({ buckets: 'photos' }, /^buckets must be a list of texts\.$/)
  refused({ domains: [1] }, /^domains must be a list of texts\.$/)
  refused({ data: 7 }, /^data must be text that is not empty\.$/)
  refused({ accessKeyId: '', secretAccessKey: '' }, /^accessKeyId must be text/)
  refused({ port: '9000' }, /^port must be a number\.$/)
  refused({ sigv2: 'true' }, /^sigv2 must be true or false\.$/)
})

test('a wrong value of an option is refused as the library calls it', () => {
  refused({ port: 70_000 }, /^port must be a whole number/)
  refused({ port: Number.NaN }, /^port must be a whole number/)
  refused({ workers: 2 }, /^workers must be 1 in memory/)
  refused({ domains: ['a b'] }, /^domains must be a domain name/)
  refused({ corsOrigins: ['x'] }, /^corsOrigins must be/)
  refused({ region: 'eu west' }, /^region must be/)
  refused({ buckets: ['A_B'] }, /^buckets must be a valid bucket name; "A_B"/)
  refused({ buckets: ['abc,abd'] }, /^buckets must be a valid bucket name; "abc,abd"/)
  refused({ accessKeyId: 'abc' }, /^accessKeyId and secretAccessKey belong together/)
  refused({ accessKeyId: 'a', secretAccessKey: 'secret' }, /^accessKeyId must be/)
  refused({ accessKeyId: 'abc', secretAccessKey: 'é' }, /^secretAccessKey must be[^é]*$/)
})

test('options become settings, and what is left out the usual of a library', () => {
  const config = configOfOptions({
    buckets: ['abc'],
    data: '/d',
    workers: 3,
    corsOrigins: [],
    accessKeyId: 'abc',
    secretAccessKey: 'secret',
    host: undefined,
  })
  assert.deepEqual([config.data, config.memory, config.workers], ['/d', false, 3])
  assert.deepEqual([config.corsOrigin, config.host, config.port], [[], '127.0.0.1', 0])
  assert.deepEqual([config.rootAccessKeyId, config.rootSecretAccessKey], ['abc', 'secret'])
  assert.deepEqual(
    config.buckets.map(({ name }) => name),
    ['abc'],
  )
  assert.equal(configOfOptions({}).memory, true)
})

test('a wrong option rejects the promise of startGateway', async () => {
  await assert.rejects(startGateway(JSON.parse('{"port": -1}')), ConfigError)
})
