/** IAM: everything about who may do what in an account, in pages. */
import { builtinCreated, builtinPolicies } from '../../access/identities/builtin.ts'
import { arnOf } from '../../access/identities/names.ts'
import type { EntityRecord, InlinePolicy } from '../../access/identities/tables.ts'
import type { AccountRecord } from '../../access/tables.ts'
import type * as shapes from '../../model/iam-shapes.gen.ts'
import { QueryError } from '../../model/query-errors.ts'
import type { QueryContext, QueryOperation } from '../query-operation.ts'
import {
  asEntity,
  decodeMarker,
  encodeDocument,
  groupAnswer,
  pageEnd,
  pageLimit,
  policyAnswer,
  roleAnswer,
  userAnswer,
} from './answers.ts'
import { everybody, versionAnswer } from './policies.ts'
import type { NamedHolder } from './targets.ts'

type Answer = shapes.GetAccountAuthorizationDetailsResponse

interface Kind {
  /** As the filter names it. */
  readonly filter: string
  readonly kind: NamedHolder | 'policy'
  readonly answer: (context: QueryContext, records: readonly EntityRecord[]) => Promise<Answer>
}

const inlineOf = ({ document }: EntityRecord): readonly shapes.PolicyDetail[] =>
  (document.inline ?? []).map(({ name, text }: InlinePolicy) => ({
    PolicyName: name,
    PolicyDocument: encodeDocument(text),
  }))

async function attachedTo({ store, account }: QueryContext, kind: NamedHolder, name: string) {
  const policies = await store.grants.attached(account.id, { kind, name })
  return policies.map(policy => ({ PolicyName: policy.name, PolicyArn: policy.arn }))
}

const boundaryOf = async (
  { store, account }: QueryContext,
  kind: 'user' | 'role',
  name: string,
): Promise<string | undefined> => (await store.grants.boundary(account.id, { kind, name }))?.arn

async function userDetail(context: QueryContext, user: EntityRecord): Promise<shapes.UserDetail> {
  const { store, account } = context
  const groups = await store.users.groups(account.id, user.name)
  return {
    ...userAnswer(account, user, await boundaryOf(context, 'user', user.name)),
    UserPolicyList: inlineOf(user),
    GroupList: groups.map(({ name }) => name),
    AttachedManagedPolicies: await attachedTo(context, 'user', user.name),
  }
}

const groupDetail = async (
  context: QueryContext,
  group: EntityRecord,
): Promise<shapes.GroupDetail> => ({
  ...groupAnswer(context.account, group),
  GroupPolicyList: inlineOf(group),
  AttachedManagedPolicies: await attachedTo(context, 'group', group.name),
})

const roleDetail = async (
  context: QueryContext,
  role: EntityRecord,
): Promise<shapes.RoleDetail> => ({
  ...roleAnswer(context.account, role, await boundaryOf(context, 'role', role.name)),
  InstanceProfileList: [],
  RolePolicyList: inlineOf(role),
  AttachedManagedPolicies: await attachedTo(context, 'role', role.name),
})

async function policyDetail(
  { store, account }: QueryContext,
  policy: EntityRecord,
  owner: AccountRecord = account,
): Promise<shapes.ManagedPolicyDetail> {
  const holders = await store.policies.holders(account.id, arnOf(owner, policy))
  const versions = policy.document.versions ?? []
  return {
    ...policyAnswer(owner, policy, holders.length),
    PolicyVersionList: versions.map(version => ({
      ...versionAnswer(policy, version),
      Document: encodeDocument(version.text),
    })),
  }
}

const each = <T>(records: readonly EntityRecord[], detail: (record: EntityRecord) => Promise<T>) =>
  Promise.all(records.map(detail))

/** In the order in which they are told. */
const kinds: readonly Kind[] = [
  {
    filter: 'User',
    kind: 'user',
    answer: async (context, users) => ({
      UserDetailList: await each(users, user => userDetail(context, user)),
    }),
  },
  {
    filter: 'Group',
    kind: 'group',
    answer: async (context, groups) => ({
      GroupDetailList: await each(groups, group => groupDetail(context, group)),
    }),
  },
  {
    filter: 'Role',
    kind: 'role',
    answer: async (context, roles) => ({
      RoleDetailList: await each(roles, role => roleDetail(context, role)),
    }),
  },
  {
    filter: 'LocalManagedPolicy',
    kind: 'policy',
    answer: async (context, policies) => ({
      Policies: await each(policies, policy => policyDetail(context, policy)),
    }),
  },
]
const builtins = 'AWSManagedPolicy'

/** Throws ValidationError. */
function wantedOf({ Filter = [] }: shapes.GetAccountAuthorizationDetailsRequest) {
  const known = [...kinds.map(({ filter }) => filter), builtins]
  const wrong = Filter.find(filter => !known.includes(filter))
  if (wrong !== undefined) throw new QueryError('ValidationError', `Invalid filter ${wrong}.`)
  return new Set(Filter.length === 0 ? known : Filter)
}

/** Where a page begins: a kind's place, and the key of the last entity of it that was told. Throws ValidationError. */
function startOf(marker: string | undefined): { readonly place: number; readonly key?: string } {
  const [, place = '', key = ''] = /^(\d)(?:\/(.*))?$/s.exec(decodeMarker(marker) ?? '0') ?? []
  if (place === '' || Number(place) >= kinds.length)
    throw new QueryError('ValidationError', 'Invalid Marker.')
  return { place: Number(place), ...(key === '' ? {} : { key }) }
}

async function builtinDetails(context: QueryContext) {
  const owner = everybody(context.account)
  const policies = builtinPolicies.map(policy => asEntity(policy, builtinCreated))
  return each(policies, policy => policyDetail(context, policy, owner))
}

/** Moongate's own policies come with the first page, which may so be longer than what was asked for. */
export const getAccountAuthorizationDetails: QueryOperation<
  shapes.GetAccountAuthorizationDetailsRequest,
  Answer
> = {
  action: 'iam:GetAccountAuthorizationDetails',
  async run(input, context) {
    const wanted = wantedOf(input)
    const start = startOf(input.Marker)
    const answer: { -readonly [Name in keyof Answer]: Answer[Name] } = {}
    let room = pageLimit(input)
    let marker: string | undefined
    for (const [place, { filter, kind, answer: details }] of kinds.entries()) {
      if (place < start.place || !wanted.has(filter)) continue
      if (room === 0) {
        marker = String(place)
        break
      }
      const page = await context.store.records.page(context.account.id, kind, {
        marker: place === start.place ? start.key : undefined,
        limit: room,
      })
      Object.assign(answer, await details(context, page.items))
      room -= page.items.length
      if (page.marker === undefined) continue
      marker = `${place}/${page.marker}`
      break
    }
    if (input.Marker === undefined && wanted.has(builtins)) {
      answer.Policies = [...(answer.Policies ?? []), ...(await builtinDetails(context))]
    }
    return { ...answer, ...pageEnd({ marker }) }
  },
}
