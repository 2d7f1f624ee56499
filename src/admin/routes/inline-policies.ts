/** Routes of inline policies: documents that one user, group or role has, and nobody else. */
import { type Route, route } from '../route.ts'
import { accountField, accountOf, accountScope, named } from './identities.ts'

const kinds = {
  user: { segment: 'users', word: 'User' },
  group: { segment: 'groups', word: 'Group' },
  role: { segment: 'roles', word: 'Role' },
} as const

interface Input {
  readonly name: string
  readonly account?: string | undefined
}

/** What the routes of one kind have in common. */
function partsOf(kind: keyof typeof kinds) {
  const { segment, word } = kinds[kind]
  const ofHolder = { name: named(kind), account: accountField }
  return {
    word,
    path: `/${segment}/{name}/inline`,
    ofHolder,
    fields: { ...ofHolder, policy: { ...named('policy'), doc: 'Name of the inline policy' } },
    holder: ({ name }: Input) => ({ kind, name }),
    // Names of inline policies are what they are written as: nobody is found by another one.
    common: {
      entities: ({ account, name }: Input) => ({ account, [kind]: name }),
      scope: accountScope,
      resource: ({ name }: Input) => `${kind}/${name}`,
    },
  }
}

function reading(kind: keyof typeof kinds): readonly Route[] {
  const { word, path, ofHolder, fields, holder, common } = partsOf(kind)
  return [
    route({
      name: `List${word}Policies`,
      method: 'GET',
      path,
      summary: `Names of the inline policies of a ${kind}`,
      fields: ofHolder,
      ...common,
      async run(input, context) {
        const { grants } = context.access.iam
        const policies = await grants.inlineNames(accountOf(input, context), holder(input))
        return { data: { policies: policies.map(name => ({ name })) } }
      },
    }),
    route({
      name: `Get${word}Policy`,
      method: 'GET',
      path: `${path}/{policy}`,
      summary: `An inline policy of a ${kind}`,
      fields,
      ...common,
      async run(input, context) {
        const { grants } = context.access.iam
        const account = accountOf(input, context)
        const { name, text } = await grants.inline(account, holder(input), input.policy)
        const document: unknown = JSON.parse(text)
        return { data: { policy: { name }, document } }
      },
    }),
  ]
}

function changing(kind: keyof typeof kinds): readonly Route[] {
  const { word, path, fields, holder, common } = partsOf(kind)
  return [
    route({
      name: `Put${word}Policy`,
      method: 'PUT',
      path: `${path}/{policy}`,
      summary: `Put an inline policy on a ${kind}, in the place of one of that name`,
      fields: {
        ...fields,
        document: { is: 'record', in: 'body', required: true, doc: 'Policy in IAM’s language' },
      },
      ...common,
      async run(input, context) {
        const { grants } = context.access.iam
        const account = accountOf(input, context)
        const { policy: name, document } = input
        const before = await grants.inlineNames(account, holder(input))
        await grants.putInline(account, holder(input), { name, text: JSON.stringify(document) })
        const created = !before.includes(name)
        return { status: created ? 201 : 200, data: { policy: { name }, created } }
      },
    }),
    route({
      name: `Delete${word}Policy`,
      method: 'DELETE',
      path: `${path}/{policy}`,
      summary: `Delete an inline policy of a ${kind}`,
      fields,
      ...common,
      async run(input, context) {
        const { grants } = context.access.iam
        await grants.deleteInline(accountOf(input, context), holder(input), input.policy)
        return { status: 204, data: undefined }
      },
    }),
  ]
}

export const inlinePolicyRoutes: readonly Route[] = (['user', 'group', 'role'] as const).flatMap(
  kind => [...reading(kind), ...changing(kind)],
)
