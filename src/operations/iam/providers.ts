/** IAM: OpenID Connect providers. */
import { arnAccount, arnOf } from '../../access/identities/names.ts'
import { providerName } from '../../access/identities/providers.ts'
import type * as shapes from '../../model/iam-shapes.gen.ts'
import {
  type Nothing,
  nothing,
  type QueryContext,
  type QueryOperation,
  type Target,
} from '../query-operation.ts'
import { pageEnd, pageOf, requestTags } from './answers.ts'
import { taggingOf } from './tagging.ts'
import { arnTarget } from './targets.ts'

const ofProvider = (
  input: { readonly OpenIDConnectProviderArn: string },
  context: QueryContext,
): Promise<Target> => arnTarget(context, input.OpenIDConnectProviderArn)

export const createOpenIDConnectProvider: QueryOperation<
  shapes.CreateOpenIDConnectProviderRequest,
  shapes.CreateOpenIDConnectProviderResponse
> = {
  action: 'iam:CreateOpenIDConnectProvider',
  target: (input, { account }) => ({
    resource: `arn:aws:iam::${arnAccount(account)}:oidc-provider/${providerName(input.Url)}`,
    facts: requestTags(input.Tags),
  }),
  async run(input, { store, account }) {
    const provider = await store.providers.create(account.id, {
      url: input.Url,
      clientIds: input.ClientIDList,
      thumbprints: input.ThumbprintList,
      tags: input.Tags,
    })
    return {
      OpenIDConnectProviderArn: arnOf(account, provider),
      ...(input.Tags === undefined ? {} : { Tags: input.Tags }),
    }
  },
}

export const getOpenIDConnectProvider: QueryOperation<
  shapes.GetOpenIDConnectProviderRequest,
  shapes.GetOpenIDConnectProviderResponse
> = {
  action: 'iam:GetOpenIDConnectProvider',
  target: ofProvider,
  async run(input, { store, account }) {
    const provider = await store.providers.get(account.id, input.OpenIDConnectProviderArn)
    const { url, clientIds, thumbprints, tags } = provider.document
    return {
      Url: url,
      ClientIDList: clientIds,
      ThumbprintList: thumbprints,
      CreateDate: new Date(provider.created),
      Tags: tags,
    }
  },
}

export const listOpenIDConnectProviders: QueryOperation<
  Nothing,
  shapes.ListOpenIDConnectProvidersResponse
> = {
  action: 'iam:ListOpenIDConnectProviders',
  target: (_, { account }) => ({
    resource: `arn:aws:iam::${arnAccount(account)}:oidc-provider/`,
  }),
  async run(_, { store, account }) {
    const providers = await store.providers.list(account.id)
    return {
      OpenIDConnectProviderList: providers.map(provider => ({ Arn: arnOf(account, provider) })),
    }
  },
}

export const deleteOpenIDConnectProvider: QueryOperation<
  shapes.DeleteOpenIDConnectProviderRequest,
  Nothing
> = {
  action: 'iam:DeleteOpenIDConnectProvider',
  target: ofProvider,
  async run(input, { store, account }) {
    await store.providers.delete(account.id, input.OpenIDConnectProviderArn)
    return nothing
  },
}

export const updateOpenIDConnectProviderThumbprint: QueryOperation<
  shapes.UpdateOpenIDConnectProviderThumbprintRequest,
  Nothing
> = {
  action: 'iam:UpdateOpenIDConnectProviderThumbprint',
  target: ofProvider,
  async run(input, { store, account }) {
    const { OpenIDConnectProviderArn: arn, ThumbprintList } = input
    await store.providers.setThumbprints(account.id, arn, ThumbprintList)
    return nothing
  },
}

export const addClientIDToOpenIDConnectProvider: QueryOperation<
  shapes.AddClientIDToOpenIDConnectProviderRequest,
  Nothing
> = {
  action: 'iam:AddClientIDToOpenIDConnectProvider',
  target: ofProvider,
  async run(input, { store, account }) {
    await store.providers.addClientId(account.id, input.OpenIDConnectProviderArn, input.ClientID)
    return nothing
  },
}

export const removeClientIDFromOpenIDConnectProvider: QueryOperation<
  shapes.RemoveClientIDFromOpenIDConnectProviderRequest,
  Nothing
> = {
  action: 'iam:RemoveClientIDFromOpenIDConnectProvider',
  target: ofProvider,
  async run(input, { store, account }) {
    await store.providers.removeClientId(account.id, input.OpenIDConnectProviderArn, input.ClientID)
    return nothing
  },
}

export const { tag: tagOpenIDConnectProvider, untag: untagOpenIDConnectProvider } = taggingOf({
  noun: 'OpenIDConnectProvider',
  target: ofProvider,
  nameOf: ({ OpenIDConnectProviderArn }) => OpenIDConnectProviderArn,
  entities: store => store.providers,
})

export const listOpenIDConnectProviderTags: QueryOperation<
  shapes.ListOpenIDConnectProviderTagsRequest,
  shapes.ListOpenIDConnectProviderTagsResponse
> = {
  action: 'iam:ListOpenIDConnectProviderTags',
  target: ofProvider,
  async run(input, { store, account }) {
    const provider = await store.providers.get(account.id, input.OpenIDConnectProviderArn)
    const page = pageOf(provider.document.tags, input)
    return { Tags: page.items, ...pageEnd(page) }
  },
}
