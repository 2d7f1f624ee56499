// IAM of an account over a real store in memory: names, references, conflicts, and who has which policies.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { QueryError, type QueryErrorCode } from '../../model/query-errors.ts'
import { get } from '../../ports/meta-store.ts'
import { openMemoryMetaStore } from '../../stores/memory/meta-store.ts'
import { newMasterKey, parseMasterKey } from '../seal.ts'
import { accessTables, accountsTable, keysTable } from '../tables.ts'
import { createIdentityStore } from './identities.ts'
import { identityChangesTable } from './tables.ts'

const account = 'a'.repeat(64)
const admin = 'b'.repeat(64)
const masterKey = parseMasterKey(newMasterKey())
const clock = { now: () => Date.UTC(2026, 0, 1) }
const allow = (action: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: action, Resource: '*' }],
  })
const trust = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }],
})

async function setUp(t: TestContext) {
  const store = openMemoryMetaStore(accessTables)
  t.after(() => store.close())
  const record = { name: 'x', email: null, volume: 's3v', created: 0 }
  await store.commit({
    writes: [
      { put: accountsTable, record: { ...record, id: account, number: '111122223333' } },
      { put: accountsTable, record: { ...record, id: admin, number: '444455556666', admin: 1 } },
    ],
  })
  const open = () => createIdentityStore({ store, masterKey, clock })
  return { ...open(), store, open }
}

const fails = (work: Promise<unknown>, code: QueryErrorCode) =>
  assert.rejects(work, (error: unknown) => error instanceof QueryError && error.code === code, code)

test('a user is found whatever the case of its name, and is there once', async t => {
  const { users } = await setUp(t)
  const made = await users.create(account, { name: 'Alice', path: '/staff/' })
  assert.match(made.id, /^AIDA[A-Z2-7]{17}$/)
  assert.equal((await users.get(account, 'ALICE')).name, 'Alice')
  await fails(users.create(account, { name: 'alice' }), 'EntityAlreadyExists')
  await fails(users.get(admin, 'alice'), 'NoSuchEntity')
  await fails(users.get(account, 'a\0b'), 'NoSuchEntity')
  await fails(users.create(account, { name: 'a/b' }), 'ValidationError')
  await fails(users.create(account, { name: 'bob', path: 'staff' }), 'ValidationError')
  await fails(users.create('c'.repeat(64), { name: 'bob' }), 'NoSuchEntity')
})

test('lists go by name, under a path, in pages', async t => {
  const { users } = await setUp(t)
  for (const name of ['Ad', 'ac', 'Ab', 'aa']) {
    await users.create(account, { name, path: name === 'ac' ? '/x/y/' : '/x/' })
  }
  const names = async (pathPrefix: string, limit: number) => {
    const found: string[] = []
    let marker: string | undefined
    do {
      const page = await users.list(account, { pathPrefix, limit, marker })
      assert.ok(page.items.length <= limit)
      found.push(...page.items.map(user => user.name))
      marker = page.marker
    } while (marker !== undefined)
    return found
  }
  for (const limit of [1, 2, 3, 4, 5]) {
    assert.deepEqual(await names('/', limit), ['aa', 'Ab', 'ac', 'Ad'])
    assert.deepEqual(await names('/x/y', limit), ['ac'])
    assert.deepEqual(await names('/z', limit), [])
  }
})

test('what is in use is not deleted', async t => {
  const { users, groups, roles, policies, grants, keys } = await setUp(t)
  const alice = { kind: 'user', name: 'alice' } as const
  await users.create(account, { name: 'alice' })
  await groups.create(account, 'staff')
  await roles.create(account, { name: 'reader', trust })
  const arn = 'arn:aws:iam::111122223333:policy/p'
  await policies.create(account, { name: 'p', text: allow('s3:*') })
  await groups.add(account, 'staff', 'ALICE')
  await fails(users.delete(account, 'alice'), 'DeleteConflict')
  await fails(groups.delete(account, 'staff'), 'DeleteConflict')
  await groups.remove(account, 'staff', 'alice')
  await grants.attach(account, alice, arn)
  await fails(users.delete(account, 'alice'), 'DeleteConflict')
  await fails(policies.delete(account, arn), 'DeleteConflict')
  await grants.detach(account, alice, arn)
  await grants.putInline(
    account,
    { kind: 'role', name: 'reader' },
    { name: 'i', text: allow('s3:*') },
  )
  await fails(roles.delete(account, 'reader'), 'DeleteConflict')
  const { info } = await keys.create(account, 'alice')
  await fails(users.delete(account, 'alice'), 'DeleteConflict')
  await keys.delete(account, 'alice', info.id)
  await grants.putBoundary(account, alice, arn)
  await fails(policies.delete(account, arn), 'DeleteConflict')
  await users.delete(account, 'alice')
  await policies.delete(account, arn)
  await groups.delete(account, 'staff')
})

