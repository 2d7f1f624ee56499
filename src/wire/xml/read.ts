// Turns parsed XML into the values of a shape: elements by name, lists, scalars, what must be there.

import { S3Error } from '../../model/errors.ts'
import { limits } from '../../model/limits.ts'
import { shapeOf } from '../../model/operations.ts'
import type { Member, TimestampFormat } from '../../model/schema.ts'
import { parseEpoch, parseHttpDate, parseIso } from '../dates.ts'
import type { XmlElement } from './parse.ts'

/** Reads one element into a value. */
export type ReadElement = (element: XmlElement) => unknown

const malformed = () => new S3Error('MalformedXML')

/** Lists with a greatest length of their own: `shape.member`. */
const listLimits: Readonly<Record<string, number>> = {
  'Delete.Objects': limits.delete_objects_max,
  'CompletedMultipartUpload.Parts': limits.part_number_max,
  'CORSConfiguration.CORSRules': limits.cors_rules_max,
  'BucketLifecycleConfiguration.Rules': limits.lifecycle_rules_max,
}

export const parseTimestamp = (text: string, format: TimestampFormat): Date | undefined => {
  if (format === 'http') return parseHttpDate(text)
  return format === 'epoch' ? parseEpoch(text) : parseIso(text)
}

/** A whole number of at most 15 digits, blanks around it allowed; `undefined` if it is none. */
export const parseInteger = (text: string): number | undefined => {
  const trimmed = text.trim()
  return /^-?\d{1,15}$/.test(trimmed) ? Number(trimmed) : undefined
}

/** `true` and `false` in any case; `undefined` if it is neither. */
export const parseBoolean = (text: string): boolean | undefined => {
  const lower = text.trim().toLowerCase()
  if (lower === 'true') return true
  return lower === 'false' ? false : undefined
}

const must = <T>(value: T | undefined): T => {
  if (value === undefined) throw malformed()
  return value
}

/** Where a scalar is expected, elements are a mistake of the client that must not be read as an empty text. */
const textIn = (element: XmlElement): string => {
  if (element.children.length > 0) throw malformed()
  return element.text
}

const elementReader = (member: Member): ReadElement => {
  const { kind } = member
  if (typeof kind === 'object') return shapeReader(kind.shape)
  if (kind === 'integer') return element => must(parseInteger(textIn(element)))
  if (kind === 'boolean') return element => must(parseBoolean(textIn(element)))
  if (kind === 'timestamp') {
    const format = member.format ?? 'iso'
    return element => must(parseTimestamp(textIn(element), format))
  }
  if (kind === 'blob') return element => Buffer.from(textIn(element), 'base64')
  return textIn
}

/** How a member takes an element of its name into the values read so far. */
type Take = (values: Record<string, unknown>, element: XmlElement) => void

const itemsOf = (element: XmlElement, item: string, read: ReadElement): unknown[] => {
  const values: unknown[] = []
  for (const child of element.children) if (child.name === item) values.push(read(child))
  return values
}

const taker = (member: Member, most: number): Take => {
  const { name, list } = member
  const read = elementReader(member)
  if (list !== undefined && member.flat) {
    return (values, element) => {
      const items = (values[name] ??= []) as unknown[]
      if (items.length >= most) throw malformed()
      items.push(read(element))
    }
  }
  return (values, element) => {
    if (values[name] !== undefined) throw malformed()
    values[name] = list === undefined ? read(element) : itemsOf(element, list, read)
  }
}

const compileShape = (name: string): ReadElement => {
  const { members } = shapeOf(name)
  const takers = new Map<string, Take>()
  const attributes = members.filter(member => member.in === 'attribute')
  for (const member of members) {
    if (member.in !== undefined || member.kind === 'stream') continue
    const most = listLimits[`${name}.${member.name}`] ?? Number.POSITIVE_INFINITY
    takers.set(member.as ?? member.name, taker(member, most))
  }
  const required = members
    .filter(member => member.required && (member.in === undefined || member.in === 'attribute'))
    .map(member => member.name)
  return element => {
    const values: Record<string, unknown> = {}
    for (const { name: member, as = member } of attributes) {
      const value = element.attributes?.[as.slice(as.indexOf(':') + 1)]
      if (value !== undefined) values[member] = value
    }
    // Elements that the shape does not know are passed over, as S3 does.
    for (const child of element.children) takers.get(child.name)?.(values, child)
    for (const member of required) if (values[member] === undefined) throw malformed()
    return values
  }
}

const compiled = new Map<string, ReadElement>()

/**
 * The function that reads an element as this shape. Compiled once.
 * It throws S3Error MalformedXML for a missing member, one given twice, or a value that is not of its type.
 */
export const shapeReader = (name: string): ReadElement => {
  const known = compiled.get(name)
  if (known !== undefined) return known
  const read = compileShape(name)
  compiled.set(name, read)
  return read
}
