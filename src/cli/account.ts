/** `moongate account …`. */
import { adminPath } from '../admin/client.ts'
import { call, callAll, positionalsOf } from './calls.ts'
import type { Arguments } from './command.ts'
import {
  limitsAndBucketsOf,
  type NewQuota,
  noQuota,
  quotaAfter,
  quotaLines,
  tellQuota,
  type Usage,
} from './quota.ts'

interface Account {
  readonly id: string
  readonly number: string
  readonly displayName: string
  readonly volume: string
  /** From here on: of one's own account only with the right. */
  readonly email?: string | null
  readonly created?: string
  readonly admin?: boolean
  readonly root?: boolean
}

export async function listAccounts(args: Arguments): Promise<number> {
  positionalsOf(args, 'account list', 0)
  for (const account of await callAll<Account>(
    args,
    { method: 'GET', path: '/accounts' },
    'accounts',
  ))
    args.output.result(`${account.id}  ${account.number}  ${account.displayName}`, account)
  return 0
}

interface Info {
  readonly account: Account
  /** Null: no quota. */
  readonly usage: Usage | null
}

const pathOf = (id = '-'): string => adminPath('accounts', id)

const infoOf = (args: Arguments, id: string | undefined): Promise<Info> =>
  call<Info>(args, { method: 'GET', path: pathOf(id) })

export async function showAccount(args: Arguments): Promise<number> {
  const [id] = positionalsOf(args, 'account info [ID]', 0, 1)
  const data = await infoOf(args, id)
  const { account, usage } = data
  const rights = [
    ...(account.root === true ? ['this Moongate'] : []),
    ...(account.admin === true ? [`the users of /${account.volume}`] : []),
  ]
  const words = [
    account.id,
    `  number   ${account.number}`,
    `  name     ${account.displayName}`,
    ...(account.email ? [`  email    ${account.email}`] : []),
    `  volume   /${account.volume}`,
    ...(account.created === undefined ? [] : [`  created  ${account.created}`]),
    ...(usage === null ? [] : quotaLines(usage.quota, usage)),
    ...(rights.length === 0 ? [] : [`  governs  ${rights.join(', ')}`]),
  ]
  args.output.result(words.join('\n'), data)
  return 0
}

export async function limitAccount(args: Arguments): Promise<number> {
  const [id] = positionalsOf(args, 'account quota [ID]', 0, 1)
  const body = await quotaAfter(
    args,
    limitsAndBucketsOf(args),
    async () => (await infoOf(args, id)).usage?.quota ?? noQuota,
  )
  const path = `${pathOf(id)}/quota`
  const data = await call<NewQuota>(args, { method: 'PUT', path, body })
  tellQuota(args, id === undefined ? 'the account' : `account ${id}`, data)
  return 0
}
