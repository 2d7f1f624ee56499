/** 5b row 33: the admin API before those who may not. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Field } from '../../src/admin/fields.ts'
import type { Route } from '../../src/admin/route.ts'
import { routes } from '../../src/admin/routes/index.ts'
import { admin, anonymously, errorOf } from '../admin.ts'
import { type Answer, Client, element } from '../client.ts'
import { keyOf, moongate } from '../command-line.ts'
import { type Running, startInProcess } from '../server.ts'

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
    const message = `Access Denied: this takes the right admin:${route.name}`
    const denied = `403 ${JSON.stringify({ error: { code: 'AccessDenied', message } })}\n`
    for (const exists of [true, false]) {
      const { path, body } = requestOf(route, exists)
      const nobody = await anonymously(running.client, route.method, path, body)
      assert.equal(`${nobody.status} ${errorOf(nobody).code}`, '401 Unauthorized', path)
      // Everybody may know which routes there are, and who they are themselves.
      if (route.name === 'GetOpenApi') continue
      const isOwn = route.name === 'GetAccount' && exists
      const said = saidBy(await admin(user, route.method, path, body))
      if (!isOwn) assert.equal(said, denied, path)
      else
        assert.match(
          said,
          /^200 \{"account":\{"id":"[^"]+","number":"\d+","displayName":"[^"]+","volume":"s3v"\},"usage":null\}\n$/,
        )
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
