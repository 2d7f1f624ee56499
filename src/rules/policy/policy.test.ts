// The language of policies: what is refused by which sentence, and what is read out of what is taken.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  isPublicPolicy,
  mentionsCondition,
  PolicyError,
  type PolicyKind,
  parsePolicy,
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

test('keys that a policy asks for, and whether it is public', () => {
  const policy = parse('bucket', {
    Principal: { AWS: ['arn:aws:iam::123456789012:root'], CanonicalUser: 'c' },
    Condition: { StringEquals: { 's3:ExistingObjectTag/A': '${aws:PrincipalTag/B}' } },
    Resource: 'arn:aws:s3:::b/${aws:username}/*',
  })
  for (const key of ['s3:existingobjecttag/', 'aws:principaltag/b', 'aws:username'])
    assert.equal(mentionsCondition(policy, key), true, key)
  assert.equal(mentionsCondition(policy, 's3:requestobjecttag/'), false)
  assert.equal(isPublicPolicy(policy), false)
  assert.equal(isPublicPolicy(parse('bucket')), true)
})

test('unknown, missing and doubled elements', () => {
  refuses(() => parse('bucket', {}, { Foo: 1 }), 'Unknown field Foo')
  refuses(() => parse('bucket', { action: 's3:GetObject' }), 'Unknown field action')
  for (const name of ['Effect', 'Principal', 'Action', 'Resource'])
    refuses(() => parse('bucket', { [name]: undefined }), `Missing required field ${name}`)
  refuses(() => parsePolicy(document([{}]), 'bucket'), 'Missing required field Effect')
  for (const kind of ['identity', 'session'] as const) {
    refuses(() => parse(kind, { Effect: undefined }), 'Missing required field Effect')
    for (const nothing of [undefined, [], 1]) {
      refuses(() => parse(kind, { Action: nothing }), 'Policy statement must contain actions.')
      refuses(() => parse(kind, { Resource: nothing }), 'Policy statement must contain resources.')
    }
  }
  refuses(() => parse('trust', { Principal: undefined }), 'Missing required field Principal')
  refuses(() => parse('trust', { Resource: '*' }), 'Has prohibited field Resource')
  for (const [name, value] of [
    ['Action', 's3:PutObject'],
    ['Resource', 'arn:aws:s3:::b'],
    ['Principal', '*'],
  ] as const)
    refuses(
      () => parse('bucket', { Effect: 'Deny', [`Not${name}`]: value }),
      `Statement/policy already has instance of ${name}`,
    )
  for (const effect of ['allow', 'Permit', '', 1, null])
    refuses(() => parse('bucket', { Effect: effect }), /^Invalid effect: /)
})

test('doubled keys of JSON, at every depth', () => {
  const double = (text: string, key: string) =>
    refuses(() => parsePolicy(text, 'bucket'), `Statement/policy already has instance of ${key}`)
  const inside =
    '"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"'
  double(`{"Version":"2012-10-17","Version":"2012-10-17","Statement":{${inside}}}`, 'Version')
  double(`{"Statement":[{"Effect":"Deny",${inside}}]}`, 'Effect')
  double(`{"Statement":{"Ef\\u0066ect":"Deny",${inside}}}`, 'Effect')
  const condition = '"Condition":{"StringEquals":{"aws:username":"a"},"StringEquals" \n:{}}'
  double(`{"Statement":{${inside},${condition}}}`, 'StringEquals')
  // The same key in two objects, and braces and colons in texts, are not doubled.
  parsePolicy(
    `{"Id":"{\\"a\\":{","Statement":[{"Sid":"}{ \\"Sid\\": x",${inside}},{"Sid":":",${inside}}]}`,
    'bucket',
  )
})

test('size: a bucket policy has 20 KB, white space and all', () => {
  const text = document(bucket)
  parsePolicy(text + ' '.repeat(20 * 1024 - text.length), 'bucket')
  refuses(
    () => parsePolicy(text + ' '.repeat(20 * 1024 + 1 - text.length), 'bucket'),
    'Policies are limited to 20 KB in size',
  )
  refuses(
    () => parse('bucket', { Sid: 'ü'.repeat(10_400) }),
    'Policies are limited to 20 KB in size',
  )
  parsePolicy(document(identity) + ' '.repeat(21_000), 'identity')
  refuses(() => parsePolicy(document(identity) + ' '.repeat(131_072), 'identity'), /maximum size/)
})

test('Sid: unique, and without signs but in bucket policies', () => {
  const two = (kind: PolicyKind, a: string, b: string) =>
    parsePolicy(
      document([
        { ...samples[kind], Sid: a },
        { ...samples[kind], Sid: b },
      ]),
      kind,
    )
  for (const kind of kinds) {
    assert.equal(two(kind, 'a', 'A').statements[1]?.sid, 'A')
    two(kind, '', '')
    refuses(() => two(kind, 'a', 'a'), 'Statement IDs (SID) in a single policy must be unique.')
  }
  parse('bucket', { Sid: 'Allow Public Access' })
  refuses(() => parse('identity', { Sid: 'Allow Public Access' }), /must be alpha-numeric/)
  refuses(() => parse('bucket', { Sid: 1 }), 'Sid must be a string')
})

