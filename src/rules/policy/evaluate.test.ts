// One policy before one request: principals, actions, resources, and every action of S3 both ways.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { s3Actions } from './actions.ts'
import { decide } from './decide.ts'
import { evaluate } from './evaluate.ts'
import { type PrincipalIds, parsePolicy } from './policy.ts'
import type { AccessRequest, Caller } from './request.ts'

const account = '111111111111'
const iam = `arn:aws:iam::${account}`
const callers = {
  anonymous: { kind: 'anonymous', account: '', canonicalId: '', arns: [] },
  root: { kind: 'root', account, canonicalId: 'c1', arns: [`${iam}:root`] },
  user: { kind: 'user', account, canonicalId: 'c1', arns: [`${iam}:user/ann`] },
  session: {
    kind: 'assumed-role',
    account,
    canonicalId: 'c1',
    arns: [`arn:aws:sts::${account}:assumed-role/dev/s`, `${iam}:role/dev`],
  },
  foreign: {
    kind: 'user',
    account: '222222222222',
    canonicalId: 'c2',
    arns: ['arn:aws:iam::222222222222:user/ann'],
  },
} as const satisfies Record<string, Caller>
type Who = keyof typeof callers

const policyOf = (statements: object | object[], kind: 'bucket' | 'identity' = 'bucket') =>
  parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: statements }), kind)

const request = (changes: Partial<AccessRequest> = {}): AccessRequest => ({
  caller: callers.user,
  action: 's3:GetObject',
  resource: 'arn:aws:s3:::b/k',
  condition: () => undefined,
  ...changes,
})

test('whom a policy has ids of it means by them, and others by name', () => {
  const text = (arn: string) =>
    JSON.stringify({
      Statement: {
        Effect: 'Allow',
        Principal: { AWS: arn },
        Action: '*',
        Resource: 'arn:aws:s3:::b/*',
      },
    })
  const naming = (arn: string, caller: Caller, ids?: PrincipalIds) =>
    evaluate(parsePolicy(text(arn), 'bucket', { ids }), request({ caller })).naming
  const [ann] = callers.user.arns
  const [session, role] = callers.session.arns
  const user = { ...callers.user, userId: 'AIDAONE' }
  const played = { ...callers.session, userId: 'AROAONE:s', roleId: 'AROAONE' }
  assert.equal(naming(ann, user), 'itself')
  assert.equal(naming(ann, user, {}), 'itself')
  assert.equal(naming(ann, user, { [ann]: ['AIDAONE'] }), 'itself')
  assert.equal(naming(ann, { ...user, arns: ['renamed'] }, { [ann]: ['AIDAONE'] }), 'itself')
  assert.equal(naming(ann, user, { [ann]: ['AIDATWO'] }), undefined)
  assert.equal(naming(ann, user, { [ann]: ['AIDATWO', 'AIDAONE'] }), 'itself')
  assert.equal(naming(role, played), 'role')
  assert.equal(naming(role, played, { [role]: ['AROAONE'] }), 'role')
  assert.equal(naming(role, played, { [role]: ['AROATWO'] }), undefined)
  assert.equal(naming(session, played, { [session]: ['AROAONE:s'] }), 'itself')
  assert.equal(naming(session, played, { [session]: ['AROATWO:s'] }), undefined)
  const sessionOfIam = session.replace(':sts:', ':iam:')
  assert.equal(naming(sessionOfIam, played, { [sessionOfIam]: ['AROATWO:s'] }), undefined)
  const id = 'AIDA234567ABCDEFGHIJK'
  assert.equal(naming(id, { ...user, userId: id }), 'itself')
  assert.equal(naming(id, user), undefined)
})

test('every action of S3, allowed and denied by name, in bucket and identity policies', () => {
  const names = [...s3Actions.keys()]
  assert.ok(names.length > 100)
  for (const [action, kind] of s3Actions) {
    const resource =
      kind === 'none' ? '*' : kind === 'bucket' ? 'arn:aws:s3:::b' : 'arn:aws:s3:::b/k'
    for (const policyKind of ['bucket', 'identity'] as const) {
      // What is asked of no bucket has no place in a bucket policy.
      if (policyKind === 'bucket' && kind === 'none') continue
      const whom = policyKind === 'bucket' ? { Principal: { AWS: `${iam}:user/ann` } } : {}
      const statement = (Effect: string, more: object = { Action: action }) => ({
        Effect,
        Resource: resource,
        ...whom,
        ...more,
      })
      const named = (...statements: object[]) => ({
        name: 'p',
        policy: policyOf(statements, policyKind),
      })
      const outcome = (policy: ReturnType<typeof named>, asked: string): [boolean, string] => {
        const side =
          policyKind === 'bucket' ? { identity: [], resource: policy } : { identity: [policy] }
        const { allowed, reason } = decide({
          request: request({ action: asked, resource }),
          resourceAccount: account,
          ...side,
        })
        return [allowed, reason]
      }
      const allow = named(statement('Allow'))
      const deny = named(
        statement('Deny'),
        statement('Allow', { Action: 's3:*', Resource: kind === 'none' ? '*' : 'arn:aws:s3:::*' }),
      )
      const not = named(statement('Allow', { NotAction: action }))
      for (const asked of names) {
        const same = asked === action
        assert.deepEqual(
          outcome(allow, asked),
          same ? [true, 'allowed'] : [false, 'no statement allows'],
        )
        assert.deepEqual(outcome(deny, asked), same ? [false, 'explicit deny'] : [true, 'allowed'])
        assert.equal(outcome(not, asked)[0], !same)
      }
    }
  }
})

