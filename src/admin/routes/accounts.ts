/** Accounts, which the configuration declares: as routes name them, and the routes that show them. */
import type { Access } from '../../access/accounts.ts'
import type { AccountRecord } from '../../access/tables.ts'
import { AdminError } from '../errors.ts'
import type { Field } from '../fields.ts'
import { ownVolume } from '../paths.ts'
import { type AdminContext, type Route, route } from '../route.ts'
import { bucketsLimit, iso, pageFields, pageLimit, quotaFields, quotaOf } from './names.ts'

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
      'An account: its number, its volume, what it administers, and its quota with what is counted against it',
    fields: { account: accountField },
    scope: (input, context) => ({ of: 'account', account: idOf(input, context) }),
    resource: (input, context) => `account/${idOf(input, context)}`,
    async run(input, context) {
      const account = idOf(input, context)
      const record = await context.access.iam.records.account(account)
      const usage = (await context.buckets.owners.usage({ account, user: null })) ?? null
      return { data: { account: shown(record, await rootOf(context)), usage } }
    },
  }),
  route({
    name: 'PutAccountQuota',
    method: 'PUT',
    path: '/accounts/{account}/quota',
    summary:
      'Set the quota of all buckets of an account; answers when what is there has been counted',
    fields: { account: accountField, ...quotaFields, buckets: bucketsLimit },
    scope: () => ({ of: 'moongate' }),
    resource: (input, context) => `account/${idOf(input, context)}`,
    async run(input, context) {
      const account = idOf(input, context)
      await requireAccount(account, context.access)
      const quota = { ...quotaOf(input), buckets: input.buckets ?? null }
      const { counted } = await context.buckets.owners.setQuota({ account, user: null }, quota)
      return { data: { quota, counted } }
    },
  }),
]
