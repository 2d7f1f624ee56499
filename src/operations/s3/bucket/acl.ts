/** The ACL of a bucket: get, put. */
import { accessSettings, bucketAccess } from '../../../access/bucket-access.ts'
import { S3Error } from '../../../model/errors.ts'
import { isShared } from '../../../rules/acl.ts'
import type { Operation } from '../../operation.ts'
import { requireUnblocked, toldGrants, writtenGrants } from '../acls.ts'
import { ownerOf } from '../owners.ts'

export const getBucketAcl: Operation<'GetBucketAcl'> = {
  action: 's3:GetBucketAcl',
  async run(_input, context) {
    const { grants } = bucketAccess(context.bucket)
    return {
      output: {
        Owner: await ownerOf(context.bucket.owner, context),
        Grants: await toldGrants(grants, context),
      },
    }
  },
}

export const putBucketAcl: Operation<'PutBucketAcl'> = {
  action: 's3:PutBucketAcl',
  async run(input, context) {
    const { bucket } = context
    const { owner } = bucket
    const grants = await writtenGrants(input, { owner, bucketOwner: owner }, context)
    if (grants === undefined) throw new S3Error('MissingSecurityHeader')
    const { acls, chosen } = bucketAccess(bucket)
    if (!acls) {
      // What gives nobody a right beside the owner is what holds already.
      if (chosen || isShared(grants, owner)) throw new S3Error('AccessControlListNotSupported')
      return { output: {} }
    }
    requireUnblocked(grants, context)
    await context.buckets.setSetting(bucket, accessSettings.acl, grants)
    return { output: {} }
  },
}
