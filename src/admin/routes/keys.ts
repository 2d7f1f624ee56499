/** Routes of access keys. Everybody has a say in their own; secrets are told once, when a key is made. */
import type { KeyInfo } from '../../access/identities/keys.ts'
import { QueryError } from '../../model/query-errors.ts'
import { AdminError } from '../errors.ts'
import type { Field } from '../fields.ts'
import { type AdminContext, type Route, route, type Scope } from '../route.ts'
import { accountField, accountOf, accountScope, byName, named } from './identities.ts'
import { iso } from './names.ts'

const userField = (where: 'query' | 'body') =>
  ({
    is: 'text',
    in: where,
    doc: 'Name of the user; where it is left out, the caller’s own keys or those of the account’s root',
  }) as const satisfies Field
const expiresField = {
  is: 'text',
  in: 'body',
  form: /^(?:\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?|never)$/,
  doc: 'When it stops to work (ISO 8601), or never',
} as const satisfies Field
const descriptionField = { is: 'text', in: 'body', doc: 'For people' } as const satisfies Field

/** Whether it works now: one that has expired is not called active. */
const statusOf = ({ status, expires }: KeyInfo, now: number) =>
  status === 'Active' && expires !== null && expires !== undefined && expires <= now
    ? 'Expired'
    : status

const shown = (info: KeyInfo, { clock }: AdminContext) => {
  const { id, user, created, expires, description } = info
  return {
    accessKeyId: id,
    user: user ?? null,
    holder: user === null || user === undefined ? 'root' : `user/${user}`,
    status: statusOf(info, clock.now()),
    created: iso(created),
    expires: expires === null || expires === undefined ? null : iso(expires),
    description: description ?? null,
  }
}

interface OfUser {
  readonly user?: string | undefined
  readonly account?: string | undefined
}

/** Whose keys are meant: without a name those of the caller, be that a user or an account's root. */
function userOf({ user, account }: OfUser, { principal }: AdminContext): string | undefined {
  if (user !== undefined || account !== undefined) return user
  const { kind, name } = principal.identity
  if (kind === 'root') return undefined
  if (kind === 'user') return name
  throw new AdminError('InvalidInput', 'A session has no keys of its own; name a user.')
}

/** The affair of the caller, if it is the caller's own key. */
function scopeOf(input: OfUser, context: AdminContext): Scope {
  const { identity, canonicalId } = context.principal
  const isOwn =
    identity.kind === 'user' &&
    (input.account === undefined || input.account === canonicalId) &&
    userOf(input, context)?.toLowerCase() === identity.name.toLowerCase()
  return isOwn ? { of: 'caller' } : accountScope(input, context)
}

/** What a key that expires must not do for its holder: it would outlive itself. */
const lasting = (scope: Scope): Scope =>
  scope.of === 'caller' ? { ...scope, lasting: true } : scope

/** The right on a key is one on whom it stands for: the user, or the account's root. */
const resourceOf = (input: OfUser, context: AdminContext): string => {
  const user = userOf(input, context)
  return user === undefined ? 'root' : `user/${user}`
}

const keyFields = { key: named('key'), account: accountField }
interface OfKey {
  readonly key: string
  readonly account?: string | undefined
}

/** Of a key that is not there nobody knows whose it would be. */
async function keyResource(input: OfKey, context: AdminContext): Promise<string> {
  const info = await context.access.iam.keys.find(accountOf(input, context), input.key)
  if (info === undefined) return 'root'
  return (info.user ?? null) === null ? 'root' : `user/${info.user}`
}

async function keyScope(input: OfKey, context: AdminContext): Promise<Scope> {
  const info = await context.access.iam.keys.find(accountOf(input, context), input.key)
  return info === undefined || (info.user ?? null) === null
    ? accountScope(input, context)
    : scopeOf({ user: info.user ?? undefined, account: input.account }, context)
}

/** A key may be put in its own place, for its successor ends when it does. */
const rotationScope = async (input: OfKey, context: AdminContext): Promise<Scope> => {
  const scope = await keyScope(input, context)
  return input.key === context.principal.accessKeyId ? scope : lasting(scope)
}

async function found(input: OfKey, context: AdminContext): Promise<KeyInfo> {
  const info = await context.access.iam.keys.find(accountOf(input, context), input.key)
  if (info !== undefined) return info
  throw new QueryError('NoSuchEntity', `The Access Key with id ${input.key} cannot be found.`)
}

