/**
 * Sessions: temporary keys whose token says everything about them, sealed under the master key and bound to the key's id.
 * Nothing of them is stored, so any gateway of the same master key knows them; what they stand on (a role, a user, a
 * key) is looked up with each request, so they end with it.
 */
import { S3Error } from '../model/errors.ts'
import { newAccessKey } from './access-keys.ts'
import { type MasterKey, open, seal, WrongMasterKey } from './seal.ts'

export interface SessionGrant {
  /** Canonical id of the account. */
  readonly account: string
  /** 'session': of GetSessionToken, the identity itself for a while. */
  readonly kind: 'assumed-role' | 'federated-user' | 'session'
  /** Name of the role that was assumed. */
  readonly role?: string | undefined
  /** Its unique id, which no other role of that name has. */
  readonly roleId?: string | undefined
  readonly sessionName: string
  /** Name of the user that it began with; undefined: the account's root, or a role. */
  readonly user?: string | undefined
  /** Access key that it was asked for with, where it must not outlive that. */
  readonly parentKey?: string | undefined
  /** Texts of session policies; undefined: not narrowed. */
  readonly policies?: readonly string[] | undefined
  /** ARNs of managed policies that narrow it beside them. */
  readonly policyArns?: readonly string[] | undefined
  readonly tags: Readonly<Record<string, string>>
  /** Keys of those that sessions which it makes have too. */
  readonly transitive?: readonly string[] | undefined
  /** Further condition keys of its principal, in lower case. */
  readonly facts: Readonly<Record<string, string | readonly string[]>>
  /** Milliseconds since the epoch. */
  readonly issued: number
  readonly expires: number
}

export interface IssuedSession {
  readonly accessKeyId: string
  readonly secret: string
  readonly token: string
  readonly expires: number
}

export interface OpenedSession {
  readonly secret: string
  readonly grant: SessionGrant
}

/** A token is no longer than this, so that it fits into a header. */
export const tokenMax = 8192
/** Access key ids of sessions begin with it; those of stored keys do not. */
const prefix = 'MS'
const context = (accessKeyId: string): string => `session ${accessKeyId}`

export const isSessionKey = (accessKeyId: string): boolean =>
  accessKeyId.length === 20 && accessKeyId.startsWith(prefix)

/** Policies and tags of a session do not fit into its token. */
export class SessionTooLarge extends Error {
  override readonly name = 'SessionTooLarge'
}

/** Throws {@link SessionTooLarge}. */
export function issueSession(masterKey: MasterKey, grant: SessionGrant): IssuedSession {
  const made = newAccessKey()
  const accessKeyId = prefix + made.accessKeyId.slice(prefix.length)
  const { secret } = made
  const sealed = seal(masterKey, context(accessKeyId), JSON.stringify({ secret, grant }))
  const token = Buffer.from(sealed).toString('base64url')
  if (token.length > tokenMax) throw new SessionTooLarge()
  return { accessKeyId, secret, token, expires: grant.expires }
}

/** Throws InvalidToken for a token that is none of ours, or that of another key; ExpiredToken. */
export function openSession(
  masterKey: MasterKey,
  { accessKeyId, token, now }: { accessKeyId: string; token: string; now: number },
): OpenedSession {
  if (token.length > tokenMax || !/^[\w-]+$/.test(token)) throw new S3Error('InvalidToken')
  let text: string
  try {
    text = open(masterKey, context(accessKeyId), Buffer.from(token, 'base64url'))
  } catch (error) {
    if (error instanceof WrongMasterKey) throw new S3Error('InvalidToken')
    throw error
  }
  // Sealed by us, so its form is known.
  const opened = JSON.parse(text) as OpenedSession
  if (opened.grant.expires <= now) throw new S3Error('ExpiredToken')
  return opened
}
