// Accounts over a real store in memory: the root at first and later starts, declared accounts, the credential cache.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { decideThenCommit, type MetaStore } from '../ports/meta-store.ts'
import { openMemoryMetaStore } from '../stores/memory/meta-store.ts'
import { newAccessKey } from './access-keys.ts'
import { type Access, createAccess, type DeclaredAccount } from './accounts.ts'
import { Cache } from './cache.ts'
import { newMasterKey, parseMasterKey, WrongMasterKey } from './seal.ts'
import { accessTables, accountsTable, keysTable } from './tables.ts'

const masterKey = parseMasterKey(newMasterKey())
const clock = { now: () => Date.UTC(2026, 0, 1) }

/** A store whose reads are counted and whose changes can be told by hand, as another worker would. */
function setUp(t: TestContext) {
  const inner = openMemoryMetaStore(accessTables)
  let reads = 0
  let moved = 0
  let gate = Promise.resolve()
  const listeners = new Set<(table: string, key: readonly (string | number)[]) => void>()
  const store: MetaStore = {
    read: async (request, options) => {
      reads += 1
      const answer = await inner.read(request, options)
      await gate
      return answer
    },
    commit: (batch, options) => inner.commit(batch, options),
    commitOn: (gets, decide) => decideThenCommit(store, gets, decide),
    settle: () => inner.settle(),
    generation: (table, key) => inner.generation(table, key) + moved,
    watch: (table, key) => () => inner.generation(table, key) + moved,
    changes: listener => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: () => inner.close(),
  }
  t.after(() => inner.close())
  return {
    store,
    reads: () => reads,
    move: () => {
      moved += 1
    },
    tell: (table: string, key: string) => {
      for (const listener of listeners) listener(table, [key])
    },
    hold: (until: Promise<void>) => {
      gate = until
    },
    listeners,
  }
}

const start = (store: MetaStore): Access => createAccess({ store, masterKey, clock })

test('the first start makes a root and tells its secret once', async t => {
  const { store } = setUp(t)
  const first = await start(store).ensureRoot()
  assert.equal(first.created, true)
  assert.match(first.accessKeyId, /^MG[A-Z2-7]{18}$/)
  assert.match(first.secret ?? '', /^[A-Za-z0-9_-]{40}$/)
  const second = await start(store).ensureRoot()
  assert.deepEqual(second, { created: false, accessKeyId: first.accessKeyId, secret: undefined })
  const credential = await start(store).secretOf(first.accessKeyId)
  assert.equal(credential?.secret, first.secret)
  assert.equal(credential?.principal.isRoot, true)
  assert.equal(credential.principal.volume, 's3v')
  assert.match(credential.principal.canonicalId, /^[0-9a-f]{64}$/)
  assert.match(credential.principal.accountNumber, /^[1-9]\d{11}$/)
})

test('starts at the same time agree on one root', async t => {
  const { store } = setUp(t)
  const roots = await Promise.all(Array.from({ length: 8 }, () => start(store).ensureRoot()))
  assert.equal(roots.filter(root => root.created).length, 1)
  assert.equal(new Set(roots.map(root => root.accessKeyId)).size, 1)
})

test('a given root key takes the place of another; the account stays', async t => {
  const { store } = setUp(t)
  const access = start(store)
  const first = await access.ensureRoot()
  const before = await access.secretOf(first.accessKeyId)
  const given = { accessKeyId: 'admin', secret: 'sesame-open' }
  assert.deepEqual(await access.ensureRoot(given), {
    created: true,
    accessKeyId: 'admin',
    secret: undefined,
  })
  assert.equal(await access.secretOf(first.accessKeyId), undefined)
  const after = await access.secretOf('admin')
  assert.equal(after?.secret, given.secret)
  assert.equal(after.principal.canonicalId, before?.principal.canonicalId)
  assert.equal((await access.ensureRoot(given)).created, false)
  await access.ensureRoot({ ...given, secret: 'another' })
  assert.equal((await access.secretOf('admin'))?.secret, 'another')
  await assert.rejects(access.ensureRoot({ accessKeyId: 'admin' }), /together/)
  await assert.rejects(access.ensureRoot({ accessKeyId: 'a/b', secret: 'secret' }), /a\/b/)
})

