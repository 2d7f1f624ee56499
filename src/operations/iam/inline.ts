/** IAM: inline policies of users, groups and roles. */
import type * as shapes from '../../model/iam-shapes.gen.ts'
import {
  type Nothing,
  nothing,
  type QueryContext,
  type QueryOperation,
} from '../query-operation.ts'
import { encodeDocument, type Paging, pageEnd, pageOf } from './answers.ts'
import { entityTarget, type NamedHolder, type Placed, placedUser, userTarget } from './targets.ts'

/** One of the three kinds, and where its operations name an entity of it. */
interface Kind<Named> {
  readonly kind: NamedHolder
  readonly nameOf: (input: Named) => string
}

interface NamesPolicy {
  readonly PolicyName: string
}

const targetOf =
  <Named>({ kind, nameOf }: Kind<Named>) =>
  (input: Named, context: QueryContext) =>
    kind === 'user'
      ? userTarget(context, nameOf(input))
      : entityTarget(context, kind, nameOf(input))

async function placed<Named>(
  { kind, nameOf }: Kind<Named>,
  input: Named,
  context: QueryContext,
): Promise<Placed> {
  const name = nameOf(input)
  if (kind === 'user') return placedUser(context, name)
  return { account: context.account.id, holder: { kind, name } }
}

const putting = <Named, Input extends Named & NamesPolicy & { readonly PolicyDocument: string }>(
  action: `iam:${string}`,
  kind: Kind<Named>,
): QueryOperation<Input, Nothing> => ({
  action,
  target: targetOf(kind),
  async run(input, context) {
    const { account, holder } = await placed(kind, input, context)
    const policy = { name: input.PolicyName, text: input.PolicyDocument }
    await context.store.grants.putInline(account, holder, policy)
    return nothing
  },
})

const deleting = <Named, Input extends Named & NamesPolicy>(
  action: `iam:${string}`,
  kind: Kind<Named>,
): QueryOperation<Input, Nothing> => ({
  action,
  target: targetOf(kind),
  async run(input, context) {
    const { account, holder } = await placed(kind, input, context)
    await context.store.grants.deleteInline(account, holder, input.PolicyName)
    return nothing
  },
})

const getting = <Named, Input extends Named & NamesPolicy, Output>(
  action: `iam:${string}`,
  kind: Kind<Named>,
  answer: (name: string, policy: { PolicyName: string; PolicyDocument: string }) => Output,
): QueryOperation<Input, Output> => ({
  action,
  target: targetOf(kind),
  async run(input, context) {
    const { account, holder } = await placed(kind, input, context)
    const { name, text } = await context.store.grants.inline(account, holder, input.PolicyName)
    return answer(kind.nameOf(input), { PolicyName: name, PolicyDocument: encodeDocument(text) })
  },
})

const listing = <Named, Input extends Named & Paging>(
  action: `iam:${string}`,
  kind: Kind<Named>,
): QueryOperation<Input, shapes.ListUserPoliciesResponse> => ({
  action,
  target: targetOf(kind),
  async run(input, context) {
    const { account, holder } = await placed(kind, input, context)
    const page = pageOf(await context.store.grants.inlineNames(account, holder), input)
    return { PolicyNames: page.items, ...pageEnd(page) }
  },
})

const user: Kind<{ readonly UserName: string }> = { kind: 'user', nameOf: input => input.UserName }
const group: Kind<{ readonly GroupName: string }> = {
  kind: 'group',
  nameOf: input => input.GroupName,
}
const role: Kind<{ readonly RoleName: string }> = { kind: 'role', nameOf: input => input.RoleName }

export const inlineOperations = {
  PutUserPolicy: putting('iam:PutUserPolicy', user),
  PutGroupPolicy: putting('iam:PutGroupPolicy', group),
  PutRolePolicy: putting('iam:PutRolePolicy', role),
  DeleteUserPolicy: deleting('iam:DeleteUserPolicy', user),
  DeleteGroupPolicy: deleting('iam:DeleteGroupPolicy', group),
  DeleteRolePolicy: deleting('iam:DeleteRolePolicy', role),
  GetUserPolicy: getting('iam:GetUserPolicy', user, (UserName, policy) => ({
    UserName,
    ...policy,
  })),
  GetGroupPolicy: getting('iam:GetGroupPolicy', group, (GroupName, policy) => ({
    GroupName,
    ...policy,
  })),
  GetRolePolicy: getting('iam:GetRolePolicy', role, (RoleName, policy) => ({
    RoleName,
    ...policy,
  })),
  ListUserPolicies: listing('iam:ListUserPolicies', user),
  ListGroupPolicies: listing('iam:ListGroupPolicies', group),
  ListRolePolicies: listing('iam:ListRolePolicies', role),
} as const
