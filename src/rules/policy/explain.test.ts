// What a decision looked at, and which statement came nearest to allowing what is denied.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DecisionInput, decide } from './decide.ts'
import { explain, type Lack, type Nearest } from './explain.ts'
import { type PolicyKind, parsePolicy } from './policy.ts'

const account = '111111111111'
const ann = `arn:aws:iam::${account}:user/ann`

const named = (name: string, kind: PolicyKind, ...Statement: readonly object[]) => ({
  name,
  policy: parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement }), kind),
})
const allow = (more: object) => ({
  Effect: 'Allow',
  Action: 's3:GetObject',
  Resource: 'arn:aws:s3:::b/*',
  ...more,
})

const asked = (changes: Partial<DecisionInput> = {}): DecisionInput => ({
  request: {
    caller: { kind: 'user', account, canonicalId: 'c1', arns: [ann] },
    action: 's3:GetObject',
    resource: 'arn:aws:s3:::b/in/key',
    condition: key => (key === 'aws:sourceip' ? '192.0.2.1' : undefined),
  },
  resourceAccount: account,
  identity: [],
  ...changes,
})

const why = (changes: Partial<DecisionInput>) => {
  const input = asked(changes)
  return explain(input, decide(input))
}

function nearest(changes: Partial<DecisionInput>): Nearest {
  const found = why(changes).nearest
  assert.ok(found !== undefined)
  return found
}

const only = (...resources: readonly string[]): Lack => ({
  what: 'resource',
  resources,
  except: false,
})

test('every policy is named, with how many of its statements are about the action', () => {
  const other = allow({ Action: 's3:PutObject' })
  const explanation = why({
    identity: [named('i', 'identity', allow({}), other), named('j', 'identity', other)],
    boundary: [named('b', 'identity', allow({}))],
    session: [named('s', 'session', allow({}))],
    resource: named('bucket policy', 'bucket', allow({ Principal: '*', Effect: 'Deny' })),
    acl: () => false,
  })
  assert.deepEqual(explanation.judged, [
    { kind: 'identity', policy: 'i', statements: 2, about: 1 },
    { kind: 'identity', policy: 'j', statements: 1, about: 0 },
    { kind: 'boundary', policy: 'b', statements: 1, about: 1 },
    { kind: 'session', policy: 's', statements: 1, about: 1 },
    { kind: 'resource', policy: 'bucket policy', statements: 1, about: 1 },
    { kind: 'acl', policy: 'ACL' },
  ])
  // A Deny decided: nothing came near.
  assert.equal(explanation.nearest, undefined)
  assert.deepEqual(why({}), { judged: [], nearest: undefined })
})

test('a statement about another resource, and all but one', () => {
  const far = allow({ Resource: 'arn:aws:s3:::other/*' })
  const near = allow({ Sid: 'Near', Resource: 'arn:aws:s3:::b/out/*' })
  assert.deepEqual(nearest({ identity: [named('i', 'identity', far, near)] }), {
    policy: 'i',
    statement: 1,
    sid: 'Near',
    lacks: [only('arn:aws:s3:::b/out/*')],
  })
  const { Resource: NotResource, ...rest } = allow({})
  assert.deepEqual(
    nearest({ identity: [named('i', 'identity', { ...rest, NotResource })] }).lacks,
    [{ what: 'resource', resources: ['arn:aws:s3:::b/*'], except: true }],
  )
})

test('a condition that does not hold, as it is written, before another resource', () => {
  const Condition = {
    IpAddressIfExists: { 'aws:SourceIp': '10.0.0.0/8' },
    'ForAnyValue:StringEquals': { 'aws:PrincipalTag/Team': ['red', 'blue'] },
  }
  const both = allow({ Condition })
  const one = allow({
    Condition: { ...Condition, IpAddressIfExists: { 'aws:SourceIp': '192.0.2.0/24' } },
  })
  const elsewhere = allow({ Resource: 'arn:aws:s3:::b/in/k' })
  const { statement, lacks } = nearest({
    identity: [named('i', 'identity', elsewhere, both, one)],
  })
  assert.equal(statement, 2)
  const operator = 'ForAnyValue:StringEquals'
  const key = 'aws:PrincipalTag/Team'
  assert.deepEqual(lacks, [{ what: 'condition', operator, key, values: ['red', 'blue'] }])
  assert.equal(nearest({ identity: [named('i', 'identity', both)] }).lacks.length, 2)
})

test('a bucket policy for others, or for the account whose policies do not give it', () => {
  const of = (AWS: string) =>
    nearest({ resource: named('bucket policy', 'bucket', allow({ Principal: { AWS } })) }).lacks
  assert.deepEqual(of(`arn:aws:iam::${account}:user/bob`), [{ what: 'principal' }])
  assert.deepEqual(of(account), [{ what: 'identity' }])
})

test('only where an Allow was missing', () => {
  const identity = [named('i', 'identity', allow({}))]
  const narrow = allow({ Resource: 'arn:aws:s3:::b/x' })
  const boundary = [named('b', 'identity', narrow)]
  const session = [named('s', 'session', narrow)]
  assert.equal(nearest({ identity, boundary }).policy, 'b')
  assert.equal(nearest({ identity, session }).policy, 's')
  assert.equal(why({ identity }).nearest, undefined)
  const foreign = { resourceAccount: '222222222222' }
  const open = named('bucket policy', 'bucket', { ...narrow, Principal: '*' })
  assert.equal(nearest({ ...foreign, identity, resource: open }).policy, 'bucket policy')
  assert.equal(why({ ...foreign, resource: open }).nearest, undefined)
})

test('a bucket of another volume is asked about by the name that each policy has for it', () => {
  const { request } = asked()
  const { lacks } = nearest({
    request: { ...request, resource: 'arn:aws:s3::vol1:b/in/key' },
    resourceArn: request.resource,
    resource: named('bucket policy', 'bucket', allow({ Principal: { AWS: account } })),
  })
  assert.deepEqual(lacks, [{ what: 'identity' }])
})