test('a renamed user or group keeps its keys, groups and policies', async t => {
  const { users, groups, grants, keys, identities } = await setUp(t)
  await users.create(account, { name: 'alice' })
  await groups.create(account, 'staff')
  await groups.add(account, 'staff', 'alice')
  await keys.create(account, 'alice')
  await grants.attach(
    account,
    { kind: 'user', name: 'alice' },
    'arn:aws:iam::aws:policy/ReadOnlyAccess',
  )
  await grants.putInline(
    account,
    { kind: 'group', name: 'staff' },
    { name: 'g', text: allow('s3:*') },
  )
  await users.update(account, 'alice', { name: 'Bob', path: '/x/' })
  await groups.update(account, 'staff', { name: 'crew' })
  await fails(users.get(account, 'alice'), 'NoSuchEntity')
  assert.equal((await keys.list(account, 'bob')).length, 1)
  assert.deepEqual(
    (await groups.members(account, 'crew')).map(user => user.name),
    ['Bob'],
  )
  assert.deepEqual(
    (await users.groups(account, 'bob')).map(group => group.name),
    ['crew'],
  )
  const bob = await identities.user(account, 'BOB')
  assert.equal(bob?.arn, 'arn:aws:iam::111122223333:user/x/Bob')
  assert.deepEqual(
    bob.policies.map(policy => policy.name),
    ['group/crew/g', 'arn:aws:iam::aws:policy/ReadOnlyAccess'],
  )
  await users.create(account, { name: 'carol' })
  await fails(users.update(account, 'bob', { name: 'CAROL' }), 'EntityAlreadyExists')
})

test('a change is in force at once, whichever worker made it', async t => {
  const { users, grants, identities, open } = await setUp(t)
  await users.create(account, { name: 'alice' })
  const other = open()
  assert.equal((await other.identities.user(account, 'alice'))?.policies.length, 0)
  const before = other.identities.generation(account)
  const first = await identities.user(account, 'alice')
  assert.equal(await identities.user(account, 'Alice'), first)
  await grants.putInline(
    account,
    { kind: 'user', name: 'alice' },
    { name: 'i', text: allow('s3:*') },
  )
  assert.notEqual(other.identities.generation(account), before)
  assert.equal((await other.identities.user(account, 'alice'))?.policies.length, 1)
  await grants.deleteInline(account, { kind: 'user', name: 'alice' }, 'i')
  assert.equal((await other.identities.user(account, 'alice'))?.policies.length, 0)
  await users.delete(account, 'alice')
  assert.equal(await other.identities.user(account, 'alice'), undefined)
})

test('changes at the same time are all made', async t => {
  const { users, groups, open } = await setUp(t)
  await groups.create(account, 'staff')
  const workers = [open(), open(), open()]
  await Promise.all(
    Array.from({ length: 24 }, async (_, i) => {
      const worker = workers[i % workers.length] ?? workers[0]
      await worker?.users.create(account, { name: `u${i}` })
      await worker?.groups.add(account, 'staff', `u${i}`)
    }),
  )
  assert.equal((await groups.members(account, 'staff')).length, 24)
  const twins = await Promise.allSettled(
    workers.map(worker => worker.users.create(account, { name: 'twin' })),
  )
  assert.equal(twins.filter(({ status }) => status === 'fulfilled').length, 1)
  assert.equal((await users.list(account, { limit: 100 })).items.length, 25)
})

