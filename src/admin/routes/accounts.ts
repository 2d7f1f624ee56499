/** Accounts as routes name them. */
import type { Access } from '../../access/accounts.ts'
import { AdminError } from '../errors.ts'

/** Throws InvalidInput for an account that is not there; only who may name any account comes here. */
export async function requireAccount(canonicalId: string, access: Access): Promise<void> {
  if ((await access.account(canonicalId)) !== undefined) return
  throw new AdminError('InvalidInput', `There is no account ${JSON.stringify(canonicalId)}.`)
}
