/** CopyObject: another object with the bytes of one that is there, in one commit. */
import { S3Error } from '../../../model/errors.ts'
import type { CopyObjectRequest, CopyObjectResult } from '../../../model/shapes.gen.ts'
import type { BucketInfo } from '../../../ports/keyspace.ts'
import { requireStorageClass } from '../../../rules/metadata.ts'
import { requireAlgorithm } from '../../../rules/uploads.ts'
import type { Operation } from '../../operation.ts'
import { newObject } from '../acls.ts'
import { authorizeTags, readHeaders, readMetadata, readTags } from '../attributes.ts'
import { tellChecksum } from '../checksums.ts'
import {
  authorizeCopiedTags,
  type CopySource,
  parseCopySource,
  resolveSource,
} from '../copy-source.ts'
import { sourceConditions, writeConditions } from '../preconditions.ts'
import { notImplemented, requireNoEncryption, requireNoLock } from '../refusals.ts'
import type { Unfrozen } from '../unfrozen.ts'
import { toldVersion } from './version.ts'

/** Whether a directive says REPLACE; COPY is what its absence means. Throws InvalidArgument for another word. */
export function replaces(directive: string | undefined, header: string, what: string): boolean {
  if (directive === undefined || directive === '' || directive === 'COPY') return false
  if (directive === 'REPLACE') return true
  throw new S3Error(
    'InvalidArgument',
    { ArgumentName: header, ArgumentValue: directive },
    `Unknown ${what} directive.`,
  )
}

/** Throws InvalidRequest for a copy of an object over itself that would change nothing. */
export function requireChange(
  input: CopyObjectRequest,
  source: CopySource,
  sameBucket: boolean,
): void {
  if (
    sameBucket &&
    source.key === input.Key &&
    source.versionId === undefined &&
    input.MetadataDirective !== 'REPLACE' &&
    input.StorageClass === undefined &&
    input.WebsiteRedirectLocation === undefined
  ) {
    throw new S3Error(
      'InvalidRequest',
      {},
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    )
  }
}

/** Whether the source is of the bucket that the copy goes to. */
const isSame = (source: BucketInfo, target: BucketInfo): boolean => source.id === target.id

export const copyObject: Operation<'CopyObject'> = {
  action: 's3:PutObject',
  async run(input, context) {
    requireNoEncryption(input)
    requireNoLock(input)
    const source = parseCopySource(input.CopySource)
    const replaceMetadata = replaces(
      input.MetadataDirective,
      'x-amz-metadata-directive',
      'metadata',
    )
    const replaceTags = replaces(input.TaggingDirective, 'x-amz-tagging-directive', 'tagging')
    if (input.AnnotationDirective !== undefined && input.AnnotationDirective !== 'COPY') {
      throw notImplemented('x-amz-annotation-directive', input.AnnotationDirective)
    }
    await authorizeTags(input, context)
    const { owner, writer, acl } = await newObject(input, context)
    const from = await resolveSource(source, context, input.ExpectedSourceBucketOwner)
    if (!replaceTags) await authorizeCopiedTags(source, from, input.Key, context)
    requireChange(input, source, isSame(from.bucket, context.bucket))
    const algorithm = input.ChecksumAlgorithm
    const result = await context.keyspace.copy({
      source: from.keyspace,
      from: { key: source.key, versionId: source.versionId },
      sourceConditions: sourceConditions(input),
      key: input.Key,
      owner,
      writer,
      acl,
      conditions: writeConditions(input),
      replaceMetadata,
      headers: readHeaders(input),
      metadata: readMetadata(input),
      storageClass: requireStorageClass(input.StorageClass),
      tags: replaceTags ? readTags(input, context) : undefined,
      checksumAlgorithm: algorithm === undefined ? undefined : requireAlgorithm(algorithm),
      abandoned: context.abandoned,
    })
    const told: Unfrozen<CopyObjectResult> = {
      ETag: `"${result.etag}"`,
      LastModified: new Date(result.modified),
    }
    tellChecksum(told, result.checksum)
    return {
      output: {
        CopyObjectResult: told,
        CopySourceVersionId: result.sourceVersionId,
        VersionId: toldVersion(result.versionId),
      },
    }
  },
}
