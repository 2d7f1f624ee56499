/** Lines of the logs: valid JSON whatever is in them, without secrets, rotated. */

import assert from 'node:assert/strict'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { newRecord } from '../gateway/message.ts'
import { character } from '../model/characters.fixture.ts'
import { LogFile } from './log-files.ts'
import { accessLine, auditLine, isAudited, type RequestFacts } from './log-lines.ts'
import { createLogs, logPlaces, openLogFiles } from './logs.ts'

const facts: RequestFacts = {
  remote: '::1',
  method: 'GET',
  target: '/b/k?X-Amz-Signature=sig&X-Amz-Security-Token=tok',
  status: 200,
  bytesIn: 0,
  bytesOut: 5,
  milliseconds: 1.23456,
  userAgent: 'aws-cli',
  referer: 'https://a.example/?X-Amz-Signature=sig#tok',
  failure: undefined,
}

test('a line is JSON whatever the key is', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: character }),
      fc.string({ unit: character }),
      (key, userAgent) => {
        const record = { ...newRecord('R'), operation: 'GetObject', bucket: 'b', key }
        const line = accessLine(record, { ...facts, userAgent })
        assert.equal(line.indexOf('\n'), line.length - 1)
        const read = JSON.parse(line)
        assert.equal(read.key ?? '', key)
        assert.equal(read.userAgent ?? '', userAgent)
        assert.equal(read.ms, 1.235)
      },
    ),
  )
})

test('a line says what was done, whatever was done before', () => {
  const names = ['operation', 'volume', 'bucket', 'key', 'accessKeyId', 'account', 'identity']
  const some = fc.constantFrom('', 'a', 'b')
  const records = fc.record(Object.fromEntries([...names, 'subject'].map(name => [name, some])))
  const facing = fc.record({ remote: some, method: some })
  fc.assert(
    fc.property(fc.array(fc.tuple(records, facing), { maxLength: 8 }), all => {
      for (const [record, faced] of all) {
        const said = { ...newRecord('R'), ...record }
        const { time, requestId, ...read } = JSON.parse(auditLine(said, { ...facts, ...faced }))
        assert.ok(time.length === 24 && requestId === 'R')
        const told = Object.entries(record).filter(([, value]) => value !== '')
        assert.deepEqual(read, {
          ...Object.fromEntries(told),
          operation: record['operation'],
          remote: faced.remote,
          method: faced.method,
          ...(record['bucket'] === '' ? { path: '/b/k' } : {}),
          status: 200,
          result: 'done',
        })
      }
    }),
  )
})

