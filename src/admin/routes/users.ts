/** Routes of users, groups and roles. */
import type { Holder } from '../../access/identities/grants.ts'
import { hasLimit } from '../../ports/volumes.ts'
import { type AdminContext, type Route, route, type Scope } from '../route.ts'
import {
  accountField,
  accountOf,
  accountScope,
  byName,
  makeOnce,
  named,
  pageOf,
  shownEntity,
  shownPage,
} from './identities.ts'
import { pageFields, quotaFields, quotaOf, standing } from './names.ts'

const path = { is: 'text', in: 'body', doc: 'IAM path: / or /team/' } as const
const listFields = { account: accountField, ...pageFields }

async function policiesOf(holder: Holder, account: string, { access }: AdminContext) {
  const { grants } = access.iam
  const [attached, inline, boundary] = await Promise.all([
    grants.attached(account, holder),
    grants.inlineNames(account, holder),
    holder.kind === 'group' ? undefined : grants.boundary(account, holder),
  ])
  return { attached, inline, boundary }
}

const userFields = { user: named('user'), account: accountField }
interface OfUser {
  readonly user: string
  readonly account?: string | undefined
}
const userResource = ({ user }: { user: string }) => `user/${user}`

/** Everybody may see themselves. */
const seen = (input: OfUser, context: AdminContext): Scope => {
  const { identity, canonicalId } = context.principal
  const isOwn =
    identity.kind === 'user' &&
    accountOf(input, context) === canonicalId &&
    input.user === identity.name
  return isOwn ? { of: 'caller', reads: true } : accountScope(input, context)
}

const userRoutes: readonly Route[] = [
  route({
    name: 'ListUsers',
    method: 'GET',
    path: '/users',
    summary: 'Users of an account in the order of their names',
    fields: listFields,
    scope: accountScope,
    resource: () => 'user/*',
    async run(input, context) {
      const page = await context.access.iam.users.list(accountOf(input, context), pageOf(input))
      const { entries: users, next } = await shownPage(page, context)
      return { data: { users, next } }
    },
  }),
  route({
    name: 'CreateUser',
    method: 'PUT',
    path: '/users/{user}',
    summary: 'Make a user; one that is there already is answered with 200',
    fields: {
      ...userFields,
      path,
      displayName: { is: 'text', in: 'body', doc: 'For people' },
      email: { is: 'text', in: 'body', doc: 'E-mail address' },
      ...quotaFields,
    },
    entities: ({ account, user }) => ({ account, user }),
    scope: accountScope,
    resource: userResource,
    async run({ user: name, account: given, bytes, objects, ...rest }, context) {
      const account = accountOf({ account: given }, context)
      const { users } = context.access.iam
      const { made, created } = await makeOnce(
        () => users.create(account, { name, ...rest }),
        () => users.get(account, name),
      )
      const quota = quotaOf({ bytes, objects })
      // Who may make a user may not change the quota of one who is there.
      if (created && hasLimit(quota))
        await context.buckets.owners.setQuota({ account, user: made.id }, quota)
      const data = { user: await shownEntity(made, context), created }
      return { status: created ? 201 : 200, data }
    },
  }),
  route({
    name: 'GetUser',
    method: 'GET',
    path: '/users/{user}',
    summary:
      'A user with groups, policies, and the quota with what is counted against it; everybody may see themselves',
    fields: userFields,
    entities: byName,
    scope: seen,
    resource: userResource,
    async run(input, context) {
      const account = accountOf(input, context)
      const { users } = context.access.iam
      const record = await users.get(account, input.user)
      const user = await shownEntity(record, context)
      const holder = { account, user: record.id }
      const usage = (await context.buckets.owners.usage(holder)) ?? null
      const groups = (await users.groups(account, input.user)).map(({ name }) => name)
      const policies = await policiesOf({ kind: 'user', name: input.user }, account, context)
      return { data: { user, groups, policies, usage } }
    },
  }),
  route({
    name: 'PutUserQuota',
    method: 'PUT',
    path: '/users/{user}/quota',
    summary:
      'Set the quota of what a user writes into the account’s buckets; answers when what is there has been counted, and with which limits that exceeds',
    fields: { ...userFields, ...quotaFields },
    entities: byName,
    scope: accountScope,
    resource: userResource,
    async run(input, context) {
      const account = accountOf(input, context)
      const { id: user } = await context.access.iam.users.get(account, input.user)
      const quota = quotaOf(input)
      const { owners } = context.buckets
      const { counted } = await owners.setQuota({ account, user }, quota)
      const used = await owners.usage({ account, user })
      return { data: { ...standing(quota, used), counted } }
    },
  }),
  route({
    name: 'DeleteUser',
    method: 'DELETE',
    path: '/users/{user}',
    summary: 'Delete a user who has no keys, policies and groups any more',
    fields: userFields,
    entities: byName,
    scope: accountScope,
    resource: userResource,
    async run(input, context) {
      const account = accountOf(input, context)
      const { id: user } = await context.access.iam.users.delete(account, input.user)
      await context.buckets.owners.forget({ account, user })
      return { status: 204, data: undefined }
    },
  }),
]

const groupFields = { group: named('group'), account: accountField }
const groupResource = ({ group }: { group: string }) => `group/${group}`
const memberFields = { ...groupFields, user: named('user') }

