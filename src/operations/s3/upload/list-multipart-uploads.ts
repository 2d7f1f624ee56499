/** ListMultipartUploads: a page of the uploads that are under way in a bucket. */
import { limits } from '../../../model/limits.ts'
import type { CommonPrefix, MultipartUpload } from '../../../model/shapes.gen.ts'
import type { UploadSummary } from '../../../ports/keyspace.ts'
import { lastName } from '../../../rules/listing.ts'
import type { Context, Operation } from '../../operation.ts'
import { ownersOf } from '../owners.ts'
import { emptyPage, listingParameters, type Spell, toldDelimiter } from '../pages.ts'

function* accountsIn(entries: readonly (UploadSummary | string)[]): Generator<string> {
  for (const entry of entries) {
    if (typeof entry === 'string') continue
    yield entry.owner
    yield entry.initiator
  }
}

async function toldUploads(
  entries: readonly (UploadSummary | string)[],
  spell: Spell,
  context: Context,
): Promise<{
  readonly uploads: readonly MultipartUpload[]
  readonly prefixes: readonly CommonPrefix[]
}> {
  const owners = await ownersOf(accountsIn(entries), context)
  const uploads: MultipartUpload[] = []
  const prefixes: CommonPrefix[] = []
  for (const entry of entries) {
    if (typeof entry === 'string') {
      prefixes.push({ Prefix: spell(entry) })
      continue
    }
    uploads.push({
      Key: spell(entry.key),
      UploadId: entry.uploadId,
      Initiator: owners.get(entry.initiator),
      Owner: owners.get(entry.owner),
      StorageClass: entry.storageClass ?? 'STANDARD',
      Initiated: new Date(entry.initiated),
      ChecksumAlgorithm: entry.checksumAlgorithm,
      ChecksumType: entry.checksumType,
    })
  }
  return { uploads, prefixes }
}

export const listMultipartUploads: Operation<'ListMultipartUploads'> = {
  action: 's3:ListBucketMultipartUploads',
  async run(input, context) {
    const most = limits.list_uploads_max
    const listing = listingParameters(input, input.MaxUploads, 'max-uploads', most)
    const { prefix, delimiter, limit, spell } = listing
    const after = input.KeyMarker ?? ''
    // S3 ignores a marker of uploads that comes without one of keys.
    const afterUpload = after === '' ? '' : (input.UploadIdMarker ?? '')
    const request = { prefix, delimiter, after, afterUpload, limit }
    const { entries, more } = limit === 0 ? emptyPage : await context.keyspace.listUploads(request)
    const { uploads, prefixes } = await toldUploads(entries, spell, context)
    const last = entries.at(-1)
    return {
      output: {
        Bucket: input.Bucket,
        KeyMarker: spell(after),
        UploadIdMarker: afterUpload,
        NextKeyMarker: more ? spell(lastName(entries)) : undefined,
        NextUploadIdMarker: more && typeof last === 'object' ? last.uploadId : undefined,
        Delimiter: toldDelimiter(listing),
        Prefix: spell(prefix),
        EncodingType: listing.encodingType,
        MaxUploads: limit,
        IsTruncated: more,
        Uploads: uploads,
        CommonPrefixes: prefixes,
      },
    }
  },
}
