/** RenameObject: moves an object to another key of its bucket in one commit. AWS has it for directory buckets only. */
import { S3Error } from '../../../model/errors.ts'
import type { RenameObjectRequest } from '../../../model/shapes.gen.ts'
import { requireKey } from '../../../rules/names.ts'
import type { Operation } from '../../operation.ts'
import { readConditions, writeConditions } from '../preconditions.ts'
import { notImplemented } from '../refusals.ts'

const header = 'x-amz-rename-source'

/**
 * The key that `x-amz-rename-source` names: URL-encoded, alone or (as Mountpoint sends it) after `/bucket/`. Throws
 * InvalidArgument where it is not URL-encoded UTF-8 or empty.
 */
export function parseRenameSource(written: string, bucket: string): string {
  const place = `/${bucket}/`
  const text = written.startsWith(place) ? written.slice(place.length) : written
  let key: string
  try {
    key = decodeURIComponent(text)
  } catch {
    throw new S3Error(
      'InvalidArgument',
      { ArgumentName: header, ArgumentValue: written },
      'The rename source must be URL-encoded UTF-8.',
    )
  }
  requireKey(key)
  return key
}

function requireKnownConditions(input: RenameObjectRequest): void {
  if (input.DestinationIfModifiedSince !== undefined) throw notImplemented('If-Modified-Since')
  if (input.DestinationIfUnmodifiedSince !== undefined) throw notImplemented('If-Unmodified-Since')
}

export const renameObject: Operation<'RenameObject'> = {
  action: 's3:PutObject',
  async run(input, context) {
    requireKnownConditions(input)
    const from = parseRenameSource(input.RenameSource, input.Bucket)
    const source = { bucket: context.bucket, via: context.via, key: from }
    await context.authorize('s3:GetObject', source)
    await context.authorize('s3:DeleteObject', source)
    if (from === input.Key) {
      throw new S3Error(
        'InvalidRequest',
        {},
        'The source and the destination of a rename must not be the same key.',
      )
    }
    await context.keyspace.rename({
      from,
      to: input.Key,
      sourceConditions:
        readConditions({
          IfMatch: input.SourceIfMatch,
          IfNoneMatch: input.SourceIfNoneMatch,
          IfModifiedSince: input.SourceIfModifiedSince,
          IfUnmodifiedSince: input.SourceIfUnmodifiedSince,
        }) ?? {},
      conditions: writeConditions({
        IfMatch: input.DestinationIfMatch,
        IfNoneMatch: input.DestinationIfNoneMatch,
      }),
      token: input.ClientToken,
    })
    return { output: {} }
  },
}
