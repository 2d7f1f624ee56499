/** IAM of a store, put together: what IAM's operations and the admin API change, and what requests are decided by. */
import type { Clock } from '../../ports/clock.ts'
import type { MetaStore } from '../../ports/meta-store.ts'
import { KeyUses } from '../key-uses.ts'
import type { MasterKey } from '../seal.ts'
import { Aliases } from './aliases.ts'
import { Grants } from './grants.ts'
import { Groups } from './groups.ts'
import { AccessKeys } from './keys.ts'
import { ManagedPolicies } from './managed.ts'
import { Providers } from './providers.ts'
import { Changes, Records } from './records.ts'
import { type Identities, StoredIdentities } from './resolve.ts'
import { Roles } from './roles.ts'
import { Users } from './users.ts'

/** Accounts are named by canonical id everywhere; failures are QueryErrors. */
export interface IdentityStore {
  readonly records: Records
  readonly users: Users
  readonly groups: Groups
  readonly roles: Roles
  readonly policies: ManagedPolicies
  readonly grants: Grants
  readonly providers: Providers
  readonly keys: AccessKeys
  readonly uses: KeyUses
  readonly aliases: Aliases
  readonly identities: Identities
}

export function createIdentityStore(options: {
  readonly store: MetaStore
  readonly masterKey: MasterKey
  readonly clock: Clock
}): IdentityStore {
  const { store, masterKey, clock } = options
  const records = new Records(store)
  const changes = new Changes(store, clock)
  return {
    records,
    users: new Users(records, changes),
    groups: new Groups(records, changes),
    roles: new Roles(records, changes),
    policies: new ManagedPolicies(records, changes),
    grants: new Grants(records, changes),
    providers: new Providers(records, changes),
    keys: new AccessKeys(records, changes, masterKey),
    uses: new KeyUses(store, clock),
    aliases: new Aliases(records, changes),
    identities: new StoredIdentities(records),
  }
}
