// The policy of a POST form: until when it holds and what each field may be. Source: Amazon S3 API reference, "POST
// policy".

import { S3Error } from '../../model/errors.ts'
import { limits } from '../../model/limits.ts'
import { parseIso } from '../dates.ts'
import type { Fields } from './post-signature.ts'

/** Bytes that the file may have, both included. */
export interface LengthRange {
  readonly min: number
  readonly max: number
}

interface Match {
  readonly kind: 'eq' | 'starts-with'
  /** Lower case. */
  readonly field: string
  readonly value: string
}

export interface PostPolicy {
  /** Milliseconds since the epoch. */
  readonly expiration: number
  readonly matches: readonly Match[]
  readonly range: LengthRange
}

const invalid = (why: string) => new S3Error('InvalidPolicyDocument', {}, `Invalid Policy: ${why}`)
const refused = (why: string) =>
  new S3Error('AccessDenied', {}, `Invalid according to Policy: ${why}`)

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const scalar = (value: unknown): string => {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw invalid('Invalid Simple-Condition: value must be a string.')
}

const length = (value: unknown): number => {
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text === 'string' && /^\d{1,15}$/.test(text)) return Number(text)
  throw invalid('Invalid content-length-range: limits must be whole numbers.')
}

const fieldName = (value: unknown): string => {
  if (typeof value === 'string' && value.startsWith('$') && value.length > 1) {
    return value.slice(1).toLowerCase()
  }
  throw invalid('Invalid Condition: the name of a field must begin with a dollar sign.')
}

/** `[operator, name, value]` or `["content-length-range", min, max]`. */
const readList = (condition: readonly unknown[]): Match | LengthRange => {
  const [operator, first, second] = condition
  if (condition.length !== 3 || typeof operator !== 'string') {
    throw invalid('Invalid Condition: three elements are expected.')
  }
  const kind = operator.toLowerCase()
  if (kind === 'content-length-range') {
    const range = { min: length(first), max: length(second) }
    if (range.min > range.max) throw invalid('Invalid content-length-range: no length is in it.')
    return range
  }
  if (kind !== 'eq' && kind !== 'starts-with') {
    throw invalid(`Invalid Condition: unknown operation '${operator.slice(0, 64)}'.`)
  }
  return { kind, field: fieldName(first), value: scalar(second) }
}

const readObject = (condition: Readonly<Record<string, unknown>>): Match[] => {
  const entries = Object.entries(condition)
  if (entries.length === 0) throw invalid('Invalid Simple-Condition: it is empty.')
  return entries.map(([name, value]) => ({
    kind: 'eq' as const,
    field: name.toLowerCase(),
    value: scalar(value),
  }))
}

/** Policies may escape the dollar sign and the vertical tab, which JSON cannot. */
const plainJson = (text: string): string =>
  text.replace(/\\([^])/g, (whole, char: string) =>
    char === '$' ? '$' : char === 'v' ? String.raw`\u000b` : whole,
  )

const parseDocument = (base64: string): Readonly<Record<string, unknown>> => {
  let document: unknown
  try {
    document = JSON.parse(plainJson(Buffer.from(base64, 'base64').toString('utf8')))
  } catch {
    throw invalid('Invalid JSON.')
  }
  if (!isRecord(document)) throw invalid('Invalid JSON: an object is expected.')
  return document
}

const readExpiration = (value: unknown): number => {
  if (value === undefined) throw invalid('Policy missing expiration.')
  const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/
  const date = typeof value === 'string' && form.test(value) ? parseIso(value) : undefined
  if (date === undefined) throw invalid("Invalid 'expiration' value.")
  return date.getTime()
}

/**
 * Reads a policy (base64 of JSON).
 * @throws S3Error InvalidPolicyDocument
 */
export const readPolicy = (base64: string): PostPolicy => {
  const document = parseDocument(base64)
  const expiration = readExpiration(document['expiration'])
  const conditions = document['conditions']
  if (!Array.isArray(conditions)) throw invalid('Policy missing conditions.')
  const matches: Match[] = []
  const range = { min: 0, max: Number.MAX_SAFE_INTEGER }
  for (const condition of conditions as readonly unknown[]) {
    if (isRecord(condition)) matches.push(...readObject(condition))
    else if (Array.isArray(condition)) {
      const read = readList(condition as readonly unknown[])
      if ('field' in read) matches.push(read)
      else {
        range.min = Math.max(range.min, read.min)
        range.max = Math.min(range.max, read.max)
      }
    } else throw invalid('Invalid Condition: a list or an object is expected.')
  }
  return { expiration, matches, range }
}

/** Every type of a list of types must begin so. */
const startsWith = ({ field, value }: Match, actual: string): boolean =>
  field === 'content-type'
    ? actual.split(',').every(type => type.trim().startsWith(value))
    : actual.startsWith(value)

/** Fields that need no condition: what carries the signature, and checksums, which say nothing but what the file is. */
const needsCondition = (name: string): boolean =>
  !(
    name === 'policy' ||
    name === 'file' ||
    name === 'awsaccesskeyid' ||
    name === 'signature' ||
    name === 'x-amz-signature' ||
    name === 'x-amz-sdk-checksum-algorithm' ||
    name.startsWith('x-ignore-') ||
    name.startsWith('x-amz-checksum-')
  )

/** What a form asks for. */
export interface PostForm {
  readonly fields: Fields
  /** Where the request goes, whatever a field of that name says. */
  readonly bucket: string
  /** With `${filename}` replaced. */
  readonly key: string
}

/**
 * Checks a form against its policy.
 * @param now milliseconds since the epoch
 * @returns how long the file may be
 * @throws S3Error AccessDenied (expired, a condition that does not hold, a field without one)
 */
export const checkPolicy = (policy: PostPolicy, form: PostForm, now: number): LengthRange => {
  if (now >= policy.expiration) throw refused('Policy expired.')
  const actual = new Map([...form.fields, ['bucket', form.bucket], ['key', form.key]])
  const covered = new Set<string>()
  for (const match of policy.matches) {
    const { kind, field, value } = match
    const given = actual.get(field) ?? ''
    if (!(kind === 'eq' ? given === value : startsWith(match, given))) {
      throw refused(`Policy Condition failed: ${JSON.stringify([kind, `$${field}`, value])}`)
    }
    covered.add(field)
  }
  const extra = [...actual.keys()].filter(name => needsCondition(name) && !covered.has(name))
  if (extra.length > 0) throw refused(`Extra input fields: ${extra.join(', ')}`)
  return policy.range
}

/** The lengths that a file may have where no policy says so. */
export const anyLength: LengthRange = { min: 0, max: limits.put_bytes_max }

/**
 * The same bytes, as long as they are in the range.
 * @throws S3Error EntityTooLarge as soon as they are too many, EntityTooSmall at their end
 */
export async function* withinRange(
  bytes: AsyncIterable<Buffer>,
  { min, max }: LengthRange,
): AsyncGenerator<Buffer> {
  let size = 0
  for await (const chunk of bytes) {
    size += chunk.length
    if (size > max) {
      throw new S3Error('EntityTooLarge', { ProposedSize: size, MaxSizeAllowed: max })
    }
    yield chunk
  }
  if (size < min) throw new S3Error('EntityTooSmall', { ProposedSize: size, MinSizeAllowed: min })
}