test('managed policies have versions, of which one is in force', async t => {
  const { policies, roles, grants, identities } = await setUp(t)
  const arn = 'arn:aws:iam::111122223333:policy/team/p'
  await policies.create(account, { name: 'p', path: '/team/', text: allow('s3:GetObject') })
  await roles.create(account, { name: 'reader', trust, boundary: arn })
  await grants.attach(account, { kind: 'role', name: 'reader' }, arn)
  const actions = async () => {
    const role = await identities.role(account, 'reader')
    assert.deepEqual(role?.policies, role?.boundary)
    return role?.policies[0]?.policy
  }
  const first = await actions()
  const { id } = await policies.createVersion(account, arn, {
    text: allow('s3:*'),
    isDefault: false,
  })
  assert.equal(id, 'v2')
  assert.equal(await actions(), first)
  await policies.setDefaultVersion(account, arn, 'v2')
  assert.notEqual(await actions(), first)
  await fails(policies.deleteVersion(account, arn, 'v2'), 'DeleteConflict')
  await policies.deleteVersion(account, arn, 'v1')
  const third = await policies.createVersion(account, arn, { text: allow('*'), isDefault: true })
  assert.equal(third.id, 'v3')
  await fails(policies.get(account, 'arn:aws:iam::111122223333:policy/p'), 'NoSuchEntity')
  await fails(policies.get(account, 'arn:aws:iam::444455556666:policy/team/p'), 'NoSuchEntity')
  await fails(policies.get(account, 'arn:aws:s3:::bucket'), 'InvalidInput')
  for (const text of ['', '{', '{"Version":"2012-10-17"}']) {
    await fails(policies.create(account, { name: 'q', text }), 'MalformedPolicyDocument')
  }
  await fails(
    policies.create(account, { name: 'q', text: allow(`s3:${'x'.repeat(7000)}`) }),
    'LimitExceeded',
  )
})

test('an administrator puts policies on the root of another account', async t => {
  const { grants, roles, identities } = await setUp(t)
  const root = { kind: 'root', name: account } as const
  assert.deepEqual((await identities.root(account)).policies, [])
  await grants.putInline(account, root, { name: 'i', text: allow('s3:*') })
  const resolved = await identities.root(account)
  assert.deepEqual(
    [resolved.arn, resolved.userId, resolved.policies[0]?.name, resolved.volumeWide],
    ['arn:aws:iam::111122223333:root', '111122223333', 'root/i', true],
  )
  await roles.create(admin, { name: 'wide', trust })
  const role = await identities.role(admin, 'wide')
  assert.deepEqual([role?.arn, role?.volumeWide], ['arn:aws:iam:::role/wide', true])
})

test('keys: a secret once, others can be switched off, those of the configuration stay', async t => {
  const { users, keys } = await setUp(t)
  await users.create(account, { name: 'alice' })
  await fails(keys.create(account, 'bob'), 'NoSuchEntity')
  const { info, secret } = await keys.create(account, 'alice', { expires: 5, description: 'ci' })
  assert.match(secret, /^.{40}$/)
  await keys.update(account, 'alice', info.id, { status: 'Inactive' })
  const [listed] = await keys.list(account, 'alice')
  assert.deepEqual([listed?.status, listed?.expires, listed?.description], ['Inactive', 5, 'ci'])
  assert.ok(!('sealed' in (listed ?? {})))
  await fails(keys.delete(account, undefined, info.id), 'NoSuchEntity')
  await fails(keys.delete(admin, undefined, info.id), 'NoSuchEntity')
  const own = await keys.create(account, undefined)
  assert.deepEqual(
    (await keys.list(account, undefined)).map(key => key.id),
    [own.info.id],
  )
  await fails(
    keys.create(account, undefined, { key: { accessKeyId: own.info.id, secret: 'xxxxxxxx' } }),
    'EntityAlreadyExists',
  )
})

test('a key is rotated at the limit, in one commit', async t => {
  const { users, keys, store } = await setUp(t)
  await users.create(account, { name: 'alice' })
  const made = []
  for (let i = 0; i < 10; i++) made.push(await keys.create(account, 'alice', { description: 'x' }))
  const ids = async () => (await keys.list(account, 'alice')).map(({ id }) => id).sort()
  const [first, second] = made.map(({ info }) => info.id)
  assert.ok(first !== undefined && second !== undefined)
  await fails(keys.create(account, 'alice'), 'LimitExceeded')
  const counts = () => store.generation(identityChangesTable, [account])
  const before = counts()
  const next = await keys.rotate(account, 'alice', first, clock.now())
  assert.equal(counts() - before, 1, 'a commit for both')
  assert.equal(next.info.description, 'x')
  const kept = made.slice(1).map(({ info }) => info.id)
  assert.deepEqual(await ids(), [...kept, next.info.id].sort())
  // With a grace the old one stays beside the new one for a while, but once only.
  const late = clock.now() + 1000
  const other = await keys.rotate(account, 'alice', second, late)
  assert.deepEqual(await ids(), [...kept, next.info.id, other.info.id].sort())
  assert.equal((await keys.find(account, second))?.expires, late)
  await fails(keys.rotate(account, 'alice', next.info.id, late), 'LimitExceeded')
  assert.equal((await ids()).length, 11)
  await keys.rotate(account, 'alice', other.info.id, clock.now())
  assert.equal((await ids()).length, 11)
  await fails(keys.rotate(account, 'alice', first, clock.now()), 'NoSuchEntity')
})

