/** Who owns what: owners as S3's XML tells them, and the check of the owner that a client expects. */
import { readInitiator } from '../../access/initiator.ts'
import { S3Error } from '../../model/errors.ts'
import type { Owner } from '../../model/shapes.gen.ts'
import type { BucketInfo } from '../../ports/keyspace.ts'
import type { Account, Context } from '../operation.ts'

type FindAccount = (canonicalId: string) => Promise<Account | undefined>

/** An owner as S3 tells it; of an account that is gone only the id. */
export async function ownerOf(canonicalId: string, context: Context): Promise<Owner> {
  const { principal } = context
  if (canonicalId === principal.canonicalId) {
    return { ID: canonicalId, DisplayName: principal.displayName }
  }
  const account = await context.account(canonicalId)
  return account === undefined
    ? { ID: canonicalId }
    : { ID: canonicalId, DisplayName: account.displayName }
}

/** Who began an upload: an account, or a user or session by its ARN and name. */
export async function toldInitiator(text: string, context: Context): Promise<Owner> {
  const { account, arn } = readInitiator(text)
  if (arn === undefined) return ownerOf(account, context)
  return { ID: arn, DisplayName: arn.slice(arn.lastIndexOf('/') + 1) }
}

/** The owners and initiators of a page's entries by what their records say: mostly one, so that a page costs one look-up. */
export async function ownersOf(
  ids: Iterable<string>,
  context: Context,
): Promise<ReadonlyMap<string, Owner>> {
  const owners = new Map<string, Owner>()
  let before = ''
  for (const id of ids) {
    if (id === before) continue
    before = id
    if (!owners.has(id)) owners.set(id, await toldInitiator(id, context))
  }
  return owners
}

const accountNumber = /^\d{12}$/

/**
 * Throws AccessDenied unless the bucket belongs to the account that `x-amz-expected-bucket-owner` names by its number
 * (or, as other servers allow, by its canonical id); InvalidBucketOwnerAWSAccountID for what is neither.
 */
export async function requireExpectedOwner(
  expected: string | undefined,
  bucket: BucketInfo,
  findAccount: FindAccount,
): Promise<void> {
  if (expected === undefined || expected === bucket.owner) return
  if (!accountNumber.test(expected)) {
    // A number of another length is a slip; whatever else names nobody that it could belong to.
    throw new S3Error(/^\d+$/.test(expected) ? 'InvalidBucketOwnerAWSAccountID' : 'AccessDenied')
  }
  const account = await findAccount(bucket.owner)
  if (account?.accountNumber !== expected) throw new S3Error('AccessDenied')
}
