/** Why a decision is what it is: what was looked at, and what came nearest to allowing what is denied. Nobody waits for it. */
import { asKnownToItself, type Decision, type DecisionInput, type NamedPolicy } from './decide.ts'
import type { Statement } from './policy.ts'
import type { AccessRequest } from './request.ts'

export interface Judged {
  readonly kind: 'identity' | 'boundary' | 'session' | 'resource' | 'acl'
  readonly policy: string
  /** Undefined: an ACL has none. */
  readonly statements?: number
  /** How many of them are about the action. */
  readonly about?: number
}

/** What keeps a statement from allowing it. */
export type Lack =
  | { readonly what: 'principal' }
  /** It names the account and not who asks, to whom the account's own policies must give it. */
  | { readonly what: 'identity' }
  /** `except`: it is about all but these. */
  | { readonly what: 'resource'; readonly resources: readonly string[]; readonly except: boolean }
  /** What the request has instead is not told: it may be what only the resource's owner knows. */
  | {
      readonly what: 'condition'
      readonly operator: string
      readonly key: string
      readonly values: readonly string[]
    }

/** A statement that would allow the action if it were not for what it lacks. */
export interface Nearest {
  readonly policy: string
  /** Place of the statement in its policy, from 0. */
  readonly statement: number
  readonly sid: string | undefined
  readonly lacks: readonly Lack[]
}

export interface Explanation {
  readonly judged: readonly Judged[]
  readonly nearest: Nearest | undefined
}

type Kind = Judged['kind']

interface Asked extends NamedPolicy {
  readonly kind: Kind
  readonly request: AccessRequest
}

function policiesOf(input: DecisionInput): readonly Asked[] {
  const { request, identity, boundary = [], session = [], resource } = input
  const asked = (kind: Kind, list: readonly NamedPolicy[]) =>
    list.map(({ name, policy }) => ({ kind, name, policy, request }))
  const own = [
    ...asked('identity', identity),
    ...asked('boundary', boundary),
    ...asked('session', session),
  ]
  if (resource === undefined) return own
  return [...own, { kind: 'resource', ...resource, request: asKnownToItself(input) }]
}

/** Where an Allow was missing. */
const missing: Readonly<Partial<Record<Decision['reason'], readonly Kind[]>>> = {
  'no statement allows': ['identity', 'resource'],
  'no identity policy allows': ['identity'],
  'neither bucket policy nor ACL allows': ['resource'],
  'outside the permissions boundary': ['boundary'],
  'outside the session policy': ['session'],
}

export function explain(input: DecisionInput, { reason }: Decision): Explanation {
  const policies = policiesOf(input)
  const judged: Judged[] = policies.map(({ kind, name, policy, request }) => ({
    kind,
    policy: name,
    statements: policy.statements.length,
    about: policy.about(request.action).length,
  }))
  if (input.acl !== undefined) judged.push({ kind: 'acl', policy: 'ACL' })
  const kinds = missing[reason] ?? []
  return { judged, nearest: nearestIn(policies.filter(({ kind }) => kinds.includes(kind))) }
}

interface Candidate {
  readonly nearest: Nearest
  /** How far it is, the weightiest first. */
  readonly distance: readonly number[]
}

/** Of several that are as near the first. */
function nearestIn(policies: readonly Asked[]): Nearest | undefined {
  let best: Candidate | undefined
  for (const { name, policy, request } of policies) {
    for (const statement of policy.about(request.action)) {
      const lacks = statement.effect === 'Allow' ? lacksOf(statement, request) : []
      if (lacks.length === 0) continue
      const { index, sid } = statement
      const nearest = { policy: name, statement: index, sid, lacks }
      const candidate = { nearest, distance: distanceOf(lacks, request.resource) }
      if (best === undefined || isLess(candidate.distance, best.distance)) best = candidate
    }
  }
  return best?.nearest
}

function lacksOf(statement: Statement, request: AccessRequest): readonly Lack[] {
  const { principal, resource, conditions } = statement.lacks(request)
  const lacks: Lack[] = conditions.map(({ written, values }) => ({
    what: 'condition',
    ...written,
    values,
  }))
  if (resource !== undefined) {
    lacks.push({ what: 'resource', resources: resource.texts, except: resource.not })
  }
  if (principal) lacks.push({ what: 'principal' })
  if (lacks.length === 0 && statement.concerns(request) === 'account') {
    lacks.push({ what: 'identity' })
  }
  return lacks
}

/** By how much is lacking; then by how far off that is: a circumstance, another resource, another caller. */
const farness: Readonly<Record<Lack['what'], number>> = {
  identity: 0,
  condition: 1,
  resource: 2,
  principal: 3,
}

function distanceOf(lacks: readonly Lack[], resource: string): readonly number[] {
  const far = Math.max(...lacks.map(({ what }) => farness[what]))
  const texts = lacks.flatMap(lack => (lack.what === 'resource' ? lack.resources : []))
  const alike = Math.max(0, ...texts.map(text => commonLength(text, resource)))
  return [lacks.length, far, -alike]
}

function commonLength(one: string, other: string): number {
  let length = 0
  while (length < one.length && one[length] === other[length]) length++
  return length
}

function isLess(one: readonly number[], other: readonly number[]): boolean {
  const at = one.findIndex((value, index) => value !== other[index])
  return at >= 0 && (one[at] ?? 0) < (other[at] ?? 0)
}
