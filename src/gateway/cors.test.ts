import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Cors } from './cors.ts'
import type { Incoming } from './message.ts'

const from = (headers: Record<string, string>): Incoming => ({
  method: 'OPTIONS',
  target: '/bucket/key',
  headers,
  rawHeaders: [],
  remoteAddress: '127.0.0.1',
  secure: false,
  body: { async *[Symbol.asyncIterator]() {} },
  proceed() {},
})
const ask = { origin: 'https://page.example', 'access-control-request-method': 'PUT' }

/** What the gateway sends for a preflight. */
function answered(cors: Cors, headers: Record<string, string>): string[] {
  const incoming = from(headers)
  const answer = cors.preflight(incoming)
  cors.expose(incoming, answer)
  return answer
}

const valuesOf = (answer: readonly string[], name: string): string[] =>
  answer.filter((_, index) => index % 2 === 1 && answer[index - 1] === name)

test('a preflight names the allowed origin once, as browsers insist', () => {
  assert.deepEqual(valuesOf(answered(new Cors(['*']), ask), 'Access-Control-Allow-Origin'), ['*'])
  const own = answered(new Cors([ask.origin]), ask)
  assert.deepEqual(valuesOf(own, 'Access-Control-Allow-Origin'), [ask.origin])
  assert.deepEqual(valuesOf(own, 'Access-Control-Allow-Credentials'), [])
})

test('a page of another origin, or an unknown method, is refused', () => {
  const refused = (error: Error & { code?: string }) => error.code === 'AccessForbidden'
  assert.throws(() => answered(new Cors(['https://other.example']), ask), refused)
  assert.throws(() => answered(new Cors([]), ask), refused)
  const patch = { ...ask, 'access-control-request-method': 'PATCH' }
  assert.throws(() => answered(new Cors(['*']), patch), refused)
})

test('a page may read ETag, Content-Range and x-amz headers, and nothing unknown', () => {
  const answer = ['ETag', '"e"', 'x-amz-meta-a', 'b', 'Server', 's']
  new Cors(['*']).expose(from({ origin: ask.origin }), answer)
  const [names = ''] = valuesOf(answer, 'Access-Control-Expose-Headers')
  const listed = names.split(', ')
  // Content-Range also where the answer has none: the browser's cache may make a partial answer of it.
  for (const name of ['ETag', 'Content-Range', 'x-amz-meta-a'])
    assert.ok(listed.includes(name), name)
  assert.ok(!listed.includes('Server'))
})
