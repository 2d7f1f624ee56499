/** PutObject: one object in one request, or (with an offset) more bytes at an object's end. */
import { S3Error } from '../../../model/errors.ts'
import { limits } from '../../../model/limits.ts'
import type { PutObjectOutput } from '../../../model/shapes.gen.ts'
import type { Body } from '../../../ports/keyspace.ts'
import type { Operation } from '../../operation.ts'
import { authorizeHeaders, readAttributes, requireUnshared } from '../attributes.ts'
import { tellChecksum } from '../checksums.ts'
import { writeConditions } from '../preconditions.ts'
import { requireNoEncryption, requireNoLock } from '../refusals.ts'
import type { Unfrozen } from '../unfrozen.ts'
import { toldVersion } from './version.ts'

/** Throws EntityTooLarge when a body says that it is longer than one request may bring. */
export function requireBodySize(body: Body, most: number): void {
  if (body.length !== undefined && body.length > most) {
    throw new S3Error('EntityTooLarge', { ProposedSize: body.length, MaxSizeAllowed: most })
  }
}

export const putObject: Operation<'PutObject'> = {
  action: 's3:PutObject',
  async run(input, context) {
    const { body, keyspace } = context
    requireNoEncryption(input)
    requireNoLock(input)
    requireUnshared(input)
    authorizeHeaders(input, context)
    requireBodySize(body, limits.put_bytes_max)
    const { headers, metadata, tags, storageClass } = readAttributes(input)
    const offset = input.WriteOffsetBytes
    const result = await keyspace.put({
      key: input.Key,
      owner: context.bucket.owner,
      body,
      checksumAlgorithm: body.announced ?? 'CRC64NVME',
      conditions: writeConditions(input),
      writeOffset: offset,
      headers,
      metadata,
      tags,
      storageClass,
    })
    const output: Unfrozen<PutObjectOutput> = {
      ETag: `"${result.etag}"`,
      VersionId: toldVersion(result.versionId),
    }
    tellChecksum(output, result.checksum)
    if (offset !== undefined) output.Size = result.size
    return { output }
  },
}
