/** Who owns the objects of a bucket, and whether ACLs count in it: get, put, delete. */
import {
  accessSettings,
  bucketAccess,
  type ObjectOwnership,
  objectOwnerships,
} from '../../../access/bucket-access.ts'
import { S3Error } from '../../../model/errors.ts'
import { isShared } from '../../../rules/acl.ts'
import type { Operation } from '../../operation.ts'

export const isOwnership = (text: string): text is ObjectOwnership =>
  (objectOwnerships as readonly string[]).includes(text)

export const getBucketOwnershipControls: Operation<'GetBucketOwnershipControls'> = {
  action: 's3:GetBucketOwnershipControls',
  async run(input, context) {
    const { ownership } = bucketAccess(context.bucket)
    if (ownership === null) {
      throw new S3Error('OwnershipControlsNotFoundError', { BucketName: input.Bucket })
    }
    return { output: { OwnershipControls: { Rules: [{ ObjectOwnership: ownership }] } } }
  },
}

export const putBucketOwnershipControls: Operation<'PutBucketOwnershipControls'> = {
  action: 's3:PutBucketOwnershipControls',
  async run(input, context) {
    const { Rules } = input.OwnershipControls
    const ownership = Rules[0]?.ObjectOwnership ?? ''
    if (Rules.length !== 1 || !isOwnership(ownership)) throw new S3Error('MalformedXML')
    const { grants } = bucketAccess(context.bucket)
    // What others were given by an ACL would be lost without a word.
    if (ownership === 'BucketOwnerEnforced' && isShared(grants, context.bucket.owner)) {
      throw new S3Error('InvalidBucketAclWithObjectOwnership')
    }
    await context.buckets.setSetting(context.bucket, accessSettings.ownership, ownership)
    return { output: {} }
  },
}

export const deleteBucketOwnershipControls: Operation<'DeleteBucketOwnershipControls'> = {
  action: 's3:PutBucketOwnershipControls',
  async run(_input, context) {
    await context.buckets.setSetting(context.bucket, accessSettings.ownership, null)
    return { output: {} }
  },
}
