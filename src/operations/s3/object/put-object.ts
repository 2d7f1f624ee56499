/** PutObject: one object in one request, or (with an offset) more bytes at an object's end. */
import { limits } from '../../../model/limits.ts'
import type { PutObjectOutput } from '../../../model/shapes.gen.ts'
import type { Operation } from '../../operation.ts'
import { newObject } from '../acls.ts'
import { authorizeTags, readAttributes } from '../attributes.ts'
import { bodyUpTo } from '../body-size.ts'
import { tellChecksum } from '../checksums.ts'
import { writeConditions } from '../preconditions.ts'
import { requireNoEncryption, requireNoLock } from '../refusals.ts'
import type { Unfrozen } from '../unfrozen.ts'
import { toldVersion } from './version.ts'

export const putObject: Operation<'PutObject'> = {
  action: 's3:PutObject',
  async run(input, context) {
    const { keyspace } = context
    requireNoEncryption(input)
    requireNoLock(input)
    await authorizeTags(input, context)
    const { owner, writer, acl } = await newObject(input, context)
    const body = bodyUpTo(context.body, limits.put_bytes_max)
    const { headers, metadata, tags, storageClass } = readAttributes(input, context)
    const offset = input.WriteOffsetBytes
    const result = await keyspace.put({
      key: input.Key,
      owner,
      writer,
      acl,
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
