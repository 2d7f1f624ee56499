/** IAM: groups and who is in them. */
import type * as shapes from '../../model/iam-shapes.gen.ts'
import {
  authorizeQuery,
  type Nothing,
  nothing,
  type QueryContext,
  type QueryOperation,
  type Target,
} from '../query-operation.ts'
import { groupAnswer, pageEnd, pageOf, pageRequest, resourceTags, userAnswer } from './answers.ts'
import { entityTarget, newArn } from './targets.ts'

export const ofGroup = (
  input: { readonly GroupName: string },
  context: QueryContext,
): Promise<Target> => entityTarget(context, 'group', input.GroupName)

export const createGroup: QueryOperation<shapes.CreateGroupRequest, shapes.CreateGroupResponse> = {
  action: 'iam:CreateGroup',
  target: (input, context) => ({
    resource: newArn(context, 'group', input.GroupName, input.Path),
  }),
  async run(input, { store, account }) {
    const group = await store.groups.create(account.id, input.GroupName, input.Path)
    return { Group: groupAnswer(account, group) }
  },
}

export const getGroup: QueryOperation<shapes.GetGroupRequest, shapes.GetGroupResponse> = {
  action: 'iam:GetGroup',
  target: ofGroup,
  async run(input, { store, account }) {
    const group = await store.groups.get(account.id, input.GroupName)
    const page = pageOf(await store.groups.members(account.id, input.GroupName), input)
    return {
      Group: groupAnswer(account, group),
      Users: page.items.map(user => userAnswer(account, user)),
      ...pageEnd(page),
    }
  },
}

export const listGroups: QueryOperation<shapes.ListGroupsRequest, shapes.ListGroupsResponse> = {
  action: 'iam:ListGroups',
  target: (input, context) => ({ resource: newArn(context, 'group', '', input.PathPrefix) }),
  async run(input, { store, account }) {
    const page = await store.groups.list(account.id, pageRequest(input))
    return { Groups: page.items.map(group => groupAnswer(account, group)), ...pageEnd(page) }
  },
}

export const updateGroup: QueryOperation<shapes.UpdateGroupRequest, Nothing> = {
  action: 'iam:UpdateGroup',
  target: ofGroup,
  async run(input, context) {
    const { store, account } = context
    const change = { name: input.NewGroupName, path: input.NewPath }
    const group = await store.groups.get(account.id, input.GroupName)
    // As AWS does: the right is needed on what it becomes too, which others' policies may name.
    const resource = newArn(context, 'group', change.name ?? group.name, change.path ?? group.path)
    authorizeQuery(context, 'iam:UpdateGroup', { resource, facts: resourceTags(group) })
    await store.groups.update(account.id, input.GroupName, change)
    return nothing
  },
}

export const deleteGroup: QueryOperation<shapes.DeleteGroupRequest, Nothing> = {
  action: 'iam:DeleteGroup',
  target: ofGroup,
  async run(input, { store, account }) {
    await store.groups.delete(account.id, input.GroupName)
    return nothing
  },
}

export const addUserToGroup: QueryOperation<shapes.AddUserToGroupRequest, Nothing> = {
  action: 'iam:AddUserToGroup',
  target: ofGroup,
  async run(input, { store, account }) {
    await store.groups.add(account.id, input.GroupName, input.UserName)
    return nothing
  },
}

export const removeUserFromGroup: QueryOperation<shapes.RemoveUserFromGroupRequest, Nothing> = {
  action: 'iam:RemoveUserFromGroup',
  target: ofGroup,
  async run(input, { store, account }) {
    await store.groups.remove(account.id, input.GroupName, input.UserName)
    return nothing
  },
}
