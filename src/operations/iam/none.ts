/**
 * IAM: what nobody has here: passwords, devices, certificates, machines. It is asked for all the same: who deletes a user
 * with everything that belongs to it looks for each of them first.
 */
import { arnAccount } from '../../access/identities/names.ts'
import type * as shapes from '../../model/iam-shapes.gen.ts'
import { QueryError } from '../../model/query-errors.ts'
import type { Nothing, QueryContext, QueryOperation } from '../query-operation.ts'
import { ownName } from './targets.ts'
import { ofUserOrSelf } from './users.ts'

interface Named {
  readonly UserName?: string | undefined
}

const none =
  <Output>(output: Output) =>
  <Input>(action: `iam:${string}`): QueryOperation<Input, Output> => ({
    action,
    run: () => Promise.resolve(output),
  })

/** Throws NoSuchEntity for a user that is not there. */
async function requireUser({ UserName }: Named, context: QueryContext): Promise<string> {
  const name = UserName ?? ownName(context)
  if (name === undefined) return context.account.name
  return (await context.store.users.get(context.account.id, name)).name
}

const noneOfUser =
  <Output>(output: Output) =>
  <Input extends Named>(action: `iam:${string}`): QueryOperation<Input, Output> => ({
    action,
    target: ofUserOrSelf,
    async run(input, context) {
      await requireUser(input, context)
      return output
    },
  })

const noPassword = <Output>(action: `iam:${string}`): QueryOperation<Named, Output> => ({
  action,
  target: ofUserOrSelf,
  async run(input, context) {
    const name = await requireUser(input, context)
    throw new QueryError('NoSuchEntity', `Login Profile for User ${name} cannot be found.`)
  },
})

const end = { IsTruncated: false }

export const noneOperations = {
  DeleteLoginProfile: noPassword<Nothing>('iam:DeleteLoginProfile'),
  GetAccountPasswordPolicy: {
    action: 'iam:GetAccountPasswordPolicy',
    run: (_input, { account }) =>
      Promise.reject(
        new QueryError(
          'NoSuchEntity',
          `The Password Policy with domain name ${arnAccount(account)} cannot be found.`,
        ),
      ),
  } satisfies QueryOperation<Nothing, shapes.GetAccountPasswordPolicyResponse>,
  GetLoginProfile: noPassword<shapes.GetLoginProfileResponse>('iam:GetLoginProfile'),
  ListInstanceProfiles: none({ InstanceProfiles: [], ...end })<shapes.ListInstanceProfilesRequest>(
    'iam:ListInstanceProfiles',
  ),
  ListMFADevices: noneOfUser({ MFADevices: [], ...end })<shapes.ListMFADevicesRequest>(
    'iam:ListMFADevices',
  ),
  ListSAMLProviders: none({ SAMLProviderList: [] })<Nothing>('iam:ListSAMLProviders'),
  ListSSHPublicKeys: noneOfUser({ SSHPublicKeys: [], ...end })<shapes.ListSSHPublicKeysRequest>(
    'iam:ListSSHPublicKeys',
  ),
  ListServerCertificates: none({
    ServerCertificateMetadataList: [],
    ...end,
  })<shapes.ListServerCertificatesRequest>('iam:ListServerCertificates'),
  ListServiceSpecificCredentials: noneOfUser({
    ServiceSpecificCredentials: [],
    ...end,
  })<shapes.ListServiceSpecificCredentialsRequest>('iam:ListServiceSpecificCredentials'),
  ListSigningCertificates: noneOfUser({
    Certificates: [],
    ...end,
  })<shapes.ListSigningCertificatesRequest>('iam:ListSigningCertificates'),
  ListVirtualMFADevices: none({
    VirtualMFADevices: [],
    ...end,
  })<shapes.ListVirtualMFADevicesRequest>('iam:ListVirtualMFADevices'),
}
