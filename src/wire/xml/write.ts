// XML of responses: the text of values, and shapes turned into functions that append elements to a string.

import { shapeOf } from '../../model/operations.ts'
import type { Member, Shape } from '../../model/schema.ts'
import { formatHttpDate, formatIso } from '../dates.ts'

export const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n'
export const s3Namespace = 'http://s3.amazonaws.com/doc/2006-03-01/'

/** Appends what `value` says to `xml`, which it returns. */
export type Append = (xml: string, value: unknown) => string

/** What XML 1.0 cannot hold as it is, or would read as something else, by code unit below 64. */
const escapes: readonly (string | undefined)[] = Array.from({ length: 64 }, (_, code) => {
  const named: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    '\r': '&#13;',
    '\t': '\t',
    '\n': '\n',
  }
  const char = String.fromCharCode(code)
  if (named[char] !== undefined) return named[char] === char ? undefined : named[char]
  return code < 0x20 ? `&#x${code.toString(16)};` : undefined
})

const escapeOf = (code: number): string | undefined => {
  if (code < 64) return escapes[code]
  return code >= 0xfffe ? `&#x${code.toString(16)};` : undefined
}

/** Anything but what certainly stands for itself. */
const suspect = /[^\t\n !#-%'-;=?-~]/
const quoteCode = 34

/** Text for an element or a quoted attribute. What XML 1.0 cannot hold is written as a reference, as S3 does. */
export const escapeXml = (text: string): string => {
  // A listing escapes thousands of short texts: most need nothing, and ETags only the quotes around them.
  if (text.charCodeAt(0) === quoteCode && text.length > 1 && text.endsWith('"')) {
    const inner = text.slice(1, -1)
    if (!suspect.test(inner)) return `&quot;${inner}&quot;`
  } else if (!suspect.test(text)) return text
  return escapeEach(text)
}

const escapeEach = (text: string): string => {
  let escaped = ''
  let done = 0
  for (let i = 0; i < text.length; i++) {
    const reference = escapeOf(text.charCodeAt(i))
    if (reference === undefined) continue
    escaped += text.slice(done, i) + reference
    done = i + 1
  }
  return done === 0 ? text : escaped + text.slice(done)
}

/** A scalar as the text that the member's format asks for; timestamps default to ISO. */
const scalarText = (member: Member): ((value: unknown) => string) => {
  switch (member.kind) {
    case 'timestamp':
      if (member.format === 'http') return value => formatHttpDate(value as Date)
      if (member.format === 'epoch')
        return value => `${Math.floor((value as Date).getTime() / 1000)}`
      return value => formatIso(value as Date)
    case 'blob':
      return value => Buffer.from(value as Uint8Array).toString('base64')
    case 'integer':
    case 'boolean':
      return value => `${value as number | boolean}`
    case 'string':
    case 'map':
    case 'stream':
    default:
      return value => escapeXml(value as string)
  }
}

type Values = Readonly<Record<string, unknown>>

/** Elements that mostly say the same as in the entry before. */
const repeated: ReadonlySet<string> = new Set([
  'ChecksumAlgorithm',
  'ChecksumType',
  'StorageClass',
  'ID',
  'DisplayName',
])

/** Keeps what it wrote last. */
const repeatedAppender = (write: (value: unknown) => string): Append => {
  let last: unknown
  let written = ''
  return (xml, value) => {
    if (value !== last) {
      written = write(value)
      last = value
    }
    return xml + written
  }
}

/** One element, opened and closed, around what the shape or scalar appends. */
const elementAppender = (name: string, member: Member): Append => {
  const close = `</${name}>`
  const declared = member.xmlns ? ` xmlns:${member.xmlns[0]}="${member.xmlns[1]}"` : ''
  if (typeof member.kind !== 'object') {
    const open = `<${name}${declared}>`
    const text = scalarText(member)
    if (repeated.has(name)) return repeatedAppender(value => open + text(value) + close)
    return (xml, value) => xml + open + text(value) + close
  }
  const { shape } = member.kind
  const attributes = shapeOf(shape).members.filter(inner => inner.in === 'attribute')
  const content = shapeAppender(shape)
  if (attributes.length === 0) {
    const open = `<${name}${declared}>`
    return (xml, value) => content(xml + open, value) + close
  }
  const open = `<${name}${declared}`
  return (xml, value) => {
    let start = open
    for (const inner of attributes) {
      const given = (value as Values)[inner.name]
      if (given !== undefined) start += ` ${inner.as ?? inner.name}="${escapeXml(given as string)}"`
    }
    return `${content(`${xml}${start}>`, value)}${close}`
  }
}

/**
 * Under this key an item of a flat list names the element that it is to be. So versions and delete markers, which are two
 * lists in AWS's model, stand in one order in the document, as S3 has them and as clients that read on rely on.
 */
export const elementName: unique symbol = Symbol('element name')

/** What an item may say of itself. */
export interface NamedItem {
  readonly [elementName]?: string
}

const flatAppender = (item: Append, member: Member): Append => {
  const others = new Map<string, Append>()
  const named = (name: string): Append => {
    const known = others.get(name) ?? elementAppender(name, member)
    others.set(name, known)
    return known
  }
  return (xml, values) => {
    let longer = xml
    for (const value of values as readonly unknown[]) {
      const name =
        typeof value === 'object' && value !== null ? (value as NamedItem)[elementName] : undefined
      longer = name === undefined ? item(longer, value) : named(name)(longer, value)
    }
    return longer
  }
}

const memberAppender = (member: Member): Append => {
  const name = member.as ?? member.name
  if (member.list === undefined) return elementAppender(name, member)
  const item = elementAppender(member.flat ? name : member.list, member)
  if (member.flat) return flatAppender(item, member)
  const items: Append = (xml, values) => {
    let longer = xml
    for (const value of values as readonly unknown[]) longer = item(longer, value)
    return longer
  }
  return (xml, values) => `${items(`${xml}<${name}>`, values)}</${name}>`
}

const compileShape = (shape: Shape): Append => {
  const inXml = shape.members.filter(member => member.in === undefined && member.kind !== 'stream')
  const steps = inXml.map(member => ({ name: member.name, append: memberAppender(member) }))
  return (xml, value) => {
    let longer = xml
    for (const step of steps) {
      const given = (value as Values)[step.name]
      if (given !== undefined && given !== null) longer = step.append(longer, given)
    }
    return longer
  }
}

const compiled = new Map<string, Append>()

/** The function that appends all elements of this shape. Compiled once. */
export const shapeAppender = (name: string): Append => {
  const known = compiled.get(name)
  if (known !== undefined) return known
  const append = compileShape(shapeOf(name))
  compiled.set(name, append)
  return append
}

/** A whole document with declaration and S3's name space. */
export const documentAppender = (root: string, content: Append): ((value: unknown) => string) => {
  const start = `${declaration}<${root} xmlns="${s3Namespace}">`
  const end = `</${root}>`
  return value => content(start, value) + end
}
