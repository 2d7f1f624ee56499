// 5b rows 33, 36, 45 and 46: the admin API before those who may not, addresses that somebody claims, tenants beside each
// other, and rights that are taken away.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import type { Field } from '../../src/admin/fields.ts'
import type { Route } from '../../src/admin/route.ts'
import { routes } from '../../src/admin/routes/index.ts'
import { admin, anonymously, errorOf } from '../admin.ts'
import { type Answer, Client, element } from '../client.ts'
import { type Key, keyOf, moongate } from '../command-line.ts'
import {
  type Running,
  root,
  spawnServer,
  startInProcess,
  temporaryFolder,
  tenant,
} from '../server.ts'
import { refused } from './assertions.ts'

let running: Running
let rootId: string
let user: Client
let there: Readonly<Record<string, string>>

const done = async (line: string): Promise<void> => {
  const { status, said } = await moongate(running, line)
  assert.equal(status, 0, said)
}

before(async () => {
  running = await startInProcess({ flags: { 'trusted-proxy': '192.0.2.1/32' } })
  const { client, port } = running
  rootId = element((await client.get('/')).text, 'ID')
  for (const line of [
    'volume create vol1',
    'bucket create /vol1/bucket1',
    'bucket link /vol1/bucket1 /vol1/link1',
    'user create ann',
    'user create powerless',
    'group create staff',
    'policy create reports --read bucket',
    'policy create reports --read bucket --user ann',
    'policy create reports --read bucket --group staff',
  ])
    await done(line)
  const trust = { Statement: { Effect: 'Allow', Principal: '*', Action: 'sts:AssumeRole' } }
  await admin(client, 'PUT', '/roles/reader', { trust: { Version: '2012-10-17', ...trust } })
  await done('policy create reports --read bucket --role reader')
  const annKey = await keyOf(running, 'ann')
  user = new Client({ port, ...(await keyOf(running, 'powerless')) })
  there = {
    volume: 'vol1',
    bucket: 'bucket1',
    user: 'ann',
    group: 'staff',
    role: 'reader',
    policy: 'reports',
    key: annKey.accessKeyId,
    sourceVolume: 'vol1',
    sourceBucket: 'bucket1',
    account: rootId,
    owner: rootId,
  }
})
after(() => running.close())

/** As the field wants it, of something that is there or of something that is not. */
function valueOf(name: string, field: Field, exists: boolean, kind: string): unknown {
  if (field.is === 'flag') return undefined
  if (field.is === 'whole') return 5
  if (field.is === 'record') return { Version: '2012-10-17', Statement: [] }
  if (name === 'owner' || (name === 'account' && field.in !== 'path')) return rootId
  if (name === 'bucket' && kind === 'links') return exists ? 'link1' : 'not-there'
  if (name === 'action') return 's3:GetObject'
  if (name === 'status') return 'Inactive'
  if (name === 'expires') return 'never'
  if (name === 'role' && kind === 'TestPolicy') return undefined
  if (field.in === 'query' && field.is === 'text' && there[name] === undefined) return undefined
  const known = name === 'name' ? { users: 'ann', groups: 'staff', roles: 'reader' } : undefined
  const found = known === undefined ? there[name] : known[kind as keyof typeof known]
  return exists ? (found ?? 'text') : 'not-there'
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value)

function requestOf(route: Route, exists: boolean) {
  const { name, path, fields } = route
  const isOfLink = name.endsWith('LinkPolicy')
  const kind = name === 'TestPolicy' ? name : isOfLink ? 'links' : (path.split('/')[1] ?? '')
  const values = Object.entries(fields).map(
    ([field, declared]) => [field, declared.in, valueOf(field, declared, exists, kind)] as const,
  )
  const within = (where: Field['in']) =>
    values.flatMap(([field, at, value]) =>
      at === where && value !== undefined ? [[field, value] as const] : [],
    )
  const filled = within('path').reduce(
    (text, [field, value]) => text.replace(`{${field}}`, encodeURIComponent(textOf(value))),
    path,
  )
  const query = within('query').map(([field, value]) => `${field}=${textOf(value)}`)
  const body = Object.fromEntries(within('body'))
  return {
    path: `${filled}${query.length === 0 ? '' : `?${query.join('&')}`}`,
    body: route.method === 'GET' || route.method === 'DELETE' ? undefined : body,
  }
}

