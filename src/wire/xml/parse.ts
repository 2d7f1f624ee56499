// XML of requests: strict, without DTD or entities of its own, bounded in depth, count and attributes.

import { type SaxesAttributeNS, SaxesParser, type SaxesTagNS } from 'saxes'
import { S3Error } from '../../model/errors.ts'
import { limits } from '../../model/limits.ts'

/** An element without its prefix. `text` is all character data directly in it. */
export interface XmlElement {
  readonly name: string
  readonly text: string
  readonly children: readonly XmlElement[]
  /** By local name; absent if there are none (declarations of name spaces do not count). */
  readonly attributes?: Readonly<Record<string, string>>
}

interface Open {
  readonly name: string
  text: string
  readonly children: XmlElement[]
  readonly attributes?: Readonly<Record<string, string>>
}

const malformed = () => new S3Error('MalformedXML')

/** The name spaces under which S3's documents come. Many clients send none. */
const knownNamespaces: ReadonlySet<string> = new Set([
  '',
  'http://s3.amazonaws.com/doc/2006-03-01/',
  'http://s3.amazonaws.com/doc/2006-03-01',
  'https://s3.amazonaws.com/doc/2006-03-01/',
  'http://doc.s3.amazonaws.com/2006-03-01',
  'http://doc.s3.amazonaws.com/2006-03-01/',
])

/**
 * XML 1.0 has no way to say a control character, yet keys hold them and S3 writes them as references. The parser is given
 * an entity for each, and references to them are respelt as those entities.
 */
const controlEntities: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from({ length: 31 }, (_, i) => i + 1)
    .concat(0xfffe, 0xffff)
    .map(code => [`u-${code}`, String.fromCharCode(code)]),
)

const respellControls = (text: string): string => {
  if (!text.includes('&#') || text.includes('<![CDATA[')) return text
  return text.replace(/&#(?:x([0-9A-Fa-f]{1,6})|(\d{1,7}));/g, (reference, hex, decimal) => {
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
    const name = `u-${code}`
    return Object.hasOwn(controlEntities, name) ? `&${name};` : reference
  })
}

const attributesOf = (
  given: Readonly<Record<string, SaxesAttributeNS>>,
): Readonly<Record<string, string>> | undefined => {
  let found: Record<string, string> | undefined
  let count = 0
  for (const name in given) {
    if (++count > limits.xml_attributes_max) throw malformed()
    const attribute = given[name]
    if (attribute === undefined || attribute.prefix === 'xmlns' || name === 'xmlns') continue
    found ??= Object.create(null) as Record<string, string>
    found[attribute.local] = attribute.value
  }
  return found
}

/** Builds the tree while the parser walks; throws as soon as a bound is passed. */
class Builder {
  root: XmlElement | undefined
  private readonly open: Open[] = []
  private elements = 0
  private readonly most: number

  constructor(most: number) {
    this.most = most
  }

  enter(tag: SaxesTagNS): void {
    if (++this.elements > this.most) throw malformed()
    if (this.open.length >= limits.xml_depth_max) throw malformed()
    if (!knownNamespaces.has(tag.uri)) throw malformed()
    const attributes = attributesOf(tag.attributes)
    const base = { name: tag.local, text: '', children: [] }
    this.open.push(attributes === undefined ? base : { ...base, attributes })
  }

  leave(): void {
    const element = this.open.pop()
    if (element === undefined) throw malformed()
    const parent = this.open.at(-1)
    if (parent === undefined) this.root = element
    else parent.children.push(element)
  }

  text(text: string): void {
    const element = this.open.at(-1)
    if (element !== undefined) element.text += text
    else if (text.trim() !== '') throw malformed()
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** @throws TypeError if the bytes are no UTF-8 */
const textOf = (document: string | Uint8Array): string =>
  typeof document === 'string' ? document : utf8.decode(document)

const run = (document: string | Uint8Array, most: number): XmlElement | undefined => {
  const builder = new Builder(most)
  const parser = new SaxesParser({
    xmlns: true,
    position: false,
    // XML 1.1 would read U+0085 and U+2028 in keys as line ends.
    defaultXMLVersion: '1.0',
    forceXMLVersion: true,
  })
  Object.assign(parser.ENTITIES, controlEntities)
  parser.on('doctype', () => {
    throw malformed()
  })
  parser.on('opentag', tag => builder.enter(tag))
  parser.on('closetag', () => builder.leave())
  parser.on('text', text => builder.text(text))
  parser.on('cdata', text => builder.text(text))
  parser.write(respellControls(textOf(document))).close()
  return builder.root
}

/**
 * Parses a whole document of at most `most` elements. The caller bounds its bytes.
 * @throws S3Error MalformedXML: no UTF-8, not well-formed, DTD, foreign name space, too deep or too many elements
 */
export const parseXml = (
  document: string | Uint8Array,
  most: number = limits.xml_elements_max,
): XmlElement => {
  let root: XmlElement | undefined
  try {
    root = run(document, most)
  } catch (cause) {
    throw cause instanceof S3Error ? cause : malformed()
  }
  if (root === undefined) throw malformed()
  return root
}