test('what is written is whole, however long and in whatever script', () => {
  const folder = mkdtempSync(join(tmpdir(), 'moongate-log-'))
  try {
    const path = join(folder, 'access.log')
    const file = new LogFile({ to: path, maxBytes: 1e9, keep: 1 })
    const texts = [
      'a\n',
      '\u00e9\u{1f600}\n',
      'a'.repeat(40_000),
      '\u20ac'.repeat(40_000),
      'b'.repeat(70_000),
    ]
    for (const text of texts) file.write(text)
    assert.equal(readFileSync(path, 'utf8'), texts.join(''))
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('attack 48: neither query nor referer bring signatures or tokens into a line', () => {
  for (const line of [accessLine(newRecord('R'), facts), auditLine(newRecord('R'), facts)]) {
    assert.doesNotMatch(line, /sig|tok/i)
    assert.equal(JSON.parse(line).path, '/b/k')
  }
})

test('the audit log has changes of buckets and refusals, not the writes of objects', () => {
  const of = (operation: string, status = 200) =>
    isAudited({ ...newRecord('R'), operation }, status)
  assert.ok(of('CreateBucket') && of('DeleteBucket') && of('PutBucketVersioning'))
  const refusedKey = {
    ...newRecord('R'),
    operation: 'GetObject',
    accessKeyId: 'KEY',
    error: 'AccessDenied',
  }
  assert.ok(isAudited(refusedKey, 403))
  // Anybody can have as many of these as they like; the access log has them.
  const anonymous = { ...newRecord('R'), operation: 'GetObject', error: 'AccessDenied' }
  assert.ok(!isAudited(anonymous, 403))
  assert.ok(isAudited({ ...anonymous, operation: 'DeleteBucket' }, 403))
  assert.ok(isAudited({ ...anonymous, error: 'SignatureDoesNotMatch' }, 403))
  const malformed = { ...newRecord('R'), error: 'AuthorizationHeaderMalformed' }
  assert.ok(isAudited(malformed, 400) && !isAudited(newRecord('R'), 400))
  for (const name of [
    'iam:CreateUser',
    'iam:PutUserPolicy',
    'sts:AssumeRole',
    'sts:GetSessionToken',
    'admin:CreateKey',
  ])
    assert.ok(of(name), name)
  for (const name of [
    'iam:GetUser',
    'iam:ListUsers',
    'iam:GenerateCredentialReport',
    'sts:GetCallerIdentity',
    'iam:Unknown',
    'admin:TestPolicy',
  ])
    assert.ok(!of(name), name)
  assert.ok(
    !of('PutObject') && !of('DeleteObjects') && !of('ListBuckets') && !of('GetBucketTagging'),
  )
})

test('who within an account it was, and whom a call is about', () => {
  const identity = 'arn:aws:iam::123456789012:user/ann'
  const record = { ...newRecord('R'), operation: 'iam:DeleteUser', identity, subject: 'b"ob' }
  const read = JSON.parse(auditLine(record, facts))
  assert.equal(read.identity, identity)
  assert.equal(read.subject, 'b"ob')
  assert.ok(!('identity' in JSON.parse(auditLine(newRecord('R'), facts))))
})

test('lines are handed on in batches, and at the latest when flushed', () => {
  const batches: string[] = []
  const wanted = { access: true, audit: false, server: true }
  const logs = createLogs({ logLevel: 'error' }, wanted, (_, text) => batches.push(text))
  for (let i = 0; i < 1000; i++) logs.request(newRecord(`R${i}`), facts)
  logs.flush()
  assert.ok(batches.length > 1 && batches.length < 100)
  assert.ok(batches.every(text => text.endsWith('}\n')))
  assert.equal(batches.join('').split('\n').length, 1001)
})

test('a failed request is in the server log with its cause', () => {
  const lines: string[] = []
  const wanted = { access: false, audit: false, server: true }
  const logs = createLogs({ logLevel: 'info' }, wanted, (_, text) => lines.push(text))
  const record = { ...newRecord('R7'), error: 'InternalError', cause: new Error('disk gone') }
  logs.request(record, { ...facts, status: 500 })
  const read = JSON.parse(lines[0] ?? '')
  assert.equal(read.requestId, 'R7')
  assert.equal(read.err.message, 'disk gone')
})

test('a log file is renamed when it has grown, and only so many are kept', () => {
  const folder = mkdtempSync(join(tmpdir(), 'moongate-logs-'))
  try {
    const path = join(folder, 'deep', 'access.log')
    const file = new LogFile({ to: path, maxBytes: 1000, keep: 2 })
    for (let i = 0; i < 100; i++) file.write(`${String(i).padStart(99, '0')}\n`)
    assert.deepEqual(readdirSync(join(folder, 'deep')).toSorted(), [
      'access.log',
      'access.log.1',
      'access.log.2',
    ])
    assert.equal(statSync(`${path}.1`).size, 1000)
    assert.match(readFileSync(`${path}.1`, 'utf8'), /99\n$/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a log that cannot be written drops lines, says so once, and goes on when it can be', () => {
  const folder = mkdtempSync(join(tmpdir(), 'moongate-logs-'))
  try {
    const blocked = join(folder, 'logs')
    writeFileSync(blocked, 'no folder')
    const told: string[] = []
    let now = 0
    const file = new LogFile(
      { to: join(blocked, 'a.log'), maxBytes: 1000, keep: 2 },
      { now: () => now, tell: words => told.push(words) },
    )
    file.write('1\n2\n')
    rmSync(blocked)
    file.write('3\n')
    assert.equal(told.length, 1)
    now += 60_000
    file.write('4\n')
    file.write('5\n')
    assert.equal(readFileSync(join(blocked, 'a.log'), 'utf8'), '4\n5\n')
    assert.equal(told.length, 2)
    assert.match(told[1] ?? '', /3 lines/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a log on the full disk is left alone, and goes on once there is room', () => {
  const folder = mkdtempSync(join(tmpdir(), 'moongate-logs-'))
  try {
    const disk = { full: false }
    const config = { data: folder, memory: false, logFileSize: 1000, logFiles: 1 }
    const { emit } = openLogFiles({ ...config, accessLog: undefined, auditLog: undefined }, disk)
    emit('access', '1\n')
    const path = join(folder, 'logs', 'access.log')
    disk.full = true
    emit('access', '2\n')
    assert.equal(readFileSync(path, 'utf8'), '1\n')
    disk.full = false
    emit('audit', '3\n')
    assert.equal(readFileSync(join(folder, 'logs', 'audit.log'), 'utf8'), '3\n')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('where logs go', () => {
  const usual = { data: 'd', memory: false, logFileSize: 1, logFiles: 1 }
  const places = logPlaces({ ...usual, accessLog: undefined, auditLog: '-' })
  assert.deepEqual(places, { access: join('d', 'logs', 'access.log'), audit: 1, server: 2 })
  const memory = logPlaces({ ...usual, memory: true, accessLog: undefined, auditLog: 'x.log' })
  assert.deepEqual(memory, { access: undefined, audit: 'x.log', server: 2 })
})

test('a log that cannot be written is refused by name before the server serves', () => {
  const data = mkdtempSync(join(tmpdir(), 'moongate-logs-'))
  try {
    const config = { accessLog: 'off', auditLog: 'off', data, memory: false }
    const sizes = { logFileSize: 1, logFiles: 1 }
    const prove = (more: object) => openLogFiles({ ...config, ...sizes, ...more }).prove()
    assert.throws(() => prove({ accessLog: data }), {
      name: 'ConfigError',
      message: `the access log ${data} cannot be written: it is a folder.`,
    })
    writeFileSync(join(data, 'file'), '')
    assert.throws(() => prove({ auditLog: join(data, 'file', 'x.log') }), {
      name: 'ConfigError',
      message: /^the audit log .*x\.log cannot be written: what is to be a folder is none\.$/,
    })
    if (existsSync('/proc/self'))
      assert.throws(() => prove({ accessLog: '/proc/x/y.log' }), { name: 'ConfigError' })
    writeFileSync(join(data, 'logs'), '')
    assert.throws(() => prove({ accessLog: undefined }), { name: 'FolderUnusable' })
    prove({ accessLog: join(data, 'new', 'a.log'), auditLog: '-' })
    assert.equal(statSync(join(data, 'new', 'a.log')).mode & 0o777, 0o600)
  } finally {
    rmSync(data, { recursive: true })
  }
})