/** The answer without what differs from request to request. */
const saidBy = ({ status, text }: Answer): string => `${status} ${text}`

for (const route of routes) {
  test(`row 33: ${route.name} by those who may not, whether it is there or not`, async () => {
    const denied = `403 ${JSON.stringify({ error: { code: 'AccessDenied', message: 'Access Denied' } })}\n`
    for (const exists of [true, false]) {
      const { path, body } = requestOf(route, exists)
      const nobody = await anonymously(running.client, route.method, path, body)
      assert.equal(`${nobody.status} ${errorOf(nobody).code}`, '401 Unauthorized', path)
      assert.equal(saidBy(await admin(user, route.method, path, body)), denied, path)
      // Everybody may list the volumes that are theirs.
      if (route.name === 'ListVolumes') continue
      assert.equal(saidBy(await admin(running.tenant, route.method, path, body)), denied, path)
    }
  })
}

test('row 33: nothing came of all that', async () => {
  const { client } = running
  const data = async (path: string): Promise<unknown> => {
    const answer = await admin(client, 'GET', path)
    assert.equal(answer.status, 200, answer.text)
    return JSON.parse(answer.text)
  }
  const names = async (path: string, list: string) => {
    const found = (await data(path)) as Record<string, readonly { name: string }[]>
    return found[list]?.map(({ name }) => name).join(' ')
  }
  assert.equal(await names('/volumes', 'volumes'), 'elsewhere s3v vol1')
  assert.equal(await names('/volumes/vol1/buckets', 'buckets'), 'bucket1 link1')
  assert.equal(await names('/users', 'users'), 'ann powerless')
  assert.equal(await names('/groups', 'groups'), 'staff')
  assert.equal(await names('/roles', 'roles'), 'reader')
  assert.equal(await names('/policies', 'policies'), 'reports')
  for (const holder of ['/users/ann', '/groups/staff', '/roles/reader']) {
    assert.equal(await names(`${holder}/inline`, 'policies'), 'reports')
    const { document } = (await data(`${holder}/inline/reports`)) as { document: object }
    assert.match(JSON.stringify(document), /arn:aws:s3:::bucket/)
  }
  const { keys } = (await data('/keys?user=ann')) as { keys: readonly { status: string }[] }
  assert.deepEqual(
    keys.map(({ status }) => status),
    ['Active'],
  )
  const own = (await admin(running.tenant, 'GET', '/volumes')).text
  assert.match(own, /elsewhere/)
  assert.doesNotMatch(own, /vol1|s3v/)
})

test('row 33: own paths and what others have under such names tell nothing to anybody', async () => {
  const { client, tenant: stranger } = running
  const paths = [
    '/-/admin',
    '/-/admin/v1',
    '/-/admin/v1/',
    '/-/admin/v1/nothing',
    '/-/admin/v1/users/..%2f..%2fvolumes',
    '/-/admin/v2/volumes',
    '/-/debug',
    '/debug',
    '/debug/pprof',
    '/admin/v3/info',
    '/minio/admin/v3/info',
    '/config',
    '/.env',
    '/-/config',
    '/-/bootstrap',
  ]
  for (const target of paths) {
    for (const answer of [await client.plain({ target }), await stranger.get(target)]) {
      assert.ok([401, 403, 404].includes(answer.status), `${target}: ${answer.status}`)
      assert.doesNotMatch(answer.text, /MOONGATE|secret|PATH=|node:/i)
    }
  }
  const forwarded = await client.plain({
    target: '/-/metrics',
    headers: { 'x-forwarded-for': '127.0.0.1' },
  })
  assert.equal(forwarded.status, 403)
})

