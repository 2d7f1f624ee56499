/** IAM: roles. */
import type * as shapes from '../../model/iam-shapes.gen.ts'
import {
  type Nothing,
  nothing,
  type QueryContext,
  type QueryOperation,
  type Target,
} from '../query-operation.ts'
import { pageEnd, pageOf, pageRequest, requestTags, roleAnswer } from './answers.ts'
import { taggingOf } from './tagging.ts'
import { entityTarget, newArn } from './targets.ts'

export const ofRole = (
  input: { readonly RoleName: string },
  context: QueryContext,
): Promise<Target> => entityTarget(context, 'role', input.RoleName)

async function boundaryArn({ store, account }: QueryContext, name: string) {
  return (await store.grants.boundary(account.id, { kind: 'role', name }))?.arn
}

export const createRole: QueryOperation<shapes.CreateRoleRequest, shapes.CreateRoleResponse> = {
  action: 'iam:CreateRole',
  target: (input, context) => ({
    resource: newArn(context, 'role', input.RoleName, input.Path),
    facts: {
      ...requestTags(input.Tags),
      'iam:permissionsboundary': input.PermissionsBoundary,
    },
  }),
  async run(input, { store, account }) {
    const role = await store.roles.create(account.id, {
      name: input.RoleName,
      path: input.Path,
      trust: input.AssumeRolePolicyDocument,
      description: input.Description,
      maxSession: input.MaxSessionDuration,
      tags: input.Tags,
      boundary: input.PermissionsBoundary,
    })
    return { Role: roleAnswer(account, role, input.PermissionsBoundary) }
  },
}

export const getRole: QueryOperation<shapes.GetRoleRequest, shapes.GetRoleResponse> = {
  action: 'iam:GetRole',
  target: ofRole,
  async run({ RoleName }, context) {
    const { store, account } = context
    const role = await store.roles.get(account.id, RoleName)
    return { Role: roleAnswer(account, role, await boundaryArn(context, RoleName)) }
  },
}

export const listRoles: QueryOperation<shapes.ListRolesRequest, shapes.ListRolesResponse> = {
  action: 'iam:ListRoles',
  target: (input, context) => ({ resource: newArn(context, 'role', '', input.PathPrefix) }),
  async run(input, { store, account }) {
    const page = await store.roles.list(account.id, pageRequest(input))
    return { Roles: page.items.map(role => roleAnswer(account, role)), ...pageEnd(page) }
  },
}

export const updateRole: QueryOperation<shapes.UpdateRoleRequest, Nothing> = {
  action: 'iam:UpdateRole',
  target: ofRole,
  async run(input, { store, account }) {
    await store.roles.update(account.id, input.RoleName, {
      description: input.Description,
      maxSession: input.MaxSessionDuration,
    })
    return nothing
  },
}

export const updateRoleDescription: QueryOperation<
  shapes.UpdateRoleDescriptionRequest,
  shapes.UpdateRoleDescriptionResponse
> = {
  action: 'iam:UpdateRoleDescription',
  target: ofRole,
  async run(input, { store, account }) {
    const change = { description: input.Description }
    const role = await store.roles.update(account.id, input.RoleName, change)
    return { Role: roleAnswer(account, role) }
  },
}

export const updateAssumeRolePolicy: QueryOperation<shapes.UpdateAssumeRolePolicyRequest, Nothing> =
  {
    action: 'iam:UpdateAssumeRolePolicy',
    target: ofRole,
    async run(input, { store, account }) {
      await store.roles.setTrust(account.id, input.RoleName, input.PolicyDocument)
      return nothing
    },
  }

export const deleteRole: QueryOperation<shapes.DeleteRoleRequest, Nothing> = {
  action: 'iam:DeleteRole',
  target: ofRole,
  async run(input, { store, account }) {
    await store.roles.delete(account.id, input.RoleName)
    return nothing
  },
}

export const { tag: tagRole, untag: untagRole } = taggingOf({
  noun: 'Role',
  target: ofRole,
  nameOf: ({ RoleName }) => RoleName,
  entities: store => store.roles,
})

export const listRoleTags: QueryOperation<shapes.ListRoleTagsRequest, shapes.ListRoleTagsResponse> =
  {
    action: 'iam:ListRoleTags',
    target: ofRole,
    async run(input, { store, account }) {
      const { document } = await store.roles.get(account.id, input.RoleName)
      const page = pageOf(document.tags, input)
      return { Tags: page.items, ...pageEnd(page) }
    },
  }

/** No machine of Moongate's has a profile; Terraform asks before it deletes a role. */
export const listInstanceProfilesForRole: QueryOperation<
  shapes.ListInstanceProfilesForRoleRequest,
  shapes.ListInstanceProfilesForRoleResponse
> = {
  action: 'iam:ListInstanceProfilesForRole',
  target: ofRole,
  async run(input, { store, account }) {
    await store.roles.get(account.id, input.RoleName)
    return { InstanceProfiles: [], IsTruncated: false }
  },
}
