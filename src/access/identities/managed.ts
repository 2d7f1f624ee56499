/** Managed policies and their versions. */
import { QueryError } from '../../model/query-errors.ts'
import type { Tag } from '../../ports/keyspace.ts'
import type { Stored } from '../../ports/meta-store.ts'
import { compilePolicy, policySize, requireSize } from './compile.ts'
import {
  alreadyExists,
  keyOf,
  newEntityId,
  requireName,
  requirePath,
  requireTags,
} from './names.ts'
import type { Changes, Draft, Page, PageRequest, Records } from './records.ts'
import { policyReference } from './references.ts'
import type { EntityDocument, EntityRecord, PolicyVersion } from './tables.ts'
import { Tags } from './tags.ts'

export interface NewPolicy {
  readonly name: string
  readonly path?: string | undefined
  readonly text: string
  readonly description?: string | undefined
  readonly tags?: readonly Tag[] | undefined
}

const documentMax = 6144
const versionsMax = 5

function requireDocument(text: string, name: string): void {
  requireSize(policySize(text), documentMax, `policy ${name}`)
  compilePolicy(text, 'identity')
}

export interface NewVersion {
  readonly text: string
  readonly isDefault: boolean
  readonly makeRoom?: boolean
}

function withRoom(versions: readonly PolicyVersion[], inForce: string | undefined) {
  if (versions.length < versionsMax) return versions
  const oldest = versions.find(({ id }) => id !== inForce)
  return versions.filter(version => version !== oldest)
}

export class ManagedPolicies {
  readonly #records: Records
  readonly #changes: Changes
  readonly tags: Tags

  constructor(records: Records, changes: Changes) {
    this.#records = records
    this.#changes = changes
    this.tags = new Tags(changes, ownPolicy)
  }

  /** Throws EntityAlreadyExists, MalformedPolicyDocument, LimitExceeded, ValidationError. */
  create(account: string, policy: NewPolicy): Promise<EntityRecord> {
    const { name, path = '/', text, description, tags = [] } = policy
    return this.#changes.change(account, async draft => {
      requireName('policy', name)
      requirePath(path)
      requireTags(tags)
      requireDocument(text, name)
      if (await draft.find(account, 'policy', name)) throw alreadyExists('policy', name)
      const { now } = draft
      const record: EntityRecord = {
        account,
        kind: 'policy',
        key: keyOf(name),
        name,
        id: newEntityId('policy'),
        path,
        created: now,
        document: {
          tags,
          description,
          versions: [{ id: 'v1', text, created: now }],
          defaultVersion: 'v1',
          nextVersion: 2,
          updated: now,
        },
      }
      draft.put(record)
      return record
    })
  }

  /** By ARN. Throws NoSuchEntity; a policy of Moongate's own has no record. */
  async get(account: string, arn: string): Promise<EntityRecord | undefined> {
    const owner = await this.#records.account(account)
    return (await policyReference(this.#records, owner, arn)).record
  }

  list(account: string, request: PageRequest): Promise<Page<EntityRecord>> {
    return this.#records.page(account, 'policy', request)
  }

  /** Who has it attached: `user/alice`, `group/staff` … */
  async holders(account: string, arn: string, relation: 'attached' | 'boundary' = 'attached') {
    const owner = await this.#records.account(account)
    const { target } = await policyReference(this.#records, owner, arn)
    return this.#records.holders(account, relation, target)
  }

  /** Throws NoSuchEntity, DeleteConflict while it is attached or has other versions, unless those are to go `withAll`. */
  delete(account: string, arn: string, withAll = false): Promise<void> {
    return this.#changes.change(account, async draft => {
      const record = await ownPolicy(draft, arn)
      const attached = await draft.holders(account, 'attached', record.key)
      const bounding = await draft.holders(account, 'boundary', record.key)
      if (attached.length + bounding.length > 0) {
        throw new QueryError('DeleteConflict', 'Cannot delete a policy attached to entities.')
      }
      if (!withAll && (record.document.versions ?? []).length > 1) {
        throw new QueryError(
          'DeleteConflict',
          'This policy has more than one version. Before you delete a policy, you must delete the policy\u2019s versions.',
        )
      }
      draft.remove(record)
    })
  }

  /** Throws LimitExceeded for a sixth version, unless the oldest that is not in force is to make room for it. */
  createVersion(account: string, arn: string, version: NewVersion): Promise<PolicyVersion> {
    const { text, isDefault, makeRoom = false } = version
    return this.#changes.change(account, async draft => {
      const record = await ownPolicy(draft, arn)
      requireDocument(text, record.name)
      const { versions: before = [], nextVersion = 1, ...rest } = record.document
      const versions = makeRoom ? withRoom(before, rest.defaultVersion) : before
      if (versions.length >= versionsMax) {
        throw new QueryError(
          'LimitExceeded',
          `A managed policy can have up to ${versionsMax} versions. Before you create a new version, you must delete an existing version.`,
        )
      }
      const made = { id: `v${nextVersion}`, text, created: draft.now }
      const document: EntityDocument = {
        ...rest,
        versions: [...versions, made],
        nextVersion: nextVersion + 1,
        updated: draft.now,
        ...(isDefault ? { defaultVersion: made.id } : {}),
      }
      draft.put({ ...record, document })
      return made
    })
  }

  setDefaultVersion(account: string, arn: string, version: string): Promise<void> {
    return this.#changes.change(account, async draft => {
      const record = await ownPolicy(draft, arn)
      requireVersion(record, version)
      const document = { ...record.document, defaultVersion: version, updated: draft.now }
      draft.put({ ...record, document })
    })
  }

  /** Throws DeleteConflict for the default version. */
  deleteVersion(account: string, arn: string, version: string): Promise<void> {
    return this.#changes.change(account, async draft => {
      const record = await ownPolicy(draft, arn)
      requireVersion(record, version)
      if (record.document.defaultVersion === version) {
        throw new QueryError('DeleteConflict', 'Cannot delete the default version of a policy.')
      }
      const versions = (record.document.versions ?? []).filter(({ id }) => id !== version)
      draft.put({ ...record, document: { ...record.document, versions } })
    })
  }
}

/** Throws NoSuchEntity. */
export function requireVersion(record: EntityRecord, version: string): PolicyVersion {
  const found = record.document.versions?.find(({ id }) => id === version)
  if (found !== undefined) return found
  throw new QueryError(
    'NoSuchEntity',
    `Policy ${record.name} version ${version} does not exist or is not attachable.`,
  )
}

async function ownPolicy(draft: Draft, arn: string): Promise<EntityRecord | Stored<EntityRecord>> {
  const { record } = await policyReference(draft, draft.owner, arn)
  if (record === undefined) {
    throw new QueryError('AccessDenied', `${arn} is everybody's and cannot be changed.`)
  }
  return record
}
