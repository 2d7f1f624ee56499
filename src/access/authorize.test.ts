// Who may do what, by ownership, policies and ACLs, each both ways.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BucketInfo } from '../ports/keyspace.ts'
import { groups } from '../rules/acl.ts'
import { parsePolicy } from '../rules/policy/policy.ts'
import { authorize, decisionOf, needsObject, type Question } from './authorize.ts'
import { anonymousIn, type Identity, type Principal, rootIdentity } from './principal.ts'

const number = (canonicalId: string) => (canonicalId === 'ann' ? '111111111111' : '222222222222')

const account = (canonicalId: string, volume = 's3v'): Principal => ({
  kind: 'account',
  canonicalId,
  accountNumber: number(canonicalId),
  displayName: canonicalId,
  volume,
  accessKeyId: 'MG',
  isRoot: false,
  identity: rootIdentity(number(canonicalId)),
})

const statement = (effect: 'Allow' | 'Deny', action: string, more: object = {}) => ({
  Effect: effect,
  Action: action,
  Resource: ['arn:aws:s3:::garden', 'arn:aws:s3:::garden/*'],
  ...more,
})
const document = (...statements: object[]) =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements })

const user = (canonicalId: string, ...statements: object[]): Principal => {
  const policies = statements.map((one, i) => ({
    name: `policy ${i}`,
    policy: parsePolicy(document(one), 'identity'),
  }))
  const arn = `arn:aws:iam::${number(canonicalId)}:user/moon`
  const identity: Identity = {
    kind: 'user',
    arn,
    userId: 'AIDA',
    name: 'moon',
    policies,
    tags: {},
    facts: {},
  }
  return { ...account(canonicalId), identity }
}

let made = 0
const bucketOf = (settings: Record<string, unknown> = {}): BucketInfo => ({
  id: `b${made++}`,
  volume: 's3v',
  name: 'garden',
  owner: 'ann',
  region: 'us-east-1',
  created: 0,
  versioning: 'off',
  settings,
  revision: 1,
})

const ask = (
  principal: Principal,
  action: string,
  more: Partial<Question> = { bucket: bucketOf(), key: 'k' },
): boolean => {
  const question: Question = {
    principal,
    action,
    volume: 's3v',
    bucket: undefined,
    key: undefined,
    condition: () => undefined,
    ...more,
  }
  const { allowed } = decisionOf(question)
  if (allowed) authorize(question)
  else assert.throws(() => authorize(question), { code: 'AccessDenied', status: 403 })
  return allowed
}

test('accounts by themselves', () => {
  const none = { bucket: undefined }
  assert.ok(ask(account('ann'), 's3:GetObject'))
  assert.ok(ask(account('ann'), 's3:DeleteBucket'))
  assert.ok(!ask(account('bob'), 's3:GetObject'))
  assert.ok(!ask({ ...account('bob'), isRoot: true }, 's3:GetObject'))
  assert.ok(ask(account('bob'), 's3:CreateBucket', none))
  assert.ok(!ask(account('bob', 'other'), 's3:CreateBucket', none))
  assert.ok(ask({ ...account('bob', 'other'), isRoot: true }, 's3:CreateBucket', none))
  assert.ok(!ask(anonymousIn('s3v'), 's3:GetObject'))
  assert.ok(!ask(anonymousIn('s3v'), 's3:CreateBucket', none))
  assert.ok(!ask(anonymousIn('s3v'), 's3:ListAllMyBuckets', none))
  const unowned = { ...bucketOf(), owner: '' }
  assert.ok(!ask(anonymousIn('s3v'), 's3:GetObject', { bucket: unowned, key: 'k' }))
})

test('users by their policies', () => {
  assert.ok(!ask(user('ann'), 's3:GetObject'))
  assert.ok(ask(user('ann', statement('Allow', 's3:GetObject')), 's3:GetObject'))
  const denied = [statement('Allow', 's3:*'), statement('Deny', 's3:GetObject')]
  assert.ok(!ask(user('ann', ...denied), 's3:GetObject'))
  assert.ok(ask(user('ann', ...denied), 's3:PutObject'))
  assert.ok(!ask(user('bob', statement('Allow', 's3:GetObject')), 's3:GetObject'))
})

test('what an administrator of the volume attached holds on all of its buckets', () => {
  const bob = user('bob', statement('Allow', 's3:GetObject'))
  const wide = { ...bob, identity: { ...bob.identity, volumeWide: true } }
  assert.ok(ask(wide, 's3:GetObject'))
  assert.ok(!ask(wide, 's3:PutObject'))
  const elsewhere = { ...bucketOf(), volume: 'other' }
  assert.ok(!ask(wide, 's3:GetObject', { bucket: elsewhere, key: 'k' }))
  const policy = document(statement('Allow', 's3:*', { Principal: '*' }))
  const block = { RestrictPublicBuckets: true }
  const restricted = { bucket: bucketOf({ policy, publicAccessBlock: block }), key: 'k' }
  assert.ok(ask(wide, 's3:GetObject', restricted))
  assert.ok(!ask(wide, 's3:PutObject', restricted))
  const closed = document(statement('Deny', 's3:*', { Principal: '*' }))
  assert.ok(!ask(wide, 's3:GetObject', { bucket: bucketOf({ policy: closed }), key: 'k' }))
})

