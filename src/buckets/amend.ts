/** Tags and ACL of a version: parts of its record, changed without a new version. */
import type { Tag, VersionRef } from '../ports/keyspace.ts'
import { get } from '../ports/meta-store.ts'
import type { Grant } from '../rules/acl.ts'
import { requireVersionId } from '../rules/versions.ts'
import { attempt, type Space } from './core.ts'
import {
  hiddenByMarker,
  markerAsked,
  noSuchKey,
  noSuchVersion,
  storedAttributes,
  versionIdOf,
} from './records.ts'
import { headsTable, objectsTable, type VersionRecord, versionsTable } from './tables.ts'
import { Draft, readVersion } from './write.ts'

type Amended = Promise<{ readonly versionId: string | undefined }>

export function setTags(space: Space, ref: VersionRef, tags: readonly Tag[]): Amended {
  const stored = tags.length === 0 ? null : tags
  return amend(space, ref, record => ({ ...record, tags: stored }))
}

/** Without an ACL its owner has every right in the version, and nobody else any by it. */
export function setAcl(space: Space, ref: VersionRef, acl: readonly Grant[] | undefined): Amended {
  return amend(space, ref, record => {
    const { headers = {}, metadata = {} } = record.attributes ?? {}
    return { ...record, attributes: storedAttributes({ headers, metadata, acl }) }
  })
}

async function amend(
  space: Space,
  { key, versionId }: VersionRef,
  change: <R extends VersionRecord>(record: R) => R,
): Amended {
  if (versionId !== undefined) requireVersionId(versionId)
  const result = await attempt(space, { key, conditional: false }, async () => {
    const { record, table } =
      versionId === undefined ? await current(space, key) : await version(space, key, versionId)
    const draft = new Draft()
    const id = table === versionsTable ? [record.version] : []
    draft.checks.push({ table, key: [space.bucket.id, key, ...id], revision: record.revision })
    draft.writes.push({ put: table, record: change(record) })
    return { batch: draft.batch(), result: { versionId: versionIdOf(space.bucket, record) } }
  })
  space.core.cache.forget(space.bucket.id, key)
  return result
}

async function current(space: Space, key: string) {
  const at = [space.bucket.id, key]
  const { gets } = await space.core.store.read(
    { gets: [get(objectsTable, at), get(headsTable, at)] },
    { tentative: true },
  )
  const [{ record }, { record: head }] = gets
  if (record !== undefined) return { record, table: objectsTable }
  throw head?.marker === 1 ? hiddenByMarker(key, head) : noSuchKey(key)
}

async function version(space: Space, key: string, versionId: string) {
  const { target, targetIsCurrent } = await readVersion(space, key, versionId)
  if (target === undefined) throw noSuchVersion(key, versionId)
  if ('marker' in target && target.marker === 1) throw markerAsked(target, 'PUT')
  return { record: target, table: targetIsCurrent ? objectsTable : versionsTable }
}
