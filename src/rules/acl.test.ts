// ACLs while there are none: what gives nobody a right passes, what would share is refused by the right code.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requireNoBucketAcl, requireNoObjectAcl } from './acl.ts'

test('objects', () => {
  for (const canned of [undefined, 'private', 'bucket-owner-full-control'])
    requireNoObjectAcl({ canned, grants: false })
  for (const canned of ['public-read', 'public-read-write', 'authenticated-read'])
    assert.throws(() => requireNoObjectAcl({ canned, grants: false }), {
      code: 'AccessControlListNotSupported',
      status: 400,
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
