/** OpenID Connect providers whose tokens an account trusts. */
import { QueryError } from '../../model/query-errors.ts'
import type { Tag } from '../../ports/keyspace.ts'
import { scan } from '../../ports/meta-store.ts'
import type { AccountRecord } from '../tables.ts'
import { arnAccount, arnOf, keyOf, parseIamArn, requireTags } from './names.ts'
import type { Changes, Draft, Records } from './records.ts'
import { type EntityDocument, type EntityRecord, identitiesTable } from './tables.ts'
import { Tags } from './tags.ts'

export interface NewProvider {
  /** With its scheme. */
  readonly url: string
  readonly clientIds?: readonly string[] | undefined
  readonly thumbprints?: readonly string[] | undefined
  readonly tags?: readonly Tag[] | undefined
}

const urlMax = 255
const clientIdsMax = 100
const clientIdMax = 255
const thumbprintsMax = 5
const thumbprintLength = 40
const providersMax = 100

/** What a provider is called: its URL without scheme and without a slash at the end. */
export const providerName = (url: string): string =>
  url.replace(/^https?:\/\//, '').replace(/\/+$/, '')

function requireUrl(url: string): void {
  const form = /^https?:\/\/[A-Za-z0-9.:[\]-]+(?:\/[^\s?#]*)?$/
  if (url.length <= urlMax && form.test(url) && URL.canParse(url)) return
  throw new QueryError(
    'InvalidInput',
    'The URL of an identity provider begins with https:// and has neither query nor fragment.',
  )
}

function requireClientIds(ids: readonly string[]): void {
  if (ids.some(id => id === '' || id.length > clientIdMax)) {
    throw new QueryError('InvalidInput', `A client ID has 1 to ${clientIdMax} characters.`)
  }
  if (ids.length > clientIdsMax) {
    throw new QueryError(
      'LimitExceeded',
      `Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: ${clientIdsMax}`,
    )
  }
}

function requireThumbprints(thumbprints: readonly string[]): void {
  if (thumbprints.some(print => print.length !== thumbprintLength)) {
    throw new QueryError('InvalidInput', 'Thumbprint must be 40 hexadecimal digits.')
  }
  if (thumbprints.length > thumbprintsMax) {
    throw new QueryError('InvalidInput', 'Thumbprint list must contain fewer than 5 entries.')
  }
}

export class Providers {
  readonly #records: Records
  readonly #changes: Changes
  readonly tags: Tags

  constructor(records: Records, changes: Changes) {
    this.#records = records
    this.#changes = changes
    this.tags = new Tags(changes, (draft, arn) => providerByArn(draft, draft.owner, arn))
  }

  /** Throws EntityAlreadyExists, InvalidInput, LimitExceeded. */
  create(account: string, provider: NewProvider): Promise<EntityRecord> {
    const { url, clientIds = [], thumbprints = [], tags = [] } = provider
    requireUrl(url)
    requireClientIds(clientIds)
    requireThumbprints(thumbprints)
    requireTags(tags)
    return this.#changes.change(account, async draft => {
      const name = providerName(url)
      if (await draft.find(account, 'provider', name)) {
        throw new QueryError('EntityAlreadyExists', `Provider with url ${url} already exists.`)
      }
      const record: EntityRecord = {
        account,
        kind: 'provider',
        key: keyOf(name),
        name,
        id: '',
        path: '/',
        created: draft.now,
        document: { tags, url, clientIds: [...new Set(clientIds)], thumbprints },
      }
      draft.put(record)
      return record
    })
  }

  /** By ARN. Throws NoSuchEntity. */
  async get(account: string, arn: string): Promise<EntityRecord> {
    return providerByArn(this.#records, await this.#records.account(account), arn)
  }

  async list(account: string): Promise<readonly EntityRecord[]> {
    const { scans } = await this.#records.store.read({
      scans: [scan(identitiesTable, { at: [account, 'provider'], limit: providersMax })],
    })
    return scans[0].entries.filter(entry => typeof entry !== 'string')
  }

  /** Throws NoSuchEntity. */
  delete(account: string, arn: string): Promise<void> {
    return this.#changes.change(account, async draft => {
      draft.remove(await providerByArn(draft, draft.owner, arn))
    })
  }

  addClientId(account: string, arn: string, id: string): Promise<void> {
    return this.#document(account, arn, document => {
      const clientIds = [...new Set([...(document.clientIds ?? []), id])]
      requireClientIds(clientIds)
      return { ...document, clientIds }
    })
  }

  removeClientId(account: string, arn: string, id: string): Promise<void> {
    return this.#document(account, arn, document => ({
      ...document,
      clientIds: (document.clientIds ?? []).filter(known => known !== id),
    }))
  }

  setThumbprints(account: string, arn: string, thumbprints: readonly string[]): Promise<void> {
    requireThumbprints(thumbprints)
    return this.#document(account, arn, document => ({ ...document, thumbprints }))
  }

  #document(
    account: string,
    arn: string,
    decide: (document: EntityDocument) => EntityDocument,
  ): Promise<void> {
    return this.#changes.change(account, async (draft: Draft) => {
      const record = await providerByArn(draft, draft.owner, arn)
      draft.put({ ...record, document: decide(record.document) })
    })
  }
}

async function providerByArn(
  records: Records,
  account: AccountRecord,
  arn: string,
): Promise<EntityRecord> {
  const parsed = parseIamArn(arn)
  if (parsed?.kind !== 'provider') throw new QueryError('InvalidInput', `ARN ${arn} is not valid.`)
  const record =
    parsed.account === arnAccount(account)
      ? await records.find(account.id, 'provider', parsed.name)
      : undefined
  // Rights were asked on the ARN as it was written.
  if (record !== undefined && arnOf(account, record) === arn) return record
  throw new QueryError('NoSuchEntity', `OpenIDConnect Provider not found for arn ${arn}`)
}
