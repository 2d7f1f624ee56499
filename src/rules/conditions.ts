/** Conditional requests: whether what stands there is what the client expects. Pure. */
import { S3Error } from '../model/errors.ts'

/** Conditions of a read, and of the source of a copy. ETags without quotes; '*' matches any. Times in milliseconds. */
export interface ReadConditions {
  readonly ifMatch?: readonly string[] | undefined
  readonly ifNoneMatch?: readonly string[] | undefined
  readonly ifModifiedSince?: number | undefined
  readonly ifUnmodifiedSince?: number | undefined
}

/** Conditions of a write on what the key holds now. */
export interface WriteConditions {
  /** ETags without quotes, or '*'. */
  readonly ifMatch?: readonly string[] | undefined
  readonly ifNoneMatch?: readonly string[] | undefined
}

/** Conditions of a delete; every one that is given must hold. */
export interface DeleteConditions {
  /** An ETag without quotes, or '*'. */
  readonly etag?: string | undefined
  /** Milliseconds since the epoch, compared at the precision of seconds. */
  readonly modified?: number | undefined
  /** Bytes. */
  readonly size?: number | undefined
}

/** What an object tells of itself to a condition. `modified` in milliseconds since the epoch. */
export interface Standing {
  /** Without quotes; empty for a delete marker. */
  readonly etag: string
  readonly modified: number
}

export type Verdict = 'ok' | 'not-modified' | 'failed'

/**
 * The ETags of an `If-Match` or `If-None-Match` header, without quotes and without the weak prefix, which S3 does not
 * tell apart. Quotes may be missing, as many clients forget them. '*' stands for any ETag.
 */
export function parseEtags(header: string): string[] {
  const found: string[] = []
  let at = 0
  while (at < header.length) {
    const code = header.charCodeAt(at)
    if (code === 0x20 || code === 0x09 || code === 0x2c) {
      at += 1
      continue
    }
    if (header.startsWith('W/"', at)) at += 2
    if (header.charCodeAt(at) === 0x22) {
      const close = header.indexOf('"', at + 1)
      const end = close < 0 ? header.length : close
      found.push(header.slice(at + 1, end))
      at = end + 1
    } else {
      const comma = header.indexOf(',', at)
      const end = comma < 0 ? header.length : comma
      found.push(header.slice(at, end).trimEnd())
      at = end + 1
    }
  }
  return found
}

const matches = (etags: readonly string[], etag: string): boolean =>
  etags.includes(etag) || etags.includes('*')

/** HTTP dates have no fractions, so an object is not newer than the second in which it was written. */
const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1000)

/** The first condition that does not hold, by the name of its header, or undefined. */
function firstBroken(conditions: ReadConditions, standing: Standing): string | undefined {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions
  // A date is only asked where no ETag was given: ETags are exact, dates are not (RFC 9110, 13.2.2).
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, standing.etag)) return 'If-Match'
  } else if (
    ifUnmodifiedSince !== undefined &&
    seconds(standing.modified) > seconds(ifUnmodifiedSince)
  ) {
    return 'If-Unmodified-Since'
  }
  if (ifNoneMatch !== undefined) {
    if (matches(ifNoneMatch, standing.etag)) return 'If-None-Match'
  } else if (
    ifModifiedSince !== undefined &&
    seconds(standing.modified) <= seconds(ifModifiedSince)
  ) {
    return 'If-Modified-Since'
  }
  return undefined
}

const tellsNotModified = (condition: string): boolean =>
  condition === 'If-None-Match' || condition === 'If-Modified-Since'

/** Judges the conditions of a GET or HEAD as RFC 9110 and S3 order them. */
export function judgeRead(conditions: ReadConditions, standing: Standing): Verdict {
  const broken = firstBroken(conditions, standing)
  if (broken === undefined) return 'ok'
  return tellsNotModified(broken) ? 'not-modified' : 'failed'
}

/**
 * Throws NotModified (304, with the headers `ETag` and `Last-Modified`) or PreconditionFailed (412) unless the
 * conditions of a read hold.
 */
export function requireRead(conditions: ReadConditions, standing: Standing): void {
  const broken = firstBroken(conditions, standing)
  if (broken === undefined) return
  if (tellsNotModified(broken)) {
    const unchanged = new S3Error('NotModified')
    unchanged.headers.push(
      'ETag',
      `"${standing.etag}"`,
      'Last-Modified',
      new Date(standing.modified).toUTCString(),
    )
    throw unchanged
  }
  throw new S3Error('PreconditionFailed', { Condition: broken })
}

/** Throws PreconditionFailed unless the conditions on the source of a copy hold; a copy knows no 304. */
export function requireSource(conditions: ReadConditions, standing: Standing): void {
  const broken = firstBroken(conditions, standing)
  if (broken !== undefined) {
    throw new S3Error('PreconditionFailed', { Condition: `x-amz-copy-source-${broken}` })
  }
}

/** Whether a write or a delete has conditions at all; without, its answer to a lost race is another. */
export const isConditional = (conditions: WriteConditions): boolean =>
  conditions.ifMatch !== undefined || conditions.ifNoneMatch !== undefined

/**
 * Throws unless a write may replace what the key holds now (`undefined`: nothing, or a delete marker):
 * NotImplemented when both kinds are given, NoSuchKey when `If-Match` finds nothing, else PreconditionFailed.
 * `If-None-Match` with an ETag is judged, where AWS answers NotImplemented.
 */
export function requireWrite(
  conditions: WriteConditions,
  current: { readonly etag: string } | undefined,
  key?: string,
): void {
  const { ifMatch, ifNoneMatch } = conditions
  if (ifMatch !== undefined && ifNoneMatch !== undefined) {
    throw new S3Error('NotImplemented', { Header: 'If-None-Match' })
  }
  if (ifMatch !== undefined) {
    if (current === undefined) {
      throw key === undefined ? new S3Error('NoSuchKey') : new S3Error('NoSuchKey', { Key: key })
    }
    if (!matches(ifMatch, current.etag)) {
      throw new S3Error('PreconditionFailed', { Condition: 'If-Match' })
    }
  }
  if (ifNoneMatch !== undefined && current !== undefined && matches(ifNoneMatch, current.etag)) {
    throw new S3Error('PreconditionFailed', { Condition: 'If-None-Match' })
  }
}

/**
 * Throws PreconditionFailed unless every condition of a delete holds for the version that it concerns: the one that
 * was named, else the current one, which may be a delete marker (empty ETag, size 0). Nothing there is no failure:
 * what the client wants gone is gone.
 */
export function requireDelete(
  conditions: DeleteConditions,
  current: (Standing & { readonly size: number }) | undefined,
): void {
  if (current === undefined) return
  const { etag, modified, size } = conditions
  if (etag !== undefined && etag !== '*' && etag !== current.etag) {
    throw new S3Error('PreconditionFailed', { Condition: 'If-Match' })
  }
  if (modified !== undefined && seconds(modified) !== seconds(current.modified)) {
    throw new S3Error('PreconditionFailed', { Condition: 'x-amz-if-match-last-modified-time' })
  }
  if (size !== undefined && size !== current.size) {
    throw new S3Error('PreconditionFailed', { Condition: 'x-amz-if-match-size' })
  }
}