test('actions', () => {
  for (const action of ['s3:*', 's3:Get*', 'S3:getobject', 's3:PutObject?cl', '*', 's3:?*'])
    parse('bucket', { Action: [action] })
  const invalid = [
    's3:GetObjekt',
    's3:Foo*',
    's3:',
    's3',
    'GetObject',
    'iam:GetUser',
    'ec2:*',
    'sts:AssumeRole',
    '*:GetObject',
    's3:Get Object',
    '',
    [],
    [1],
    {},
    null,
  ]
  for (const action of invalid)
    refuses(() => parse('bucket', { Action: action }), 'Policy has invalid action')
  refuses(
    () => parse('bucket', { Action: ['s3:GetObject', 's3:ListAllMyBuckets'] }),
    'Action does not apply to any resource(s) in statement',
  )
  for (const action of ['iam:Foo', 'sts:*', 's3:NotYetThere', '*', 'kms:Decrypt'])
    parse('identity', { Action: action })
  for (const action of ['GetObject', '*:*', 'iam:', ''])
    refuses(() => parse('identity', { Action: action }), /must be prefaced by a vendor/)
  parse('trust', { Action: ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession'] })
  for (const action of ['*', 's3:GetObject'])
    refuses(() => parse('trust', { Action: action }), /may only specify STS AssumeRole actions/)
})

test('resources', () => {
  for (const resource of [
    'arn:aws:s3:::b',
    'arn:aws:s3:::b/*',
    'arn:aws:s3:::b/k:l/${aws:username}',
    'arn:aws:s3:::*',
    'arn:aws:s3:::*/*',
    'arn:aws:s3:::?',
    'arn:aws:s3::tenant:b',
    'arn:aws:s3::tenant:b/*',
    ['arn:aws:s3:::b', 'arn:aws:s3:::b/*'],
  ])
    parse('bucket', { Resource: resource })
  for (const resource of [
    '*',
    'arn:aws:s3:::c',
    'arn:aws:s3:::c/*',
    'arn:aws:s3:::bb',
    'arn:aws:s3:::b*b',
    'arn:aws:s3:::',
    'arn:aws:s3:::/b',
    'arn:aws:s3:eu-west-1::b',
    'arn:aws:iam:::b',
    'arn:aws:s3',
    'b',
    '',
    [],
    ['arn:aws:s3:::b', 1],
    {},
  ]) {
    const message = 'Policy has invalid resource'
    refuses(() => parse('bucket', { Resource: resource }), message)
    refuses(() => parse('bucket', { Resource: undefined, NotResource: resource }), message)
  }
  for (const resource of ['*', 'arn:aws:s3:::*', 'arn:aws:iam::123456789012:user/${aws:username}'])
    parse('identity', { Resource: resource })
  for (const resource of ['b', 'arn:aws:s3', 's3:::b', '', '${aws:username}:a:b:c:d:e'])
    refuses(() => parse('identity', { Resource: resource }), /must be in ARN format or "\*"\.$/)
})

test('principals', () => {
  const number = '123456789012'
  for (const principal of [
    '*',
    { AWS: '*' },
    { AWS: number },
    { AWS: [number, `arn:aws:iam::${number}:root`] },
    { AWS: `arn:aws:iam::${number}:user/path/name` },
    { AWS: `arn:aws:iam::${number}:role/name` },
    { AWS: `arn:aws:sts::${number}:assumed-role/name/session` },
    { AWS: `arn:aws:sts::${number}:federated-user/name` },
    { AWS: 'arn:aws:iam::tenant1:root' },
    { AWS: 'arn:aws:iam::tenant1:user/ID' },
    { AWS: 'arn:aws:iam:::user/ID' },
    { AWS: 'RGW11111111111111111' },
    { AWS: 'AIDAIOSFODNN7EXAMPLE' },
    { CanonicalUser: 'a'.repeat(64) },
    { Service: 'logging.s3.amazonaws.com' },
    { Federated: `arn:aws:iam::${number}:oidc-provider/example.org` },
  ])
    for (const kind of ['bucket', 'trust'] as const) parse(kind, { Principal: principal })
  for (const principal of [
    '',
    number,
    'arn:aws:iam:::username',
    [],
    ['*'],
    {},
    null,
    { AWS: [] },
    { AWS: 1 },
    { AWS: '12345678901' },
    { AWS: '1234567890123' },
    { AWS: 'name' },
    { AWS: `arn:aws:iam::${number}:user/*` },
    { AWS: `arn:aws:iam::${number}:*` },
    { AWS: `arn:aws:iam::${number}:group/admins` },
    { AWS: 'arn:aws:s3:::b' },
    { CanonicalUser: '*' },
    { Service: '*' },
    { Federated: '' },
    { Aws: number },
    { Everyone: '*' },
  ])
    refuses(() => parse('bucket', { Principal: principal }), /^Invalid principal in policy/)
  parse('bucket', { Effect: 'Deny', Principal: undefined, NotPrincipal: { AWS: number } })
  refuses(
    () => parse('bucket', { Principal: undefined, NotPrincipal: { AWS: number } }),
    'Allow with NotPrincipal is not allowed',
  )
  for (const kind of ['identity', 'session'] as const) {
    for (const changes of [
      { Principal: { AWS: number } },
      { Principal: 'arn:aws:iam:::username' },
      { Principal: { AWS: ['*'] } },
      { NotPrincipal: '*' },
    ])
      refuses(() => parse(kind, changes), 'Policy document should not specify a principal.')
    // What says nothing is suffered.
    parse(kind, { Principal: '*' })
    parse(kind, { Principal: { AWS: '*' } })
  }
})

test('conditions', () => {
  const of = (Condition: unknown) => () => parse('bucket', { Condition })
  const all = {
    StringNotLikeIfExists: { 'aws:UserAgent': 'a*' },
    'ForAllValues:StringEqualsIgnoreCase': { 'aws:TagKeys': ['a', 'b'] },
    'ForAnyValue:StringLikeIfExists': { 'aws:tagkeys': 'a*' },
    NumericLessThanEquals: { 's3:max-keys': 10, 's3:signatureAge': '1e3' },
    DateGreaterThan: { 'aws:CurrentTime': ['2013-06-30T00:00:00Z', '2013-06-30', 1372550400] },
    Bool: { 'aws:SecureTransport': false },
    BinaryEquals: { 'aws:username': 'QmluYXJ5' },
    NotIpAddress: { 'aws:SourceIp': ['10.0.0.0/8', '2001:db8::/32', '::1'] },
    ArnLike: { 'aws:SourceArn': 'arn:aws:s3::tenant:*' },
    Null: { 's3:ExistingObjectTag/A': true },
    StringEquals: { 'accounts.google.com:aud': 'x', 'saml:sub': 'y' },
  }
  assert.equal(of(all)().statements[0]?.conditions.length, 13)
  for (const operator of [
    'StringEqual',
    'stringequals',
    'StringEqualsIfExistsIfExists',
    'IfExists',
    'NullIfExists',
    'ForAllValues:Null',
    'ForSomeValues:StringEquals',
    'ForAllValues:ForAnyValue:StringEquals',
    'ForAllValues:',
    'constructor',
    '',
  ])
    refuses(of({ [operator]: { 'aws:username': 'a' } }), `Invalid Condition type : ${operator}`)
  for (const key of ['aws:Foo', 's3:Foo', 'aws:PrincipalTag', 's3:ExistingObjectTag/', 'aws:'])
    refuses(of({ StringEquals: { [key]: 'a' } }), 'Policy has an invalid condition key')
  refuses(of({ StringEquals: { username: 'a' } }), /must be prefaced by a vendor/)
  for (const bad of ['x', 1, null, [], { StringEquals: 'x' }, { StringEquals: ['x'] }])
    refuses(of(bad), 'Condition must be a JSON object')
  for (const value of [null, {}, [['a']], [null]])
    refuses(of({ StringEquals: { 'aws:username': value } }), 'Invalid value in Condition')
  for (const [operator, value] of [
    ['NumericEquals', 'ten'],
    ['NumericEquals', ''],
    ['NumericEquals', '0x10'],
    ['DateEquals', 'yesterday'],
    ['DateEquals', '2013-13-01'],
    ['Bool', 'yes'],
    ['Null', 'maybe'],
    ['BinaryEquals', 'not base64!'],
    ['IpAddress', '10.0.0.0/33'],
    ['IpAddress', '10.0.0'],
    ['IpAddress', '256.0.0.1'],
    ['IpAddress', '10.0.0.0/-1'],
    ['NotIpAddress', '::/129'],
    ['NotIpAddress', '1:2:3:4:5:6:7:8:9'],
    ['NotIpAddress', '1::2::3'],
    ['NotIpAddress', '*'],
  ] as const)
    refuses(
      of({ [operator]: { 'aws:SourceIp': value } }),
      /^Invalid (?:.* value in condition|IP address in Conditions)/,
    )
})

test('variables that are none', () => {
  for (const text of ['${', '${aws:username', '${}', '${a b}', '${aws:username, x}', '${a${b}}'])
    refuses(() => parse('bucket', { Resource: `arn:aws:s3:::b/${text}` }), /invalid variable/)
  // The old version knows none.
  parse('bucket', { Resource: 'arn:aws:s3:::b/${' }, { Version: '2008-10-17' })
})