test('names of actions have no case and may have wildcards', () => {
  for (const Action of [
    'S3:GETOBJECT',
    's3:get*',
    's3:?etObject',
    '*',
    ['s3:PutObject', 's3:G*t'],
  ]) {
    const policy = policyOf({ Effect: 'Allow', Principal: '*', Action, Resource: 'arn:aws:s3:::*' })
    assert.equal(evaluate(policy, request()).effect, 'Allow', String(Action))
    assert.equal(evaluate(policy, request({ action: 's3:getobject' })).effect, 'Allow')
  }
  const policy = policyOf({
    Effect: 'Allow',
    Principal: '*',
    Action: 's3:Get*',
    Resource: 'arn:aws:s3:::*',
  })
  assert.equal(evaluate(policy, request({ action: 's3:PutObject' })).effect, undefined)
})

test('whom a principal names, and how', () => {
  type Row = Partial<Record<Who, 'itself' | 'role' | 'account'>>
  const own = 'itself'
  const table: [unknown, Row][] = [
    ['*', { anonymous: own, root: own, user: own, session: own, foreign: own }],
    [{ AWS: '*' }, { anonymous: own, root: own, user: own, session: own, foreign: own }],
    [{ AWS: account }, { root: own, user: 'account', session: 'account' }],
    [{ AWS: `${iam}:root` }, { root: own, user: 'account', session: 'account' }],
    [{ CanonicalUser: 'c1' }, { root: own, user: 'account', session: 'account' }],
    [{ AWS: `${iam}:user/ann` }, { user: own }],
    [{ AWS: `${iam}:user/Ann` }, {}],
    [{ AWS: [account, `${iam}:user/ann`] }, { root: own, user: own, session: 'account' }],
    [{ AWS: `${iam}:role/dev` }, { session: 'role' }],
    [{ AWS: `arn:aws:sts::${account}:assumed-role/dev/s` }, { session: own }],
    [{ AWS: `arn:aws:sts::${account}:assumed-role/dev/t` }, {}],
    [{ Service: `${iam}:user/ann` }, { user: own }],
    [{ AWS: '333333333333' }, {}],
    [{ AWS: 'arn:aws:iam:::root' }, {}],
    [{ CanonicalUser: 'c3' }, {}],
  ]
  for (const [Principal, row] of table) {
    const policy = policyOf({
      Effect: 'Allow',
      Principal,
      Action: 's3:*',
      Resource: 'arn:aws:s3:::*',
    })
    for (const [who, caller] of Object.entries(callers)) {
      const { naming } = evaluate(policy, request({ caller }))
      assert.equal(naming, row[who as Who], `${JSON.stringify(Principal)} ${who}`)
    }
  }
})

test('NotPrincipal denies everyone but who is named; an account names its root user only', () => {
  const table: [unknown, Who[]][] = [
    [{ AWS: `${iam}:user/ann` }, ['user']],
    [{ AWS: account }, ['root']],
    [{ AWS: [`${iam}:root`, `${iam}:role/dev`] }, ['root', 'session']],
    ['*', ['anonymous', 'root', 'user', 'session', 'foreign']],
  ]
  for (const [NotPrincipal, spared] of table) {
    const policy = policyOf({
      Effect: 'Deny',
      NotPrincipal,
      Action: 's3:*',
      Resource: 'arn:aws:s3:::*',
    })
    for (const [who, caller] of Object.entries(callers)) {
      const expected = spared.includes(who as Who) ? undefined : 'Deny'
      assert.equal(evaluate(policy, request({ caller })).effect, expected, who)
    }
  }
})

