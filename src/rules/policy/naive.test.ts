// Random policies and requests: the compiled policy decides as an evaluator does that reads the document as it stands.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decide } from './decide.ts'
import { evaluate } from './evaluate.ts'
import { parsePolicy } from './policy.ts'
import type { Caller } from './request.ts'

type OneOrMore<T> = T | readonly T[]
type Values = string | readonly string[] | undefined
interface Written {
  readonly Effect: 'Allow' | 'Deny'
  readonly Principal?: unknown
  readonly NotPrincipal?: unknown
  readonly Action?: OneOrMore<string>
  readonly NotAction?: OneOrMore<string>
  readonly Resource?: OneOrMore<string>
  readonly NotResource?: OneOrMore<string>
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, OneOrMore<string>>>>>
}
interface Asked {
  readonly caller: Caller
  readonly action: string
  readonly resource: string
  readonly values: Readonly<Record<string, Values>>
}

// --- the naive evaluator: regular expressions, made anew for every question ---

const list = <T>(value: OneOrMore<T> | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly T[]) : [value as T]

/** The value as a regular expression, `undefined` where a variable is absent. */
function expressionOf(text: string, asked: Asked, wild: boolean): RegExp | undefined {
  let source = ''
  for (const [part, name, fallback] of text.matchAll(/\$\{([^},]+)(?:, '([^']*)')?\}|[^]/gu)) {
    let literal = part
    if (name !== undefined && '*?$'.includes(name)) literal = name
    else if (name !== undefined) {
      const value = asked.values[name.toLowerCase()] ?? fallback
      if (typeof value !== 'string') return undefined
      literal = value
    } else if (wild && part === '*') {
      source += '[^]*'
      continue
    } else if (wild && part === '?') {
      source += '[^]'
      continue
    }
    source += literal.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
  }
  return new RegExp(`^${source}$`, 'u')
}

const like = (value: string, text: string, asked: Asked, wild = true): boolean =>
  expressionOf(text, asked, wild)?.test(value) === true

const comparisons: Readonly<Record<string, (v: string, p: string, asked: Asked) => boolean>> = {
  StringEquals: (v, p, asked) => like(v, p, asked, false),
  StringLike: (v, p, asked) => like(v, p, asked),
  NumericLessThan: (v, p) => Number(v) < Number(p),
  Bool: (v, p) => v === p,
  IpAddress: (v, p) => v.startsWith('10.') && p === '10.0.0.0/8',
}

function conditionHolds(operator: string, key: string, wanted: readonly string[], asked: Asked) {
  const [set, bare] = operator.includes(':')
    ? (operator.split(':') as [string, string])
    : ['', operator]
  const ifExists = bare.endsWith('IfExists')
  const name = bare.replace('IfExists', '')
  const negated = name.includes('Not')
  const compare = comparisons[name.replace('Not', '')]
  const found = asked.values[key.toLowerCase()]
  const values = list(found)
  if (name === 'Null') return wanted.includes(values.length === 0 ? 'true' : 'false')
  const nothing = values.length === 0 || (set !== '' && found === '')
  if (nothing && ifExists) return true
  const meets = (value: string): boolean => wanted.some(p => compare?.(value, p, asked) === true)
  if (set === 'ForAllValues') return nothing || values.every(value => meets(value) !== negated)
  if (set === 'ForAnyValue') return !nothing && values.some(value => meets(value) !== negated)
  return values.some(meets) !== negated
}

function names(principal: unknown, caller: Caller): 'itself' | 'role' | 'account' | undefined {
  const texts = principal === '*' ? ['*'] : list((principal as { AWS: OneOrMore<string> }).AWS)
  if (texts.includes('*')) return 'itself'
  const isSession = caller.kind === 'assumed-role'
  if (caller.arns.slice(0, 1).some(arn => texts.includes(arn))) return 'itself'
  if (isSession && caller.arns.slice(1).some(arn => texts.includes(arn))) return 'role'
  const account = [caller.account, `arn:aws:iam::${caller.account}:root`]
  if (caller.kind === 'anonymous' || !account.some(text => texts.includes(text))) return undefined
  return caller.kind === 'root' ? 'itself' : 'account'
}

function applies(statement: Written, asked: Asked): 'itself' | 'role' | 'account' | undefined {
  const { Principal, NotPrincipal, Action, NotAction, Resource, NotResource } = statement
  const isAction = (texts: OneOrMore<string> | undefined): boolean =>
    list(texts).some(text => like(asked.action.toLowerCase(), text.toLowerCase(), asked))
  const isResource = (texts: OneOrMore<string> | undefined): boolean =>
    list(texts).some(text => like(asked.resource, text, asked))
  if (Action === undefined ? isAction(NotAction) : !isAction(Action)) return undefined
  if (Resource === undefined ? isResource(NotResource) : !isResource(Resource)) return undefined
  for (const [operator, block] of Object.entries(statement.Condition ?? {})) {
    for (const [key, wanted] of Object.entries(block)) {
      if (!conditionHolds(operator, key, list(wanted), asked)) return undefined
    }
  }
  if (Principal !== undefined) return names(Principal, asked.caller)
  if (NotPrincipal === undefined) return 'itself'
  return ['itself', 'role'].includes(names(NotPrincipal, asked.caller) ?? '') ? undefined : 'itself'
}

