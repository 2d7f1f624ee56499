/** Statements of a policy: read, held to the rules of their kind of policy, and compiled. */
import { isS3Action, s3Actions } from './actions.ts'
import { type Condition, parseConditions } from './conditions.ts'
import { PolicyError } from './errors.ts'
import { isObject, type Json, type JsonObject, strings } from './json.ts'
import { type Naming, type PrincipalIds, type Principals, parsePrincipals } from './principals.ts'
import type { AccessRequest, Caller } from './request.ts'
import { compileResources, type Resources } from './resources.ts'
import { compile, parsePattern, type Test } from './wildcards.ts'

/** Identity policies are managed and inline ones, of users, groups and roles, and permissions boundaries. */
export type PolicyKind = 'identity' | 'bucket' | 'trust' | 'session'

export interface Statement {
  /** Place in the policy, from 0. */
  readonly index: number
  readonly sid: string | undefined
  readonly effect: 'Allow' | 'Deny'
  /** As written, of Action or NotAction. */
  readonly actions: readonly string[]
  /** Undefined: everyone that has the policy. */
  readonly principals: Principals | undefined
  readonly conditions: readonly Condition[]
  /** Condition keys that it asks for, those in variables too. Lower case. */
  readonly keys: ReadonlySet<string>
  /** In lower case. */
  readonly coversAction: Test
  /** Whether principals, resource and conditions hold; undefined: not, else how the caller is named. */
  readonly concerns: (request: AccessRequest) => Naming | undefined
  /** What of it does not hold, for who asks why it does not concern a request about one of its actions. */
  readonly lacks: (request: AccessRequest) => Lacks
}

export interface Lacks {
  readonly principal: boolean
  /** What it is about instead. */
  readonly resource: { readonly texts: readonly string[]; readonly not: boolean } | undefined
  readonly conditions: readonly Condition[]
}

export interface StatementOptions {
  readonly kind: PolicyKind
  readonly index: number
  readonly variables: boolean
  readonly bucket: string | undefined
  readonly ids: PrincipalIds | undefined
}

const elements: ReadonlySet<string> = new Set([
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
])

/** Throws PolicyError. */
export function parseStatement(value: Json, options: StatementOptions): Statement {
  if (!isObject(value)) throw new PolicyError('Statement must be a JSON object')
  for (const name of Object.keys(value)) {
    if (!elements.has(name)) throw new PolicyError(`Unknown field ${name}`)
  }
  const effect = readEffect(value['Effect'])
  const sid = readSid(value['Sid'], options.kind)
  const principals = readPrincipals(value, effect, options)
  const actions = readActions(value, options.kind)
  const resources = readResources(value, options)
  const conditions = readConditions(value['Condition'], options)
  const keys = new Set(conditions.flatMap(({ key, variables }) => [key, ...variables]))
  for (const key of resources?.keys ?? []) keys.add(key)
  return {
    index: options.index,
    sid,
    effect,
    actions: actions.names,
    principals: principals?.who,
    conditions,
    keys,
    coversAction: actions.covers,
    concerns: compileConcerns(principals, resources, conditions),
    lacks: request => lacksOf({ whom: principals, what: resources, conditions }, request),
  }
}

function readEffect(value: Json | undefined): 'Allow' | 'Deny' {
  if (value === undefined) throw new PolicyError('Missing required field Effect')
  if (value === 'Allow' || value === 'Deny') return value
  throw new PolicyError(`Invalid effect: ${typeof value === 'string' ? value : ''}`)
}

function readSid(value: Json | undefined, kind: PolicyKind): string | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'string') throw new PolicyError('Sid must be a string')
  if (kind !== 'bucket' && !/^[0-9A-Za-z]*$/.test(value)) {
    throw new PolicyError(
      'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*',
    )
  }
  return value
}

/** The one of two elements that is there, which may not both be. */
function either(
  statement: JsonObject,
  name: string,
): { readonly value: Json; readonly not: boolean } | undefined {
  const plain = statement[name]
  const not = statement[`Not${name}`]
  if (plain !== undefined && not !== undefined) {
    throw new PolicyError(`Statement/policy already has instance of ${name}`)
  }
  if (plain !== undefined) return { value: plain, not: false }
  return not === undefined ? undefined : { value: not, not: true }
}

interface Whom {
  readonly who: Principals
  readonly not: boolean
}

function readPrincipals(
  statement: JsonObject,
  effect: 'Allow' | 'Deny',
  { kind, ids }: StatementOptions,
): Whom | undefined {
  const found = either(statement, 'Principal')
  if (kind === 'identity' || kind === 'session') {
    if (found === undefined) return undefined
    const who = found.not ? undefined : found.value
    // "Everyone" is whoever the policy is attached to: it narrows nothing, and some tools write it.
    if (who === '*' || (isObject(who) && Object.keys(who).length === 1 && who['AWS'] === '*')) {
      return undefined
    }
    throw new PolicyError('Policy document should not specify a principal.')
  }
  if (found === undefined) throw new PolicyError('Missing required field Principal')
  if (found.not && effect === 'Allow') {
    throw new PolicyError('Allow with NotPrincipal is not allowed')
  }
  return { who: parsePrincipals(found.value, ids), not: found.not }
}

