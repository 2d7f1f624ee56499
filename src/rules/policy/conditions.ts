/** The Condition element: which circumstances a statement is for. */
import { isConditionKey } from './condition-keys.ts'
import { PolicyError } from './errors.ts'
import { isObject, type Json } from './json.ts'
import { type CompiledValues, operators, type ValueTest } from './operators.ts'
import type { ConditionValues } from './request.ts'

export type SetOperator = 'ForAllValues' | 'ForAnyValue' | undefined

/** One operator before one key. */
export interface Condition {
  /** Without set operator and IfExists. */
  readonly operator: string
  readonly set: SetOperator
  readonly ifExists: boolean
  /** Lower case. */
  readonly key: string
  /** Operator and key as written. */
  readonly written: { readonly operator: string; readonly key: string }
  /** As written. */
  readonly values: readonly string[]
  /** Condition keys in variables of the values. */
  readonly variables: readonly string[]
  readonly holds: (condition: ConditionValues) => boolean
}

export interface ConditionOptions {
  readonly variables: boolean
  /** Refuse keys that neither S3 nor AWS has. */
  readonly knownKeys: boolean
}

interface Qualified {
  readonly written: string
  readonly name: string
  readonly set: SetOperator
  readonly ifExists: boolean
}

const form = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/

function parseOperator(text: string): Qualified {
  const found = form.exec(text)
  const name = found?.[2] ?? ''
  const qualified = {
    written: text,
    name,
    set: found?.[1] as SetOperator,
    ifExists: found?.[3] !== undefined,
  }
  if (name === 'Null' ? text !== 'Null' : !operators.has(name)) {
    throw new PolicyError(`Invalid Condition type : ${text}`)
  }
  return qualified
}

/** The values of a key: texts, numbers and booleans, alone or in a list. */
function readValues(value: Json): readonly string[] {
  const list = Array.isArray(value) ? (value as readonly Json[]) : [value]
  return list.map(item => {
    if (typeof item === 'object') throw new PolicyError('Invalid value in Condition')
    return String(item)
  })
}

/** The conditions of a statement; all must hold. Throws PolicyError. */
export function parseConditions(element: Json, options: ConditionOptions): readonly Condition[] {
  if (!isObject(element)) throw new PolicyError('Condition must be a JSON object')
  const conditions: Condition[] = []
  for (const [text, block] of Object.entries(element)) {
    const operator = parseOperator(text)
    if (!isObject(block)) throw new PolicyError('Condition must be a JSON object')
    for (const [name, value] of Object.entries(block)) {
      requireKey(name.toLowerCase(), options)
      conditions.push(compileCondition(operator, name, readValues(value), options.variables))
    }
  }
  return conditions
}

function requireKey(key: string, { knownKeys }: ConditionOptions): void {
  if (!key.includes(':')) {
    throw new PolicyError('Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.')
  }
  if (knownKeys && !isConditionKey(key)) {
    throw new PolicyError('Policy has an invalid condition key')
  }
}

function compileCondition(
  { written, name, set, ifExists }: Qualified,
  spelt: string,
  values: readonly string[],
  variables: boolean,
): Condition {
  const key = spelt.toLowerCase()
  const common = {
    operator: name,
    set,
    ifExists,
    key,
    values,
    written: { operator: written, key: spelt },
  }
  if (name === 'Null') {
    return { ...common, variables: [], holds: compileNull(key, values) }
  }
  const operator = operators.get(name)
  if (operator === undefined) throw new PolicyError(`Invalid Condition type : ${name}`)
  const { test, keys }: CompiledValues = operator.compile(values, variables)
  const judge = judges[set ?? 'none'](test, operator.negated)
  // An absent key meets IfExists and every negated operator; of set operators only ForAllValues, which is also met
  // by no values at all.
  const absent = ifExists || (set === undefined ? operator.negated : set === 'ForAllValues')
  const holds = (condition: ConditionValues): boolean => {
    const found = condition(key)
    if (found === undefined || found.length === 0) {
      // A text that is empty is a value still, unless a set is asked for.
      if (found !== '' || set !== undefined) return absent
    }
    return judge(found, condition)
  }
  return { ...common, variables: keys, holds }
}

type Judge = (found: string | readonly string[], condition: ConditionValues) => boolean

const some = (found: string | readonly string[], of: (value: string) => boolean): boolean =>
  typeof found === 'string' ? of(found) : found.some(of)

const every = (found: string | readonly string[], of: (value: string) => boolean): boolean =>
  typeof found === 'string' ? of(found) : found.every(of)

const judges: Readonly<
  Record<'none' | 'ForAllValues' | 'ForAnyValue', (test: ValueTest, negated: boolean) => Judge>
> = {
  // Without a set operator a key should have one value. Where it has several, one that meets the operator is enough,
  // and a negated operator is the opposite of that.
  none: (test, negated) => (found, condition) =>
    some(found, value => test(value, condition)) !== negated,
  ForAllValues: (test, negated) => (found, condition) =>
    every(found, value => test(value, condition) !== negated),
  ForAnyValue: (test, negated) => (found, condition) =>
    some(found, value => test(value, condition) !== negated),
}

/** `"true"`: the request must not have the key; `"false"`: it must. */
function compileNull(key: string, values: readonly string[]): Condition['holds'] {
  const wanted = values.map(value => {
    const lower = value.toLowerCase()
    if (lower !== 'true' && lower !== 'false') {
      throw new PolicyError(`Invalid boolean value in condition: ${value}`)
    }
    return lower === 'true'
  })
  return condition => {
    const found = condition(key)
    const absent = found === undefined || (typeof found !== 'string' && found.length === 0)
    return wanted.includes(absent)
  }
}
