/** Whom policies of resources name, by unique ids: a name may be another's tomorrow. */
import { get } from '../../ports/meta-store.ts'
import type { Policy, PrincipalIds } from '../../rules/policy/policy.ts'
import {
  accountNumber,
  invalidPrincipal,
  type NamedPrincipal,
  rootArn,
} from '../../rules/policy/principals.ts'
import { type AccountRecord, accountsTable } from '../tables.ts'
import type { Records } from './records.ts'

const arnForm =
  /^arn:aws:(?:iam|sts)::([\w.$-]*):(user|role|assumed-role|federated-user)(\/.*\/|\/)([^/]+)$/

/** Ids, or none where nothing but the name is known of somebody. Undefined: there is nobody of that name. */
type Found = readonly string[] | 'by name' | undefined

/** Looks up those that one policy names, in a volume: ARNs without an account mean nobody of another one. */
class Lookup {
  readonly #records: Records
  readonly #volume: string
  readonly #accounts = new Map<string, Promise<readonly AccountRecord[]>>()

  constructor(records: Records, volume: string) {
    this.#records = records
    this.#volume = volume
  }

  async find({ type, value }: NamedPrincipal): Promise<Found> {
    if (type === 'CanonicalUser') return (await this.#has(value)) ? 'by name' : undefined
    if (type !== 'AWS') return 'by name'
    const [, number = rootArn.exec(value)?.[1] ?? value, kind, path = '', name = ''] =
      arnForm.exec(value) ?? []
    // Of Ceph's tenants, which are none of ours, and of unique ids nothing is known.
    if (number !== '' && !accountNumber.test(number)) return 'by name'
    const accounts = await this.#accountsOf(number)
    if (number !== '' && accounts.length === 0) return undefined
    if (kind === undefined || kind === 'federated-user') return 'by name'
    if (kind === 'assumed-role') return this.#sessions(accounts, path.slice(1, -1), name)
    const ids = await this.#ids(accounts, kind === 'user' ? 'user' : 'role', { path, name })
    if (ids !== undefined || number !== '' || kind !== 'user') return ids
    // So Ceph names accounts.
    return (await this.#has(name)) ? 'by name' : undefined
  }

  /** A session is named after its role, which must be there; the session need not be. */
  async #sessions(accounts: readonly AccountRecord[], role: string, session: string) {
    const ids = await this.#ids(accounts, 'role', { name: role })
    return ids?.map(id => `${id}:${session}`)
  }

  /** Several may have one name where it says no account. */
  async #ids(
    accounts: readonly AccountRecord[],
    kind: 'user' | 'role',
    { path, name }: { readonly path?: string; readonly name: string },
  ): Promise<readonly string[] | undefined> {
    const ids: string[] = []
    for (const { id } of accounts) {
      const record = await this.#records.find(id, kind, name)
      if (record?.name !== name || (path !== undefined && record.path !== path)) continue
      ids.push(record.id)
    }
    return ids.length === 0 ? undefined : ids
  }

  #accountsOf(number: string): Promise<readonly AccountRecord[]> {
    const found = this.#accounts.get(number) ?? this.#read(number)
    this.#accounts.set(number, found)
    return found
  }

  async #read(number: string): Promise<readonly AccountRecord[]> {
    const accounts = await this.#records.accountsOfArn(number)
    return number === '' ? accounts.filter(({ volume }) => volume === this.#volume) : accounts
  }

  async #has(canonicalId: string): Promise<boolean> {
    if (canonicalId.includes('\0')) return false
    const { gets } = await this.#records.store.read({ gets: [get(accountsTable, [canonicalId])] })
    return gets[0].record !== undefined
  }
}

/** The ids of the users and roles that a policy names by ARN. Throws PolicyError for who is not there. */
export async function principalIdsIn(
  { statements }: Policy,
  volume: string,
  records: Records,
): Promise<PrincipalIds> {
  const lookup = new Lookup(records, volume)
  const ids = new Map<string, readonly string[]>()
  for (const { principals } of statements) {
    for (const named of principals?.named ?? []) {
      if (ids.has(named.value)) continue
      const found = await lookup.find(named)
      if (found === undefined) throw invalidPrincipal(named)
      if (found !== 'by name') ids.set(named.value, found)
    }
  }
  return Object.fromEntries(ids)
}
