/** The tags of a bucket: get, put, delete. */
import { S3Error } from '../../../model/errors.ts'
import { limits } from '../../../model/limits.ts'
import type { Tag } from '../../../model/shapes.gen.ts'
import type { BucketInfo } from '../../../ports/keyspace.ts'
import { requireTags } from '../../../rules/tags.ts'
import type { Operation } from '../../operation.ts'
import { tagKeysOf } from '../attributes.ts'

/** Under which name the tags are kept among a bucket's settings. */
export const tagSetting = 'tagging'

/** The tags that were put, empty if none were. Only this file writes the setting, so its form is known. */
export const tagsOf = (bucket: BucketInfo): readonly Tag[] =>
  (bucket.settings[tagSetting] as readonly Tag[] | undefined) ?? []

export const getBucketTagging: Operation<'GetBucketTagging'> = {
  action: 's3:GetBucketTagging',
  run(input, context) {
    const tags = tagsOf(context.bucket)
    if (tags.length > 0) return Promise.resolve({ output: { TagSet: tags } })
    return Promise.reject(new S3Error('NoSuchTagSet', { BucketName: input.Bucket }))
  },
}

export const putBucketTagging: Operation<'PutBucketTagging'> = {
  action: 's3:PutBucketTagging',
  async run(input, context) {
    const tags = requireTags(
      input.Tagging.TagSet ?? [],
      limits.bucket_tags_max,
      tagKeysOf(context.principal),
    )
    await context.buckets.setSetting(context.bucket, tagSetting, tags)
    return { output: {} }
  },
}

export const deleteBucketTagging: Operation<'DeleteBucketTagging'> = {
  action: 's3:PutBucketTagging',
  async run(_input, context) {
    await context.buckets.setSetting(context.bucket, tagSetting, undefined)
    return { output: {} }
  },
}
