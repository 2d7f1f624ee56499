// Conditions: every operator before values that meet it and values that do not, and the sets of row 37 to the letter.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConditions } from './conditions.ts'
import type { Json } from './json.ts'

type Given = Readonly<Record<string, string | readonly string[]>>

const holds = (element: Json, given: Given): boolean =>
  parseConditions(element, { variables: true, knownKeys: false }).every(condition =>
    condition.holds(key => given[key]),
  )
const one = (operator: string, wanted: Json, found?: string | readonly string[]): boolean =>
  holds({ [operator]: { 'x:K': wanted } }, found === undefined ? {} : { 'x:k': found })

test('each operator before one value', () => {
  const table: [string, Json, string, boolean][] = [
    ['StringEquals', 'a*', 'a*', true],
    ['StringEquals', 'a*', 'ab', false],
    ['StringEquals', 'a', 'A', false],
    ['StringEquals', ['a', 'b'], 'b', true],
    ['StringEquals', '', '', true],
    ['StringNotEquals', ['a', 'b'], 'b', false],
    ['StringNotEquals', ['a', 'b'], 'c', true],
    ['StringEqualsIgnoreCase', 'Ä', 'ä', true],
    ['StringNotEqualsIgnoreCase', 'a', 'A', false],
    ['StringLike', 'a?c*', 'abcd', true],
    ['StringLike', 'a?c*', 'Abcd', false],
    ['StringLike', '', '', true],
    ['StringNotLike', 'a*', 'b', true],
    ['StringNotLike', 'a*', 'ab', false],
    ['NumericEquals', 10, '10.0', true],
    ['NumericEquals', '10', 'ten', false],
    ['NumericNotEquals', '10', '11', true],
    ['NumericNotEquals', '10', '10', false],
    ['NumericLessThan', '10', '9', true],
    ['NumericLessThan', '10', '10', false],
    ['NumericLessThanEquals', '10', '10', true],
    ['NumericGreaterThan', '9', '10', true],
    ['NumericGreaterThan', '10', '10', false],
    ['NumericGreaterThanEquals', '-1', '-1', true],
    ['DateEquals', '2013-06-30T00:00:00Z', '2013-06-30', true],
    ['DateEquals', '1372550400', '2013-06-30T02:00:00+02:00', true],
    ['DateNotEquals', '2013-06-30', '2013-06-30T00:00:01Z', true],
    ['DateLessThan', '2013-06-30', '2013-06-29T23:59:59.999Z', true],
    ['DateLessThan', '2013-06-30T00:00:00', '2013-06-30T00:00:00Z', false],
    ['DateLessThanEquals', '2013', '2013-01-01T00:00Z', true],
    ['DateGreaterThan', '2013-06', '2013-06-01T00:00:01Z', true],
    ['DateGreaterThanEquals', '2013-06-30', 'soon', false],
    ['Bool', 'true', 'true', true],
    ['Bool', true, 'TRUE', true],
    ['Bool', 'false', 'true', false],
    ['Bool', 'false', '', false],
    ['BinaryEquals', 'QmluYXJ5', 'QmluYXJ5', true],
    ['BinaryEquals', 'QQ==', 'QQ', true],
    ['BinaryEquals', 'QQ==', 'Qg==', false],
    ['IpAddress', '203.0.113.0/24', '203.0.113.255', true],
    ['IpAddress', '203.0.113.0/24', '203.0.114.0', false],
    ['IpAddress', '203.0.113.7', '203.0.113.7', true],
    ['IpAddress', '203.0.113.7', '203.0.113.8', false],
    ['IpAddress', '203.0.113.128/25', '203.0.113.127', false],
    ['IpAddress', '0.0.0.0/0', '203.0.113.7', true],
    ['IpAddress', '0.0.0.0/0', '2001:db8::1', false],
    ['IpAddress', '203.0.113.0/24', '::ffff:203.0.113.9', true],
    ['IpAddress', '::ffff:203.0.113.0/120', '203.0.113.9', true],
    ['IpAddress', '2001:db8::/33', '2001:DB8:7fff::1', true],
    ['IpAddress', '2001:db8::/33', '2001:db8:8000::1', false],
    ['IpAddress', '2001:db8::1', '2001:db8:0:0:0:0:0:1', true],
    ['IpAddress', '::/0', 'no address', false],
    ['NotIpAddress', ['10.0.0.0/8', '::1'], '::1', false],
    ['NotIpAddress', ['10.0.0.0/8', '::1'], '11.0.0.1', true],
    ['ArnEquals', 'arn:aws:s3:::b*', 'arn:aws:s3:::bucket/a:b', true],
    ['ArnLike', 'arn:aws:*:*:*:x', 'arn:aws:sns:eu:1:x', true],
    ['ArnLike', 'arn:aws:s*:x', 'arn:aws:sns:eu:1:x', false],
    ['ArnLike', 'arn:*:x', 'arn:aws:sns:eu:1:x', false],
    ['ArnLike', '*', 'arn:aws:sns:eu:1:x', true],
    ['ArnLike', 'arn:aws:s3:::*', 'arn:aws:s3', false],
    ['ArnNotEquals', 'arn:aws:s3:::b', 'arn:aws:s3:::c', true],
    ['ArnNotLike', 'arn:aws:s3:::b*', 'arn:aws:s3:::bucket', false],
  ]
  for (const [operator, wanted, found, expected] of table) {
    const what = `${operator} ${JSON.stringify(wanted)} before ${found}`
    assert.equal(one(operator, wanted, found), expected, what)
    assert.equal(one(`${operator}IfExists`, wanted, found), expected, what)
    assert.equal(one(operator, wanted, [found]), expected, `${what}, in a list`)
  }
})