test('a rotation does not let a key live longer than it would have', async t => {
  const { keys } = await setUp(t)
  const soon = clock.now() + 1000
  const { info } = await keys.create(account, undefined, { expires: soon })
  const next = await keys.rotate(account, undefined, info.id, clock.now() + 60_000)
  assert.equal((await keys.find(account, info.id))?.expires, soon)
  assert.equal(next.info.expires, soon, 'its successor neither')
})

test('who is in memory is not taken for a user of another account', async t => {
  const { users, identities, store } = await setUp(t)
  const record = { name: 'x', email: null, volume: 's3v', created: 0 }
  for (const [id, number] of [
    ['b@c', '111111111111'],
    ['c', '222222222222'],
  ] as const)
    await store.commit({ writes: [{ put: accountsTable, record: { ...record, id, number } }] })
  await users.create('b@c', { name: 'a' })
  await users.create('c', { name: 'a@b' })
  const arns = async () => [
    (await identities.user('b@c', 'a'))?.arn,
    (await identities.user('c', 'a@b'))?.arn,
  ]
  const expected = ['arn:aws:iam::111111111111:user/a', 'arn:aws:iam::222222222222:user/a@b']
  assert.deepEqual(await arns(), expected)
  assert.deepEqual(await arns(), expected)
})

test('keys of the root are told however many its users have', async t => {
  const { keys, users, store } = await setUp(t)
  await users.create(account, { name: 'ann' })
  const { info } = await keys.create(account, 'ann')
  const { gets } = await store.read({ gets: [get(keysTable, [info.id])] })
  const { record } = gets[0]
  assert.ok(record !== undefined)
  const { revision: _, ...key } = record
  // Ids that are before those that are made.
  const ids = Array.from({ length: 1000 }, (_, i) => `AAAA${String(i).padStart(16, '0')}`)
  await store.commit({ writes: ids.map(id => ({ put: keysTable, record: { ...key, id } })) })
  const made = await keys.create(account, undefined)
  assert.deepEqual(
    (await keys.list(account, undefined)).map(({ id }) => id),
    [made.info.id],
  )
})

test('whatever has tags gets and loses them in the same way', async t => {
  const { users, roles, policies, providers } = await setUp(t)
  await users.create(account, { name: 'Alice' })
  await roles.create(account, { name: 'reader', trust })
  await policies.create(account, { name: 'p', text: allow('s3:*') })
  await providers.create(account, { url: 'https://id.example.com' })
  const arn = 'arn:aws:iam::111122223333:'
  for (const [store, name] of [
    [users, 'alice'],
    [roles, 'reader'],
    [policies, `${arn}policy/p`],
    [providers, `${arn}oidc-provider/id.example.com`],
  ] as const) {
    const { tags } = store
    const now = async () => (await store.get(account, name))?.document.tags
    await tags.add(account, name, [
      { Key: 'team', Value: 'blue' },
      { Key: 'floor', Value: '1' },
    ])
    await tags.add(account, name, [{ Key: 'TEAM', Value: 'red' }])
    assert.deepEqual(await now(), [
      { Key: 'TEAM', Value: 'red' },
      { Key: 'floor', Value: '1' },
    ])
    await tags.remove(account, name, ['Team', 'none'])
    assert.deepEqual(await now(), [{ Key: 'floor', Value: '1' }])
    const many = Array.from({ length: 50 }, (_, i) => ({ Key: `k${i}`, Value: '' }))
    await fails(tags.add(account, name, many), 'LimitExceeded')
    await fails(tags.add(admin, name, []), 'NoSuchEntity')
  }
  await fails(
    policies.tags.add(account, 'arn:aws:iam::aws:policy/ReadOnlyAccess', []),
    'AccessDenied',
  )
})
