import assert from 'node:assert/strict'
import { test } from 'node:test'
import { initiatorOf, readInitiator, standingTo } from './initiator.ts'
import { anonymousIn, type Identity, type Principal, rootIdentity } from './principal.ts'

const number = '123456789012'
const canonicalId = 'a'.repeat(64)
const of = (identity: Identity): Principal => ({
  ...anonymousIn('s3v'),
  kind: 'account',
  canonicalId,
  accountNumber: number,
  identity,
})
const arn = `arn:aws:iam::${number}:user/path/ann`
const user = (userId: string, more: Partial<Identity> = {}): Principal =>
  of({ ...rootIdentity(number), kind: 'user', arn, userId, name: 'ann', ...more })
const root = of(rootIdentity(number))

test('a user is known by the id, whatever name the user has by now, and whoever has the name', () => {
  const record = initiatorOf(user('AIDA1'))
  assert.deepEqual(readInitiator(record), { account: canonicalId, arn, id: 'AIDA1' })
  assert.equal(standingTo(record, user('AIDA1')), 'initiator')
  assert.equal(standingTo(record, user('AIDA1', { arn: `${arn}-moved` })), 'initiator')
  assert.equal(standingTo(record, user('AIDA2')), 'account')
  assert.equal(standingTo(record, root), 'account')
  assert.equal(standingTo(record, { ...user('AIDA1'), canonicalId: 'b' }), undefined)
})

test('a record of an older release has the ARN alone', () => {
  const record = `${canonicalId} ${arn}`
  assert.deepEqual(readInitiator(record), { account: canonicalId, arn, id: undefined })
  assert.equal(standingTo(record, user('AIDA1')), 'initiator')
  assert.equal(standingTo(record, user('AIDA1', { arn: `${arn}2` })), 'account')
  assert.equal(standingTo(record, root), 'account')
})

test('a root is its account, and nobody is never who another nobody was', () => {
  const record = initiatorOf(root)
  assert.equal(record, canonicalId)
  assert.deepEqual(readInitiator(record), { account: canonicalId, arn: undefined, id: undefined })
  assert.equal(standingTo(record, root), 'initiator')
  assert.equal(standingTo(record, user('AIDA1')), 'account')
  assert.equal(standingTo(initiatorOf(anonymousIn('s3v')), anonymousIn('s3v')), undefined)
})
