/** Aliases of accounts: a name that people know an account by. An account has one at most, and no two have the same. */
import { QueryError } from '../../model/query-errors.ts'
import { get, type Stored, scan } from '../../ports/meta-store.ts'
import type { Changes, Records } from './records.ts'
import { type AliasRecord, accountAliasesTable } from './tables.ts'

const form = /^[a-z0-9](?:[a-z0-9]|-(?!-)){1,61}[a-z0-9]$/

/** Throws ValidationError. */
function requireAlias(alias: string): void {
  // Twelve digits are an account's number.
  if (form.test(alias) && !/^\d{12}$/.test(alias)) return
  throw new QueryError(
    'ValidationError',
    'The account alias has 3 to 63 small letters, digits and single hyphens, which stand neither first nor last; it is not a number of 12 digits.',
  )
}

export class Aliases {
  readonly #records: Records
  readonly #changes: Changes

  constructor(records: Records, changes: Changes) {
    this.#records = records
    this.#changes = changes
  }

  async of(account: string): Promise<string | undefined> {
    return (await aliasOf(this.#records, account))?.alias
  }

  /** Takes the place of the one before. Throws ValidationError, EntityAlreadyExists. */
  create(account: string, alias: string): Promise<void> {
    requireAlias(alias)
    return this.#changes.change(account, async draft => {
      const { gets } = await draft.store.read({ gets: [get(accountAliasesTable, [alias])] })
      if (gets[0].record !== undefined) {
        throw new QueryError('EntityAlreadyExists', `The account alias ${alias} already exists.`)
      }
      const before = await aliasOf(draft, account)
      if (before !== undefined) {
        draft.writes.push({ remove: accountAliasesTable, key: [before.alias] })
      }
      const record: AliasRecord = { alias, account }
      draft.writes.push({ put: accountAliasesTable, record, absent: true })
    })
  }

  /** Throws NoSuchEntity. */
  delete(account: string, alias: string): Promise<void> {
    return this.#changes.change(account, async draft => {
      const before = await aliasOf(draft, account)
      if (before?.alias !== alias) {
        throw new QueryError(
          'NoSuchEntity',
          `The account alias with name ${alias} cannot be found.`,
        )
      }
      draft.writes.push({ remove: accountAliasesTable, key: [alias] })
    })
  }
}

async function aliasOf(
  records: Records,
  account: string,
): Promise<Stored<AliasRecord> | undefined> {
  const { scans } = await records.store.read({
    scans: [scan(accountAliasesTable, { index: 'aliases_by_account', at: [account], limit: 1 })],
  })
  const [entry] = scans[0].entries
  return typeof entry === 'object' ? entry : undefined
}
