/** What IAM's operations are about: entities by name, and whose they are. */
import type { Holder } from '../../access/identities/grants.ts'
import { arnAccount, arnOf, parseIamArn } from '../../access/identities/names.ts'
import { QueryError } from '../../model/query-errors.ts'
import type { QueryContext, Target } from '../query-operation.ts'
import { resourceTags } from './answers.ts'

export type NamedHolder = 'user' | 'group' | 'role'

/** An entity of the caller's account; one that is not there counts as one at the path `/`. */
export async function entityTarget(
  context: QueryContext,
  kind: NamedHolder,
  name: string,
): Promise<Target> {
  const { account, store } = context
  const record = await store.records.find(account.id, kind, name)
  if (record !== undefined) return { resource: arnOf(account, record), facts: resourceTags(record) }
  return { resource: newArn(context, kind, name) }
}

/** The ARN of what is to be made. */
export const newArn = (
  { account }: QueryContext,
  kind: NamedHolder | 'policy',
  name: string,
  path = '/',
): string => `arn:aws:iam::${arnAccount(account)}:${kind}${path}${name}`

/** What an ARN names, which must be well-formed; its tags where it is there. */
export async function arnTarget({ account, store }: QueryContext, arn: string): Promise<Target> {
  const parsed = parseIamArn(arn)
  if (parsed === undefined) throw new QueryError('InvalidInput', `ARN ${arn} is not valid.`)
  if (parsed.account !== arnAccount(account)) return { resource: arn }
  const record = await store.records.find(account.id, parsed.kind, parsed.name)
  return { resource: arn, facts: record === undefined ? undefined : resourceTags(record) }
}

/** Who has policies, and in which account. */
export interface Placed {
  readonly account: string
  readonly holder: Holder
}

/**
 * A user by its name. Where there is none, the name may be the canonical id of an account: its root, on which an
 * administrator of the volume puts policies, as Ceph's do on users of their tenant.
 */
export async function placedUser(context: QueryContext, name: string): Promise<Placed> {
  const { account, store, principal } = context
  const holder: Holder = { kind: 'user', name }
  if (await store.records.find(account.id, 'user', name)) return { account: account.id, holder }
  if (account.admin !== 1 && name !== principal.canonicalId) return { account: account.id, holder }
  const other = await accountOf(context, name)
  if (other?.volume !== account.volume) return { account: account.id, holder }
  return { account: other.id, holder: { kind: 'root', name } }
}

async function accountOf({ store }: QueryContext, id: string) {
  if (id.includes('\0')) return undefined
  try {
    return await store.records.account(id)
  } catch (error) {
    if (error instanceof QueryError && error.code === 'NoSuchEntity') return undefined
    throw error
  }
}

export async function userTarget(context: QueryContext, name: string): Promise<Target> {
  const { holder } = await placedUser(context, name)
  if (holder.kind !== 'root') return entityTarget(context, 'user', name)
  return { resource: `arn:aws:iam:::user/${name}`, foreign: context.account.admin !== 1 }
}

/** The user that asks, for operations that can leave the name out. Undefined: the account's root. */
export function ownName({ principal }: QueryContext): string | undefined {
  const { kind, name } = principal.identity
  if (kind === 'user') return name
  if (kind === 'root') return undefined
  throw new QueryError(
    'ValidationError',
    'Must specify userName when calling with non-User credentials',
  )
}
