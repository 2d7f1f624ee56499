/** IAM: the alias of the account. */
import type * as shapes from '../../model/iam-shapes.gen.ts'
import { type Nothing, nothing, type QueryOperation } from '../query-operation.ts'

export const createAccountAlias: QueryOperation<shapes.CreateAccountAliasRequest, Nothing> = {
  action: 'iam:CreateAccountAlias',
  async run({ AccountAlias }, { store, account }) {
    await store.aliases.create(account.id, AccountAlias)
    return nothing
  },
}

export const deleteAccountAlias: QueryOperation<shapes.DeleteAccountAliasRequest, Nothing> = {
  action: 'iam:DeleteAccountAlias',
  async run({ AccountAlias }, { store, account }) {
    await store.aliases.delete(account.id, AccountAlias)
    return nothing
  },
}

export const listAccountAliases: QueryOperation<
  shapes.ListAccountAliasesRequest,
  shapes.ListAccountAliasesResponse
> = {
  action: 'iam:ListAccountAliases',
  async run(_, { store, account }) {
    const alias = await store.aliases.of(account.id)
    return { AccountAliases: alias === undefined ? [] : [alias], IsTruncated: false }
  },
}