function timeOf(text: string | undefined, now: number): number | null | undefined {
  if (text === undefined) return undefined
  if (text === 'never') return null
  const time = Date.parse(text)
  if (Number.isNaN(time)) throw new AdminError('InvalidInput', 'expires is no time.')
  return Math.max(time, now)
}

interface Made {
  readonly info: KeyInfo
  readonly secret: string
}

const made = ({ info, secret }: Made, context: AdminContext) => ({
  key: shown(info, context),
  secretAccessKey: secret,
})

const changing: readonly Route[] = [
  route({
    name: 'UpdateKey',
    method: 'PUT',
    path: '/keys/{key}',
    summary: 'Switch a key off or on, or let it expire',
    fields: {
      ...keyFields,
      status: { is: 'text', in: 'body', form: /^(?:Active|Inactive)$/, doc: 'Active or Inactive' },
      expires: expiresField,
      description: descriptionField,
    },
    scope: async (input, context) => lasting(await keyScope(input, context)),
    resource: keyResource,
    async run(input, context) {
      const { user } = await found(input, context)
      const expires = timeOf(input.expires, context.clock.now())
      const change = {
        ...(input.status === undefined ? {} : { status: input.status as 'Active' | 'Inactive' }),
        ...(expires === undefined ? {} : { expires }),
        ...(input.description === undefined ? {} : { description: input.description }),
      }
      const account = accountOf(input, context)
      await context.access.iam.keys.update(account, user ?? undefined, input.key, change)
      return { data: { key: shown(await found(input, context), context) } }
    },
  }),
  route({
    name: 'RotateKey',
    method: 'POST',
    path: '/keys/{key}/rotate',
    summary:
      'Make a new key in the place of this one, which goes at once or after a while; it expires when this one would',
    fields: {
      ...keyFields,
      grace: { is: 'whole', in: 'body', doc: 'Seconds for which the old key goes on to work; 0' },
    },
    scope: rotationScope,
    resource: keyResource,
    async run(input, context) {
      const { keys } = context.access.iam
      const account = accountOf(input, context)
      const old = await found(input, context)
      const { grace = 0 } = input
      const until = context.clock.now() + grace * 1000
      const next = await keys.rotate(account, old.user ?? undefined, input.key, until)
      return { status: 201, data: made(next, context) }
    },
  }),
  route({
    name: 'DeleteKey',
    method: 'DELETE',
    path: '/keys/{key}',
    summary: 'Delete a key; it stops to work at once',
    fields: keyFields,
    scope: keyScope,
    resource: keyResource,
    async run(input, context) {
      const { user } = await found(input, context)
      const account = accountOf(input, context)
      await context.access.iam.keys.delete(account, user ?? undefined, input.key)
      return { status: 204, data: undefined }
    },
  }),
]

export const keyRoutes: readonly Route[] = [
  route({
    name: 'ListKeys',
    method: 'GET',
    path: '/keys',
    summary: 'Access keys of a user, without their secrets; with when they were last used',
    fields: { user: userField('query'), account: accountField },
    entities: byName,
    scope: scopeOf,
    resource: resourceOf,
    async run(input, context) {
      const user = userOf(input, context)
      const keys = await context.access.iam.keys.list(accountOf(input, context), user)
      const uses = await context.access.iam.uses.of(keys.map(({ id }) => id))
      const answers = keys.map(key => {
        const use = uses.get(key.id)
        return { ...shown(key, context), lastUsed: use === undefined ? null : iso(use.at) }
      })
      return { data: { keys: answers } }
    },
  }),
  route({
    name: 'CreateKey',
    method: 'POST',
    path: '/keys',
    summary: 'Make an access key; the answer is the only one that has its secret',
    fields: {
      user: userField('body'),
      account: accountField,
      expires: expiresField,
      description: descriptionField,
    },
    entities: ({ account, user }) => ({ account, user }),
    scope: (input, context) => lasting(scopeOf(input, context)),
    resource: resourceOf,
    async run(input, context) {
      const { description } = input
      const expires = timeOf(input.expires, context.clock.now()) ?? undefined
      const key = { expires, description }
      const user = userOf(input, context)
      const account = accountOf(input, context)
      const next = await context.access.iam.keys.create(account, user, key)
      return { status: 201, data: made(next, context) }
    },
  }),
  ...changing,
]