test('rotation: the old key stops at once, the new one works', async t => {
  const { store } = setUp(t)
  const access = start(store)
  const old = await access.ensureRoot()
  await access.secretOf(old.accessKeyId)
  const made = await access.rotateRoot()
  assert.equal(access.cached(old.accessKeyId), undefined)
  assert.equal(await access.secretOf(old.accessKeyId), undefined)
  assert.equal((await access.secretOf(made.accessKeyId))?.secret, made.secret)
  assert.equal((await start(store).ensureRoot()).accessKeyId, made.accessKeyId)
})

test('another master key is named as the reason', async t => {
  const { store } = setUp(t)
  await start(store).ensureRoot({ accessKeyId: 'admin', secret: 'secret' })
  const other = createAccess({ store, masterKey: parseMasterKey(newMasterKey()), clock })
  await assert.rejects(other.ensureRoot(), WrongMasterKey)
  await assert.rejects(other.secretOf('admin'), WrongMasterKey)
})

test('no secret lies readable in the store', async t => {
  const { store } = setUp(t)
  await start(store).ensureRoot({ accessKeyId: 'admin', secret: 'readable-secret' })
  const { gets } = await store.read({ gets: [{ table: keysTable, key: ['admin'] }] })
  const { record } = gets[0]
  assert.ok(record !== undefined)
  assert.ok(!Buffer.from(record.sealed).includes('readable-secret'))
  assert.ok(!JSON.stringify({ ...record, sealed: '' }).includes('readable-secret'))
})

const ann: DeclaredAccount = {
  canonicalId: 'a'.repeat(64),
  displayName: 'Ann',
  email: 'ann@example.org',
  keys: [{ accessKeyId: 'ANN', secret: 'ann-secret' }],
}

test('declared accounts: twice is once, changes are followed, keys no longer named go', async t => {
  const { store } = setUp(t)
  const access = start(store)
  await access.ensureRoot({ accessKeyId: 'admin', secret: 'secret' })
  await access.declare([ann])
  const credential = await access.secretOf('ANN')
  assert.equal(credential?.secret, 'ann-secret')
  assert.equal(credential.principal.canonicalId, ann.canonicalId)
  assert.equal(credential.principal.isRoot, false)
  assert.match(credential.principal.accountNumber, /^\d{12}$/)
  const revision = async () =>
    (await store.read({ gets: [{ table: keysTable, key: ['ANN'] }] })).gets[0].record?.revision
  const before = await revision()
  await access.declare([ann])
  assert.equal(await revision(), before)

  const keys = [{ accessKeyId: 'ANN2', secret: 'ann-secret-2' }]
  await access.declare([{ ...ann, displayName: 'Anna', keys }])
  assert.equal(await access.secretOf('ANN'), undefined)
  assert.equal((await access.secretOf('ANN2'))?.principal.displayName, 'Anna')
  assert.equal((await access.account(ann.canonicalId))?.displayName, 'Anna')
  assert.equal((await access.secretOf('admin'))?.secret, 'secret')
  assert.equal(await access.account('nobody'), undefined)
})

test('a declaration that contradicts itself or another is refused by name', async t => {
  const { store } = setUp(t)
  const access = start(store)
  await access.ensureRoot({ accessKeyId: 'admin', secret: 'secret' })
  await access.declare([ann])
  const bob = { ...ann, canonicalId: 'b' }
  await assert.rejects(access.declare([ann, ann]), /declared twice/)
  await assert.rejects(access.declare([ann, bob]), /ANN is declared twice/)
  await assert.rejects(access.declare([bob]), /ANN belongs to another/)
  const taken = { ...bob, keys: [{ accessKeyId: 'admin', secret: 'other' }] }
  await assert.rejects(access.declare([taken]), /admin belongs to another/)
  await assert.rejects(access.declare([{ ...ann, volume: 'v2' }]), /cannot move/)
  await assert.rejects(access.declare([{ ...ann, accountNumber: '12' }]), /twelve digits/)
})

