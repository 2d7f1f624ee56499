/** DeleteObject and RenameObject. */
import { S3Error } from '../model/errors.ts'
import type { DeleteRequest, DeleteResult, Keyspace } from '../ports/keyspace.ts'
import { get } from '../ports/meta-store.ts'
import {
  type DeleteConditions,
  isConditional,
  judgeRead,
  requireDelete,
  requireWrite,
} from '../rules/conditions.ts'
import { requireVersionId } from '../rules/versions.ts'
import { references } from './content.ts'
import { attempt, bucketCheck, type Plan, type Space } from './core.ts'
import { noSuchKey } from './records.ts'
import { renamesTable, versionsTable } from './tables.ts'
import {
  attemptOnKey,
  Draft,
  type KeyState,
  planDelete,
  planPut,
  planRemoveVersion,
  readKey,
  readVersion,
} from './write.ts'

export async function remove(space: Space, request: DeleteRequest): Promise<DeleteResult> {
  const { key, versionId, conditions } = request
  const conditional = hasConditions(conditions)
  try {
    if (versionId !== undefined) return await removeVersion(space, request, versionId)
    if (conditional) {
      return await attempt(space, { key, conditional }, async () =>
        planRemoveIf(space, await readKey(space, key), conditions),
      )
    }
    return await attemptOnKey(space, { key, conditional }, state => planRemove(space, state, false))
  } finally {
    space.core.cache.forget(space.bucket.id, key)
  }
}

async function planRemoveIf(
  space: Space,
  state: KeyState,
  conditions: DeleteConditions,
): Promise<Plan<DeleteResult>> {
  requireDelete(conditions, await standing(space, state))
  return planRemove(space, state, true)
}

function planRemove(space: Space, state: KeyState, conditional: boolean): Plan<DeleteResult> {
  const nothing = state.current === undefined && state.head === undefined
  // Nothing is there and nothing will be: no batch, so that deletes of what is gone cost no sync. A condition on
  // nothing leaves no marker behind either.
  if (nothing && (conditional || space.bucket.versioning === 'off')) {
    return { batch: undefined, result: { versionId: undefined, deleteMarker: false } }
  }
  const draft = new Draft()
  draft.checks.push(bucketCheck(space.bucket))
  const result = planDelete(draft, space, state)
  return { batch: draft.batch(), result }
}

/** What the conditions of a delete judge: the current version, which may be a delete marker. */
async function standing(space: Space, { key, current, head }: KeyState) {
  if (current !== undefined || head?.marker !== 1) return current
  const { gets } = await space.core.store.read(
    { gets: [get(versionsTable, [space.bucket.id, key, head.newest])] },
    { tentative: true },
  )
  return gets[0].record
}

async function removeVersion(
  space: Space,
  { key, conditions }: DeleteRequest,
  versionId: string,
): Promise<DeleteResult> {
  requireVersionId(versionId)
  return attempt(space, { key, conditional: hasConditions(conditions) }, async () => {
    const state = await readVersion(space, key, versionId)
    const { target } = state
    requireDelete(conditions, target)
    if (target === undefined) {
      return { batch: undefined, result: { versionId, deleteMarker: false } }
    }
    const draft = new Draft()
    draft.checks.push(bucketCheck(space.bucket))
    planRemoveVersion(draft, space, state)
    const deleteMarker = 'marker' in target && target.marker === 1
    return { batch: draft.batch(), result: { versionId, deleteMarker } }
  })
}

type RenameRequest = Parameters<Keyspace['rename']>[0]

/** One batch: the object appears under the new key and goes from the old one, in one moment. */
export async function rename(space: Space, request: RenameRequest): Promise<void> {
  const { from, to, conditions, sourceConditions } = request
  if (from === to)
    throw new S3Error('InvalidRequest', {}, 'The source and destination keys are the same.')
  const conditional = isConditional(conditions) || hasConditions(sourceConditions)
  await attempt(space, { key: to, conditional }, async () => {
    if (await wasDone(space, request)) return { batch: undefined, result: undefined }
    const source = await readKey(space, from)
    const target = await readKey(space, to)
    if (source.current === undefined) throw noSuchKey(from)
    if (judgeRead(sourceConditions, source.current) !== 'ok') {
      throw new S3Error('PreconditionFailed', { Condition: 'x-amz-rename-source' })
    }
    requireWrite(conditions, target.current, to)
    const draft = new Draft()
    draft.checks.push(bucketCheck(space.bucket))
    draft.adds.push(...references(source.current, 1))
    planPut(draft, space, target, source.current)
    planDelete(draft, space, source)
    keepToken(draft, space, request)
    return { batch: draft.batch(), result: undefined }
  })
  space.core.cache.forget(space.bucket.id, from)
  space.core.cache.forget(space.bucket.id, to)
}

/** Whether this is the repeat of a rename that was done. Throws IdempotencyParameterMismatch when that was another. */
async function wasDone(space: Space, { token, from, to }: RenameRequest): Promise<boolean> {
  if (token === undefined) return false
  const { gets } = await space.core.store.read(
    { gets: [get(renamesTable, [space.bucket.id, token])] },
    { tentative: true },
  )
  const done = gets[0].record
  if (done === undefined) return false
  if (done.from !== from || done.to !== to) throw new S3Error('IdempotencyParameterMismatch')
  return true
}

/** The token goes with the batch, so that of two renames with one token one is done. */
function keepToken(draft: Draft, space: Space, { token, from, to }: RenameRequest): void {
  if (token === undefined) return
  const bucket = space.bucket.id
  const record = { bucket, token, from, to, done: space.core.clock.now() }
  draft.checks.push({ table: renamesTable, key: [bucket, token], revision: null })
  draft.writes.push({ put: renamesTable, record })
}

function hasConditions(conditions: object): boolean {
  for (const value of Object.values(conditions)) if (value !== undefined) return true
  return false
}
