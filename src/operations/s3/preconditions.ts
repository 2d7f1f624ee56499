/** Conditional headers into the conditions that rules and Keyspace judge. */
import type { ReadConditions, WriteConditions } from '../../rules/conditions.ts'
import { parseEtags } from '../../rules/conditions.ts'

export interface WrittenReadConditions {
  readonly IfMatch?: string | undefined
  readonly IfNoneMatch?: string | undefined
  readonly IfModifiedSince?: Date | undefined
  readonly IfUnmodifiedSince?: Date | undefined
}

export interface WrittenSourceConditions {
  readonly CopySourceIfMatch?: string | undefined
  readonly CopySourceIfNoneMatch?: string | undefined
  readonly CopySourceIfModifiedSince?: Date | undefined
  readonly CopySourceIfUnmodifiedSince?: Date | undefined
}

const none = Object.freeze({})

const etagsOf = (header: string | undefined): readonly string[] | undefined =>
  header === undefined ? undefined : parseEtags(header)

/** Conditions of a read; undefined if it has none. */
export function readConditions(input: WrittenReadConditions): ReadConditions | undefined {
  const { IfMatch, IfNoneMatch, IfModifiedSince, IfUnmodifiedSince } = input
  if (
    IfMatch === undefined &&
    IfNoneMatch === undefined &&
    IfModifiedSince === undefined &&
    IfUnmodifiedSince === undefined
  ) {
    return undefined
  }
  return {
    ifMatch: etagsOf(IfMatch),
    ifNoneMatch: etagsOf(IfNoneMatch),
    ifModifiedSince: IfModifiedSince?.getTime(),
    ifUnmodifiedSince: IfUnmodifiedSince?.getTime(),
  }
}

/** Conditions on the source of a copy. */
export const sourceConditions = (input: WrittenSourceConditions): ReadConditions =>
  readConditions({
    IfMatch: input.CopySourceIfMatch,
    IfNoneMatch: input.CopySourceIfNoneMatch,
    IfModifiedSince: input.CopySourceIfModifiedSince,
    IfUnmodifiedSince: input.CopySourceIfUnmodifiedSince,
  }) ?? none

/** Conditions of a write on what the key holds. */
export function writeConditions(input: {
  readonly IfMatch?: string | undefined
  readonly IfNoneMatch?: string | undefined
}): WriteConditions {
  if (input.IfMatch === undefined && input.IfNoneMatch === undefined) return none
  return { ifMatch: etagsOf(input.IfMatch), ifNoneMatch: etagsOf(input.IfNoneMatch) }
}
