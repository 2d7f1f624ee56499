/** Principal and NotPrincipal: whom a statement is for. */
import { PolicyError } from './errors.ts'
import { isObject, type Json, strings } from './json.ts'
import type { Caller } from './request.ts'

/**
 * How a Principal element names a caller: itself (or everyone), the role of its session, or no more than its account,
 * which hands the right to the account for its administrators to give on.
 */
export type Naming = 'itself' | 'role' | 'account'

/** One principal as it is written. */
export interface NamedPrincipal {
  readonly type: 'AWS' | 'CanonicalUser' | 'Federated' | 'Service'
  readonly value: string
}

/**
 * Unique ids of the users and roles that a policy named when it was put, by ARN as it is written there: it means them, and
 * nobody who has the name later.
 */
export type PrincipalIds = Readonly<Record<string, readonly string[]>>

export interface Principals {
  readonly everyone: boolean
  readonly named: readonly NamedPrincipal[]
  /** Undefined: not named. */
  readonly naming: (caller: Caller) => Naming | undefined
}

const types: ReadonlySet<string> = new Set(['AWS', 'CanonicalUser', 'Federated', 'Service'])
const isType = (text: string): text is NamedPrincipal['type'] => types.has(text)

// Twelve digits; or an account of Ceph, which keeps its id.
export const accountNumber = /^(?:\d{12}|RGW\d{17})$/
// The account may be missing or a tenant's name, as Ceph's RGW writes it.
export const rootArn = /^arn:aws[a-z-]*:iam::([\w.$-]*):root$/
const otherArn =
  /^arn:aws[a-z-]*:(?:iam::[\w.$-]*:(?:user|role|assumed-role)|sts::[\w.$-]*:(?:assumed-role|federated-user))\/[^*?]+$/
/** Ceph's name for a session has IAM in it. */
const sessionOfIam = /^(arn:aws[a-z-]*):iam(::[\w.$-]*:assumed-role\/)/
// Ids of users and roles, which AWS keeps in a policy when they are gone.
const uniqueId = /^A(?:IDA|ROA)[A-Z0-9]{12,}$/

export const invalidPrincipal = ({ type, value }: NamedPrincipal): PolicyError =>
  new PolicyError(`Invalid principal in policy: "${type}":"${value}"`)

function requireValid({ type, value }: NamedPrincipal): void {
  const valid =
    type === 'AWS'
      ? accountNumber.test(value) ||
        rootArn.test(value) ||
        otherArn.test(value) ||
        uniqueId.test(value)
      : value !== '' && !value.includes('*')
  if (!valid) throw invalidPrincipal({ type, value })
}

/** Reads the element. What has no id is meant by name. Throws PolicyError. */
export function parsePrincipals(element: Json, ids: PrincipalIds = {}): Principals {
  if (element === '*') return compilePrincipals(true, [], ids)
  if (!isObject(element)) throw new PolicyError('Invalid principal in policy')
  let everyone = false
  const named: NamedPrincipal[] = []
  for (const [type, value] of Object.entries(element)) {
    const values = strings(value)
    if (!isType(type) || values === undefined) throw new PolicyError('Invalid principal in policy')
    for (const one of values) {
      if (one === '*' && type === 'AWS') everyone = true
      else named.push({ type, value: one })
    }
  }
  if (!everyone && named.length === 0) throw new PolicyError('Invalid principal in policy')
  named.forEach(requireValid)
  return compilePrincipals(everyone, named, ids)
}

/** What a caller is compared with. */
const namesOf = ({ type, value }: NamedPrincipal, ids: PrincipalIds): readonly string[] =>
  (type === 'AWS' ? ids[value] : undefined) ?? [value.replace(sessionOfIam, '$1:sts$2')]

function compilePrincipals(
  everyone: boolean,
  named: readonly NamedPrincipal[],
  ids: PrincipalIds,
): Principals {
  if (everyone) return { everyone, named, naming: () => 'itself' }
  const accounts = new Set<string>()
  const canonicals = new Set<string>()
  const names = new Set<string>()
  for (const { type, value } of named) {
    if (type === 'CanonicalUser') canonicals.add(value)
    else {
      for (const name of namesOf({ type, value }, ids)) names.add(name)
      const account =
        type === 'AWS' ? (rootArn.exec(value)?.[1] ?? (accountNumber.test(value) ? value : '')) : ''
      if (account !== '') accounts.add(account)
    }
  }
  const naming = (caller: Caller): Naming | undefined => {
    const { userId, roleId } = caller
    if (userId !== undefined && names.has(userId)) return 'itself'
    let role = roleId !== undefined && names.has(roleId)
    for (const arn of caller.arns) {
      if (!names.has(arn)) continue
      if (caller.kind !== 'assumed-role' && caller.kind !== 'federated-user') return 'itself'
      if (arn.includes(':sts:')) return 'itself'
      role = true
    }
    if (role) return 'role'
    if (caller.account === '') return undefined
    if (!accounts.has(caller.account) && !canonicals.has(caller.canonicalId)) return undefined
    return caller.kind === 'root' ? 'itself' : 'account'
  }
  return { everyone, named, naming }
}
