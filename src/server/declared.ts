/** Buckets and accounts that the configuration declares: the two settings with a shape of their own. */
import { accessKeyIdRule, secretRule } from '../access/access-keys.ts'
import { isPossibleBucket } from '../rules/names.ts'

/** A bucket that is to be there when the server is ready. */
export interface DeclaredBucket {
  readonly name: string
  /** Canonical id of the owner; the root account where it is undefined. */
  readonly owner: string | undefined
  /** That of its owner where it is undefined. */
  readonly volume: string | undefined
  /** How the configuration calls it: `buckets[0]`. */
  readonly where: string
}

export interface DeclaredKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** An account with fixed ids and keys. */
export interface DeclaredAccount {
  /** Canonical id: 64 hex digits. */
  readonly id: string
  readonly displayName: string
  readonly email: string | undefined
  readonly volume: string | undefined
  /** It administers IAM for all accounts of its volume. */
  readonly admin: boolean
  readonly keys: readonly DeclaredKey[]
}

/** A part of the configuration file that is not what it should be; `where` names it. */
export class DeclarationError extends Error {
  override readonly name = 'DeclarationError'
  constructor(where: string, expectation: string) {
    super(`${where} must be ${expectation}`)
  }
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function records(value: unknown, where: string): readonly Record<string, unknown>[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw new DeclarationError(where, 'a list of tables')
  return value.map((item: unknown, index) => {
    if (!isRecord(item)) throw new DeclarationError(`${where}[${index}]`, 'a table')
    return item
  })
}

export function onlyKeys(
  item: Record<string, unknown>,
  known: readonly string[],
  where: string,
): void {
  const unknown = Object.keys(item).find(key => !known.includes(key))
  if (unknown !== undefined)
    throw new DeclarationError(`${where}.${unknown}`, `one of ${known.join(', ')}`)
}

interface Rule {
  readonly form: RegExp
  readonly words: string
}

const filled: Rule = { form: /./s, words: 'text that is not empty' }
/** What can be shown in XML, in a terminal and in a log. */
export const shown: Rule = {
  form: /^\P{Cc}+$/u,
  words: 'text that is not empty, without control characters',
}
const canonicalId: Rule = {
  form: /^[0-9a-zA-Z._-]{1,64}$/,
  words: 'a canonical id, at best 64 hex digits',
}
const volumeName: Rule = {
  form: /^[0-9a-zA-Z._-]{1,64}$/,
  words: '1 to 64 letters, digits and ._-',
}

export interface Reader {
  readonly required: (key: string, rule: Rule) => string
  readonly optional: (key: string, rule: Rule) => string | undefined
}

export function reader(item: Record<string, unknown>, where: string): Reader {
  const required = (key: string, { form, words }: Rule): string => {
    const value = item[key]
    if (typeof value === 'string' && form.test(value)) return value
    throw new DeclarationError(`${where}.${key}`, words)
  }
  const optional = (key: string, rule: Rule) =>
    item[key] === undefined ? undefined : required(key, rule)
  return { required, optional }
}

function named(name: string, where: string): string {
  if (isPossibleBucket(name)) return name
  throw new DeclarationError(where, `a valid bucket name; "${name}" is none`)
}

/** Refuses what two declarations have and only one can. `of`: each with its place. */
function requireDistinct(of: readonly { readonly value: string; readonly where: string }[]): void {
  const seen = new Map<string, string>()
  for (const { value, where } of of) {
    const before = seen.get(value)
    if (before !== undefined)
      throw new DeclarationError(where, `one of its own: ${before} is the same`)
    seen.set(value, where)
  }
}

/** Names of the root account's buckets. Throws {@link DeclarationError}. */
export function bucketsOfNames(names: readonly string[], where: string): readonly DeclaredBucket[] {
  for (const [index, name] of names.entries()) {
    if (names.indexOf(named(name, where)) !== index)
      throw new DeclarationError(where, `a list of different names; "${name}" is in it twice`)
  }
  return names.map(name => ({ name, owner: undefined, volume: undefined, where }))
}

/** Names as `MOONGATE_BUCKETS=a,b` has them. Throws {@link DeclarationError}. */
export function bucketsOfText(text: string, where: string): readonly DeclaredBucket[] {
  const names = text.split(',').map(name => name.trim())
  return bucketsOfNames(
    names.filter(name => name !== ''),
    where,
  )
}

/** `[[buckets]]`, or a list of names. Throws {@link DeclarationError}. */
export function bucketsOfFile(value: unknown): readonly DeclaredBucket[] {
  if (Array.isArray(value) && value.every(item => typeof item === 'string'))
    return bucketsOfNames(value, 'buckets')
  const buckets = records(value, 'buckets').map((item, index) => {
    const where = `buckets[${index}]`
    onlyKeys(item, ['name', 'owner', 'volume'], where)
    const { required, optional } = reader(item, where)
    return {
      name: named(required('name', filled), `${where}.name`),
      owner: optional('owner', canonicalId),
      volume: optional('volume', volumeName),
      where,
    }
  })
  requireDistinct(
    buckets.map(({ name, volume = '', where }) => ({
      value: `${volume}/${name}`,
      where: `${where}.name`,
    })),
  )
  return buckets
}

function flag(value: unknown, where: string): boolean {
  if (value === undefined || typeof value === 'boolean') return value === true
  throw new DeclarationError(where, 'true or false')
}

function keysOf(value: unknown, where: string): readonly DeclaredKey[] {
  return records(value, where).map((key, index) => {
    const place = `${where}[${index}]`
    onlyKeys(key, ['access_key_id', 'secret_access_key'], place)
    const { required } = reader(key, place)
    return {
      accessKeyId: required('access_key_id', accessKeyIdRule),
      secretAccessKey: required('secret_access_key', secretRule),
    }
  })
}

/**
 * `[[accounts]]`. `rootKey`: the access key id of the root account, if it is configured. Throws
 * {@link DeclarationError}, which never repeats a secret.
 */
export function accountsOfFile(value: unknown, rootKey?: string): readonly DeclaredAccount[] {
  const accounts = records(value, 'accounts').map((item, index) => {
    const where = `accounts[${index}]`
    onlyKeys(item, ['id', 'display_name', 'email', 'volume', 'admin', 'keys'], where)
    const { required, optional } = reader(item, where)
    const id = required('id', canonicalId)
    return {
      id,
      displayName: optional('display_name', shown) ?? id,
      email: optional('email', shown),
      volume: optional('volume', volumeName),
      admin: flag(item['admin'], `${where}.admin`),
      keys: keysOf(item['keys'], `${where}.keys`),
    }
  })
  requireDistinct(accounts.map(({ id }, index) => ({ value: id, where: `accounts[${index}].id` })))
  requireDistinct([
    ...(rootKey === undefined ? [] : [{ value: rootKey, where: 'the key of the root account' }]),
    ...accounts.flatMap(({ keys }, index) =>
      keys.map(({ accessKeyId }, at) => ({
        value: accessKeyId,
        where: `accounts[${index}].keys[${at}].access_key_id`,
      })),
    ),
  ])
  return accounts
}