test('a trust policy names an identity provider', () => {
  const provider = `${iam}:oidc-provider/example.org`
  const policy = parsePolicy(
    JSON.stringify({
      Statement: {
        Effect: 'Allow',
        Principal: { Federated: provider },
        Action: 'sts:AssumeRoleWithWebIdentity',
        Condition: { StringEquals: { 'example.org:aud': 'app' } },
      },
    }),
    'trust',
  )
  const ask = (arn: string, audience: string) =>
    evaluate(policy, {
      caller: { kind: 'federated-user', account: '', canonicalId: '', arns: [arn] },
      action: 'sts:AssumeRoleWithWebIdentity',
      resource: `${iam}:role/dev`,
      condition: key => (key === 'example.org:aud' ? audience : undefined),
    }).effect
  assert.equal(ask(provider, 'app'), 'Allow')
  assert.equal(ask(provider, 'other'), undefined)
  assert.equal(ask(`${provider}2`, 'app'), undefined)
})

test('resources, their wildcards and variables', () => {
  const given = new Map([
    ['aws:username', 'ann'],
    ['aws:principaltag/team', 'a*'],
  ])
  const table: [string | string[], string, boolean][] = [
    ['arn:aws:s3:::b/k', 'arn:aws:s3:::b/k', true],
    ['arn:aws:s3:::b/k', 'arn:aws:s3:::b/K', false],
    ['arn:aws:s3:::b', 'arn:aws:s3:::b/k', false],
    ['arn:aws:s3:::b/*', 'arn:aws:s3:::b/a/b/c', true],
    ['arn:aws:s3:::b/*', 'arn:aws:s3:::b', false],
    ['arn:aws:s3:::b*', 'arn:aws:s3:::b', true],
    ['arn:aws:s3:::*', 'arn:aws:s3:::b/k', true],
    ['arn:aws:s3:::?/?', 'arn:aws:s3:::b/k', true],
    [['arn:aws:s3:::b', 'arn:aws:s3:::b/*'], 'arn:aws:s3:::b', true],
    [['arn:aws:s3:::b', 'arn:aws:s3:::b/*'], 'arn:aws:s3:::b/k', true],
    ['arn:aws:s3::tenant:b/*', 'arn:aws:s3:::b/k', true],
    ['arn:aws:s3:::b/${aws:username}/*', 'arn:aws:s3:::b/ann/k', true],
    ['arn:aws:s3:::b/${aws:username}/*', 'arn:aws:s3:::b/bob/k', false],
    ['arn:aws:s3:::b/${aws:userid}*', 'arn:aws:s3:::b/', false],
    ["arn:aws:s3:::b/${aws:userid, 'none'}/*", 'arn:aws:s3:::b/none/k', true],
    ['arn:aws:s3:::b/${aws:PrincipalTag/team}/*', 'arn:aws:s3:::b/ab/k', false],
    ['arn:aws:s3:::b/${aws:PrincipalTag/team}/*', 'arn:aws:s3:::b/a*/k', true],
    ['arn:aws:s3:::b/${*}', 'arn:aws:s3:::b/*', true],
    ['arn:aws:s3:::b/${*}', 'arn:aws:s3:::b/k', false],
    ['arn:aws:s3:::b/${?}', 'arn:aws:s3:::b/k', false],
    ['arn:aws:s3:::b/${$}{x}', 'arn:aws:s3:::b/${x}', true],
  ]
  const statement = { Effect: 'Allow', Principal: '*', Action: 's3:*' }
  for (const [texts, resource, expected] of table) {
    const asked = request({ resource, condition: key => given.get(key) })
    const effect = (changes: object) =>
      evaluate(policyOf({ ...statement, ...changes }), asked).effect
    assert.equal(effect({ Resource: texts }) === 'Allow', expected, `${String(texts)} ${resource}`)
    assert.equal(effect({ NotResource: texts }) === 'Allow', !expected, `not ${String(texts)}`)
  }
  const old = parsePolicy(
    JSON.stringify({ Statement: { ...statement, Resource: 'arn:aws:s3:::b/${aws:username}' } }),
    'bucket',
  )
  const ask = (key: string) =>
    evaluate(old, request({ resource: `arn:aws:s3:::b/${key}`, condition: k => given.get(k) }))
      .effect
  assert.equal(ask('ann'), undefined)
  assert.equal(ask('${aws:username}'), 'Allow')
})

test('a Deny wins wherever it stands; of what allows, the closest naming is told', () => {
  const of = (Effect: string, Principal: unknown) => ({
    Effect,
    Principal,
    Action: 's3:*',
    Resource: 'arn:aws:s3:::*',
  })
  const allowing = [of('Allow', { AWS: account }), of('Allow', '*'), of('Allow', '*')]
  assert.equal(evaluate(policyOf(allowing), request()).statement?.index, 1)
  assert.equal(evaluate(policyOf([...allowing, of('Deny', '*')]), request()).statement?.index, 3)
  assert.equal(evaluate(policyOf([of('Deny', '*'), ...allowing]), request()).effect, 'Deny')
})
