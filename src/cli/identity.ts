/** `moongate user …`, `moongate group …` and `moongate role …`. */
import { adminPath } from '../admin/client.ts'
import { call, callAll, flagOf, positionalsOf, wholeOf } from './calls.ts'
import { type Arguments, WrongUse } from './command.ts'
import { documentIn } from './document.ts'
import { type IdentityKind, newOf } from './identity-kinds.ts'
import {
  limitsOf,
  type NewQuota,
  noQuota,
  quotaAfter,
  quotaLines,
  tellQuota,
  type Usage,
  untouched,
} from './quota.ts'

interface Entity {
  readonly name: string
  readonly arn: string
  readonly created: string
  readonly displayName?: string
  readonly email?: string
  readonly description?: string
}

interface Info {
  readonly groups?: readonly string[]
  readonly users?: readonly string[]
  readonly policies: {
    readonly attached: readonly { readonly name: string }[]
    readonly inline: readonly string[]
    /** Groups have none. */
    readonly boundary?: { readonly name: string }
  }
  /** Of roles. */
  readonly trust?: unknown
  /** Of users; null: no quota. */
  readonly usage?: Usage | null
}

const wordOf = (kind: IdentityKind): string => kind.charAt(0).toUpperCase() + kind.slice(1)
const accountOf = (args: Arguments) => ({ account: flagOf(args, 'account') })

function creation(kind: IdentityKind, args: Arguments): object {
  const description = flagOf(args, 'description')
  if (kind === 'group') return {}
  if (kind === 'user')
    return {
      displayName: flagOf(args, 'display-name'),
      email: flagOf(args, 'email'),
      ...limitsOf(args),
    }
  const trust = flagOf(args, 'trust')
  if (trust === undefined) throw new WrongUse('A role needs --trust FILE: who may assume it.')
  return { trust: documentIn(trust), description, maxSession: wholeOf(args, 'max-session') }
}

const untouchedOf = (kind: IdentityKind, args: Arguments): string =>
  kind === 'user' ? untouched(limitsOf(args)) : ''

export async function createIdentity(kind: IdentityKind, args: Arguments): Promise<number> {
  const [name = ''] = positionalsOf(args, `${kind} create ${newOf[kind]}`, 1)
  const data = await call<{ created: boolean }>(args, {
    method: 'PUT',
    path: adminPath(`${kind}s`, name),
    query: accountOf(args),
    body: creation(kind, args),
  })
  const state = data.created ? 'is made.' : `is there already.${untouchedOf(kind, args)}`
  args.output.result(`${wordOf(kind)} ${name} ${state}`, data)
  return 0
}

export async function listIdentities(kind: IdentityKind, args: Arguments): Promise<number> {
  positionalsOf(args, `${kind} list`, 0)
  const what = { method: 'GET', path: `/${kind}s`, query: accountOf(args) } as const
  for (const entity of await callAll<Entity>(args, what, `${kind}s`))
    args.output.result(entity.name, entity)
  return 0
}

const line = (name: string, values: readonly string[] | undefined): string[] =>
  values === undefined ? [] : [`  ${name.padEnd(9)}${values.join(', ') || 'none'}`]

export async function showIdentity(kind: IdentityKind, args: Arguments): Promise<number> {
  const [name = ''] = positionalsOf(args, `${kind} info NAME`, 1)
  const data = await call<Info & Readonly<Record<IdentityKind, Entity>>>(args, {
    method: 'GET',
    path: adminPath(`${kind}s`, name),
    query: accountOf(args),
  })
  const { arn, created, displayName, email, description } = data[kind]
  const { attached, inline, boundary } = data.policies
  const said = [displayName, email, description].filter(text => text !== undefined)
  const words = [
    data[kind].name,
    ...line('arn', [arn]),
    ...line('created', [created]),
    ...(said.length === 0 ? [] : line('about', said)),
    ...line('groups', data.groups),
    ...line('users', data.users),
    ...line(
      'managed',
      attached.map(policy => policy.name),
    ),
    ...line('inline', inline),
    ...(boundary === undefined ? [] : line('boundary', [boundary.name])),
    ...(data.usage === null || data.usage === undefined
      ? []
      : quotaLines(data.usage.quota, data.usage)),
    ...(data.trust === undefined ? [] : ['  trust', JSON.stringify(data.trust, null, 2)]),
  ]
  args.output.result(words.join('\n'), data)
  return 0
}

export async function limitUser(args: Arguments): Promise<number> {
  const [name = ''] = positionalsOf(args, 'user quota USER', 1)
  const path = adminPath('users', name)
  const query = accountOf(args)
  const body = await quotaAfter(args, limitsOf(args), async () => {
    const { usage } = await call<Info>(args, { method: 'GET', path, query })
    return usage?.quota ?? noQuota
  })
  const what = { method: 'PUT', path: `${path}/quota`, query, body } as const
  tellQuota(args, `user ${name}`, await call<NewQuota>(args, what))
  return 0
}

export async function deleteIdentity(kind: IdentityKind, args: Arguments): Promise<number> {
  const [name = ''] = positionalsOf(args, `${kind} delete NAME`, 1)
  const path = adminPath(`${kind}s`, name)
  await call(args, { method: 'DELETE', path, query: accountOf(args) })
  args.output.result(`${wordOf(kind)} ${name} is gone.`, { [kind]: name, deleted: true })
  return 0
}

/** `user add USER GROUP` and `user remove USER GROUP`. */
export async function changeMembership(verb: 'add' | 'remove', args: Arguments): Promise<number> {
  const [user = '', group = ''] = positionalsOf(args, `user ${verb} USER GROUP`, 2)
  const method = verb === 'add' ? 'PUT' : 'DELETE'
  const path = adminPath('groups', group, 'users', user)
  await call(args, { method, path, query: accountOf(args) })
  const state = verb === 'add' ? 'is in' : 'is no more in'
  args.output.result(`User ${user} ${state} group ${group}.`, {
    user,
    group,
    member: verb === 'add',
  })
  return 0
}