test('row 33: a signature that leaves the body open, stands in the URL, or is another’s', async () => {
  const { client, port } = running
  const target = '/-/admin/v1/users/eve'
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ displayName: 'Eve' })
  const unsigned = { method: 'PUT', target, headers, body, payload: 'UNSIGNED-PAYLOAD' }
  assert.equal(errorOf(await client.send(unsigned)).code, 'Unauthorized')
  const presigned = client.presign({ path: '/-/admin/v1/users' })
  assert.equal(errorOf(await client.plain({ target: presigned })).code, 'Unauthorized')
  const other = await client.send({ method: 'PUT', target, headers, body, secret: 'wrong' })
  assert.equal(`${other.status} ${errorOf(other).code}`, '403 SignatureDoesNotMatch')
  const swapped = client.sign({ method: 'PUT', target, headers, body })
  const changed = { method: 'PUT', target, headers: swapped, body: body.replace('Eve', 'Ev3') }
  assert.equal(errorOf(await client.plain(changed)).code, 'XAmzContentSHA256Mismatch')
  const form = await client.send({
    method: 'PUT',
    target,
    headers: { 'content-type': 'text/plain' },
    body,
  })
  assert.equal(`${form.status} ${errorOf(form).code}`, '415 UnsupportedMediaType')
  const unknown = new Client({ port, accessKeyId: 'NOBODY', secret: 'a-secret' })
  assert.equal(errorOf(await admin(unknown, 'GET', '/users')).code, 'InvalidAccessKeyId')
  assert.doesNotMatch((await admin(client, 'GET', '/users')).text, /eve/)
})

test('row 33: the simulator tells nobody what others have', async () => {
  const ask = async (bucket: string) => {
    const body = { action: 's3:GetObject', volume: 'vol1', bucket, key: 'key' }
    return saidBy(await admin(running.tenant, 'POST', '/policy/test', body))
  }
  assert.match(await ask('bucket1'), /^403 .*AccessDenied/)
  assert.equal(await ask('bucket1'), await ask('not-there'))
})

test('row 33: without security a page of a browser changes nothing by a simple request', async t => {
  const open = await startInProcess({ flags: { insecure: 'true' } })
  t.after(() => open.close())
  const target = '/-/admin/v1/keys'
  const simple = { origin: 'https://evil.example', 'content-type': 'text/plain' }
  for (const headers of [{ origin: 'https://evil.example' }, simple]) {
    for (const body of ['', '{}']) {
      const answer = await open.client.plain({ method: 'POST', target, headers, body })
      assert.equal(`${answer.status} ${errorOf(answer).code}`, '415 UnsupportedMediaType')
    }
  }
  const preflight = await open.client.plain({
    method: 'OPTIONS',
    target,
    headers: { ...simple, 'access-control-request-method': 'PUT' },
  })
  assert.equal(preflight.headers['access-control-allow-origin'], undefined)
  assert.equal((await anonymously(open.client, 'POST', '/keys', {})).status, 201)
})

test('row 36: who a header says one is, and where from, decides nothing', async () => {
  const { client } = running
  const statement = (condition: object) => ({
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      Principal: '*',
      Action: 's3:GetObject',
      Resource: 'arn:aws:s3:::bucket/*',
      Condition: condition,
    },
  })
  const put = async (condition: object) => {
    const text = JSON.stringify(statement(condition))
    assert.equal((await client.document('PUT', '/bucket?policy', text)).status, 204)
  }
  await client.put('/bucket/key', 'for some')
  const get = (headers: Readonly<Record<string, string>> = {}) =>
    client.plain({ target: '/bucket/key', headers })
  await put({ IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } })
  for (const headers of [
    { 'x-forwarded-for': '203.0.113.5' },
    { forwarded: 'for=203.0.113.5' },
    { 'x-real-ip': '203.0.113.5' },
    { 'aws:sourceip': '203.0.113.5' },
    { sourceip: '203.0.113.5' },
  ])
    refused(await get(headers), 403, 'AccessDenied')
  await put({ IpAddress: { 'aws:SourceIp': '127.0.0.0/8' } })
  assert.equal((await get({ 'x-forwarded-for': '203.0.113.5' })).status, 200)
  await put({ StringEquals: { 'aws:userid': 'admin' } })
  for (const name of ['userid', 'aws:userid', 'aws-userid', 'x-amz-userid'])
    refused(await get({ [name]: 'admin' }), 403, 'AccessDenied')
  await put({ StringEquals: { 'aws:username': 'ann' } })
  refused(await get({ username: 'ann' }), 403, 'AccessDenied')
  assert.equal((await client.delete('/bucket?policy')).status, 204)
})

