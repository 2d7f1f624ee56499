/** Routes of managed policies: what they say, and who has them. */
import { builtinArn, builtinPolicies, builtinPolicy } from '../../access/identities/builtin.ts'
import type { Holder } from '../../access/identities/grants.ts'
import { defaultText } from '../../access/identities/resolve.ts'
import { QueryError } from '../../model/query-errors.ts'
import { AdminError } from '../errors.ts'
import { type AdminContext, type Route, route } from '../route.ts'
import {
  accountField,
  accountOf,
  accountScope,
  byName,
  isMissing,
  named,
  pageOf,
  policyArn,
  shownEntity,
  shownPage,
} from './identities.ts'
import { pageFields } from './names.ts'

const fields = {
  policy: { ...named('policy'), doc: 'Name of the policy, or its ARN' },
  account: accountField,
} as const
const resource = ({ policy }: { policy: string }) => `policy/${policy}`

interface Named {
  readonly policy: string
  readonly account?: string | undefined
}

/** The policy with this text in force: made, changed, or as it is. */
async function put(input: Named, text: string, context: AdminContext, description?: string) {
  const { policies, records } = context.access.iam
  const account = accountOf(input, context)
  const there = await records.find(account, 'policy', input.policy)
  if (there === undefined) {
    const made = await policies.create(account, { name: input.policy, text, description })
    return { policy: await shownEntity(made, context), created: true, changed: true }
  }
  const changed = defaultText(there) !== text
  if (changed) {
    const arn = await policyArn(input.policy, input, context)
    await policies.createVersion(account, arn, { text, isDefault: true, makeRoom: true })
  }
  return { policy: await shownEntity(there, context), created: false, changed }
}

/** One of those that everybody has, which no account keeps. */
function builtin(arn: string) {
  const found = builtinPolicy(arn.slice(builtinArn.length))
  if (found === undefined) return { policy: { arn } }
  const document: unknown = JSON.parse(found.text)
  return { policy: { name: found.name, arn, builtin: true }, document }
}

/** Throws InvalidInput for one that is built in. */
function requireOwn(arn: string): void {
  const name = arn.startsWith(builtinArn) ? arn.slice(builtinArn.length) : ''
  if (builtinPolicy(name) === undefined) return
  throw new AdminError(
    'InvalidInput',
    `${name} is built in: every account has it, and none can delete it.`,
  )
}

const policyRoutes: readonly Route[] = [
  route({
    name: 'ListPolicies',
    method: 'GET',
    path: '/policies',
    summary: 'Managed policies of an account in the order of their names',
    fields: {
      account: accountField,
      all: { is: 'flag', in: 'query', doc: 'With those that are built in, after the others' },
      ...pageFields,
    },
    scope: accountScope,
    resource: () => 'policy/*',
    async run(input, context) {
      const page = await context.access.iam.policies.list(accountOf(input, context), pageOf(input))
      const { entries: policies, next } = await shownPage(page, context)
      // With the last page: they have an order of their own.
      const builtins = input.all === true && next === undefined ? builtinPolicies : []
      const shown = builtins.map(({ name }) => builtin(`${builtinArn}${name}`).policy)
      return { data: { policies: [...policies, ...shown], next } }
    },
  }),
  route({
    name: 'PutPolicy',
    method: 'PUT',
    path: '/policies/{policy}',
    summary: 'Make a managed policy, or put another document in force; the same once more is well',
    fields: {
      ...fields,
      policy: named('policy'),
      document: { is: 'record', in: 'body', required: true, doc: 'Policy in IAM’s language' },
      description: { is: 'text', in: 'body', doc: 'For people' },
    },
    entities: ({ account, policy }) => ({ account, policy }),
    scope: accountScope,
    resource,
    async run({ document, description, ...input }, context) {
      const data = await put(input, JSON.stringify(document), context, description)
      return { status: data.created ? 201 : 200, data }
    },
  }),
  route({
    name: 'GetPolicy',
    method: 'GET',
    path: '/policies/{policy}',
    summary: 'A managed policy with its document and who has it',
    fields,
    entities: byName,
    scope: accountScope,
    resource,
    async run(input, context) {
      const { policies } = context.access.iam
      const account = accountOf(input, context)
      const arn = await policyArn(input.policy, input, context)
      const record = await policies.get(account, arn)
      const holders = await policies.holders(account, arn)
      if (record === undefined) return { data: { ...builtin(arn), holders } }
      const document: unknown = JSON.parse(defaultText(record))
      return { data: { policy: await shownEntity(record, context), document, holders } }
    },
  }),
  route({
    name: 'DeletePolicy',
    method: 'DELETE',
    path: '/policies/{policy}',
    summary: 'Delete a managed policy that nobody has any more',
    fields,
    entities: byName,
    scope: accountScope,
    resource,
    async run(input, context) {
      const { policies } = context.access.iam
      const account = accountOf(input, context)
      const arn = await policyArn(input.policy, input, context)
      requireOwn(arn)
      await policies.delete(account, arn, true)
      return { status: 204, data: undefined }
    },
  }),
]

