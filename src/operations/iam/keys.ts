/** IAM: access keys. */
import type { KeyInfo } from '../../access/identities/keys.ts'
import type * as shapes from '../../model/iam-shapes.gen.ts'
import { QueryError } from '../../model/query-errors.ts'
import {
  type Nothing,
  nothing,
  type QueryContext,
  type QueryOperation,
} from '../query-operation.ts'
import { pageEnd, pageOf } from './answers.ts'
import { ownName } from './targets.ts'
import { ofUserOrSelf } from './users.ts'

/** The owner's name as IAM tells it: that of the account for its root. */
const shown = ({ account }: QueryContext, key: KeyInfo) => ({
  UserName: key.user ?? account.name,
  AccessKeyId: key.id,
  Status: key.status,
  CreateDate: new Date(key.created),
})

export const createAccessKey: QueryOperation<
  shapes.CreateAccessKeyRequest,
  shapes.CreateAccessKeyResponse
> = {
  action: 'iam:CreateAccessKey',
  target: ofUserOrSelf,
  async run(input, context) {
    const { store, account } = context
    const user = input.UserName ?? ownName(context)
    const { info, secret } = await store.keys.create(account.id, user)
    return { AccessKey: { ...shown(context, info), SecretAccessKey: secret } }
  },
}

export const listAccessKeys: QueryOperation<
  shapes.ListAccessKeysRequest,
  shapes.ListAccessKeysResponse
> = {
  action: 'iam:ListAccessKeys',
  target: ofUserOrSelf,
  async run(input, context) {
    const { store, account } = context
    const keys = await store.keys.list(account.id, input.UserName ?? ownName(context))
    const page = pageOf(keys, input)
    return { AccessKeyMetadata: page.items.map(key => shown(context, key)), ...pageEnd(page) }
  },
}

export const updateAccessKey: QueryOperation<shapes.UpdateAccessKeyRequest, Nothing> = {
  action: 'iam:UpdateAccessKey',
  target: ofUserOrSelf,
  async run(input, context) {
    const { store, account } = context
    const { Status: status, AccessKeyId: id } = input
    if (status !== 'Active' && status !== 'Inactive') {
      throw new QueryError('ValidationError', 'Status must be Active or Inactive.')
    }
    await store.keys.update(account.id, input.UserName ?? ownName(context), id, { status })
    return nothing
  },
}

export const deleteAccessKey: QueryOperation<shapes.DeleteAccessKeyRequest, Nothing> = {
  action: 'iam:DeleteAccessKey',
  target: ofUserOrSelf,
  async run(input, context) {
    const { store, account } = context
    await store.keys.delete(account.id, input.UserName ?? ownName(context), input.AccessKeyId)
    return nothing
  },
}

export const getAccessKeyLastUsed: QueryOperation<
  shapes.GetAccessKeyLastUsedRequest,
  shapes.GetAccessKeyLastUsedResponse
> = {
  action: 'iam:GetAccessKeyLastUsed',
  async run(input, { store, account }) {
    const key = await store.keys.find(account.id, input.AccessKeyId)
    if (key === undefined) {
      throw new QueryError(
        'NoSuchEntity',
        `The Access Key with id ${input.AccessKeyId} cannot be found.`,
      )
    }
    const use = (await store.uses.of([key.id])).get(key.id)
    return {
      UserName: key.user ?? account.name,
      AccessKeyLastUsed:
        use === undefined
          ? { ServiceName: 'N/A', Region: 'N/A' }
          : { LastUsedDate: new Date(use.at), ServiceName: use.service, Region: use.region },
    }
  },
}