test('row 45: buckets of one name in two volumes have nothing of each other', async () => {
  const { client, tenant: neighbour } = running
  for (const [who, text] of [
    [client, 'of the root'],
    [neighbour, 'of the tenant'],
  ] as const) {
    await who.put('/twin')
    assert.equal((await who.versioning('twin', 'Enabled')).status, 200)
    assert.equal((await who.put('/twin/key', text)).status, 200)
  }
  for (let warm = 0; warm < 3; warm++) {
    assert.equal((await client.get('/twin/key')).text, 'of the root')
    assert.equal((await neighbour.get('/twin/key')).text, 'of the tenant')
    refused(await neighbour.get('/s3v:twin/key'), 403, 'AccessDenied')
    refused(await client.get('/elsewhere:twin/key'), 403, 'AccessDenied')
  }
  const version = (await client.head('/twin/key')).headers['x-amz-version-id'] ?? ''
  const upload = element((await client.post('/twin/key?uploads')).text, 'UploadId')
  refused(await neighbour.get(`/twin/key?versionId=${version}`), 404, 'NoSuchVersion')
  refused(await neighbour.get(`/s3v:twin/key?versionId=${version}`), 403, 'AccessDenied')
  refused(await neighbour.get(`/twin/key?uploadId=${upload}`), 404, 'NoSuchUpload')
  refused(await neighbour.get(`/s3v:twin/key?uploadId=${upload}`), 403, 'AccessDenied')
  const part = `/s3v:twin/key?uploadId=${upload}&partNumber=1`
  refused(await neighbour.put(part, 'part'), 403, 'AccessDenied')
  refused(await neighbour.delete(`/s3v:twin/key?versionId=${version}`), 403, 'AccessDenied')
  refused(await neighbour.delete('/s3v:twin'), 403, 'AccessDenied')
  refused(await neighbour.put('/s3v:thief'), 403, 'AccessDenied')
  for (const source of ['s3v:twin/key', `s3v:twin/key?versionId=${version}`, '/s3v%3Atwin/key']) {
    const headers = { 'x-amz-copy-source': source }
    refused(await neighbour.put('/twin/stolen', '', headers), 403, 'AccessDenied')
  }
  const wrong = { 'x-amz-expected-bucket-owner': rootId }
  refused(await neighbour.get('/twin/key', wrong), 403, 'AccessDenied')
  assert.equal((await client.get('/twin/key', wrong)).text, 'of the root')
  refused(await neighbour.get('/twin/stolen'), 404, 'NoSuchKey')
})

test('row 45: a link gives nobody what its bucket does not give', async () => {
  const { client, tenant: neighbour } = running
  await client.put('/vol1:bucket1/secret', 'of the root')
  const link = { sourceVolume: 'vol1', sourceBucket: 'bucket1' }
  const made = await admin(neighbour, 'PUT', '/volumes/-/links/mine', link)
  assert.equal(made.status, 201, made.text)
  refused(await neighbour.get('/mine/secret'), 403, 'AccessDenied')
  refused(await neighbour.put('/mine/key', 'x'), 403, 'AccessDenied')
  refused(await neighbour.get('/mine?list-type=2'), 403, 'AccessDenied')
  refused(await neighbour.get('/mine?policy'), 403, 'AccessDenied')
  const open = {
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      Principal: '*',
      Action: 's3:GetObject',
      Resource: 'arn:aws:s3:::bucket1/*',
    },
  }
  await client.document('PUT', '/vol1:bucket1?policy', JSON.stringify(open))
  assert.equal((await neighbour.get('/mine/secret')).text, 'of the root')
  refused(await running.stranger.get('/elsewhere:mine/secret'), 403, 'AccessDenied')
  assert.equal((await neighbour.delete('/mine')).status, 204)
  assert.equal((await client.get('/vol1:bucket1/secret')).status, 200)
})

