/** Every operation of IAM and STS that is built, by its name. */
import type { IamInputs, IamOutputs } from '../model/iam-shapes.gen.ts'
import type { IamOperation, StsOperation } from '../model/query-services.ts'
import type { StsInputs, StsOutputs } from '../model/sts-shapes.gen.ts'
import * as account from './iam/account.ts'
import * as aliases from './iam/aliases.ts'
import { attachedOperations } from './iam/attached.ts'
import { getAccountAuthorizationDetails } from './iam/authorization-details.ts'
import { generateCredentialReport, getCredentialReport } from './iam/credential-report.ts'
import * as groups from './iam/groups.ts'
import { inlineOperations } from './iam/inline.ts'
import * as keys from './iam/keys.ts'
import { noneOperations } from './iam/none.ts'
import * as policies from './iam/policies.ts'
import * as providers from './iam/providers.ts'
import * as roles from './iam/roles.ts'
import { simulateCustomPolicy, simulatePrincipalPolicy } from './iam/simulate.ts'
import * as users from './iam/users.ts'
import type { QueryOperation } from './query-operation.ts'
import { assumeRole } from './sts/assume-role.ts'
import { assumeRoleWithWebIdentity } from './sts/assume-role-with-web-identity.ts'
import {
  getAccessKeyInfo,
  getCallerIdentity,
  getFederationToken,
  getSessionToken,
} from './sts/tokens.ts'

type Registry = {
  readonly [Name in IamOperation]: QueryOperation<IamInputs[Name], IamOutputs[Name]>
} & {
  readonly [Name in StsOperation]: QueryOperation<StsInputs[Name], StsOutputs[Name]>
}

const registry = {
  AddClientIDToOpenIDConnectProvider: providers.addClientIDToOpenIDConnectProvider,
  AddUserToGroup: groups.addUserToGroup,
  AssumeRole: assumeRole,
  AssumeRoleWithWebIdentity: assumeRoleWithWebIdentity,
  CreateAccessKey: keys.createAccessKey,
  CreateAccountAlias: aliases.createAccountAlias,
  CreateGroup: groups.createGroup,
  CreateOpenIDConnectProvider: providers.createOpenIDConnectProvider,
  CreatePolicy: policies.createPolicy,
  CreatePolicyVersion: policies.createPolicyVersion,
  CreateRole: roles.createRole,
  CreateUser: users.createUser,
  DeleteAccessKey: keys.deleteAccessKey,
  DeleteAccountAlias: aliases.deleteAccountAlias,
  DeleteGroup: groups.deleteGroup,
  DeleteOpenIDConnectProvider: providers.deleteOpenIDConnectProvider,
  DeletePolicy: policies.deletePolicy,
  DeletePolicyVersion: policies.deletePolicyVersion,
  DeleteRole: roles.deleteRole,
  DeleteUser: users.deleteUser,
  GetAccessKeyInfo: getAccessKeyInfo,
  GetAccessKeyLastUsed: keys.getAccessKeyLastUsed,
  GenerateCredentialReport: generateCredentialReport,
  GetAccountAuthorizationDetails: getAccountAuthorizationDetails,
  GetAccountSummary: account.getAccountSummary,
  GetCallerIdentity: getCallerIdentity,
  GetCredentialReport: getCredentialReport,
  GetFederationToken: getFederationToken,
  GetGroup: groups.getGroup,
  GetOpenIDConnectProvider: providers.getOpenIDConnectProvider,
  GetPolicy: policies.getPolicy,
  GetPolicyVersion: policies.getPolicyVersion,
  GetRole: roles.getRole,
  GetSessionToken: getSessionToken,
  GetUser: users.getUser,
  ListAccessKeys: keys.listAccessKeys,
  ListAccountAliases: aliases.listAccountAliases,
  ListEntitiesForPolicy: policies.listEntitiesForPolicy,
  ListGroups: groups.listGroups,
  ListGroupsForUser: users.listGroupsForUser,
  ListInstanceProfilesForRole: roles.listInstanceProfilesForRole,
  ListOpenIDConnectProviderTags: providers.listOpenIDConnectProviderTags,
  ListOpenIDConnectProviders: providers.listOpenIDConnectProviders,
  ListPolicies: policies.listPolicies,
  ListPolicyTags: policies.listPolicyTags,
  ListPolicyVersions: policies.listPolicyVersions,
  ListRoleTags: roles.listRoleTags,
  ListRoles: roles.listRoles,
  ListUserTags: users.listUserTags,
  ListUsers: users.listUsers,
  RemoveClientIDFromOpenIDConnectProvider: providers.removeClientIDFromOpenIDConnectProvider,
  RemoveUserFromGroup: groups.removeUserFromGroup,
  SetDefaultPolicyVersion: policies.setDefaultPolicyVersion,
  SimulateCustomPolicy: simulateCustomPolicy,
  SimulatePrincipalPolicy: simulatePrincipalPolicy,
  TagOpenIDConnectProvider: providers.tagOpenIDConnectProvider,
  TagPolicy: policies.tagPolicy,
  TagRole: roles.tagRole,
  TagUser: users.tagUser,
  UntagOpenIDConnectProvider: providers.untagOpenIDConnectProvider,
  UntagPolicy: policies.untagPolicy,
  UntagRole: roles.untagRole,
  UntagUser: users.untagUser,
  UpdateAccessKey: keys.updateAccessKey,
  UpdateAssumeRolePolicy: roles.updateAssumeRolePolicy,
  UpdateGroup: groups.updateGroup,
  UpdateOpenIDConnectProviderThumbprint: providers.updateOpenIDConnectProviderThumbprint,
  UpdateRole: roles.updateRole,
  UpdateRoleDescription: roles.updateRoleDescription,
  UpdateUser: users.updateUser,
  ...attachedOperations,
  ...inlineOperations,
  ...noneOperations,
} satisfies Registry

/** By name, as the gateway runs them: the model has made the input what the operation takes. */
export const queryOperations: Readonly<Record<string, QueryOperation<object, object> | undefined>> =
  registry as Readonly<Record<string, QueryOperation<never, object>>> as Readonly<
    Record<string, QueryOperation<object, object>>
  >
