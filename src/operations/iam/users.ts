/** IAM: users. */
import type * as shapes from '../../model/iam-shapes.gen.ts'
import {
  authorizeQuery,
  type Nothing,
  nothing,
  type QueryContext,
  type QueryOperation,
  type Target,
} from '../query-operation.ts'
import {
  groupAnswer,
  pageEnd,
  pageOf,
  pageRequest,
  requestTags,
  resourceTags,
  userAnswer,
} from './answers.ts'
import { taggingOf } from './tagging.ts'
import { entityTarget, newArn, ownName } from './targets.ts'

interface Named {
  readonly UserName: string
}

export const ofUser = (input: Named, context: QueryContext): Promise<Target> =>
  entityTarget(context, 'user', input.UserName)

/** A user, or who asks where none is named. */
export const ofUserOrSelf = async (
  input: { readonly UserName?: string | undefined },
  context: QueryContext,
): Promise<Target> => {
  const name = input.UserName ?? ownName(context)
  if (name !== undefined) return entityTarget(context, 'user', name)
  return { resource: context.principal.identity.arn }
}

async function boundaryArn({ store, account }: QueryContext, name: string) {
  return (await store.grants.boundary(account.id, { kind: 'user', name }))?.arn
}

export const createUser: QueryOperation<shapes.CreateUserRequest, shapes.CreateUserResponse> = {
  action: 'iam:CreateUser',
  target: (input, context) => ({
    resource: newArn(context, 'user', input.UserName, input.Path),
    facts: {
      ...requestTags(input.Tags),
      'iam:permissionsboundary': input.PermissionsBoundary,
    },
  }),
  async run(input, { store, account }) {
    const user = await store.users.create(account.id, {
      name: input.UserName,
      path: input.Path,
      tags: input.Tags,
      boundary: input.PermissionsBoundary,
    })
    return { User: userAnswer(account, user, input.PermissionsBoundary) }
  },
}

export const getUser: QueryOperation<shapes.GetUserRequest, shapes.GetUserResponse> = {
  action: 'iam:GetUser',
  target: ofUserOrSelf,
  async run(input, context) {
    const { store, account } = context
    const name = input.UserName ?? ownName(context)
    if (name !== undefined) {
      const user = await store.users.get(account.id, name)
      return { User: userAnswer(account, user, await boundaryArn(context, name)) }
    }
    const { identity } = context.principal
    return {
      User: {
        Path: '/',
        UserName: account.name,
        UserId: identity.userId,
        Arn: identity.arn,
        CreateDate: new Date(account.created),
      },
    }
  },
}

export const listUsers: QueryOperation<shapes.ListUsersRequest, shapes.ListUsersResponse> = {
  action: 'iam:ListUsers',
  target: (input, context) => ({ resource: newArn(context, 'user', '', input.PathPrefix) }),
  async run(input, { store, account }) {
    const page = await store.users.list(account.id, pageRequest(input))
    return { Users: page.items.map(user => userAnswer(account, user)), ...pageEnd(page) }
  },
}

export const updateUser: QueryOperation<shapes.UpdateUserRequest, Nothing> = {
  action: 'iam:UpdateUser',
  target: ofUser,
  async run(input, context) {
    const { store, account } = context
    const change = { name: input.NewUserName, path: input.NewPath }
    const user = await store.users.get(account.id, input.UserName)
    // As AWS does: the right is needed on what it becomes too, which others' policies may name.
    const resource = newArn(context, 'user', change.name ?? user.name, change.path ?? user.path)
    authorizeQuery(context, 'iam:UpdateUser', { resource, facts: resourceTags(user) })
    await store.users.update(account.id, input.UserName, change)
    return nothing
  },
}

export const deleteUser: QueryOperation<shapes.DeleteUserRequest, Nothing> = {
  action: 'iam:DeleteUser',
  target: ofUser,
  async run(input, { store, account, owners }) {
    const { id: user } = await store.users.delete(account.id, input.UserName)
    await owners.forget({ account: account.id, user })
    return nothing
  },
}

export const { tag: tagUser, untag: untagUser } = taggingOf({
  noun: 'User',
  target: ofUser,
  nameOf: ({ UserName }) => UserName,
  entities: store => store.users,
})

export const listUserTags: QueryOperation<shapes.ListUserTagsRequest, shapes.ListUserTagsResponse> =
  {
    action: 'iam:ListUserTags',
    target: ofUser,
    async run(input, { store, account }) {
      const { document } = await store.users.get(account.id, input.UserName)
      const page = pageOf(document.tags, input)
      return { Tags: page.items, ...pageEnd(page) }
    },
  }

export const listGroupsForUser: QueryOperation<
  shapes.ListGroupsForUserRequest,
  shapes.ListGroupsForUserResponse
> = {
  action: 'iam:ListGroupsForUser',
  target: ofUser,
  async run(input, { store, account }) {
    const page = pageOf(await store.users.groups(account.id, input.UserName), input)
    return { Groups: page.items.map(group => groupAnswer(account, group)), ...pageEnd(page) }
  },
}
