// Accounts and inline policies by the admin API and its commands.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { admin, errorOf } from '../admin.ts'
import { type Answer, Client } from '../client.ts'
import { keyOf, moongate, requireSaid } from '../command-line.ts'
import { other, otherId, type Running, startInProcess, tenantId } from '../server.ts'

let running: Running
before(async () => {
  running = await startInProcess()
})
after(() => running.close())

const dataOf = <T>({ status, text }: Answer): T => {
  assert.ok(status < 300, text)
  return JSON.parse(text) as T
}
const policyOf = (Action: string) => ({
  document: {
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Action, Resource: 'arn:aws:s3:::bucket/*' },
  },
})

test('an inline policy is in force from one command to another', async () => {
  const { client, port } = running
  await client.put('/bucket/key', 'x')
  await requireSaid(running, 'user create ann', /is made/)
  const ann = new Client({ port, ...(await keyOf(running, 'ann')) })
  assert.equal((await ann.get('/bucket/key')).code, 'AccessDenied')
  const create = 'policy create own --read bucket/ --user ann'
  await requireSaid(running, create, /^Policy own of user ann is made\.\n$/)
  await requireSaid(running, create, /is another now/)
  assert.equal((await ann.get('/bucket/key')).text, 'x')
  await requireSaid(running, 'policy list', /^$/)
  await requireSaid(running, 'policy list --user ann', /^own\n$/)
  await requireSaid(running, 'policy info own --user ann', /held by {2}user ann\n[^]*GetObject/)
  await requireSaid(running, 'policy test GetObject bucket/key --user ann', /user\/ann\/own/)
  await requireSaid(running, 'user delete ann', /DeleteConflict/, 1)
  await requireSaid(running, 'policy delete own --user ann', /^Policy own of user ann is gone\.\n$/)
  assert.equal((await ann.get('/bucket/key')).code, 'AccessDenied')
  await requireSaid(running, 'policy delete own --user ann', /NoSuchEntity/, 1)
  await requireSaid(running, 'policy info own --user ann', /NoSuchEntity/, 1)
  const both = 'policy create own --read bucket --user ann --role reader'
  await requireSaid(running, both, /Say one of --user/, 2)
  await requireSaid(running, 'policy list --all --user ann', /--all is/, 2)
})

test('groups and roles have theirs; a document that is none changes nothing', async () => {
  const { client } = running
  assert.equal((await admin(client, 'PUT', '/groups/staff', {})).status, 201)
  const trust = { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }
  const role = { trust: { Version: '2012-10-17', Statement: trust } }
  assert.equal((await admin(client, 'PUT', '/roles/reader', role)).status, 201)
  for (const holder of ['/groups/staff', '/roles/reader']) {
    const path = `${holder}/inline/own`
    const put = (document: object) => admin(client, 'PUT', path, document)
    assert.equal((await put(policyOf('s3:GetObject'))).status, 201)
    assert.equal((await put(policyOf('s3:PutObject'))).status, 200)
    const wrong = await put({ document: { Version: '2012-10-17', Statement: [{}] } })
    assert.equal(errorOf(wrong).code, 'MalformedPolicyDocument')
    const { policy, document } = dataOf<{ policy: object; document: object }>(
      await admin(client, 'GET', path),
    )
    assert.deepEqual({ policy, document }, { policy: { name: 'own' }, ...policyOf('s3:PutObject') })
    const odd = await admin(client, 'PUT', `${holder}/inline/a%2Fb`, policyOf('s3:GetObject'))
    assert.equal(errorOf(odd).code, 'ValidationError')
    const names = dataOf(await admin(client, 'GET', `${holder}/inline`))
    assert.deepEqual(names, { policies: [{ name: 'own' }] })
    assert.equal((await admin(client, 'DELETE', path)).status, 204)
    assert.equal((await admin(client, 'GET', path)).status, 404)
    const shouted = `${holder.toUpperCase().replace(/^\/\w+/, all => all.toLowerCase())}/inline`
    assert.equal(errorOf(await admin(client, 'GET', shouted)).code, 'NoSuchEntity')
  }
})

test('an account administers the policies of its own users, and of no others', async () => {
  const { client, stranger } = running
  assert.equal((await admin(stranger, 'PUT', '/users/bob', {})).status, 201)
  const path = '/users/bob/inline/own'
  assert.equal((await admin(stranger, 'PUT', path, policyOf('s3:*'))).status, 201)
  const foreign = await admin(running.tenant, 'GET', `${path}?account=${otherId}`)
  assert.equal(errorOf(foreign).code, 'AccessDenied')
  assert.equal((await admin(client, 'GET', `${path}?account=${otherId}`)).status, 200)
})

interface Account {
  readonly id: string
  readonly number: string
  readonly displayName: string
  readonly volume: string
  readonly root: boolean
}

test('accounts are shown to who administers them all, and each to itself', async () => {
  const { client, stranger, tenant } = running
  const all: Account[] = []
  let after = ''
  for (;;) {
    const query = `limit=1${after === '' ? '' : `&after=${after}`}`
    const page = dataOf<{ accounts: Account[]; next?: string }>(
      await admin(client, 'GET', `/accounts?${query}`),
    )
    assert.ok(page.accounts.length <= 1)
    all.push(...page.accounts)
    if (page.next === undefined) break
    after = page.next
  }
  const ids = all.map(({ id }) => id)
  assert.equal(all.length, 3)
  assert.ok(ids.includes(otherId) && ids.includes(tenantId))
  assert.deepEqual(ids, ids.toSorted())
  assert.deepEqual(
    all.filter(({ root }) => root).map(({ displayName }) => displayName),
    ['root'],
  )
  const { account } = dataOf<{ account: Account }>(await admin(tenant, 'GET', '/accounts/-'))
  assert.deepEqual([account.id, account.volume, account.root], [tenantId, 'elsewhere', false])
  assert.equal((await admin(tenant, 'GET', `/accounts/${tenantId}`)).status, 200)
  for (const path of ['/accounts', `/accounts/${otherId}`, '/accounts/nobody'])
    assert.equal(errorOf(await admin(tenant, 'GET', path)).code, 'AccessDenied', path)
  await requireSaid(running, 'account list', new RegExp(`${otherId} {2}\\d{12} {2}other\n`))
  await requireSaid(running, 'account info', / {2}governs {2}this Moongate\n$/)
  await requireSaid(running, 'account info nobody', /There is no account "nobody"/, 1)
  const own = await moongate(running, 'account info', other)
  assert.match(own.stdout, new RegExp(`^${otherId}\n {2}number {3}\\d{12}\n {2}name {5}other\n`))
  assert.doesNotMatch(own.stdout, /governs/)
  assert.equal((await admin(stranger, 'GET', '/accounts')).status, 403)
})