interface Said {
  readonly deny: boolean
  readonly namings: ReadonlySet<string>
}
function said(statements: readonly Written[] | undefined, asked: Asked): Said {
  const applying = (statements ?? []).map(statement => ({
    effect: statement.Effect,
    naming: applies(statement, asked),
  }))
  const of = (effect: string) =>
    applying.filter(one => one.effect === effect && one.naming !== undefined)
  return {
    deny: of('Deny').length > 0,
    namings: new Set(of('Allow').map(({ naming }) => naming ?? '')),
  }
}

interface Policies {
  readonly identity: readonly Written[]
  readonly boundary: readonly Written[] | undefined
  readonly session: readonly Written[] | undefined
  readonly bucket: readonly Written[] | undefined
  readonly owner: string
  readonly acl: boolean
}

function allowed(policies: Policies, asked: Asked): boolean {
  const identity = said(policies.identity, asked)
  const boundary = said(policies.boundary, asked)
  const session = said(policies.session, asked)
  const bucket = said(policies.bucket, asked)
  if (identity.deny || boundary.deny || session.deny || bucket.deny) return false
  const within =
    (policies.boundary === undefined || boundary.namings.size > 0) &&
    (policies.session === undefined || session.namings.size > 0)
  const byIdentity = identity.namings.size > 0
  const byBucket = bucket.namings.size > 0
  const { kind, account } = asked.caller
  if (kind === 'anonymous') return within && (byBucket || policies.acl)
  if (account !== policies.owner) {
    return within && (kind === 'root' || byIdentity) && (byBucket || policies.acl)
  }
  if (kind === 'root') return within
  if (bucket.namings.has('itself')) return true
  return within && (byIdentity || bucket.namings.has('role') || policies.acl)
}

// --- what is asked ---

const [own, foreign] = ['111111111111', '222222222222'] as const
const callers: readonly Caller[] = [
  { kind: 'anonymous', account: '', canonicalId: '', arns: [] },
  ...[own, foreign].flatMap((account): Caller[] => [
    { kind: 'root', account, canonicalId: account, arns: [`arn:aws:iam::${account}:root`] },
    { kind: 'user', account, canonicalId: account, arns: [`arn:aws:iam::${account}:user/u`] },
    {
      kind: 'assumed-role',
      account,
      canonicalId: account,
      arns: [`arn:aws:sts::${account}:assumed-role/r/s`, `arn:aws:iam::${account}:role/r`],
    },
  ]),
]

const some = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<OneOrMore<T>> =>
  fc.oneof(one, fc.array(one, { minLength: 1, maxLength: 3 }))
const action = fc.constantFrom('s3:GetObject', 's3:PutObject', 's3:ListBucket', 's3:GetObjectAcl')
const actionPattern = fc.oneof(
  action,
  fc.constantFrom('s3:*', '*', 'S3:get*', 's3:?etObject', 's3:*Object'),
)
const resourcePattern = fc.constantFrom(
  'arn:aws:s3:::*',
  'arn:aws:s3:::b',
  'arn:aws:s3:::b/*',
  'arn:aws:s3:::b/a?',
  'arn:aws:s3:::b/*a*',
  'arn:aws:s3:::b/a*a',
  'arn:aws:s3:::b/${aws:username}*',
  'arn:aws:s3:::b/${aws:username}/*',
  "arn:aws:s3:::b/${aws:username, 'a'}*",
  'arn:aws:s3:::b/${*}',
)
const principal = fc.oneof(
  fc.constant('*'),
  some(fc.constantFrom('*', own, foreign, ...callers.flatMap(({ arns }) => arns))).map(AWS => ({
    AWS,
  })),
)
const text = fc.constantFrom('a', 'b', 'ab', 'a*', '?', '', '${aws:username}', '${?}')
const qualified = (names: readonly string[]) =>
  fc
    .tuple(
      fc.constantFrom('', 'ForAllValues:', 'ForAnyValue:'),
      fc.constantFrom(...names),
      fc.constantFrom('', 'IfExists'),
    )
    .map(parts => parts.join(''))
const block = (operator: fc.Arbitrary<string>, key: string, value: fc.Arbitrary<string>) =>
  fc.tuple(operator, some(value)).map(([name, values]) => ({ [name]: { [key]: values } }))
