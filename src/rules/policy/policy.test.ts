// The language of policies: what is refused by which sentence, and what is read out of what is taken.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  isPublicPolicy,
  mentionsCondition,
  PolicyError,
  type PolicyKind,
  parsePolicy,
  principalsOf,
} from './policy.ts'

const bucket = {
  Effect: 'Allow',
  Principal: '*',
  Action: 's3:GetObject',
  Resource: 'arn:aws:s3:::b/*',
}
const identity = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/*' }
const trust = { Effect: 'Allow', Principal: { AWS: '123456789012' }, Action: 'sts:AssumeRole' }
const samples: Readonly<Record<PolicyKind, object>> = {
  bucket,
  identity,
  session: identity,
  trust,
}

const document = (statement: unknown, rest: object = {}): string =>
  JSON.stringify({ Version: '2012-10-17', ...rest, Statement: statement })
const parse = (kind: PolicyKind, changes: object = {}, rest: object = {}) =>
  parsePolicy(document([{ ...samples[kind], ...changes }], rest), kind, { bucket: 'b' })
const refuses = (act: () => unknown, message: string | RegExp): void => {
  assert.throws(act, (error: Error) => {
    assert.ok(error instanceof PolicyError)
    if (typeof message === 'string') assert.equal(error.message, message)
    else assert.match(error.message, message)
    return true
  })
}
const kinds: readonly PolicyKind[] = ['bucket', 'identity', 'session', 'trust']

test('a plain statement of each kind, alone or in a list', () => {
  for (const kind of kinds) {
    assert.equal(parse(kind).statements.length, 1)
    assert.equal(parsePolicy(document(samples[kind]), kind).statements.length, 1)
    parse(kind, {}, { Version: '2008-10-17', Id: 'x' })
    parsePolicy(JSON.stringify({ Statement: samples[kind] }), kind)
  }
})

test('what is no document', () => {
  const sentence = "Policies must be valid JSON and the first byte must be '{'"
  for (const text of ['', ' ', '[]', 'null', '"x"', '{', '{}x', ' {"Statement":[]}', "{'a':1}"])
    for (const kind of kinds) refuses(() => parsePolicy(text, kind), sentence)
  refuses(() => parsePolicy('{}', 'bucket'), 'Missing required field Statement')
  refuses(
    () => parsePolicy(document([]), 'bucket'),
    'Could not parse the policy: Statement is empty!',
  )
  refuses(() => parsePolicy(document('x'), 'bucket'), 'Statement must be a JSON object')
  refuses(() => parsePolicy(document([[]]), 'bucket'), 'Statement must be a JSON object')
  for (const version of ['2012-10-18', '', 2012, null])
    refuses(
      () => parse('bucket', {}, { Version: version }),
      'The policy must contain a valid version string',
    )
  refuses(() => parse('bucket', {}, { Id: 3 }), 'Id must be a string')
  refuses(() => parse('bucket', {}, { version: '2012-10-17' }), 'Unknown field version')
})

test('keys that a policy asks for, and whom it names', () => {
  const policy = parse('bucket', {
    Principal: { AWS: ['arn:aws:iam::123456789012:root'], CanonicalUser: 'c' },
    Condition: { StringEquals: { 's3:ExistingObjectTag/A': '${aws:PrincipalTag/B}' } },
    Resource: 'arn:aws:s3:::b/${aws:username}/*',
  })
  for (const key of ['s3:existingobjecttag/', 'aws:principaltag/b', 'aws:username'])
    assert.equal(mentionsCondition(policy, key), true, key)
  assert.equal(mentionsCondition(policy, 's3:requestobjecttag/'), false)
  assert.deepEqual(principalsOf(policy), [
    { type: 'AWS', value: 'arn:aws:iam::123456789012:root' },
    { type: 'CanonicalUser', value: 'c' },
  ])
  assert.equal(isPublicPolicy(policy), false)
  assert.equal(isPublicPolicy(parse('bucket')), true)
})
