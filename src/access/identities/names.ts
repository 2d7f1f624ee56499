/** Names, paths, ids and ARNs of IAM: what they look like and how they are told. */
import { randomBytes } from 'node:crypto'
import { QueryError } from '../../model/query-errors.ts'
import type { Tag } from '../../ports/keyspace.ts'
import type { AccountRecord } from '../tables.ts'
import type { EntityKind, EntityRecord } from './tables.ts'

export type NamedKind = Exclude<EntityKind, 'root'>

const idPrefixes: Readonly<Record<NamedKind, string>> = {
  user: 'AIDA',
  group: 'AGPA',
  role: 'AROA',
  policy: 'ANPA',
  provider: '',
}

/** What AWS calls the kind in its parameters and messages. */
const words: Readonly<Record<EntityKind, string>> = {
  user: 'user',
  group: 'group',
  role: 'role',
  policy: 'policy',
  provider: 'OpenIDConnect Provider',
  root: 'account',
}

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** An id that no other entity ever has. */
export function newEntityId(kind: NamedKind): string {
  let id = idPrefixes[kind]
  if (id === '') return id
  for (const byte of randomBytes(17)) id += base32.charAt(byte % base32.length)
  return id
}

const nameMax: Readonly<Record<NamedKind, number>> = {
  user: 64,
  group: 128,
  role: 64,
  policy: 128,
  provider: 255,
}

const nameForm = /^[\w+=,.@-]+$/
const pathForm = /^(?:\/|\/[\u0021-\u007e]+\/)$/
const pathMax = 512
const tagsMax = 50

export const keyOf = (name: string): string => name.toLowerCase()

export const holderOf = (kind: EntityKind, key: string): string => `${kind}/${key}`

const invalid = (parameter: string, what: string): QueryError =>
  new QueryError('ValidationError', `The specified value for ${parameter} is invalid. ${what}`)

/** Throws ValidationError. */
export function requireName(kind: NamedKind, name: string): void {
  const parameter = `${words[kind]}Name`
  if (!nameForm.test(name)) {
    throw invalid(
      parameter,
      'It must contain only alphanumeric characters and/or the following: +=,.@_-',
    )
  }
  if (name.length > nameMax[kind]) {
    throw invalid(parameter, `It must have at most ${nameMax[kind]} characters.`)
  }
}

/** The name of an inline policy. Throws ValidationError. */
export const requirePolicyName = (name: string): void => requireName('policy', name)

/** Throws ValidationError. */
export function requirePath(path: string): void {
  if (path.length <= pathMax && pathForm.test(path)) return
  throw invalid('path', 'It must begin and end with / and contain only alphanumeric characters.')
}

const tagForm = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u

/** `keys`: whether one may come again, as Ceph lets it. Throws InvalidInput, LimitExceeded. */
export function requireTags(tags: readonly Tag[], keys: 'once' | 'repeated' = 'once'): void {
  if (tags.length > tagsMax) {
    throw new QueryError('LimitExceeded', `Cannot exceed quota for TagsPerEntity: ${tagsMax}`)
  }
  const seen = new Set<string>()
  for (const { Key, Value } of tags) {
    if (keys === 'once' && seen.has(Key.toLowerCase())) {
      throw new QueryError(
        'InvalidInput',
        'Duplicate tag keys found. Tag keys are case-insensitive.',
      )
    }
    seen.add(Key.toLowerCase())
    if (Key === '' || Key.length > 128 || Value.length > 256) {
      throw invalid('tags', 'A key has 1 to 128 characters, a value at most 256.')
    }
    if (!tagForm.test(Key) || !tagForm.test(Value)) {
      throw invalid('tags', 'Letters, digits, blanks and _.:/=+-@ are allowed.')
    }
  }
}

/**
 * The account's number as ARNs have it. What an administrator of a volume makes belongs to the volume and no account:
 * its ARNs have none, as those of RGW's users outside accounts.
 */
export const arnAccount = (account: Pick<AccountRecord, 'number' | 'admin'>): string =>
  account.admin === 1 ? '' : account.number

export function arnOf(account: AccountRecord, entity: EntityRecord): string {
  const start = `arn:aws:iam::${arnAccount(account)}:`
  if (entity.kind === 'root') return `${start}root`
  if (entity.kind === 'provider') return `${start}oidc-provider/${entity.name}`
  return `${start}${entity.kind}${entity.path}${entity.name}`
}

export const noSuchEntity = (kind: EntityKind, name: string): QueryError =>
  new QueryError('NoSuchEntity', `The ${words[kind]} with name ${name} cannot be found.`)

export const alreadyExists = (kind: EntityKind, name: string): QueryError => {
  const word = words[kind]
  const spelt = `${word.charAt(0).toUpperCase()}${word.slice(1)}`
  return new QueryError('EntityAlreadyExists', `${spelt} with name ${name} already exists.`)
}

export interface IamArn {
  /** Twelve digits, empty, or `aws`. */
  readonly account: string
  readonly kind: NamedKind
  readonly path: string
  readonly name: string
}

const arnForm = /^arn:aws:iam::([^:]*):(user|group|role|policy|oidc-provider)(\/.*)$/

/** An ARN's parts. Undefined for what is none of IAM's. */
export function parseIamArn(arn: string): IamArn | undefined {
  const [, account = '', kind = '', rest = ''] = arnForm.exec(arn) ?? []
  if (rest.length < 2 || rest.length > 2048) return undefined
  if (kind === 'oidc-provider') {
    return { account, kind: 'provider', path: '/', name: rest.slice(1) }
  }
  const at = rest.lastIndexOf('/')
  const name = rest.slice(at + 1)
  if (name === '') return undefined
  return { account, kind: kind as NamedKind, path: rest.slice(0, at + 1), name }
}