test('row 46: what is taken away is gone at once, on every worker', async t => {
  const server = await spawnServer({ args: ['--workers', '3'] })
  t.after(() => server.stop())
  const run = async (line: string) => {
    const { status, said } = await moongate(server, line)
    assert.equal(status, 0, said)
  }
  await server.client.put('/bucket')
  await server.client.put('/bucket/key', 'bytes')
  await run('user create ann')
  await run('policy create reading --read bucket')
  await run('policy attach reading --user ann')
  const withKey = (key: Key) => new Client({ port: server.port, ...key })
  /** Connections go to any of the workers; each asks twice, so that caches are warm. */
  const everywhere = async (client: Client): Promise<string> => {
    const codes = new Set<string>()
    for (let tries = 0; tries < 40; tries++)
      codes.add((await client.get('/bucket/key')).code || 'allowed')
    return [...codes].join()
  }
  const key = await keyOf(server, 'ann')
  const ann = withKey(key)
  assert.equal(await everywhere(ann), 'allowed')
  await run('policy detach reading --user ann')
  assert.equal(await everywhere(ann), 'AccessDenied')
  await run('group create readers')
  await run('policy attach reading --group readers')
  await run('user add ann readers')
  assert.equal(await everywhere(ann), 'allowed')
  await run('policy create reading --write bucket')
  assert.equal(await everywhere(ann), 'AccessDenied')
  await run('policy create reading --read bucket')
  assert.equal(await everywhere(ann), 'allowed')
  await run('user remove ann readers')
  assert.equal(await everywhere(ann), 'AccessDenied')
  await run('policy attach reading --user ann')
  await run(`key disable ${key.accessKeyId}`)
  assert.equal(await everywhere(ann), 'InvalidAccessKeyId')
  await run(`key enable ${key.accessKeyId}`)
  assert.equal(await everywhere(ann), 'allowed')
  await run(`key expire ${key.accessKeyId} 0s`)
  assert.equal(await everywhere(ann), 'InvalidAccessKeyId')
  await run(`key delete ${key.accessKeyId}`)
  assert.equal(await everywhere(ann), 'InvalidAccessKeyId')
  const next = withKey(await keyOf(server, 'ann'))
  assert.equal(await everywhere(next), 'allowed')
  const deny = {
    Version: '2012-10-17',
    Statement: {
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:GetObject',
      Resource: 'arn:aws:s3:::bucket/*',
    },
  }
  await server.client.document('PUT', '/bucket?policy', JSON.stringify(deny))
  assert.equal(await everywhere(next), 'AccessDenied')
})

test('who changes something stands in the audit log, with what and from where', async t => {
  const audit = `${temporaryFolder()}/audit.log`
  const server = await startInProcess({ flags: { 'audit-log': audit } })
  t.after(() => server.close())
  await admin(server.client, 'PUT', '/users/ann', {})
  await admin(server.client, 'GET', '/users')
  await anonymously(server.client, 'GET', '/users')
  await admin(server.tenant, 'DELETE', '/volumes/s3v')
  const shown = { authorization: `Basic ${Buffer.from('ann:wrong').toString('base64')}` }
  await server.client.plain({ target: '/-/admin/v1/users', headers: shown })
  await server.close()
  const lines = readFileSync(audit, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>)
    .filter(({ path }) => typeof path === 'string' && path.startsWith('/-/admin'))
  assert.deepEqual(
    lines.map(({ operation, accessKeyId, path, volume, result, remote, error }) => ({
      operation,
      accessKeyId,
      path,
      volume,
      result,
      remote,
      error,
    })),
    [
      {
        operation: 'admin:CreateUser',
        accessKeyId: root.accessKeyId,
        path: '/-/admin/v1/users/ann',
        volume: 's3v',
        result: 'done',
        remote: '127.0.0.1',
        error: undefined,
      },
      {
        operation: 'admin:DeleteVolume',
        accessKeyId: tenant.accessKeyId,
        path: '/-/admin/v1/volumes/s3v',
        volume: 's3v',
        result: 'refused',
        remote: '127.0.0.1',
        error: 'AccessDenied',
      },
      {
        operation: '-',
        accessKeyId: undefined,
        path: '/-/admin/v1/users',
        volume: undefined,
        result: 'refused',
        remote: '127.0.0.1',
        error: 'SignInFailed',
      },
    ],
  )
})
