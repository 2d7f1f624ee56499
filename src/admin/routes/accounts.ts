/** Accounts, which the configuration declares: as routes name them, and the routes that show them. */
import type { Access } from '../../access/accounts.ts'
import type { AccountRecord } from '../../access/tables.ts'
import { AdminError } from '../errors.ts'
import type { Field } from '../fields.ts'
import { ownVolume } from '../paths.ts'
import { hasRight } from '../rights.ts'
import { type AdminContext, type Route, route, type Scope } from '../route.ts'
import {
  bucketsLimit,
  iso,
  pageFields,
  pageLimit,
  quotaFields,
  quotaOf,
  standing,
} from './names.ts'

/** Throws InvalidInput for an account that is not there; only who may name any account comes here. */
export async function requireAccount(canonicalId: string, access: Access): Promise<void> {
  if ((await access.account(canonicalId)) !== undefined) return
  throw new AdminError('InvalidInput', `There is no account ${JSON.stringify(canonicalId)}.`)
}

function shown({ id, number, name, email, volume, created, admin }: AccountRecord, root: string) {
  return {
    id,
    number,
    displayName: name,
    email,
    volume,
    created: iso(created),
    /** Of IAM in its volume. */
    admin: admin === 1,
    /** Of this Moongate. */
    root: id === root,
  }
}

const rootOf = async ({ access }: AdminContext): Promise<string> =>
  (await access.rootPrincipal('')).canonicalId

interface Named {
  readonly account: string
}

const accountField = {
  is: 'text',
  in: 'path',
  required: true,
  doc: `Canonical id of the account; ${ownVolume} is the caller's own`,
} as const satisfies Field

/** As volumes are: `-` is the caller's own. */
const idOf = ({ account }: Named, { principal }: AdminContext): string =>
  account === ownVolume ? principal.canonicalId : account

const resource = (input: Named, context: AdminContext) => `account/${idOf(input, context)}`

const isOwn = (input: Named, context: AdminContext): boolean =>
  idOf(input, context) === context.principal.canonicalId

const scope = (input: Named, context: AdminContext): Scope => ({
  of: 'account',
  account: idOf(input, context),
})

/** Who lacks the right is told of the own account what a bucket list and a caller's identity tell anyway. */
async function own(record: AccountRecord, input: Named, context: AdminContext) {
  const { volume } = context.principal
  const what = { scope: scope(input, context), resource: resource(input, context) }
  if (await hasRight(context, 'admin:GetAccount', what))
    return { ...shown(record, await rootOf(context)), volume }
  const { id, number, name } = record
  return { id, number, displayName: name, volume }
}

export const accountRoutes: readonly Route[] = [
  route({
    name: 'ListAccounts',
    method: 'GET',
    path: '/accounts',
    summary: 'Accounts in the order of their canonical ids',
    fields: pageFields,
    scope: () => ({ of: 'moongate' }),
    resource: () => 'account/*',
    async run({ after, limit = pageLimit }, context) {
      const { records } = context.access.iam
      const { items, marker } = await records.accounts({ marker: after, limit })
      const root = await rootOf(context)
      return { data: { accounts: items.map(record => shown(record, root)), next: marker } }
    },
  }),
  route({
    name: 'GetAccount',
    method: 'GET',
    path: '/accounts/{account}',
    summary:
      'An account: its number, its volume, what it administers, and its quota with what is counted against it; everybody is told id, number, name and volume of their own',
    fields: { account: accountField },
    scope: (input, context) =>
      isOwn(input, context) ? { of: 'caller', reads: true } : scope(input, context),
    resource,
    async run(input, context) {
      const id = idOf(input, context)
      const record = await context.access.iam.records.account(id)
      const account = isOwn(input, context)
        ? await own(record, input, context)
        : shown(record, await rootOf(context))
      if (!('root' in account)) return { data: { account, usage: null } }
      const usage = (await context.buckets.owners.usage({ account: id, user: null })) ?? null
      return { data: { account, usage } }
    },
  }),
  route({
    name: 'PutAccountQuota',
    method: 'PUT',
    path: '/accounts/{account}/quota',
    summary:
      'Set the quota of all buckets of an account; answers when what is there has been counted, and with which limits that exceeds',
    fields: { account: accountField, ...quotaFields, buckets: bucketsLimit },
    scope: () => ({ of: 'moongate' }),
    resource,
    async run(input, context) {
      const account = idOf(input, context)
      await requireAccount(account, context.access)
      const quota = { ...quotaOf(input), buckets: input.buckets ?? null }
      const { owners } = context.buckets
      const { counted } = await owners.setQuota({ account, user: null }, quota)
      const used = await owners.usage({ account, user: null })
      return { data: { ...standing(quota, used), counted } }
    },
  }),
]
