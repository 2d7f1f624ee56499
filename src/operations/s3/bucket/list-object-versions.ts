/** ListObjectVersions: a page of a bucket's versions and delete markers, newest first under each key. */
import { S3Error } from '../../../model/errors.ts'
import { limits } from '../../../model/limits.ts'
import type {
  CommonPrefix,
  DeleteMarkerEntry,
  ObjectVersion,
  Owner,
} from '../../../model/shapes.gen.ts'
import type { VersionSummary } from '../../../ports/keyspace.ts'
import { lastName } from '../../../rules/listing.ts'
import { requireVersionId } from '../../../rules/versions.ts'
import { elementName, type NamedItem } from '../../../wire/xml/write.ts'
import type { Operation } from '../../operation.ts'
import { ownersOf } from '../owners.ts'
import {
  emptyPage,
  listingParameters,
  ownersIn,
  type Spell,
  toldDelimiter,
  toldObject,
} from '../pages.ts'

function requireMarkers(key: string, version: string): void {
  if (version === '') return
  if (key === '') {
    throw new S3Error(
      'InvalidArgument',
      { ArgumentName: 'version-id-marker', ArgumentValue: version },
      'A version-id marker cannot be specified without a key marker.',
    )
  }
  requireVersionId(version)
}

const toldVersion = (entry: VersionSummary, spell: Spell, owner: Owner | undefined) => {
  const told: ObjectVersion = {
    ...toldObject(entry, spell, owner),
    VersionId: entry.versionId,
    IsLatest: entry.isLatest,
  }
  return told
}

const toldMarker = (
  entry: VersionSummary,
  spell: Spell,
  owner: Owner | undefined,
): DeleteMarkerEntry & NamedItem => ({
  [elementName]: 'DeleteMarker',
  Key: spell(entry.key),
  VersionId: entry.versionId,
  IsLatest: entry.isLatest,
  LastModified: new Date(entry.modified),
  Owner: owner,
})

/** Versions and delete markers in one list, in their order. */
function toldVersions(
  entries: readonly (VersionSummary | string)[],
  spell: Spell,
  owners: ReadonlyMap<string, Owner>,
) {
  const versions: (ObjectVersion | (DeleteMarkerEntry & NamedItem))[] = []
  const prefixes: CommonPrefix[] = []
  for (const entry of entries) {
    if (typeof entry === 'string') prefixes.push({ Prefix: spell(entry) })
    else {
      const owner = owners.get(entry.owner)
      const told = entry.isDeleteMarker ? toldMarker : toldVersion
      versions.push(told(entry, spell, owner))
    }
  }
  return { versions, prefixes }
}

export const listObjectVersions: Operation<'ListObjectVersions'> = {
  action: 's3:ListBucketVersions',
  async run(input, context) {
    const listing = listingParameters(input, input.MaxKeys, 'max-keys', limits.list_keys_max)
    const { prefix, delimiter, limit, spell } = listing
    const after = input.KeyMarker ?? ''
    const afterVersion = input.VersionIdMarker ?? ''
    requireMarkers(after, afterVersion)
    const request = { prefix, delimiter, after, afterVersion, limit }
    const { entries, more } = limit === 0 ? emptyPage : await context.keyspace.listVersions(request)
    const owners = await ownersOf(ownersIn(entries), context)
    const { versions, prefixes } = toldVersions(entries, spell, owners)
    const last = entries.at(-1)
    return {
      output: {
        Name: input.Bucket,
        Prefix: spell(prefix),
        KeyMarker: spell(after),
        VersionIdMarker: afterVersion,
        NextKeyMarker: more ? spell(lastName(entries)) : undefined,
        NextVersionIdMarker: more && typeof last === 'object' ? last.versionId : undefined,
        MaxKeys: limit,
        Delimiter: toldDelimiter(listing),
        EncodingType: listing.encodingType,
        IsTruncated: more,
        Versions: versions,
        CommonPrefixes: prefixes,
      },
    }
  },
}
