// The decision: who needs what from which side, and which policy, statement and Sid are told.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DecisionInput, decide, type NamedPolicy, type Reason } from './decide.ts'
import { type PolicyKind, parsePolicy } from './policy.ts'
import type { Caller } from './request.ts'

const account = '111111111111'
const other = '222222222222'
const arnOf = (number: string, rest: string) => `arn:aws:iam::${number}:${rest}`
const session = `arn:aws:sts::${account}:assumed-role/dev/s`
const callerOf = (kind: Caller['kind'], number: string): Caller => ({
  kind,
  account: number,
  canonicalId: number === '' ? '' : `c${number}`,
  arns:
    kind === 'anonymous'
      ? []
      : kind === 'assumed-role'
        ? [session, arnOf(number, 'role/dev')]
        : [arnOf(number, kind === 'root' ? 'root' : 'user/ann')],
})
const anonymous = callerOf('anonymous', '')

const named = (name: string, kind: PolicyKind, statements: object[]): NamedPolicy => ({
  name,
  policy: parsePolicy(
    JSON.stringify({
      Version: '2012-10-17',
      Statement: statements.map(statement => ({
        Effect: 'Allow',
        Action: 's3:*',
        Resource: 'arn:aws:s3:::*',
        ...statement,
      })),
    }),
    kind,
  ),
})
const allows = (name: string) => named(name, 'identity', [{ Sid: 'yes' }])
const denies = (name: string) =>
  named(name, 'identity', [{}, { Sid: 'no', Effect: 'Deny', Action: 's3:Get*' }])
const silent = (name: string) => named(name, 'identity', [{ Action: 's3:PutObject' }])
const bucket = (Principal: unknown, more: object = {}) =>
  named('bucket', 'bucket', [{ Principal, ...more }])

type Changes = Partial<DecisionInput> & { readonly caller?: Caller; readonly action?: string }
const ask = ({ caller = callerOf('user', account), action = 's3:GetObject', ...more }: Changes) =>
  decide({
    request: { caller, action, resource: 'arn:aws:s3:::b/k', condition: () => undefined },
    resourceAccount: account,
    identity: [],
    ...more,
  })
const outcome = (changes: Changes): Reason => ask(changes).reason

test('users of the owner: identity policy, or bucket policy, or ACL', () => {
  assert.equal(outcome({}), 'no statement allows')
  assert.equal(outcome({ identity: [silent('a')] }), 'no statement allows')
  assert.deepEqual(ask({ identity: [silent('a'), allows('b')] }), {
    allowed: true,
    reason: 'allowed',
    policy: 'b',
    sid: 'yes',
    statement: 0,
  })
  assert.equal(outcome({ resource: bucket('*') }), 'allowed')
  assert.equal(outcome({ resource: bucket({ AWS: arnOf(account, 'user/ann') }) }), 'allowed')
  assert.equal(
    outcome({ resource: bucket({ AWS: arnOf(account, 'user/bob') }) }),
    'no statement allows',
  )
  // The account is for its administrators to give on.
  assert.equal(outcome({ resource: bucket({ AWS: account }) }), 'no statement allows')
  assert.equal(outcome({ acl: () => true }), 'allowed by ACL')
  assert.equal(outcome({ acl: () => false }), 'no statement allows')
})

test('an explicit deny anywhere, and where it stands', () => {
  const yes = { identity: [allows('i')], boundary: [allows('b')], session: [allows('s')] }
  assert.deepEqual(ask({ ...yes, identity: [allows('i'), denies('group')] }), {
    allowed: false,
    reason: 'explicit deny',
    policy: 'group',
    sid: 'no',
    statement: 1,
  })
  assert.equal(ask({ ...yes, boundary: [denies('b')] }).policy, 'b')
  assert.equal(ask({ ...yes, session: [denies('s')] }).policy, 's')
  const resource = bucket('*', { Effect: 'Deny' })
  assert.deepEqual(ask({ ...yes, resource, acl: () => true }), {
    allowed: false,
    reason: 'explicit deny',
    policy: 'bucket',
    statement: 0,
  })
  assert.equal(
    ask({ ...yes, resource: bucket('*', { Effect: 'Deny', Action: 's3:PutObject' }) }).allowed,
    true,
  )
})

test('ACLs are asked only when nothing else decided', () => {
  const acl = (): boolean => assert.fail('asked')
  assert.equal(outcome({ identity: [allows('i')], acl }), 'allowed')
  assert.equal(outcome({ identity: [denies('i')], acl }), 'explicit deny')
  assert.equal(outcome({ resource: bucket('*'), acl }), 'allowed')
  assert.equal(outcome({ caller: callerOf('root', account), acl }), 'allowed to the root user')
  assert.equal(outcome({ caller: callerOf('user', other), acl }), 'no identity policy allows')
})

