/** Counters become Prometheus' text, summed over workers; the server's own paths and who may read them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mayReadMetrics } from '../endpoints/metrics/metrics.ts'
import type { Incoming, Outgoing } from '../gateway/message.ts'
import { newRecord } from '../gateway/message.ts'
import { errorTable } from '../model/errors.ts'
import { queryErrorTable } from '../model/query-errors.ts'
import { Counters, countersBytes, statusLabels } from './counters.ts'
import { printMetrics } from './metrics.ts'
import { withOwnPaths } from './own-paths.ts'

const record = (operation: string, error = '') => ({ ...newRecord('R'), operation, error })
const seen = { status: 200, milliseconds: 3, bytesIn: 7, bytesOut: 11 }

test('requests of all workers are summed by operation and status', async () => {
  const workers = [0, 1].map(() => new Counters(new SharedArrayBuffer(countersBytes)))
  for (const worker of workers) worker.count(record('GetObject'), seen)
  workers[1]?.count(record('GetObject', 'NoSuchKey'), {
    ...seen,
    status: 404,
    milliseconds: 99_999,
  })
  workers[0]?.count(record('NoSuchOperation', 'NoSuchError'), { ...seen, status: 299 })
  const gauge = { name: 'moongate_test', help: 'x', value: 5 }
  const { text, contentType } = await printMetrics(workers, [gauge])
  assert.match(contentType, /^text\/plain/)
  for (const line of [
    'moongate_requests_total{operation="GetObject",status="200"} 2',
    'moongate_requests_total{operation="GetObject",status="404"} 1',
    'moongate_requests_total{operation="-",status="other"} 1',
    'moongate_errors_total{code="NoSuchKey"} 1',
    'moongate_errors_total{code="other"} 1',
    'moongate_received_bytes_total{operation="GetObject"} 21',
    'moongate_sent_bytes_total{operation="GetObject"} 33',
    'moongate_request_duration_seconds_bucket{operation="GetObject",le="0.0025"} 0',
    'moongate_request_duration_seconds_bucket{operation="GetObject",le="0.005"} 2',
    'moongate_request_duration_seconds_bucket{operation="GetObject",le="+Inf"} 3',
    'moongate_request_duration_seconds_count{operation="GetObject"} 3',
    'moongate_test 5',
  ])
    assert.ok(text.includes(`${line}\n`), line)
  assert.match(text, /\nprocess_resident_memory_bytes \d+/)
})

const incoming = (target: string, headers: Record<string, string> = {}, remote = '127.0.0.1') =>
  ({ method: 'GET', target, headers, remoteAddress: remote }) as unknown as Incoming

const gateway = async (): Promise<Outgoing> => ({
  status: 299,
  headers: [],
  body: undefined,
  record: newRecord('G'),
})

test('the server answers its own paths, and no signed request or other path', async () => {
  const health: { state: 'starting' | 'ready' | 'draining'; diskFull?: boolean } = {
    state: 'starting',
  }
  const handler = withOwnPaths(gateway, {
    health,
    metricsToken: undefined,
    printMetrics: async () => ({ text: 'm', contentType: 'text/plain' }),
  })
  const status = async (request: Incoming) => (await handler(request)).status
  assert.equal(await status(incoming('/-/health/live')), 200)
  assert.equal(await status(incoming('/-/health/ready?x')), 503)
  health.state = 'ready'
  assert.equal(await status(incoming('/-/health/ready')), 200)
  assert.equal((await handler(incoming('/-/health/ready'))).body, '{"status":"ready"}')
  // Objects can still be read and deleted there.
  health.diskFull = true
  assert.equal(await status(incoming('/-/health/ready')), 200)
  const { body } = await handler(incoming('/-/health/ready'))
  assert.equal(body, '{"status":"ready","disk":"full"}')
  health.state = 'draining'
  assert.equal(await status(incoming('/-/health/ready')), 503)
  assert.equal(await status(incoming('/-/metrics')), 200)
  assert.equal(await status(incoming('/-/metrics', {}, '10.0.0.1')), 403)
  assert.equal(await status(incoming('/-/metrics?X-Amz-Signature=x')), 299)
  assert.equal(await status(incoming('/-/metrics', { authorization: 'AWS4-HMAC-SHA256 x' })), 299)
  assert.equal(await status(incoming('/-/debug')), 299)
  assert.equal(await status(incoming('/bucket')), 299)
})

test('attack 33: metrics are for this machine or for who has the token', () => {
  const from = (remoteAddress: string, headers: Record<string, string> = {}) => ({
    remoteAddress,
    headers,
  })
  assert.equal(mayReadMetrics(from('127.0.0.1'), undefined), true)
  assert.equal(mayReadMetrics(from('::1'), undefined), true)
  assert.equal(
    mayReadMetrics(from('127.0.0.1', { 'x-forwarded-for': '1.2.3.4' }), undefined),
    false,
  )
  for (const host of ['127.0.0.1:9000', '[::1]:9000', 'localhost', 'LOCALHOST:80', '10.0.0.1'])
    assert.equal(mayReadMetrics(from('127.0.0.1', { host }), undefined), true, host)
  for (const host of [
    'evil.example',
    'evil.example:9000',
    'localhost.evil.example',
    '[x]',
    '',
    ':1',
  ])
    assert.equal(mayReadMetrics(from('127.0.0.1', { host }), undefined), false, host)
  const page = { host: 'localhost', origin: 'https://evil.example' }
  assert.equal(mayReadMetrics(from('127.0.0.1', page), undefined), false)
  assert.equal(mayReadMetrics(from('192.168.1.1'), undefined), false)
  assert.equal(mayReadMetrics(from('127.0.0.1'), 'token'), false)
  assert.equal(mayReadMetrics(from('1.2.3.4', { authorization: 'Bearer token' }), 'token'), true)
  assert.equal(mayReadMetrics(from('1.2.3.4', { authorization: 'Bearer tokem' }), 'token'), false)
})

test('every status that an error has is counted by itself', () => {
  const statuses = [...Object.values(errorTable), ...Object.values(queryErrorTable)].map(
    ([status]) => String(status),
  )
  assert.deepEqual(
    statuses.filter(status => !statusLabels.includes(status)),
    [],
  )
})