test('an absent key meets what is negated, IfExists and ForAllValues', () => {
  const samples: Readonly<Record<string, string>> = {
    String: 'a',
    Numeric: '1',
    Date: '2013',
    Arn: 'arn:aws:s3:::b',
    Ip: '::1',
    NotIp: '::1',
    Bool: 'true',
    Binary: 'QQ==',
  }
  for (const operator of `StringEquals StringNotEquals StringEqualsIgnoreCase StringNotEqualsIgnoreCase StringLike
    StringNotLike NumericEquals NumericNotEquals NumericLessThan NumericGreaterThanEquals DateEquals DateNotEquals
    DateLessThan Bool BinaryEquals IpAddress NotIpAddress ArnEquals ArnNotEquals ArnLike ArnNotLike`.split(
    /\s+/,
  )) {
    const sample = samples[/^(?:NotIp|[A-Z][a-z]+)/.exec(operator)?.[0] ?? ''] ?? ''
    const negated = operator.includes('Not')
    for (const absent of [undefined, []]) {
      assert.equal(one(operator, sample, absent), negated, operator)
      assert.equal(one(`${operator}IfExists`, sample, absent), true, operator)
      assert.equal(one(`ForAllValues:${operator}`, sample, absent), true, operator)
      assert.equal(one(`ForAnyValue:${operator}`, sample, absent), false, operator)
      assert.equal(one(`ForAllValues:${operator}IfExists`, sample, absent), true, operator)
      assert.equal(one(`ForAnyValue:${operator}IfExists`, sample, absent), true, operator)
    }
  }
})

test('row 37: set operators, negated and not, before sets that hold all, some and none', () => {
  const sets = {
    empty: [],
    all: ['a', 'b'],
    one: ['a'],
    partial: ['a', 'c'],
    none: ['c', 'd'],
  } as const
  const table: Readonly<Record<string, Readonly<Record<keyof typeof sets, boolean>>>> = {
    'ForAllValues:StringEquals': { empty: true, all: true, one: true, partial: false, none: false },
    'ForAnyValue:StringEquals': { empty: false, all: true, one: true, partial: true, none: false },
    'ForAllValues:StringNotEquals': {
      empty: true,
      all: false,
      one: false,
      partial: false,
      none: true,
    },
    'ForAnyValue:StringNotEquals': {
      empty: false,
      all: false,
      one: false,
      partial: true,
      none: true,
    },
    StringEquals: { empty: false, all: true, one: true, partial: true, none: false },
    StringNotEquals: { empty: true, all: false, one: false, partial: false, none: true },
  }
  for (const [operator, row] of Object.entries(table)) {
    for (const [name, found] of Object.entries(sets)) {
      const what = `${operator} before ${name}`
      assert.equal(one(operator, ['a', 'b'], found), row[name as keyof typeof sets], what)
      const like = operator.replace('Equals', 'Like')
      assert.equal(one(like, ['a', 'b'], found), row[name as keyof typeof sets], what)
    }
  }
  // An empty text is no value to a set, and one to the others.
  assert.equal(one('ForAllValues:StringEquals', 'a', ''), true)
  assert.equal(one('ForAnyValue:StringEquals', '', ''), false)
})