test('a policy of the bucket', () => {
  const policy = document(
    statement('Allow', 's3:GetObject', { Principal: '*' }),
    statement('Deny', 's3:DeleteObject', { Principal: { AWS: number('ann') } }),
  )
  const about = { bucket: bucketOf({ policy }), key: 'k' }
  assert.ok(ask(anonymousIn('s3v'), 's3:GetObject', about))
  assert.ok(ask(account('bob'), 's3:GetObject', about))
  assert.ok(!ask(account('bob'), 's3:PutObject', about))
  assert.ok(ask(account('ann'), 's3:PutObject', about))
  assert.ok(!ask(account('ann'), 's3:DeleteObject', about))
  const block = { RestrictPublicBuckets: true }
  const restricted = { bucket: bucketOf({ policy, publicAccessBlock: block }), key: 'k' }
  assert.ok(!ask(anonymousIn('s3v'), 's3:GetObject', restricted))
  assert.ok(ask(account('ann'), 's3:GetObject', restricted))
})

test('a policy of a bucket in another volume speaks of it by its name', () => {
  const policy = document(statement('Allow', 's3:GetObject', { Principal: '*' }))
  const bucket = { ...bucketOf({ policy }), volume: 'other' }
  assert.ok(ask(account('bob'), 's3:GetObject', { bucket, key: 'k' }))
  // A user's own policies name the volume, so that they mean one bucket.
  const plain = user('ann', statement('Allow', 's3:PutObject'))
  assert.ok(!ask(plain, 's3:PutObject', { bucket, key: 'k' }))
  const Resource = 'arn:aws:s3::other:garden/*'
  const named = user('ann', statement('Allow', 's3:PutObject', { Resource }))
  assert.ok(ask(named, 's3:PutObject', { bucket, key: 'k' }))
})

test('ACLs, where they count', () => {
  const everybody = { grantee: { kind: 'group', uri: groups.all }, permission: 'READ' } as const
  const full = { grantee: { kind: 'canonical', id: 'ann' }, permission: 'FULL_CONTROL' } as const
  const acl = [full, everybody]
  const off = { bucket: bucketOf({ acl }) }
  assert.ok(!ask(anonymousIn('s3v'), 's3:ListBucket', off))
  const on = { bucket: bucketOf({ acl, ownership: 'ObjectWriter' }) }
  assert.ok(ask(anonymousIn('s3v'), 's3:ListBucket', on))
  assert.ok(!ask(anonymousIn('s3v'), 's3:PutObject', { ...on, key: 'k' }))
  const ignored = { ownership: 'ObjectWriter', acl, publicAccessBlock: { IgnorePublicAcls: true } }
  assert.ok(!ask(anonymousIn('s3v'), 's3:ListBucket', { bucket: bucketOf(ignored) }))
  assert.ok(!ask(user('ann'), 's3:GetBucketAcl', on), 'an ACL gives the account, not its users')
})

test('the ACL of an object that somebody else wrote', () => {
  const bucket = bucketOf({ ownership: 'ObjectWriter' })
  const object = { owner: 'bob', tags: [] }
  const about = { bucket, key: 'k', object }
  assert.ok(ask(account('bob'), 's3:GetObject', about))
  assert.ok(!ask(account('ann'), 's3:GetObject', about))
  assert.ok(ask(account('ann'), 's3:DeleteObject', about))
  const acl = [{ grantee: { kind: 'canonical', id: 'ann' }, permission: 'READ' } as const]
  assert.ok(ask(account('ann'), 's3:GetObject', { ...about, object: { ...object, acl } }))
  assert.ok(!ask(account('ann'), 's3:PutObjectAcl', { ...about, object: { ...object, acl } }))
})

test('tags of the object that is there', () => {
  const Condition = { StringEquals: { 's3:ExistingObjectTag/colour': 'red' } }
  const policy = document(statement('Allow', 's3:GetObject', { Principal: '*', Condition }))
  const bucket = bucketOf({ policy })
  const question = { principal: account('bob'), action: 's3:GetObject', volume: 's3v' }
  const about = { ...question, bucket, key: 'k', condition: () => undefined }
  assert.ok(needsObject(about))
  assert.ok(!needsObject({ ...about, bucket: bucketOf() }))
  const tagged = (Value: string) => ({ owner: 'ann', tags: [{ Key: 'colour', Value }] })
  assert.ok(decisionOf({ ...about, object: tagged('red') }).allowed)
  assert.ok(!decisionOf({ ...about, object: tagged('blue') }).allowed)
  assert.ok(!decisionOf(about).allowed)
})

test('boundaries and session policies that speak of tags have the object looked at', () => {
  const Condition = { StringEquals: { 's3:ExistingObjectTag/colour': 'red' } }
  const policy = parsePolicy(document(statement('Deny', 's3:*', { Condition })), 'identity')
  const ann = user('ann', statement('Allow', 's3:*'))
  for (const limit of ['boundary', 'session']) {
    const identity = { ...ann.identity, [limit]: [{ name: 'limit', policy }] }
    const principal = { ...ann, identity }
    const about = { principal, action: 's3:GetObject', volume: 's3v', key: 'k' }
    assert.ok(needsObject({ ...about, bucket: bucketOf(), condition: () => undefined }), limit)
  }
})
