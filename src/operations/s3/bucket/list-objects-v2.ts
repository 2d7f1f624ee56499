/** ListObjectsV2: a page of a bucket's keys. */
import { limits } from '../../../model/limits.ts'
import { decodeToken, encodeToken, lastName } from '../../../rules/listing.ts'
import type { Operation } from '../../operation.ts'
import { ownersOf } from '../owners.ts'
import { emptyPage, listingParameters, ownersIn, toldDelimiter, toldPage } from '../pages.ts'

export const listObjectsV2: Operation<'ListObjectsV2'> = {
  action: 's3:ListBucket',
  async run(input, context) {
    const listing = listingParameters(input, input.MaxKeys, 'max-keys', limits.list_keys_max)
    const { prefix, delimiter, limit, spell } = listing
    const token = input.ContinuationToken
    // A token stands for where the page before ended, so it goes before `start-after`.
    const from = token === undefined || token === '' ? input.StartAfter : decodeToken(token)
    const after = from ?? ''
    const ownersUnused = input.FetchOwner !== true
    const request = { prefix, delimiter, after, limit, ownersUnused }
    const { entries, more } = limit === 0 ? emptyPage : await context.keyspace.list(request)
    const owners = ownersUnused ? undefined : await ownersOf(ownersIn(entries), context)
    const { contents, prefixes } = toldPage(entries, spell, owners)
    return {
      output: {
        Name: input.Bucket,
        Prefix: spell(prefix),
        StartAfter: input.StartAfter === undefined ? undefined : spell(input.StartAfter),
        ContinuationToken: token,
        NextContinuationToken: more ? encodeToken(lastName(entries)) : undefined,
        KeyCount: entries.length,
        MaxKeys: limit,
        Delimiter: toldDelimiter(listing),
        EncodingType: listing.encodingType,
        IsTruncated: more,
        Contents: contents,
        CommonPrefixes: prefixes,
      },
    }
  },
}