test('the root user of the owner may all that nothing denies', () => {
  const caller = callerOf('root', account)
  assert.equal(outcome({ caller }), 'allowed to the root user')
  assert.equal(outcome({ caller, resourceAccount: undefined }), 'allowed to the root user')
  assert.equal(outcome({ caller, identity: [silent('i')] }), 'allowed to the root user')
  assert.equal(outcome({ caller, identity: [denies('i')] }), 'explicit deny')
  assert.equal(outcome({ caller, resource: bucket('*', { Effect: 'Deny' }) }), 'explicit deny')
  assert.equal(outcome({ caller, session: [silent('s')] }), 'outside the session policy')
})

test('the root user of the owner keeps the bucket policy, unless it gave that up', () => {
  const resource = bucket('*', { Effect: 'Deny' })
  for (const action of ['s3:GetBucketPolicy', 's3:PutBucketPolicy', 's3:DeleteBucketPolicy']) {
    const root = { caller: callerOf('root', account), action, resource }
    assert.equal(outcome(root), 'allowed to the root user')
    assert.equal(outcome({ ...root, rootKeepsPolicy: false }), 'explicit deny')
    assert.equal(outcome({ ...root, caller: callerOf('root', other) }), 'explicit deny')
    assert.equal(
      outcome({ ...root, identity: [named('i', 'identity', [{ Effect: 'Deny' }])] }),
      'explicit deny',
    )
    assert.equal(
      outcome({ ...root, caller: callerOf('user', account), identity: [allows('i')] }),
      'explicit deny',
    )
  }
})

test('users of another account need both sides, its root user the resource’s', () => {
  const caller = callerOf('user', other)
  const identity = [allows('i')]
  for (const [Principal, expected] of [
    ['*', 'allowed'],
    [{ AWS: other }, 'allowed'],
    [{ AWS: arnOf(other, 'user/ann') }, 'allowed'],
    [{ CanonicalUser: `c${other}` }, 'allowed'],
    [{ AWS: account }, 'neither bucket policy nor ACL allows'],
  ] as const) {
    const resource = bucket(Principal)
    assert.equal(outcome({ caller, resource }), 'no identity policy allows')
    assert.equal(outcome({ caller, resource, identity }), expected)
    assert.equal(
      outcome({ caller, resource, identity, boundary: [silent('b')] }),
      'outside the permissions boundary',
    )
  }
  assert.equal(outcome({ caller, identity }), 'neither bucket policy nor ACL allows')
  assert.equal(outcome({ caller, identity, acl: () => true }), 'allowed by ACL')
  assert.equal(outcome({ caller, acl: () => true }), 'no identity policy allows')
  const root = callerOf('root', other)
  assert.equal(outcome({ caller: root }), 'neither bucket policy nor ACL allows')
  assert.equal(outcome({ caller: root, resource: bucket({ AWS: other }) }), 'allowed')
  assert.equal(outcome({ caller: root, acl: () => true }), 'allowed by ACL')
  assert.equal(outcome({ caller: root, identity: [denies('i')], acl: () => true }), 'explicit deny')
})

test('anonymous callers: bucket policy or ACL, and never what has no owner', () => {
  const caller = anonymous
  assert.equal(outcome({ caller }), 'no statement allows')
  assert.equal(outcome({ caller, resource: bucket('*') }), 'allowed')
  assert.equal(outcome({ caller, resource: bucket({ AWS: account }) }), 'no statement allows')
  assert.equal(outcome({ caller, acl: () => true }), 'allowed by ACL')
  assert.equal(outcome({ caller, resourceAccount: undefined }), 'no statement allows')
  assert.equal(outcome({ caller, resourceAccount: '' }), 'no statement allows')
})

test('actions on nothing of anybody: identity policies alone', () => {
  const asked = { action: 's3:ListAllMyBuckets', resourceAccount: undefined }
  assert.equal(outcome(asked), 'no statement allows')
  assert.equal(outcome({ ...asked, identity: [allows('i')] }), 'allowed')
  assert.equal(
    outcome({ ...asked, identity: [allows('i')], session: [silent('s')] }),
    'outside the session policy',
  )
})

test('boundaries and session policies give nothing and limit what identity policies give', () => {
  const identity = [allows('i')]
  assert.equal(outcome({ boundary: [allows('b')], session: [allows('s')] }), 'no statement allows')
  assert.equal(outcome({ identity, boundary: [allows('b')], session: [allows('s')] }), 'allowed')
  assert.equal(outcome({ identity, boundary: [silent('b')] }), 'outside the permissions boundary')
  assert.equal(outcome({ identity, session: [silent('s')] }), 'outside the session policy')
  assert.equal(outcome({ identity, session: [silent('s'), allows('t')] }), 'allowed')
  assert.equal(outcome({ identity, session: [] }), 'outside the session policy')
  assert.equal(outcome({ identity, boundary: [] }), 'outside the permissions boundary')
  assert.equal(outcome({ session: [silent('s')], acl: () => true }), 'outside the session policy')
})

