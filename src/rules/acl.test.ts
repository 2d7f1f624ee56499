// Access control lists, and what a bucket says to them that has none: what would share is refused by the right code.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  aclAllows,
  cannedGrants,
  documentGrants,
  type Grant,
  groups,
  headerGrants,
  isPublic,
  isShared,
  requireNoBucketAcl,
  requireNoObjectAcl,
  withoutPublic,
} from './acl.ts'

test('objects', () => {
  for (const canned of [undefined, 'private', 'bucket-owner-full-control'])
    requireNoObjectAcl({ canned, grants: false })
  for (const canned of ['public-read', 'public-read-write', 'authenticated-read'])
    assert.throws(() => requireNoObjectAcl({ canned, grants: false }), {
      code: 'AccessControlListNotSupported',
      status: 400,
    })
  requireNoObjectAcl({ canned: 'bucket-owner-full-control', grants: false }, true)
  assert.throws(() => requireNoObjectAcl({ canned: 'private', grants: false }, true), {
    code: 'AccessControlListNotSupported',
  })
  assert.throws(() => requireNoObjectAcl({ canned: undefined, grants: true }), {
    code: 'AccessControlListNotSupported',
  })
})

test('buckets', () => {
  requireNoBucketAcl({ canned: 'private', grants: false })
  for (const acl of [
    { canned: 'public-read', grants: false },
    { canned: 'private', grants: true },
  ])
    assert.throws(() => requireNoBucketAcl(acl), { code: 'InvalidBucketAclWithObjectOwnership' })
})

test('a canned ACL that nobody knows', () => {
  for (const act of [requireNoObjectAcl, requireNoBucketAcl])
    assert.throws(() => act({ canned: 'everybody', grants: true }), { code: 'InvalidArgument' })
})

const grant = (to: string, permission: Grant['permission']): Grant =>
  to.startsWith('http')
    ? { grantee: { kind: 'group', uri: to }, permission }
    : { grantee: { kind: 'canonical', id: to }, permission }

test('canned ACLs', () => {
  const owners = { owner: 'ann', bucketOwner: 'bob' }
  const own = grant('ann', 'FULL_CONTROL')
  const table: Record<string, Grant[]> = {
    private: [own],
    'public-read': [own, grant(groups.all, 'READ')],
    'public-read-write': [own, grant(groups.all, 'READ'), grant(groups.all, 'WRITE')],
    'authenticated-read': [own, grant(groups.authenticated, 'READ')],
    'bucket-owner-read': [own, grant('bob', 'READ')],
    'bucket-owner-full-control': [own, grant('bob', 'FULL_CONTROL')],
  }
  for (const [canned, grants] of Object.entries(table))
    assert.deepEqual(cannedGrants(canned, owners), grants, canned)
  assert.deepEqual(cannedGrants('bucket-owner-read', { owner: 'bob', bucketOwner: 'bob' }), [
    grant('bob', 'FULL_CONTROL'),
  ])
  assert.throws(() => cannedGrants('toString', owners), { code: 'InvalidArgument' })
})

test('grants in headers', () => {
  const read = `id="ann", uri=${groups.all}, emailAddress="bob@example.org"`
  assert.deepEqual(headerGrants({ GrantRead: read, GrantFullControl: 'id=cid' }), [
    grant('ann', 'READ'),
    grant(groups.all, 'READ'),
    { grantee: { kind: 'email', address: 'bob@example.org' }, permission: 'READ' },
    grant('cid', 'FULL_CONTROL'),
  ])
  for (const GrantWrite of ['ann', 'id=', 'uri=http://example.org/everybody', 'id="a'])
    assert.throws(() => headerGrants({ GrantWrite }), { code: 'InvalidArgument' }, GrantWrite)
  const many = Array.from({ length: 101 }, (_, i) => `id=a${i}`).join(',')
  assert.throws(() => headerGrants({ GrantRead: many }), { code: 'InvalidArgument' })
})

test('grants in XML', () => {
  const of = (Grantee: object, Permission: string) =>
    documentGrants({ Grants: [{ Grantee: { Type: '', ...Grantee }, Permission }] })
  assert.deepEqual(of({ Type: 'CanonicalUser', ID: 'ann' }, 'WRITE_ACP'), [
    grant('ann', 'WRITE_ACP'),
  ])
  assert.deepEqual(of({ Type: 'Group', URI: groups.logDelivery }, 'WRITE'), [
    grant(groups.logDelivery, 'WRITE'),
  ])
  assert.throws(() => of({ Type: 'CanonicalUser' }, 'READ'), { code: 'MalformedACLError' })
  assert.throws(() => of({ Type: 'CanonicalUser', ID: 'ann' }, 'ALL'), {
    code: 'MalformedACLError',
  })
  assert.throws(() => of({ Type: 'Group', URI: 'everybody' }, 'READ'), { code: 'InvalidArgument' })
})

test('what an ACL allows', () => {
  const acl = {
    owner: 'ann',
    grants: [grant('bob', 'READ'), grant('dan', 'WRITE'), grant(groups.authenticated, 'READ_ACP')],
  }
  const table: [string, string, boolean][] = [
    ['bob', 's3:GetObject', true],
    ['bob', 's3:ListBucket', true],
    ['bob', 's3:PutObject', false],
    ['bob', 's3:GetObjectAcl', true],
    ['cid', 's3:GetObjectAcl', true],
    ['cid', 's3:PutObjectAcl', false],
    ['cid', 's3:GetObject', false],
    ['', 's3:GetObjectAcl', false],
    ['bob', 's3:PutBucketPolicy', false],
    ['bob', 's3:ListBucketMultipartUploads', true],
    ['dan', 's3:PutObject', true],
    ['dan', 's3:ListBucketMultipartUploads', false],
    ['dan', 's3:ListMultipartUploadParts', false],
    ['dan', 's3:AbortMultipartUpload', false],
    ['dan', 's3:DeleteObjectVersion', false],
  ]
  for (const [canonicalId, action, allowed] of table)
    assert.equal(aclAllows(acl, { canonicalId }, action), allowed, `${canonicalId} ${action}`)
  const full = { owner: 'ann', grants: [grant('bob', 'FULL_CONTROL')] }
  assert.equal(aclAllows(full, { canonicalId: 'bob' }, 's3:AbortMultipartUpload'), false)
  const everybody = { owner: 'ann', grants: [grant(groups.all, 'FULL_CONTROL')] }
  assert.equal(aclAllows(everybody, { canonicalId: '' }, 's3:PutObject'), true)
  assert.equal(aclAllows(everybody, { canonicalId: '' }, 's3:DeleteBucket'), false)
})

test('what an ACL shares', () => {
  const shared = [grant('ann', 'FULL_CONTROL'), grant(groups.all, 'READ')]
  assert.equal(isPublic(shared), true)
  assert.deepEqual(withoutPublic(shared), [grant('ann', 'FULL_CONTROL')])
  assert.equal(isPublic([grant(groups.logDelivery, 'WRITE')]), false)
  assert.equal(isShared([grant('ann', 'FULL_CONTROL')], 'ann'), false)
  assert.equal(isShared([grant('bob', 'READ')], 'ann'), true)
})
