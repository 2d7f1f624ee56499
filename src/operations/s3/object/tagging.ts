/** The tags of an object: get, put, delete. */
import { limits } from '../../../model/limits.ts'
import { requireTags } from '../../../rules/tags.ts'
import { requireVersionId } from '../../../rules/versions.ts'
import type { Operation } from '../../operation.ts'
import { tagKeysOf } from '../attributes.ts'
import { versionRef } from './read.ts'

export const getObjectTagging: Operation<'GetObjectTagging'> = {
  action: 's3:GetObjectTagging',
  versionAction: 's3:GetObjectVersionTagging',
  async run(input, context) {
    if (input.VersionId !== undefined) requireVersionId(input.VersionId)
    const { tags, versionId } = await context.keyspace.head(versionRef(input))
    return { output: { TagSet: tags, VersionId: versionId } }
  },
}

export const putObjectTagging: Operation<'PutObjectTagging'> = {
  action: 's3:PutObjectTagging',
  versionAction: 's3:PutObjectVersionTagging',
  async run(input, context) {
    if (input.VersionId !== undefined) requireVersionId(input.VersionId)
    const tags = requireTags(
      input.Tagging.TagSet ?? [],
      limits.object_tags_max,
      tagKeysOf(context.principal),
    )
    const { versionId } = await context.keyspace.setTags(versionRef(input), tags)
    return { output: { VersionId: versionId } }
  },
}

export const deleteObjectTagging: Operation<'DeleteObjectTagging'> = {
  action: 's3:DeleteObjectTagging',
  versionAction: 's3:DeleteObjectVersionTagging',
  async run(input, context) {
    if (input.VersionId !== undefined) requireVersionId(input.VersionId)
    const { versionId } = await context.keyspace.setTags(versionRef(input), [])
    return { output: { VersionId: versionId } }
  },
}