test('Null asks whether the key is there', () => {
  for (const [wanted, found, expected] of [
    ['true', undefined, true],
    ['true', 'a', false],
    [true, [], true],
    ['false', 'a', true],
    ['false', '', true],
    [false, undefined, false],
    [['true', 'false'], undefined, true],
  ] as const)
    assert.equal(one('Null', wanted, found), expected, `${String(wanted)} ${String(found)}`)
})

test('all operators and all keys must hold; of the values, one', () => {
  const element = {
    StringEquals: { 'x:a': ['1', '2'], 'x:b': '3' },
    NumericLessThan: { 'x:c': '5' },
  }
  assert.equal(holds(element, { 'x:a': '2', 'x:b': '3', 'x:c': '4' }), true)
  assert.equal(holds(element, { 'x:a': '2', 'x:b': '4', 'x:c': '4' }), false)
  assert.equal(holds(element, { 'x:a': '2', 'x:b': '3', 'x:c': '5' }), false)
  assert.equal(holds({}, {}), true)
  assert.equal(holds({ StringEquals: { 'x:a': [] } }, { 'x:a': '' }), false)
})

test('variables in values', () => {
  const given = { 'x:k': 'ann', 'aws:username': 'ann', 'x:many': ['a', 'b'], 'x:star': 'a*' }
  const like = (operator: string, value: string, more: Given = {}) =>
    holds({ [operator]: { 'x:k': value } }, { ...given, ...more })
  for (const operator of ['StringEquals', 'StringLike', 'StringEqualsIgnoreCase']) {
    assert.equal(like(operator, '${aws:username}'), true)
    assert.equal(like(operator, '${AWS:UserName}'), true)
    assert.equal(like(operator, 'a${aws:username}'), false)
    assert.equal(like(operator, '${aws:userid}'), false)
    assert.equal(like(operator, "${aws:userid, 'ann'}"), true)
    assert.equal(like(operator, "${aws:username,'bob'}"), true)
    assert.equal(like(operator, '${x:many}'), false)
    assert.equal(like(operator, '${*}', { 'x:k': '*' }), true)
    assert.equal(like(operator, '${*}'), false)
    assert.equal(like(operator, '${?}nn'), false)
    assert.equal(like(operator, '${$}{x}', { 'x:k': '${x}' }), true)
    // What a variable holds is no pattern.
    assert.equal(like(operator, '${x:star}'), false)
    assert.equal(like(operator, '${x:star}', { 'x:k': 'a*' }), true)
  }
  assert.equal(like('StringLike', '${aws:username}*', { 'x:k': 'anna' }), true)
  assert.equal(like('StringNotEquals', '${aws:userid}'), true)
  const arn = { 'x:k': 'arn:aws:iam::1:user/ann' }
  assert.equal(like('ArnEquals', 'arn:aws:iam::*:user/${aws:username}', arn), true)
  assert.equal(like('ArnEquals', 'arn:aws:iam::${aws:username}:user/*', arn), false)
})

test('row 37: long values that are almost of a type', () => {
  const long = 200_000
  assert.equal(one('NumericEquals', '1', `${'1'.repeat(long)}x`), false)
  assert.equal(one('DateEquals', '2013', `${'1'.repeat(long)}x`), false)
  assert.equal(one('BinaryEquals', 'QQ==', `${'A'.repeat(long)}!`), false)
  assert.equal(one('IpAddress', '::/0', ':'.repeat(long)), false)
  assert.equal(one('ArnLike', 'arn:*:*:*:*:b', ':'.repeat(long)), false)
})
