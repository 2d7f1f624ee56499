/** The ACL of an object: get, put. */
import { bucketAccess } from '../../../access/bucket-access.ts'
import { S3Error } from '../../../model/errors.ts'
import { fullControl, isShared } from '../../../rules/acl.ts'
import { requireVersionId } from '../../../rules/versions.ts'
import type { Operation } from '../../operation.ts'
import { requireUnblocked, toldGrants, writtenGrants } from '../acls.ts'
import { ownerOf } from '../owners.ts'
import { versionRef } from './read.ts'

export const getObjectAcl: Operation<'GetObjectAcl'> = {
  action: 's3:GetObjectAcl',
  versionAction: 's3:GetObjectVersionAcl',
  async run(input, context) {
    if (input.VersionId !== undefined) requireVersionId(input.VersionId)
    const info = await context.keyspace.head(versionRef(input))
    const { acls } = bucketAccess(context.bucket)
    const owner = acls ? info.owner : context.bucket.owner
    const grants = (acls ? info.acl : undefined) ?? fullControl(owner)
    return {
      output: {
        Owner: await ownerOf(owner, context),
        Grants: await toldGrants(grants, context),
      },
    }
  },
}

export const putObjectAcl: Operation<'PutObjectAcl'> = {
  action: 's3:PutObjectAcl',
  versionAction: 's3:PutObjectVersionAcl',
  async run(input, context) {
    const { bucket, keyspace } = context
    if (input.VersionId !== undefined) requireVersionId(input.VersionId)
    const ref = versionRef(input)
    const { acls, chosen } = bucketAccess(bucket)
    const owner = acls ? (await keyspace.head(ref)).owner : bucket.owner
    const grants = await writtenGrants(input, { owner, bucketOwner: bucket.owner }, context)
    if (grants === undefined) throw new S3Error('MissingSecurityHeader')
    if (!acls) {
      if (chosen || isShared(grants, owner)) throw new S3Error('AccessControlListNotSupported')
      await keyspace.head(ref)
      return { output: {} }
    }
    requireUnblocked(grants, context)
    await keyspace.setAcl(ref, grants)
    return { output: {} }
  },
}
