/** DeleteObjects: up to a thousand keys or versions in one request, each with an answer of its own. */
import { S3Error } from '../../../model/errors.ts'
import { limits } from '../../../model/limits.ts'
import type { DeletedObject, ErrorEntry, ObjectIdentifier } from '../../../model/shapes.gen.ts'
import { requireKey } from '../../../rules/names.ts'
import { requireVersionId } from '../../../rules/versions.ts'
import type { Context, Operation } from '../../operation.ts'
import { deleteConditions } from './delete-object.ts'

/** Deletes under way at once: enough to share a group commit, few enough to leave room for other requests. */
const atOnce = 64

type Outcome =
  | { readonly deleted: DeletedObject; readonly error: undefined }
  | { readonly deleted: undefined; readonly error: ErrorEntry }

const versionOf = (entry: ObjectIdentifier): string | undefined =>
  entry.VersionId === '' ? undefined : entry.VersionId

async function deleteOne(entry: ObjectIdentifier, context: Context): Promise<DeletedObject> {
  const { Key } = entry
  const versionId = versionOf(entry)
  requireKey(Key)
  if (versionId !== undefined) requireVersionId(versionId)
  const action = versionId === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion'
  await context.authorize(action, { bucket: context.bucket, via: context.via, key: Key, versionId })
  const result = await context.keyspace.delete({
    key: Key,
    versionId,
    conditions: deleteConditions(entry.ETag, entry.LastModifiedTime, entry.Size),
  })
  if (!result.deleteMarker) return { Key, VersionId: versionId }
  return {
    Key,
    VersionId: versionId,
    DeleteMarker: true,
    DeleteMarkerVersionId: result.versionId,
  }
}

async function settle(entry: ObjectIdentifier, context: Context): Promise<Outcome> {
  try {
    return { deleted: await deleteOne(entry, context), error: undefined }
  } catch (thrown) {
    if (!(thrown instanceof S3Error)) throw thrown
    const { code, message } = thrown
    const error = { Key: entry.Key, VersionId: versionOf(entry), Code: code, Message: message }
    return { deleted: undefined, error }
  }
}

/** Outcomes in the order of the request. What is not an S3 error ends the work and is thrown once all has settled. */
async function settleAll(
  entries: readonly ObjectIdentifier[],
  context: Context,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  let next = 0
  const work = async (): Promise<void> => {
    for (;;) {
      const index = next++
      const entry = entries[index]
      if (entry === undefined) return
      try {
        outcomes[index] = await settle(entry, context)
      } catch (thrown) {
        next = entries.length
        throw thrown
      }
    }
  }
  const workers = Array.from({ length: Math.min(atOnce, entries.length) }, work)
  for (const done of await Promise.allSettled(workers)) {
    if (done.status === 'rejected') throw done.reason
  }
  return outcomes
}

export const deleteObjects: Operation<'DeleteObjects'> = {
  action: 's3:DeleteObject',
  perKey: true,
  makesRoom: true,
  async run(input, context) {
    const { Objects, Quiet } = input.Delete
    if (
      Objects === undefined ||
      Objects.length === 0 ||
      Objects.length > limits.delete_objects_max
    ) {
      throw new S3Error('MalformedXML')
    }
    const outcomes = await settleAll(Objects, context)
    const deleted: DeletedObject[] = []
    const errors: ErrorEntry[] = []
    for (const outcome of outcomes) {
      if (outcome.error !== undefined) errors.push(outcome.error)
      else if (Quiet !== true) deleted.push(outcome.deleted)
    }
    return { output: { Deleted: deleted, Errors: errors } }
  },
}