test('a cached credential costs no read, until it changes elsewhere', async t => {
  const { store, reads, tell } = setUp(t)
  const access = start(store)
  await access.ensureRoot({ accessKeyId: 'admin', secret: 'secret' })
  assert.equal(access.cached('admin'), undefined)
  await access.secretOf('admin')
  const before = reads()
  assert.equal((await access.secretOf('admin'))?.secret, 'secret')
  assert.equal(access.cached('admin')?.secret, 'secret')
  assert.equal(reads(), before)
  tell('keys', 'admin')
  assert.equal(access.cached('admin'), undefined)
  await access.secretOf('admin')
  tell('accounts', 'whoever')
  assert.equal(access.cached('admin'), undefined)
})

test('a credential is not served once the store says that its key may have changed', async t => {
  const { store, move } = setUp(t)
  const access = start(store)
  await access.ensureRoot({ accessKeyId: 'admin', secret: 'secret' })
  await access.secretOf('admin')
  move()
  assert.equal(access.cached('admin'), undefined)
  await access.secretOf('admin')
  assert.equal(access.cached('admin')?.secret, 'secret')
})

test('another worker that shares the store sees a rotation at once', async t => {
  const { store } = setUp(t)
  const [one, two] = [start(store), start(store)]
  const old = await one.ensureRoot()
  await two.secretOf(old.accessKeyId)
  await one.rotateRoot()
  assert.equal(two.cached(old.accessKeyId), undefined)
  assert.equal(await two.secretOf(old.accessKeyId), undefined)
})

test('what was read before a change is not cached after it', async t => {
  const { store, tell, hold } = setUp(t)
  const access = start(store)
  await access.ensureRoot({ accessKeyId: 'admin', secret: 'secret' })
  const { promise, resolve } = Promise.withResolvers<void>()
  hold(promise)
  const pending = access.secretOf('admin')
  tell('keys', 'admin')
  resolve()
  assert.equal((await pending)?.secret, 'secret')
  assert.equal(access.cached('admin'), undefined)
})

test('unknown and impossible access key ids are nobody', async t => {
  const { store } = setUp(t)
  const access = start(store)
  for (const id of ['', 'nobody', 'a\0b', 'x'.repeat(100_000)]) {
    assert.equal(await access.secretOf(id), undefined)
  }
})

test('insecure mode: everybody is the root, under the id they name', async t => {
  const { store } = setUp(t)
  const access = start(store)
  await assert.rejects(access.rootPrincipal('x'), /no root/)
  await access.ensureRoot({ accessKeyId: 'admin', secret: 'secret' })
  const root = (await access.secretOf('admin'))?.principal
  assert.deepEqual(await start(store).rootPrincipal('x'), { ...root, accessKeyId: 'x' })
})

test('closing stops to listen', t => {
  const { store, listeners } = setUp(t)
  const access = start(store)
  assert.equal(listeners.size, 1)
  access.close()
  assert.equal(listeners.size, 0)
})

test('the cache is bounded', () => {
  const cache = new Cache<number>(2)
  for (let i = 0; i < 5; i++) cache.set(`k${i}`, i)
  assert.equal(cache.size, 2)
  assert.equal(cache.get('k4'), 4)
  cache.set('k4', 5)
  assert.equal(cache.get('k3'), 3)
})

test('new keys differ', () => {
  const keys = Array.from({ length: 1000 }, newAccessKey)
  // One in 64 would begin with a hyphen, which no command line takes for a value.
  assert.ok(keys.every(({ secret }) => /^[A-Za-z0-9_][A-Za-z0-9_-]{39}$/.test(secret)))
  assert.equal(new Set(keys.map(key => key.accessKeyId)).size, 1000)
  assert.equal(new Set(keys.map(key => key.secret)).size, 1000)
})

test('an account of Ceph keeps its id as its number; who administers may change', async t => {
  const { store } = setUp(t)
  const access = start(store)
  const ceph = { ...ann, canonicalId: 'RGW11111111111111111' }
  await access.declare([ceph])
  assert.equal((await access.account(ceph.canonicalId))?.accountNumber, ceph.canonicalId)
  const adminOf = async () =>
    (await store.read({ gets: [{ table: accountsTable, key: [ceph.canonicalId] }] })).gets[0].record
      ?.admin
  assert.equal(await adminOf(), null)
  await access.declare([{ ...ceph, admin: true }])
  assert.equal(await adminOf(), 1)
})
