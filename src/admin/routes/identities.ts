/** What the routes of users, groups, roles, keys and policies have in common: an account and names within it. */
import { builtinArn, builtinPolicy } from '../../access/identities/builtin.ts'
import { arnOf, keyOf, noSuchEntity } from '../../access/identities/names.ts'
import type { Page } from '../../access/identities/records.ts'
import type { EntityRecord } from '../../access/identities/tables.ts'
import { QueryError } from '../../model/query-errors.ts'
import type { Field } from '../fields.ts'
import type { AdminContext, Named, Scope } from '../route.ts'
import { iso, pageLimit } from './names.ts'

export const accountField = {
  is: 'text',
  in: 'query',
  doc: 'Canonical id of the account; the caller’s own where it is left out',
} as const satisfies Field

/** Fields that are called as the kind that they name. */
export const byName = (input: Named): Named => input

export const named = (what: string) =>
  ({ is: 'text', in: 'path', required: true, doc: `Name of the ${what}` }) as const satisfies Field

interface OfAccount {
  readonly account?: string | undefined
}

export const accountOf = ({ account }: OfAccount, { principal }: AdminContext): string =>
  account ?? principal.canonicalId

export const accountScope = (input: OfAccount, context: AdminContext): Scope => ({
  of: 'account',
  account: accountOf(input, context),
})

const kinds = ['user', 'group', 'role', 'policy'] as const

/**
 * Names are found without regard to case, but the right was asked on the name as it was written: who may not touch `boss`
 * may not touch him as `BOSS`. Throws NoSuchEntity.
 */
export async function requireExactNames(input: Named, context: AdminContext): Promise<void> {
  const account = accountOf(input, context)
  for (const kind of kinds) {
    const name = input[kind]
    if (name === undefined || name.startsWith('arn:')) continue
    const record = await context.access.iam.records.find(account, kind, name)
    if (record !== undefined && record.name !== name) throw noSuchEntity(kind, name)
  }
}

export const isMissing = (error: unknown): boolean =>
  error instanceof QueryError && error.code === 'NoSuchEntity'

export const isThere = (error: unknown): boolean =>
  error instanceof QueryError && error.code === 'EntityAlreadyExists'

/** Makes something, or answers what is there already. */
export async function makeOnce<T>(
  make: () => Promise<T>,
  find: () => Promise<T>,
): Promise<{ readonly made: T; readonly created: boolean }> {
  try {
    return { made: await make(), created: true }
  } catch (error) {
    if (!isThere(error)) throw error
    return { made: await find(), created: false }
  }
}

/** An entity as every route shows it. */
export async function shownEntity(record: EntityRecord, context: AdminContext) {
  const owner = await context.access.iam.records.account(record.account)
  const { tags, displayName, email, description, maxSession } = record.document
  return {
    name: record.name,
    id: record.id,
    arn: arnOf(owner, record),
    path: record.path,
    created: iso(record.created),
    displayName,
    email,
    description,
    maxSession,
    tags: Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])),
  }
}

interface PageInput {
  readonly after?: string | undefined
  readonly limit?: number | undefined
}

export const pageOf = ({ after, limit = pageLimit }: PageInput) => ({
  marker: after === undefined ? undefined : keyOf(after),
  limit,
})

export async function shownPage({ items, marker }: Page<EntityRecord>, context: AdminContext) {
  const entries = await Promise.all(items.map(record => shownEntity(record, context)))
  return { entries, next: marker === undefined ? undefined : entries.at(-1)?.name }
}

/**
 * The ARN of a policy that is named by it, or by its name: one of the account, else one that everybody has. Throws
 * NoSuchEntity for a name that neither has.
 */
export async function policyArn(name: string, input: OfAccount, context: AdminContext) {
  if (name.startsWith('arn:')) return name
  const { records } = context.access.iam
  const account = accountOf(input, context)
  const record = await records.find(account, 'policy', name)
  if (record === undefined) {
    if (builtinPolicy(name) === undefined) throw noSuchEntity('policy', name)
    return `${builtinArn}${name}`
  }
  return arnOf(await records.account(account), record)
}