const groupRoutes: readonly Route[] = [
  route({
    name: 'ListGroups',
    method: 'GET',
    path: '/groups',
    summary: 'Groups of an account in the order of their names',
    fields: listFields,
    scope: accountScope,
    resource: () => 'group/*',
    async run(input, context) {
      const page = await context.access.iam.groups.list(accountOf(input, context), pageOf(input))
      const { entries: groups, next } = await shownPage(page, context)
      return { data: { groups, next } }
    },
  }),
  route({
    name: 'CreateGroup',
    method: 'PUT',
    path: '/groups/{group}',
    summary: 'Make a group; one that is there already is answered with 200',
    fields: { ...groupFields, path },
    entities: ({ account, group }) => ({ account, group }),
    scope: accountScope,
    resource: groupResource,
    async run(input, context) {
      const account = accountOf(input, context)
      const { groups } = context.access.iam
      const { made, created } = await makeOnce(
        () => groups.create(account, input.group, input.path),
        () => groups.get(account, input.group),
      )
      const data = { group: await shownEntity(made, context), created }
      return { status: created ? 201 : 200, data }
    },
  }),
  route({
    name: 'GetGroup',
    method: 'GET',
    path: '/groups/{group}',
    summary: 'A group with its users and policies',
    fields: groupFields,
    entities: byName,
    scope: accountScope,
    resource: groupResource,
    async run(input, context) {
      const account = accountOf(input, context)
      const { groups } = context.access.iam
      const group = await shownEntity(await groups.get(account, input.group), context)
      const users = (await groups.members(account, input.group)).map(({ name }) => name)
      const policies = await policiesOf({ kind: 'group', name: input.group }, account, context)
      return { data: { group, users, policies } }
    },
  }),
  route({
    name: 'DeleteGroup',
    method: 'DELETE',
    path: '/groups/{group}',
    summary: 'Delete a group that has no users and policies any more',
    fields: groupFields,
    entities: byName,
    scope: accountScope,
    resource: groupResource,
    async run(input, context) {
      await context.access.iam.groups.delete(accountOf(input, context), input.group)
      return { status: 204, data: undefined }
    },
  }),
  route({
    name: 'AddUserToGroup',
    method: 'PUT',
    path: '/groups/{group}/users/{user}',
    summary: 'Put a user into a group; one who is in it already stays',
    fields: memberFields,
    entities: byName,
    scope: accountScope,
    resource: groupResource,
    async run(input, context) {
      const { group, user } = input
      await context.access.iam.groups.add(accountOf(input, context), group, user)
      return { status: 204, data: undefined }
    },
  }),
  route({
    name: 'RemoveUserFromGroup',
    method: 'DELETE',
    path: '/groups/{group}/users/{user}',
    summary: 'Take a user out of a group',
    fields: memberFields,
    entities: byName,
    scope: accountScope,
    resource: groupResource,
    async run(input, context) {
      const { group, user } = input
      await context.access.iam.groups.remove(accountOf(input, context), group, user)
      return { status: 204, data: undefined }
    },
  }),
]

const roleFields = { role: named('role'), account: accountField }
const roleResource = ({ role }: { role: string }) => `role/${role}`

const roleRoutes: readonly Route[] = [
  route({
    name: 'ListRoles',
    method: 'GET',
    path: '/roles',
    summary: 'Roles of an account in the order of their names',
    fields: listFields,
    scope: accountScope,
    resource: () => 'role/*',
    async run(input, context) {
      const page = await context.access.iam.roles.list(accountOf(input, context), pageOf(input))
      const { entries: roles, next } = await shownPage(page, context)
      return { data: { roles, next } }
    },
  }),
  route({
    name: 'CreateRole',
    method: 'PUT',
    path: '/roles/{role}',
    summary: 'Make a role; one that is there already is answered with 200',
    fields: {
      ...roleFields,
      path,
      trust: {
        is: 'record',
        in: 'body',
        required: true,
        doc: 'Policy that says who may assume it',
      },
      description: { is: 'text', in: 'body', doc: 'For people' },
      maxSession: { is: 'whole', in: 'body', doc: 'Seconds that a session may last; 3600' },
    },
    entities: ({ account, role }) => ({ account, role }),
    scope: accountScope,
    resource: roleResource,
    async run({ role: name, account: of, trust, ...rest }, context) {
      const account = accountOf({ account: of }, context)
      const { roles } = context.access.iam
      const { made, created } = await makeOnce(
        () => roles.create(account, { name, trust: JSON.stringify(trust), ...rest }),
        () => roles.get(account, name),
      )
      const data = { role: await shownEntity(made, context), created }
      return { status: created ? 201 : 200, data }
    },
  }),
  route({
    name: 'GetRole',
    method: 'GET',
    path: '/roles/{role}',
    summary: 'A role with its trust policy and its policies',
    fields: roleFields,
    entities: byName,
    scope: accountScope,
    resource: roleResource,
    async run(input, context) {
      const account = accountOf(input, context)
      const record = await context.access.iam.roles.get(account, input.role)
      const role = await shownEntity(record, context)
      const policies = await policiesOf({ kind: 'role', name: input.role }, account, context)
      return { data: { role, trust: JSON.parse(record.document.trust ?? 'null'), policies } }
    },
  }),
  route({
    name: 'DeleteRole',
    method: 'DELETE',
    path: '/roles/{role}',
    summary: 'Delete a role that has no policies any more',
    fields: roleFields,
    entities: byName,
    scope: accountScope,
    resource: roleResource,
    async run(input, context) {
      await context.access.iam.roles.delete(accountOf(input, context), input.role)
      return { status: 204, data: undefined }
    },
  }),
]

export const identityRoutes: readonly Route[] = [...userRoutes, ...groupRoutes, ...roleRoutes]