test('sessions: a bucket policy that names the session is not limited, one that names the role is', () => {
  const caller = callerOf('assumed-role', account)
  const limits = { session: [silent('s')] }
  const role = bucket({ AWS: arnOf(account, 'role/dev') })
  const itself = bucket({ AWS: session })
  assert.equal(outcome({ caller, resource: role }), 'allowed')
  assert.equal(outcome({ caller, resource: role, ...limits }), 'outside the session policy')
  assert.equal(outcome({ caller, resource: role, session: [allows('s')] }), 'allowed')
  assert.equal(
    outcome({ caller, resource: role, boundary: [silent('b')] }),
    'outside the permissions boundary',
  )
  assert.equal(outcome({ caller, resource: itself, ...limits }), 'allowed')
  assert.equal(outcome({ caller, resource: itself, boundary: [silent('b')] }), 'allowed')
  assert.equal(outcome({ caller, resource: itself, session: [denies('s')] }), 'explicit deny')
  // Of another account, the caller's side must allow it all the same.
  assert.equal(
    outcome({
      caller,
      resource: itself,
      resourceAccount: other,
      identity: [allows('i')],
      ...limits,
    }),
    'outside the session policy',
  )
})

test('RestrictPublicBuckets lets in the owner’s account only', () => {
  const resource = bucket('*')
  const of = (caller: Caller, identity: NamedPolicy[] = []) =>
    outcome({ caller, identity, resource, restrictPublic: true, acl: () => true })
  assert.equal(of(anonymous), 'public access is restricted')
  assert.equal(of(callerOf('user', other), [allows('i')]), 'public access is restricted')
  assert.equal(of(callerOf('root', other)), 'public access is restricted')
  assert.equal(of(callerOf('user', account)), 'allowed')
  assert.equal(of(callerOf('root', account)), 'allowed to the root user')
})

test('a bucket of another volume: identity policies name the volume, its own policy does not', () => {
  const request = {
    caller: callerOf('user', account),
    action: 's3:GetObject',
    resource: 'arn:aws:s3::vol1:b/k',
    condition: () => undefined,
  }
  const asked = { request, resourceArn: 'arn:aws:s3:::b/k' }
  const identity = (Resource: string) => [named('i', 'identity', [{ Resource }])]
  assert.equal(outcome({ ...asked, identity: identity('arn:aws:s3:::*') }), 'no statement allows')
  assert.equal(outcome({ ...asked, identity: identity('arn:aws:s3::vol1:b/*') }), 'allowed')
  assert.equal(
    outcome({ ...asked, resource: bucket('*', { Resource: 'arn:aws:s3:::b/k' }) }),
    'allowed',
  )
})

test('who began an upload may do with it what nobody denies', () => {
  const action = 's3:AbortMultipartUpload'
  const own = callerOf('user', account)
  const foreign = callerOf('user', other)
  const deny = named('no', 'identity', [{ Effect: 'Deny' }])
  const put = named('put', 'identity', [{ Action: 's3:PutObject' }])
  const granted = 'allowed to the initiator of the upload'
  for (const caller of [own, foreign, callerOf('root', other)]) {
    const by = (more: Changes) => outcome({ caller, action, standing: 'initiator', ...more })
    assert.equal(by({}), granted)
    assert.equal(by({ identity: [put] }), granted)
    assert.equal(by({ identity: [deny] }), 'explicit deny')
    assert.equal(by({ resource: bucket('*', { Effect: 'Deny' }) }), 'explicit deny')
    assert.equal(by({ session: [put] }), 'outside the session policy')
    assert.equal(by({ boundary: [put] }), 'outside the permissions boundary')
  }
  const restricted = {
    caller: foreign,
    action,
    standing: 'initiator',
    restrictPublic: true,
  } as const
  assert.equal(outcome(restricted), 'public access is restricted')
  const of = (caller: Caller, more: Changes = {}) =>
    outcome({ caller, action, standing: 'account', ...more })
  assert.equal(of(callerOf('root', other)), granted)
  assert.equal(of(foreign), 'no identity policy allows')
  assert.equal(of(foreign, { identity: [allows('b')] }), granted)
  assert.equal(
    of(foreign, { identity: [allows('b')], session: [put] }),
    'outside the session policy',
  )
  assert.equal(of(own), 'no statement allows')
})
