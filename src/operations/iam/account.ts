/** IAM: the account as a whole. */

import { keysPerUser } from '../../access/identities/keys.ts'
import type { EntityKind } from '../../access/identities/tables.ts'
import type * as shapes from '../../model/iam-shapes.gen.ts'
import type { Nothing, QueryContext, QueryOperation } from '../query-operation.ts'

const pageMax = 1000

async function count({ store, account }: QueryContext, kind: EntityKind): Promise<number> {
  let sum = 0
  let marker: string | undefined
  do {
    const page = await store.records.page(account.id, kind, { marker, limit: pageMax })
    sum += page.items.length
    marker = page.marker
  } while (marker !== undefined)
  return sum
}

/** What AWS allows where it is what is allowed here; where nothing bounds it, AWS's quota that others expect. */
const quotas = {
  UsersQuota: 5000,
  GroupsQuota: 300,
  RolesQuota: 1000,
  PoliciesQuota: 1500,
  AccessKeysPerUserQuota: keysPerUser,
  GroupsPerUserQuota: 10,
  AttachedPoliciesPerUserQuota: 20,
  AttachedPoliciesPerGroupQuota: 20,
  AttachedPoliciesPerRoleQuota: 20,
  UserPolicySizeQuota: 2048,
  GroupPolicySizeQuota: 5120,
  RolePolicySizeQuota: 10_240,
  PolicySizeQuota: 6144,
  VersionsPerPolicyQuota: 5,
  AssumeRolePolicySizeQuota: 4096,
}

export const getAccountSummary: QueryOperation<Nothing, shapes.GetAccountSummaryResponse> = {
  action: 'iam:GetAccountSummary',
  async run(_, context) {
    const { store, account } = context
    const [users, groups, roles, policies, providers, rootKeys] = await Promise.all([
      count(context, 'user'),
      count(context, 'group'),
      count(context, 'role'),
      count(context, 'policy'),
      count(context, 'provider'),
      store.keys.list(account.id, undefined),
    ])
    const summary: Record<string, number> = {
      Users: users,
      Groups: groups,
      Roles: roles,
      Policies: policies,
      Providers: providers,
      AccountAccessKeysPresent: rootKeys.length > 0 ? 1 : 0,
      AccountMFAEnabled: 0,
      ...quotas,
    }
    const texts = Object.entries(summary).map(([name, value]) => [name, String(value)] as const)
    return { SummaryMap: Object.fromEntries(texts) }
  },
}