/** S3 and trust policies on the one side and IAM on the other have sentences of their own for it. */
const missing = (name: 'Action' | 'Resource', kind: PolicyKind): string =>
  kind === 'bucket' || kind === 'trust'
    ? `Missing required field ${name}`
    : `Policy statement must contain ${name.toLowerCase()}s.`

interface Actions {
  readonly names: readonly string[]
  readonly covers: Test
}

const actionForm = /^[\w-]+:[\w*?]+$/

function readActions(statement: JsonObject, kind: PolicyKind): Actions {
  const found = either(statement, 'Action')
  if (found === undefined) throw new PolicyError(missing('Action', kind))
  const names = strings(found.value)
  if (names === undefined) {
    throw new PolicyError(kind === 'bucket' ? 'Policy has invalid action' : missing('Action', kind))
  }
  for (const name of names) requireAction(name, kind)
  const exact = new Set<string>()
  const tests: Test[] = []
  for (const name of names) {
    const lower = name.toLowerCase()
    if (/[*?]/.test(lower)) tests.push(compile(parsePattern(lower)))
    else exact.add(lower)
  }
  const { not } = found
  return { names, covers: action => (exact.has(action) || tests.some(t => t(action))) !== not }
}

function requireAction(name: string, kind: PolicyKind): void {
  if (kind === 'trust') {
    if (!/^sts:[\w*?]+$/i.test(name)) {
      throw new PolicyError('AssumeRole policy may only specify STS AssumeRole actions.')
    }
  } else if (kind === 'bucket') {
    if (name !== '*' && !(actionForm.test(name) && isS3Action(name))) {
      throw new PolicyError('Policy has invalid action')
    }
    if (s3Actions.get(name) === 'none') {
      throw new PolicyError('Action does not apply to any resource(s) in statement')
    }
  } else if (name !== '*' && !actionForm.test(name)) {
    throw new PolicyError(
      'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.',
    )
  }
}

interface What {
  readonly keys: readonly string[]
  readonly resources: Resources
  readonly not: boolean
}

function readResources(statement: JsonObject, options: StatementOptions): What | undefined {
  const found = either(statement, 'Resource')
  const { kind, variables, bucket } = options
  if (kind === 'trust') {
    if (found !== undefined) throw new PolicyError('Has prohibited field Resource')
    return undefined
  }
  if (found === undefined) throw new PolicyError(missing('Resource', kind))
  const texts = strings(found.value)
  if (texts === undefined) {
    throw new PolicyError(
      kind === 'bucket' ? 'Policy has invalid resource' : missing('Resource', kind),
    )
  }
  const own = kind === 'bucket' ? { name: bucket } : undefined
  const resources = compileResources(texts, { variables, bucket: own })
  return { keys: resources.keys, resources, not: found.not }
}

function readConditions(
  element: Json | undefined,
  { kind, variables }: StatementOptions,
): readonly Condition[] {
  if (element === undefined) return []
  return parseConditions(element, { variables, knownKeys: kind === 'bucket' })
}

const isNamed = ({ who, not }: Whom, caller: Caller): Naming | undefined => {
  const naming = who.naming(caller)
  if (!not) return naming
  // To name an account excepts its root user only; its users and roles are excepted by their own names.
  return naming === undefined || naming === 'account' ? 'itself' : undefined
}

interface Parts {
  readonly whom: Whom | undefined
  readonly what: What | undefined
  readonly conditions: readonly Condition[]
}

function lacksOf({ whom, what, conditions }: Parts, request: AccessRequest): Lacks {
  const { caller, resource, condition } = request
  const other = what !== undefined && what.resources.matches(resource, condition) === what.not
  return {
    principal: whom !== undefined && isNamed(whom, caller) === undefined,
    resource: other ? { texts: what.resources.texts, not: what.not } : undefined,
    conditions: conditions.filter(({ holds }) => !holds(condition)),
  }
}

function compileConcerns(
  whom: Whom | undefined,
  what: What | undefined,
  conditions: readonly Condition[],
): Statement['concerns'] {
  return ({ caller, resource, condition }) => {
    const naming = whom === undefined ? 'itself' : isNamed(whom, caller)
    if (naming === undefined) return undefined
    if (what !== undefined && what.resources.matches(resource, condition) === what.not) {
      return undefined
    }
    for (const { holds } of conditions) if (!holds(condition)) return undefined
    return naming
  }
}
