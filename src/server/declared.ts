/** Buckets and accounts that the configuration declares: the two settings with a shape of their own. */
import { isPossibleBucket } from '../rules/names.ts'

/** A bucket that is to be there when the server is ready. */
export interface DeclaredBucket {
  readonly name: string
  /** Canonical id of the owner; the root account where it is undefined. */
  readonly owner: string | undefined
  readonly volume: string | undefined
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
  readonly keys: readonly DeclaredKey[]
}

/** A part of the configuration file that is not what it should be; `where` names it. */
export class DeclarationError extends Error {
  override readonly name = 'DeclarationError'
  constructor(where: string, expectation: string) {
    super(`${where} must be ${expectation}`)
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function records(value: unknown, where: string): readonly Record<string, unknown>[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw new DeclarationError(where, 'a list of tables')
  return value.map((item: unknown, index) => {
    if (!isRecord(item)) throw new DeclarationError(`${where}[${index}]`, 'a table')
    return item
  })
}

function onlyKeys(item: Record<string, unknown>, known: readonly string[], where: string): void {
  const unknown = Object.keys(item).find(key => !known.includes(key))
  if (unknown !== undefined)
    throw new DeclarationError(`${where}.${unknown}`, `one of ${known.join(', ')}`)
}

interface Reader {
  readonly required: (key: string, shape?: RegExp, expectation?: string) => string
  readonly optional: (key: string) => string | undefined
}

function reader(item: Record<string, unknown>, where: string): Reader {
  const required = (key: string, shape = /./s, expectation = 'text that is not empty'): string => {
    const value = item[key]
    if (typeof value === 'string' && shape.test(value)) return value
    throw new DeclarationError(`${where}.${key}`, expectation)
  }
  return { required, optional: key => (item[key] === undefined ? undefined : required(key)) }
}

function named(name: string, where: string): string {
  if (isPossibleBucket(name)) return name
  throw new DeclarationError(where, `a valid bucket name; "${name}" is none`)
}

/** Names as `MOONGATE_BUCKETS=a,b` has them. Throws {@link DeclarationError}. */
export function bucketsOfText(text: string, where: string): readonly DeclaredBucket[] {
  const names = text.split(',').map(name => name.trim())
  return names
    .filter(name => name !== '')
    .map(name => ({ name: named(name, where), owner: undefined, volume: undefined }))
}

/** `[[buckets]]`, or a list of names. Throws {@link DeclarationError}. */
export function bucketsOfFile(value: unknown): readonly DeclaredBucket[] {
  if (Array.isArray(value) && value.every(item => typeof item === 'string'))
    return bucketsOfText(value.join(','), 'buckets')
  return records(value, 'buckets').map((item, index) => {
    const where = `buckets[${index}]`
    onlyKeys(item, ['name', 'owner', 'volume'], where)
    const { required, optional } = reader(item, where)
    return {
      name: named(required('name'), `${where}.name`),
      owner: optional('owner'),
      volume: optional('volume'),
    }
  })
}

/** `[[accounts]]`. Throws {@link DeclarationError}, which never repeats a secret. */
export function accountsOfFile(value: unknown): readonly DeclaredAccount[] {
  return records(value, 'accounts').map((item, index) => {
    const where = `accounts[${index}]`
    onlyKeys(item, ['id', 'display_name', 'email', 'volume', 'keys'], where)
    const { required, optional } = reader(item, where)
    const id = required('id', /^[0-9a-zA-Z._-]{1,64}$/, 'a canonical id, at best 64 hex digits')
    const keys = records(item['keys'], `${where}.keys`).map((key, at) => {
      const place = `${where}.keys[${at}]`
      onlyKeys(key, ['access_key_id', 'secret_access_key'], place)
      const of = reader(key, place)
      return {
        accessKeyId: of.required(
          'access_key_id',
          /^[\w-]{3,128}$/,
          '3 to 128 letters, digits, _ or -',
        ),
        secretAccessKey: of.required('secret_access_key', /^.{8,128}$/s, '8 to 128 characters'),
      }
    })
    return {
      id,
      displayName: optional('display_name') ?? id,
      email: optional('email'),
      volume: optional('volume'),
      keys,
    }
  })
}
