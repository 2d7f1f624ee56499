/** Access keys and account ids: how new ones are made and which given ones are taken. */
import { hash, randomBytes, randomInt } from 'node:crypto'

export interface AccessKey {
  readonly accessKeyId: string
  readonly secret: string
}

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
/** What a key that somebody chooses must be, for a program and in words. */
interface Rule {
  readonly form: RegExp
  readonly words: string
}
// What can stand in a credential scope, a query and a form without being written otherwise.
export const accessKeyIdRule: Rule = {
  form: /^[A-Za-z0-9._~-]{3,128}$/,
  words: '3 to 128 letters, digits and ._~-',
}
export const secretRule: Rule = {
  form: /^[\u0021-\u007e]{4,256}$/,
  words: '4 to 256 visible ASCII characters',
}

/** Accounts or keys that somebody declared cannot be had, beside what is stored or by themselves. */
export class WrongAccounts extends Error {
  override readonly name = 'WrongAccounts'
}

/** An access key id of 20 characters that begins with MG, and a secret of 40. */
export function newAccessKey(): AccessKey {
  let accessKeyId = 'MG'
  for (const byte of randomBytes(18)) accessKeyId += base32.charAt(byte % base32.length)
  return { accessKeyId, secret: newSecret() }
}

/** A command line takes what begins with a hyphen for an option. */
function newSecret(): string {
  const secret = randomBytes(30).toString('base64url')
  return secret.startsWith('-') ? newSecret() : secret
}

/** Throws {@link WrongAccounts} for a key that somebody chose and that cannot be one; it does not repeat the secret. */
export function requireAccessKey(key: AccessKey): void {
  if (!accessKeyIdRule.form.test(key.accessKeyId)) {
    const id = JSON.stringify(key.accessKeyId)
    throw new WrongAccounts(`access key id ${id}: ${accessKeyIdRule.words} are allowed`)
  }
  if (!secretRule.form.test(key.secret)) {
    throw new WrongAccounts(
      `the secret of access key ${key.accessKeyId}: ${secretRule.words} are allowed`,
    )
  }
}

/** A canonical id: 64 hex digits. */
export const newCanonicalId = (): string => randomBytes(32).toString('hex')

/** An account's number: twelve digits of which the first is not zero. */
export const newAccountNumber = (): string =>
  `${randomInt(1, 10)}${String(randomInt(0, 100_000_000_000)).padStart(11, '0')}`

/** Ceph's RGW calls an account by such an id, in ARNs too. */
const rgwAccount = /^RGW\d{17}$/

/**
 * The number of a declared account, the same at every start because it follows from the canonical id. An account that
 * comes from Ceph keeps its id as its number, so that policies that name it go on to mean it.
 */
export function derivedAccountNumber(canonicalId: string): string {
  if (rgwAccount.test(canonicalId)) return canonicalId
  const digits = BigInt(`0x${hash('sha256', canonicalId, 'hex').slice(0, 16)}`) % 900_000_000_000n
  return String(digits + 100_000_000_000n)
}
