/** IAM: managed policies and their versions. */
import { builtinCreated, builtinPolicies, builtinPolicy } from '../../access/identities/builtin.ts'
import { requireVersion } from '../../access/identities/managed.ts'
import { arnOf, parseIamArn } from '../../access/identities/names.ts'
import type { EntityRecord, PolicyVersion } from '../../access/identities/tables.ts'
import type { AccountRecord } from '../../access/tables.ts'
import type * as shapes from '../../model/iam-shapes.gen.ts'
import { QueryError } from '../../model/query-errors.ts'
import {
  type Nothing,
  nothing,
  type QueryContext,
  type QueryOperation,
  type Target,
} from '../query-operation.ts'
import {
  asEntity,
  encodeDocument,
  pageEnd,
  pageOf,
  pageRequest,
  policyAnswer,
  requestTags,
} from './answers.ts'
import { taggingOf } from './tagging.ts'
import { arnTarget, newArn } from './targets.ts'

const ofPolicy = (input: { readonly PolicyArn: string }, context: QueryContext): Promise<Target> =>
  arnTarget(context, input.PolicyArn)

/** Whose ARNs those of Moongate's own policies are. */
export const everybody = (account: AccountRecord): AccountRecord => ({
  ...account,
  number: 'aws',
  admin: null,
})

interface Found {
  readonly owner: AccountRecord
  readonly policy: EntityRecord
}

/** Throws NoSuchEntity. */
async function found({ store, account }: QueryContext, arn: string): Promise<Found> {
  const policy = await store.policies.get(account.id, arn)
  if (policy !== undefined) return { owner: account, policy }
  const own = builtinPolicy(parseIamArn(arn)?.name ?? '')
  if (own === undefined) throw new QueryError('NoSuchEntity')
  return { owner: everybody(account), policy: asEntity(own, builtinCreated) }
}

export const versionAnswer = (
  policy: EntityRecord,
  version: PolicyVersion,
): shapes.PolicyVersion => ({
  VersionId: version.id,
  IsDefaultVersion: version.id === policy.document.defaultVersion,
  CreateDate: new Date(version.created),
})

export const createPolicy: QueryOperation<shapes.CreatePolicyRequest, shapes.CreatePolicyResponse> =
  {
    action: 'iam:CreatePolicy',
    target: (input, context) => ({
      resource: newArn(context, 'policy', input.PolicyName, input.Path),
      facts: requestTags(input.Tags),
    }),
    async run(input, { store, account }) {
      const policy = await store.policies.create(account.id, {
        name: input.PolicyName,
        path: input.Path,
        text: input.PolicyDocument,
        description: input.Description,
        tags: input.Tags,
      })
      return { Policy: policyAnswer(account, policy, 0) }
    },
  }

export const getPolicy: QueryOperation<shapes.GetPolicyRequest, shapes.GetPolicyResponse> = {
  action: 'iam:GetPolicy',
  target: ofPolicy,
  async run({ PolicyArn }, context) {
    const { owner, policy } = await found(context, PolicyArn)
    const { store, account } = context
    const holders = await store.policies.holders(account.id, PolicyArn)
    return { Policy: policyAnswer(owner, policy, holders.length) }
  },
}

/** Moongate's own come first, on the first page, which may so be longer than what was asked for. */
export const listPolicies: QueryOperation<shapes.ListPoliciesRequest, shapes.ListPoliciesResponse> =
  {
    action: 'iam:ListPolicies',
    target: (input, context) => ({ resource: newArn(context, 'policy', '', input.PathPrefix) }),
    async run(input, context) {
      const { store, account } = context
      const { Scope = 'All', PathPrefix = '/', OnlyAttached } = input
      const own = input.Marker === undefined && Scope !== 'Local' && PathPrefix === '/'
      const everybodys = own ? builtinPolicies : []
      const page =
        Scope === 'AWS'
          ? { items: [], marker: undefined }
          : await store.policies.list(account.id, pageRequest(input))
      const all = [
        ...everybodys.map(policy => ({
          owner: everybody(account),
          policy: asEntity(policy, builtinCreated),
        })),
        ...page.items.map(policy => ({ owner: account, policy })),
      ]
      const answers = await Promise.all(
        all.map(async ({ owner, policy }) => {
          const holders = await store.policies.holders(account.id, arnOf(owner, policy))
          return policyAnswer(owner, policy, holders.length)
        }),
      )
      return {
        Policies: answers.filter(({ AttachmentCount = 0 }) => !OnlyAttached || AttachmentCount > 0),
        ...pageEnd(page),
      }
    },
  }

export const deletePolicy: QueryOperation<shapes.DeletePolicyRequest, Nothing> = {
  action: 'iam:DeletePolicy',
  target: ofPolicy,
  async run(input, { store, account }) {
    await store.policies.delete(account.id, input.PolicyArn)
    return nothing
  },
}

