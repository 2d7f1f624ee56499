/** `moongate account …`. */
import { adminPath } from '../admin/client.ts'
import { call, callAll, positionalsOf } from './calls.ts'
import type { Arguments } from './command.ts'

interface Account {
  readonly id: string
  readonly number: string
  readonly displayName: string
  readonly email: string | null
  readonly volume: string
  readonly created: string
  readonly admin: boolean
  readonly root: boolean
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

export async function showAccount(args: Arguments): Promise<number> {
  const [id = '-'] = positionalsOf(args, 'account info [ID]', 0, 1)
  const path = adminPath('accounts', id)
  const data = await call<{ account: Account }>(args, { method: 'GET', path })
  const { account } = data
  const rights = [
    ...(account.root ? ['this Moongate'] : []),
    ...(account.admin ? [`the users of /${account.volume}`] : []),
  ]
  const words = [
    account.id,
    `  number   ${account.number}`,
    `  name     ${account.displayName}`,
    ...(account.email === null ? [] : [`  email    ${account.email}`]),
    `  volume   /${account.volume}`,
    `  created  ${account.created}`,
    ...(rights.length === 0 ? [] : [`  governs  ${rights.join(', ')}`]),
  ]
  args.output.result(words.join('\n'), data)
  return 0
}