const kinds = {
  user: { segment: 'users', word: 'User' },
  group: { segment: 'groups', word: 'Group' },
  role: { segment: 'roles', word: 'Role' },
} as const

/** What a policy that is not attached is instead. */
function notAttached({ kind, name }: Holder, policy: string, isInline: boolean): QueryError {
  const way = `moongate policy delete ${policy} --${kind} ${name}`
  const words = isInline
    ? `${policy} is an inline policy of ${kind} ${name}, not one that is attached. Delete it: ${way}`
    : `Policy ${policy} is not attached to ${kind} ${name}.`
  return new QueryError('NoSuchEntity', words)
}

/** Attaching a policy to one kind of identity and taking it away again. */
function attaching(kind: keyof typeof kinds): readonly Route[] {
  const { segment, word } = kinds[kind]
  const path = `/${segment}/{name}/policies/{policy}`
  const both = { name: named(kind), ...fields }
  const of = ({ name }: { name: string }) => `${kind}/${name}`
  return [
    route({
      name: `Attach${word}Policy`,
      method: 'PUT',
      path,
      summary: `Attach a managed policy to a ${kind}; once more is well`,
      fields: both,
      entities: ({ account, name, policy }) => ({ account, [kind]: name, policy }),
      scope: accountScope,
      resource: of,
      async run(input, context) {
        const arn = await policyArn(input.policy, input, context)
        const holder = { kind, name: input.name }
        await context.access.iam.grants.attach(accountOf(input, context), holder, arn)
        return { status: 204, data: undefined }
      },
    }),
    route({
      name: `Detach${word}Policy`,
      method: 'DELETE',
      path,
      summary: `Take a managed policy away from a ${kind}`,
      fields: both,
      entities: ({ account, name, policy }) => ({ account, [kind]: name, policy }),
      scope: accountScope,
      resource: of,
      async run(input, context) {
        const { grants } = context.access.iam
        const account = accountOf(input, context)
        const arn = await policyArn(input.policy, input, context).catch((error: unknown) => {
          // What is not there is not attached either.
          if (!isMissing(error)) throw error
          return ''
        })
        const holder: Holder = { kind, name: input.name }
        const attached = await grants.attached(account, holder)
        if (!attached.some(policy => policy.arn === arn)) {
          const inline = await grants.inlineNames(account, holder)
          throw notAttached(holder, input.policy, inline.includes(input.policy))
        }
        await grants.detach(account, holder, arn)
        return { status: 204, data: undefined }
      },
    }),
  ]
}

export const policyRoutesOfAll: readonly Route[] = [
  ...policyRoutes,
  ...attaching('user'),
  ...attaching('group'),
  ...attaching('role'),
]