export const createPolicyVersion: QueryOperation<
  shapes.CreatePolicyVersionRequest,
  shapes.CreatePolicyVersionResponse
> = {
  action: 'iam:CreatePolicyVersion',
  target: ofPolicy,
  async run(input, { store, account }) {
    const version = await store.policies.createVersion(account.id, input.PolicyArn, {
      text: input.PolicyDocument,
      isDefault: input.SetAsDefault === true,
    })
    return {
      PolicyVersion: {
        VersionId: version.id,
        IsDefaultVersion: input.SetAsDefault === true,
        CreateDate: new Date(version.created),
      },
    }
  },
}

export const getPolicyVersion: QueryOperation<
  shapes.GetPolicyVersionRequest,
  shapes.GetPolicyVersionResponse
> = {
  action: 'iam:GetPolicyVersion',
  target: ofPolicy,
  async run(input, context) {
    const { policy } = await found(context, input.PolicyArn)
    const version = requireVersion(policy, input.VersionId)
    const Document = encodeDocument(version.text)
    return { PolicyVersion: { Document, ...versionAnswer(policy, version) } }
  },
}

export const listPolicyVersions: QueryOperation<
  shapes.ListPolicyVersionsRequest,
  shapes.ListPolicyVersionsResponse
> = {
  action: 'iam:ListPolicyVersions',
  target: ofPolicy,
  async run(input, context) {
    const { policy } = await found(context, input.PolicyArn)
    // Newest first, as AWS lists them.
    const page = pageOf((policy.document.versions ?? []).toReversed(), input)
    return { Versions: page.items.map(version => versionAnswer(policy, version)), ...pageEnd(page) }
  },
}

export const setDefaultPolicyVersion: QueryOperation<
  shapes.SetDefaultPolicyVersionRequest,
  Nothing
> = {
  action: 'iam:SetDefaultPolicyVersion',
  target: ofPolicy,
  async run(input, { store, account }) {
    await store.policies.setDefaultVersion(account.id, input.PolicyArn, input.VersionId)
    return nothing
  },
}

export const deletePolicyVersion: QueryOperation<shapes.DeletePolicyVersionRequest, Nothing> = {
  action: 'iam:DeletePolicyVersion',
  target: ofPolicy,
  async run(input, { store, account }) {
    await store.policies.deleteVersion(account.id, input.PolicyArn, input.VersionId)
    return nothing
  },
}

const kinds: Readonly<Record<string, string>> = { User: 'user', Group: 'group', Role: 'role' }

export const listEntitiesForPolicy: QueryOperation<
  shapes.ListEntitiesForPolicyRequest,
  shapes.ListEntitiesForPolicyResponse
> = {
  action: 'iam:ListEntitiesForPolicy',
  target: ofPolicy,
  async run(input, { store, account }) {
    const relation = input.PolicyUsageFilter === 'PermissionsBoundary' ? 'boundary' : 'attached'
    const holders = await store.policies.holders(account.id, input.PolicyArn, relation)
    const filter = kinds[input.EntityFilter ?? '']
    const wanted = holders.filter(holder => filter === undefined || holder.startsWith(`${filter}/`))
    const page = pageOf(wanted, input)
    const entities = async (kind: 'user' | 'group' | 'role') => {
      const keys = page.items.filter(holder => holder.startsWith(`${kind}/`))
      return store.records.entities(
        account.id,
        kind,
        keys.map(key => key.slice(kind.length + 1)),
      )
    }
    const [users, groups, roles] = await Promise.all([
      entities('user'),
      entities('group'),
      entities('role'),
    ])
    return {
      PolicyUsers: users.map(({ name, id }) => ({ UserName: name, UserId: id })),
      PolicyGroups: groups.map(({ name, id }) => ({ GroupName: name, GroupId: id })),
      PolicyRoles: roles.map(({ name, id }) => ({ RoleName: name, RoleId: id })),
      ...pageEnd(page),
    }
  },
}

export const { tag: tagPolicy, untag: untagPolicy } = taggingOf({
  noun: 'Policy',
  target: ofPolicy,
  nameOf: ({ PolicyArn }) => PolicyArn,
  entities: store => store.policies,
})

export const listPolicyTags: QueryOperation<
  shapes.ListPolicyTagsRequest,
  shapes.ListPolicyTagsResponse
> = {
  action: 'iam:ListPolicyTags',
  target: ofPolicy,
  async run(input, context) {
    const { policy } = await found(context, input.PolicyArn)
    const page = pageOf(policy.document.tags, input)
    return { Tags: page.items, ...pageEnd(page) }
  },
}
