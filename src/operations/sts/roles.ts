/** STS: roles by ARN, and whether their trust policies let somebody in. */
import { parseIamArn } from '../../access/identities/names.ts'
import type { ResolvedRole } from '../../access/identities/resolve.ts'
import type { AccountRecord } from '../../access/tables.ts'
import { QueryError } from '../../model/query-errors.ts'
import type { Tag } from '../../ports/keyspace.ts'
import { evaluate } from '../../rules/policy/evaluate.ts'
import type { Caller } from '../../rules/policy/request.ts'
import { type Facts, type QueryContext, withFacts } from '../query-operation.ts'

export interface FoundRole {
  readonly account: AccountRecord
  readonly role: ResolvedRole
  readonly tags: readonly Tag[]
}

/** Throws ValidationError for what is no ARN of a role. */
export async function rolesOf({ store }: QueryContext, arn: string): Promise<readonly FoundRole[]> {
  const parsed = parseIamArn(arn)
  if (parsed?.kind !== 'role') throw new QueryError('ValidationError', `${arn} is invalid`)
  const found: FoundRole[] = []
  for (const account of await store.records.accountsOfArn(parsed.account)) {
    const role = await store.identities.role(account.id, parsed.name)
    if (role?.arn !== arn) continue
    const { document } = await store.roles.get(account.id, role.name)
    found.push({ account, role, tags: document.tags })
  }
  return found
}

/** Whose a role would be. */
export async function accountOf({ store }: QueryContext, arn: string): Promise<AccountRecord> {
  const [account] = await store.records.accountsOfArn(parseIamArn(arn)?.account ?? '')
  // Of nobody, who trusts no provider.
  return account ?? { id: '', number: '', name: '', email: null, volume: '', created: 0 }
}

/** Condition keys of a role that is to be assumed. */
export function roleFacts({ tags }: FoundRole): Facts {
  const facts: Record<string, readonly string[]> = {}
  for (const { Key } of tags) {
    const wanted = Key.toLowerCase()
    const values = tags.filter(tag => tag.Key.toLowerCase() === wanted).map(({ Value }) => Value)
    facts[`aws:resourcetag/${wanted}`] = values
    facts[`iam:resourcetag/${wanted}`] = values
  }
  return facts
}

/** What the trust policy says of an action; its resource is the role, which it does not name. */
export const askTrust = (
  context: QueryContext,
  { role }: FoundRole,
  asked: { readonly caller: Caller; readonly action: string; readonly facts: Facts },
) =>
  evaluate(role.trust, {
    caller: asked.caller,
    action: asked.action,
    resource: role.arn,
    condition: withFacts(asked.facts, context.condition),
  })