const condition = fc.oneof(
  block(
    qualified(['StringEquals', 'StringNotEquals', 'StringLike', 'StringNotLike']),
    'aws:TagKeys',
    text,
  ),
  block(qualified(['NumericLessThan']), 's3:max-keys', fc.constantFrom('1', '5', '10')),
  block(qualified(['Bool']), 'aws:SecureTransport', fc.constantFrom('true', 'false')),
  block(qualified(['IpAddress', 'NotIpAddress']), 'aws:SourceIp', fc.constantFrom('10.0.0.0/8')),
  block(fc.constant('Null'), 'aws:TagKeys', fc.constantFrom('true', 'false')),
)
const maybe = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: undefined, freq: 2 })
const either = <T>(name: string, one: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc
    .tuple(fc.integer({ min: 0, max: 4 }), one)
    .map(([n, value]) => ({ [n === 0 ? `Not${name}` : name]: value }))
const common = fc
  .tuple(
    fc.constantFrom('Allow', 'Allow', 'Allow', 'Deny'),
    either('Action', some(actionPattern)),
    either('Resource', some(resourcePattern)),
    maybe(condition),
  )
  .map(
    ([Effect, a, r, Condition]) =>
      ({ Effect, ...a, ...r, ...(Condition && { Condition }) }) as Written,
  )
const ofBucket = fc
  .tuple(common, either('Principal', principal))
  .map(([statement, whom]): Written => {
    const who = whom['Principal'] ?? whom['NotPrincipal']
    // Allow with NotPrincipal is refused.
    return { ...statement, ...(statement.Effect === 'Allow' ? { Principal: who } : whom) }
  })
const statements = (one: fc.Arbitrary<Written>) => fc.array(one, { minLength: 1, maxLength: 4 })
const tagKeys = fc.constantFrom('a', 'b', 'ab', 'c', '', '*')
const asked: fc.Arbitrary<Asked> = fc.record({
  caller: fc.constantFrom(...callers),
  action,
  resource: fc
    .constantFrom('', '/a', '/ab', '/u/a', '/*', '/x')
    .map(path => `arn:aws:s3:::b${path}`),
  values: fc.record({
    'aws:username': fc.constantFrom(undefined, 'u', 'a', '*'),
    'aws:tagkeys': fc.oneof(fc.constant(undefined), tagKeys, fc.array(tagKeys, { maxLength: 3 })),
    's3:max-keys': fc.constantFrom(undefined, '3', '7'),
    'aws:securetransport': fc.constantFrom(undefined, 'true', 'false'),
    'aws:sourceip': fc.constantFrom(undefined, '10.1.2.3', '11.1.2.3', '::1'),
  }),
})

const compiled = (written: readonly Written[], kind: 'bucket' | 'identity') =>
  parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: written }), kind, { bucket: 'b' })
const requestOf = ({ values, ...rest }: Asked) => ({
  ...rest,
  condition: (key: string) => values[key],
})

test('one policy', () => {
  fc.assert(
    fc.property(statements(ofBucket), asked, (written, question) => {
      const { deny, namings } = said(written, question)
      const match = evaluate(compiled(written, 'bucket'), requestOf(question))
      assert.equal(match.effect, deny ? 'Deny' : namings.size > 0 ? 'Allow' : undefined)
      if (match.effect === 'Allow') {
        assert.equal(
          match.naming,
          ['itself', 'role', 'account'].find(naming => namings.has(naming)),
        )
        assert.equal(match.statement === undefined, false)
      }
    }),
    { numRuns: 2000 },
  )
})

test('all policies of a decision', () => {
  const policies: fc.Arbitrary<Policies> = fc.record({
    identity: fc.oneof(fc.constant([]), statements(common)),
    boundary: maybe(statements(common)),
    session: maybe(statements(common)),
    bucket: maybe(statements(ofBucket)),
    owner: fc.constantFrom(own, foreign),
    acl: fc.boolean(),
  })
  fc.assert(
    fc.property(policies, asked, (written, question) => {
      const named = (name: string, list: readonly Written[] | undefined) =>
        list === undefined || list.length === 0
          ? []
          : [{ name, policy: compiled(list, name === 'bucket' ? 'bucket' : 'identity') }]
      const [resource] = named('bucket', written.bucket)
      const decision = decide({
        request: requestOf(question),
        resourceAccount: written.owner,
        identity: named('identity', written.identity),
        boundary: written.boundary && named('boundary', written.boundary),
        session: written.session && named('session', written.session),
        resource,
        acl: () => written.acl,
      })
      assert.equal(decision.allowed, allowed(written, question), decision.reason)
    }),
    { numRuns: 2000 },
  )
})
