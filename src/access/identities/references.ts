/** Managed policies by their ARNs, as links refer to them. */
import { QueryError } from '../../model/query-errors.ts'
import type { AccountRecord } from '../tables.ts'
import { builtinArn, builtinMark, builtinPolicy } from './builtin.ts'
import { arnAccount, arnOf, holderOf, parseIamArn } from './names.ts'
import type { Draft, Records } from './records.ts'
import type { EntityRecord, Relation } from './tables.ts'

const noSuchPolicy = (arn: string): QueryError =>
  new QueryError('NoSuchEntity', `Policy ${arn} does not exist or is not attachable.`)

/** A policy as a link names it, with the record where it is the account's own. */
export interface PolicyReference {
  readonly target: string
  readonly record: EntityRecord | undefined
}

/** Throws NoSuchEntity, InvalidInput for what is no ARN of a policy. */
export async function policyReference(
  records: Records,
  account: AccountRecord,
  arn: string,
): Promise<PolicyReference> {
  const parsed = parseIamArn(arn)
  if (parsed?.kind !== 'policy') throw new QueryError('InvalidInput', `ARN ${arn} is not valid.`)
  if (parsed.account === 'aws') {
    const policy = builtinPolicy(parsed.name)
    if (policy === undefined || parsed.path !== '/') throw noSuchPolicy(arn)
    return { target: `${builtinMark}${policy.name}`, record: undefined }
  }
  if (parsed.account !== arnAccount(account)) throw noSuchPolicy(arn)
  const record = await records.find(account.id, 'policy', parsed.name)
  // Names are found without regard to case; but rights are asked on the ARN as it was written, so there is one.
  if (record === undefined || arnOf(account, record) !== arn) throw noSuchPolicy(arn)
  return { target: record.key, record }
}

/** Links an entity to a policy by its ARN. */
export async function linkPolicy(
  draft: Draft,
  relation: Relation,
  arn: string,
  { kind, key }: EntityRecord,
): Promise<void> {
  const { target } = await policyReference(draft, draft.owner, arn)
  draft.link(relation, target, holderOf(kind, key))
}

export interface NamedArn {
  readonly name: string
  readonly arn: string
}

/** Name and ARN of policies that links name; those that are gone are left out. */
export async function policiesOf(
  records: Records,
  account: AccountRecord,
  targets: readonly string[],
): Promise<readonly NamedArn[]> {
  const own = targets.filter(target => !target.startsWith(builtinMark))
  const found = new Map(
    (await records.entities(account.id, 'policy', own)).map(record => [record.key, record]),
  )
  return targets.flatMap(target => {
    if (target.startsWith(builtinMark)) {
      const name = target.slice(builtinMark.length)
      return [{ name, arn: `${builtinArn}${name}` }]
    }
    const record = found.get(target)
    return record === undefined ? [] : [{ name: record.name, arn: arnOf(account, record) }]
  })
}
