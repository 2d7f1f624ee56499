/** DeleteObject: removes an object or a version, or puts a delete marker over it. */
import type { DeleteObjectRequest } from '../../../model/shapes.gen.ts'
import { type DeleteConditions, parseEtags } from '../../../rules/conditions.ts'
import { requireVersionId } from '../../../rules/versions.ts'
import type { Operation } from '../../operation.ts'

const noConditions: DeleteConditions = Object.freeze({})

/** Conditions of a delete, from the headers of one or the entry of many. */
export function deleteConditions(
  etag: string | undefined,
  modified: Date | undefined,
  size: number | undefined,
): DeleteConditions {
  if (etag === undefined && modified === undefined && size === undefined) return noConditions
  return {
    etag: etag === undefined ? undefined : parseEtags(etag)[0],
    modified: modified?.getTime(),
    size,
  }
}

const conditionsOf = (input: DeleteObjectRequest): DeleteConditions =>
  deleteConditions(input.IfMatch, input.IfMatchLastModifiedTime, input.IfMatchSize)

export const deleteObject: Operation<'DeleteObject'> = {
  action: 's3:DeleteObject',
  versionAction: 's3:DeleteObjectVersion',
  async run(input, context) {
    if (input.VersionId !== undefined) requireVersionId(input.VersionId)
    const { versionId, deleteMarker } = await context.keyspace.delete({
      key: input.Key,
      versionId: input.VersionId,
      conditions: conditionsOf(input),
    })
    return { output: { VersionId: versionId, DeleteMarker: deleteMarker ? true : undefined } }
  },
}
