/** IAM: managed policies attached to users, groups and roles, and as bounds of users and roles. */
import type { Holder } from '../../access/identities/grants.ts'
import type * as shapes from '../../model/iam-shapes.gen.ts'
import {
  type Nothing,
  nothing,
  type QueryContext,
  type QueryOperation,
  type Target,
} from '../query-operation.ts'
import { type Paging, pageEnd, pageOf } from './answers.ts'
import { entityTarget } from './targets.ts'

interface Kind<Named> {
  readonly kind: 'user' | 'group' | 'role'
  readonly nameOf: (input: Named) => string
}

const holderIn = <Named>({ kind, nameOf }: Kind<Named>, input: Named): Holder => ({
  kind,
  name: nameOf(input),
})

/** The entity; which policy it gets or loses is a condition key. */
const targetOf =
  <Named>({ kind, nameOf }: Kind<Named>) =>
  async (input: Named & { readonly PolicyArn?: string | undefined }, context: QueryContext) => {
    const target: Target = await entityTarget(context, kind, nameOf(input))
    return { ...target, facts: { ...target.facts, 'iam:policyarn': input.PolicyArn } }
  }

const attaching = <Named, Input extends Named & { readonly PolicyArn: string }>(
  action: `iam:${string}`,
  kind: Kind<Named>,
): QueryOperation<Input, Nothing> => ({
  action,
  target: targetOf(kind),
  async run(input, { store, account }) {
    await store.grants.attach(account.id, holderIn(kind, input), input.PolicyArn)
    return nothing
  },
})

const detaching = <Named, Input extends Named & { readonly PolicyArn: string }>(
  action: `iam:${string}`,
  kind: Kind<Named>,
): QueryOperation<Input, Nothing> => ({
  action,
  target: targetOf(kind),
  async run(input, { store, account }) {
    await store.grants.detach(account.id, holderIn(kind, input), input.PolicyArn)
    return nothing
  },
})

const listing = <
  Named,
  Input extends Named & Paging & { readonly PathPrefix?: string | undefined },
>(
  action: `iam:${string}`,
  kind: Kind<Named>,
): QueryOperation<Input, shapes.ListAttachedUserPoliciesResponse> => ({
  action,
  target: (input, context) => entityTarget(context, kind.kind, kind.nameOf(input)),
  async run(input, { store, account }) {
    const attached = await store.grants.attached(account.id, holderIn(kind, input))
    const prefix = input.PathPrefix ?? '/'
    const under = attached.filter(({ arn }) => arn.slice(arn.indexOf('/')).startsWith(prefix))
    const page = pageOf(under, input)
    return {
      AttachedPolicies: page.items.map(({ name, arn }) => ({ PolicyName: name, PolicyArn: arn })),
      ...pageEnd(page),
    }
  },
})

const bounding = <Named, Input extends Named & { readonly PermissionsBoundary: string }>(
  action: `iam:${string}`,
  kind: Kind<Named>,
): QueryOperation<Input, Nothing> => ({
  action,
  async target(input, context) {
    const target = await entityTarget(context, kind.kind, kind.nameOf(input))
    const facts = { ...target.facts, 'iam:permissionsboundary': input.PermissionsBoundary }
    return { ...target, facts }
  },
  async run(input, { store, account }) {
    await store.grants.putBoundary(account.id, holderIn(kind, input), input.PermissionsBoundary)
    return nothing
  },
})

/** The bound that is there is a condition key: who may take others' bounds away can be told from who may not. */
const unbounding = <Named>(
  action: `iam:${string}`,
  kind: Kind<Named>,
): QueryOperation<Named, Nothing> => ({
  action,
  async target(input, context) {
    const { store, account } = context
    const target = await entityTarget(context, kind.kind, kind.nameOf(input))
    // One that is not there has no bound, and says so later.
    const bound = await store.grants
      .boundary(account.id, holderIn(kind, input))
      .catch(() => undefined)
    return { ...target, facts: { ...target.facts, 'iam:permissionsboundary': bound?.arn } }
  },
  async run(input, { store, account }) {
    await store.grants.deleteBoundary(account.id, holderIn(kind, input))
    return nothing
  },
})

const user: Kind<{ readonly UserName: string }> = { kind: 'user', nameOf: input => input.UserName }
const group: Kind<{ readonly GroupName: string }> = {
  kind: 'group',
  nameOf: input => input.GroupName,
}
const role: Kind<{ readonly RoleName: string }> = { kind: 'role', nameOf: input => input.RoleName }

export const attachedOperations = {
  AttachUserPolicy: attaching('iam:AttachUserPolicy', user),
  AttachGroupPolicy: attaching('iam:AttachGroupPolicy', group),
  AttachRolePolicy: attaching('iam:AttachRolePolicy', role),
  DetachUserPolicy: detaching('iam:DetachUserPolicy', user),
  DetachGroupPolicy: detaching('iam:DetachGroupPolicy', group),
  DetachRolePolicy: detaching('iam:DetachRolePolicy', role),
  ListAttachedUserPolicies: listing('iam:ListAttachedUserPolicies', user),
  ListAttachedGroupPolicies: listing('iam:ListAttachedGroupPolicies', group),
  ListAttachedRolePolicies: listing('iam:ListAttachedRolePolicies', role),
  PutUserPermissionsBoundary: bounding('iam:PutUserPermissionsBoundary', user),
  PutRolePermissionsBoundary: bounding('iam:PutRolePermissionsBoundary', role),
  DeleteUserPermissionsBoundary: unbounding('iam:DeleteUserPermissionsBoundary', user),
  DeleteRolePermissionsBoundary: unbounding('iam:DeleteRolePermissionsBoundary', role),
} as const
