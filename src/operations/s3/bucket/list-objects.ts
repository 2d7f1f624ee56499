/** ListObjects: a page of a bucket's keys as S3 listed them first. */
import { limits } from '../../../model/limits.ts'
import { lastName } from '../../../rules/listing.ts'
import type { Operation } from '../../operation.ts'
import { ownersOf } from '../owners.ts'
import { emptyPage, listingParameters, ownersIn, toldDelimiter, toldPage } from '../pages.ts'

export const listObjects: Operation<'ListObjects'> = {
  action: 's3:ListBucket',
  async run(input, context) {
    const listing = listingParameters(input, input.MaxKeys, 'max-keys', limits.list_keys_max)
    const { prefix, delimiter, limit, spell } = listing
    const after = input.Marker ?? ''
    const { entries, more } =
      limit === 0 ? emptyPage : await context.keyspace.list({ prefix, delimiter, after, limit })
    const owners = await ownersOf(ownersIn(entries), context)
    const { contents, prefixes } = toldPage(entries, spell, owners)
    return {
      output: {
        Name: input.Bucket,
        // As it is: botocore, unlike for V2, takes the prefix of V1 as it finds it.
        Prefix: prefix,
        Marker: spell(after),
        // Without a delimiter the last key is the next marker, and AWS leaves it to the client to see that.
        NextMarker: more && delimiter !== '' ? spell(lastName(entries)) : undefined,
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
