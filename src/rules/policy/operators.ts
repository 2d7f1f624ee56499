/** The operators of conditions: each compiles the values of a policy to one test of one value of a request. */
import { contains, parseAddress, parseBlock } from './addresses.ts'
import { PolicyError } from './errors.ts'
import type { ConditionValues } from './request.ts'
import {
  compileTemplate,
  keysOf,
  parseTemplate,
  splitAtColons,
  type Template,
  type TemplateTest,
  textOf,
} from './templates.ts'

/** One value of the request before all values of the policy: whether one of them is met. */
export type ValueTest = (value: string, condition: ConditionValues) => boolean

export interface Operator {
  /** Met where no value of the policy is, and where the request lacks the key. */
  readonly negated: boolean
  /** Throws PolicyError for a value that is none of the operator's type. */
  compile(values: readonly string[], variables: boolean): CompiledValues
}

export interface CompiledValues {
  readonly test: ValueTest
  /** Condition keys that variables in the values ask for. */
  readonly keys: readonly string[]
}

type Compile = Operator['compile']

const anyOf = (tests: readonly TemplateTest[]): ValueTest => {
  const [only] = tests
  if (only !== undefined && tests.length === 1) return only
  return (value, condition) => tests.some(test => test(value, condition))
}

const compiled = (
  templates: readonly Template[],
  toTest: (template: Template) => TemplateTest,
): CompiledValues => ({
  test: anyOf(templates.map(toTest)),
  keys: templates.flatMap(keysOf),
})

const templates = (values: readonly string[], variables: boolean, wildcards: boolean): Template[] =>
  values.map(value => parseTemplate(value, { variables, wildcards }))

const stringEquals: Compile = (values, variables) => {
  const parsed = templates(values, variables, false)
  const keys = parsed.flatMap(keysOf)
  // Many values without variables are one look-up.
  if (keys.length === 0) {
    const set = new Set(parsed.map(template => textOf(template, () => undefined)))
    return { test: value => set.has(value), keys }
  }
  return compiled(parsed, compileTemplate)
}

const stringEqualsIgnoreCase: Compile = (values, variables) =>
  compiled(templates(values, variables, false), template => (value, condition) => {
    const text = textOf(template, condition)
    return text !== undefined && text.toLowerCase() === value.toLowerCase()
  })

const stringLike: Compile = (values, variables) =>
  compiled(templates(values, variables, true), compileTemplate)

/** ARNs are compared part by part, so that a wildcard in one part does not reach into the next. */
function compileArn(template: Template): TemplateTest {
  const [first, ...more] = template
  if (more.length === 0 && typeof first === 'object' && 'wildcard' in first) return () => true
  const parts = splitAtColons(template, 6).map(compileTemplate)
  if (parts.length < 6) return () => false
  return (value, condition) => {
    let at = 0
    for (const [i, part] of parts.entries()) {
      const colon = i === 5 ? value.length : value.indexOf(':', at)
      if (colon < 0 || !part(value.slice(at, colon), condition)) return false
      at = colon + 1
    }
    return true
  }
}

const arnLike: Compile = (values, variables) =>
  compiled(templates(values, variables, true), compileArn)

/** Operators of types that have an order or a form: values are read once, and variables have no place in them. */
const typed =
  <T>(
    type: string,
    read: (text: string) => T | undefined,
    holds: (value: T, of: T) => boolean,
  ): Compile =>
  values => {
    const wanted = values.map(text => {
      const value = read(text)
      if (value === undefined) throw new PolicyError(`Invalid ${type} value in condition: ${text}`)
      return value
    })
    const test: ValueTest = text => {
      const value = read(text)
      return value !== undefined && wanted.some(of => holds(value, of))
    }
    return { test, keys: [] }
  }

const numberForm = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i
const readNumber = (text: string): number | undefined =>
  numberForm.test(text) ? Number(text) : undefined

const dateForm = /^\d{4}(?:-\d\d(?:-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?$/

/** ISO 8601 in W3C's profile, in UTC where it does not say, or seconds since the epoch. Milliseconds. */
function readDate(text: string): number | undefined {
  if (/^-?\d+(?:\.\d+)?$/.test(text) && text.length !== 4) return Number(text) * 1000
  const found = dateForm.exec(text)
  if (found === null) return undefined
  const time = Date.parse(text.includes('T') && found[1] === undefined ? `${text}Z` : text)
  return Number.isNaN(time) ? undefined : time
}

const readBool = (text: string): boolean | undefined => {
  const lower = text.toLowerCase()
  return lower === 'true' || lower === 'false' ? lower === 'true' : undefined
}

const base64 = /^(?:[\w+/-]{4})*(?:[\w+/-]{2}(?:==)?|[\w+/-]{3}=?)?$/
const readBinary = (text: string): string | undefined =>
  base64.test(text) ? Buffer.from(text, 'base64').toString('base64') : undefined

const ipAddress: Compile = values => {
  const blocks = values.map(text => {
    const block = parseBlock(text)
    if (block === undefined) throw new PolicyError('Invalid IP address in Conditions')
    return block
  })
  const test: ValueTest = text => {
    const address = parseAddress(text)
    return address !== undefined && blocks.some(block => contains(block, address))
  }
  return { test, keys: [] }
}

const ordered = <T>(type: string, name: string, read: (text: string) => T | undefined) =>
  [
    [`${name}Equals`, false, typed(type, read, (a, b) => a === b)],
    [`${name}NotEquals`, true, typed(type, read, (a, b) => a === b)],
    [`${name}LessThan`, false, typed(type, read, (a, b) => a < b)],
    [`${name}LessThanEquals`, false, typed(type, read, (a, b) => a <= b)],
    [`${name}GreaterThan`, false, typed(type, read, (a, b) => a > b)],
    [`${name}GreaterThanEquals`, false, typed(type, read, (a, b) => a >= b)],
  ] as const

/** Operators by name, without `IfExists` and set operators; `Null` is not here, as it tests no value. */
export const operators: ReadonlyMap<string, Operator> = new Map(
  [
    ['StringEquals', false, stringEquals] as const,
    ['StringNotEquals', true, stringEquals] as const,
    ['StringEqualsIgnoreCase', false, stringEqualsIgnoreCase] as const,
    ['StringNotEqualsIgnoreCase', true, stringEqualsIgnoreCase] as const,
    ['StringLike', false, stringLike] as const,
    ['StringNotLike', true, stringLike] as const,
    ...ordered('numeric', 'Numeric', readNumber),
    ...ordered('date', 'Date', readDate),
    ['Bool', false, typed('boolean', readBool, (a, b) => a === b)] as const,
    ['BinaryEquals', false, typed('binary', readBinary, (a, b) => a === b)] as const,
    ['IpAddress', false, ipAddress] as const,
    ['NotIpAddress', true, ipAddress] as const,
    ['ArnEquals', false, arnLike] as const,
    ['ArnNotEquals', true, arnLike] as const,
    ['ArnLike', false, arnLike] as const,
    ['ArnNotLike', true, arnLike] as const,
  ].map(([name, negated, compile]) => [name, { negated, compile }]),
)
