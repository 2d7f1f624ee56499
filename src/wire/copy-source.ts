// The header that names the source of a copy: bucket, key and version in one text.

import { S3Error } from '../model/errors.ts'

export interface CopySource {
  readonly Bucket: string
  readonly Key: string
  readonly VersionId?: string
}

const versionMark = '?versionId='

const invalid = (value: string, message: string): S3Error =>
  new S3Error(
    'InvalidArgument',
    { ArgumentName: 'x-amz-copy-source', ArgumentValue: value },
    message,
  )

/** Undone exactly once; `+` is a blank, as S3 reads it here. */
const decodeOnce = (raw: string, whole: string): string => {
  try {
    return decodeURIComponent(raw.replaceAll('+', ' '))
  } catch {
    throw invalid(whole, 'The copy source must be URL-encoded UTF-8.')
  }
}

/**
 * Reads `x-amz-copy-source` (or `x-amz-rename-source`): `[/]bucket/key[?versionId=id]`, URL-encoded, the slash between
 * bucket and key too if the client likes. The names are not judged here: whoever resolves the bucket does.
 * @throws S3Error InvalidArgument where bucket, key or the id of the version is missing, or an escape is broken
 */
export const parseCopySource = (value: string): CopySource => {
  const mark = value.lastIndexOf(versionMark)
  const path = decodeOnce(mark < 0 ? value : value.slice(0, mark), value)
  const start = path.startsWith('/') ? 1 : 0
  const slash = path.indexOf('/', start)
  if (slash <= start || slash === path.length - 1) {
    throw invalid(
      value,
      'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
    )
  }
  const source = { Bucket: path.slice(start, slash), Key: path.slice(slash + 1) }
  if (mark < 0) return source
  const VersionId = decodeOnce(value.slice(mark + versionMark.length), value)
  if (VersionId === '') throw invalid(value, 'Version id cannot be the empty string')
  return { ...source, VersionId }
}
