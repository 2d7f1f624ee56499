// Requests into the input of their operation: path, query and headers at once, the document of the body later.

import { S3Error } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import { type AnyOperation, operations, shapeOf } from '../model/operations.ts'
import type { Member } from '../model/schema.ts'
import type { Inputs } from '../model/shapes.gen.ts'
import { headerOf, type RequestHeaders } from './headers.ts'
import { decodeHeaderText, decodeWords } from './metadata.ts'
import { isOfSignature, type Query } from './query.ts'
import { parseXml } from './xml/parse.ts'
import { parseBoolean, parseInteger, parseTimestamp, shapeReader } from './xml/read.ts'

export interface DecodeRequest {
  readonly bucket?: string | undefined
  readonly key?: string | undefined
  readonly query: Query
  readonly headers: RequestHeaders
}

/** An operation's input; that of PostObject stands in the form and is read with it. */
export type InputOf<O extends AnyOperation> = O extends keyof Inputs ? Inputs[O] : object

/** What the body is: nothing, bytes that stream, an XML document, a text (a policy). */
export type PayloadKind = 'none' | 'stream' | 'xml' | 'text'

type Values = Record<string, unknown>
type Take = (input: Values, text: string) => void

const greatestInt = 2_147_483_647

const invalid = (name: string, value: string, message?: string): S3Error =>
  new S3Error('InvalidArgument', { ArgumentName: name, ArgumentValue: value }, message)

/** Numbers of the query are AWS's `int`; an empty one counts as absent. */
const readInteger = (member: Member, name: string, text: string): number | undefined => {
  if (text === '' && member.in === 'query') return undefined
  const most = member.in === 'query' ? greatestInt : Number.MAX_SAFE_INTEGER
  const value = parseInteger(text)
  if (value !== undefined && value >= 0 && value <= most) return value
  if (member.in !== 'query') throw invalid(name, text)
  throw invalid(name, text, `Argument ${name} must be an integer between 0 and ${greatestInt}`)
}

const readBoolean = (name: string, text: string): boolean => {
  const value = parseBoolean(text)
  if (value === undefined) throw invalid(name, text)
  return value
}

/** S3 does as if a condition with a date that is none were not there (RFC 9110, 13.1.3). */
const readDate = (member: Member, name: string, text: string): Date | undefined => {
  const value = parseTimestamp(text, member.format ?? (member.in === 'query' ? 'iso' : 'http'))
  if (value === undefined && !name.endsWith('modified-since')) throw invalid(name, text)
  return value
}

const readList = (text: string): readonly string[] =>
  text
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')

const readerOf = (member: Member, name: string): ((text: string) => unknown) => {
  if (member.list !== undefined) return readList
  if (member.kind === 'integer') return text => readInteger(member, name, text)
  if (member.kind === 'boolean') return text => readBoolean(name, text)
  if (member.kind === 'timestamp') return text => readDate(member, name, text)
  return text => text
}

const taker = (member: Member): readonly [string, Take] => {
  const name = member.as ?? member.name
  const read = readerOf(member, name)
  const take: Take = (input, text) => {
    const value = read(text)
    if (value !== undefined) input[member.name] = value
  }
  return [name, take]
}

interface Decoder {
  readonly fromHeaders: ReadonlyMap<string, Take>
  readonly fromQuery: ReadonlyMap<string, Take>
  readonly prefix: Member | undefined
  readonly required: readonly Member[]
  readonly hasKey: boolean
}

const compile = (operation: AnyOperation): Decoder => {
  const { members } = shapeOf(operations[operation].input)
  const bound = (binding: Member['in']) => members.filter(member => member.in === binding)
  const wired = members.filter(({ in: binding }) => binding === 'header' || binding === 'query')
  return {
    fromHeaders: new Map(bound('header').map(taker)),
    fromQuery: new Map(bound('query').map(taker)),
    prefix: bound('prefix')[0],
    required: wired.filter(member => member.required),
    hasKey: members.some(member => member.name === 'Key' && member.in === 'label'),
  }
}

const compiled = new Map<AnyOperation, Decoder>()

const decoderOf = (operation: AnyOperation): Decoder => {
  const known = compiled.get(operation)
  if (known !== undefined) return known
  const decoder = compile(operation)
  compiled.set(operation, decoder)
  return decoder
}

/** Metadata by its name without the prefix. No prototype: `x-amz-meta-__proto__` is a name like any other. */
const metadataIn = (input: Values, member: Member): Record<string, string> =>
  (input[member.name] ??= Object.create(null) as Record<string, string>) as Record<string, string>

const takeHeader = (decoder: Decoder, input: Values, name: string, text: string): void => {
  const take = decoder.fromHeaders.get(name)
  if (take !== undefined) return take(input, text)
  const { prefix } = decoder
  const start = prefix?.as
  if (prefix === undefined || start === undefined || !name.startsWith(start)) return
  if (name.length > start.length) {
    metadataIn(input, prefix)[name.slice(start.length)] = decodeWords(text)
  }
}

const hoisted = /^x-amz-./i

/**
 * Presigned URLs carry headers as query parameters (the SDKs hoist them), and S3 reads them as if they were headers.
 * A real header of the same name comes first, and of a repeated parameter the first.
 */
const takeQuery = (decoder: Decoder, input: Values, { query, headers }: DecodeRequest): void => {
  for (const pair of query.pairs) {
    const { name, value } = pair
    if (isOfSignature(pair) || query.pairs.find(other => other.name === name) !== pair) continue
    const take = decoder.fromQuery.get(name)
    if (take !== undefined) take(input, value)
    else if (hoisted.test(name)) {
      const header = name.toLowerCase()
      if (headers[header] === undefined) takeHeader(decoder, input, header, value)
    }
  }
}

/** What an operation's input takes for a header whose name begins with `x-amz-`: by its lower-case name. */
export const amzHeader = (
  { headers, query }: Pick<DecodeRequest, 'headers' | 'query'>,
  name: string,
): string | undefined => {
  const text = headerOf(headers, name)
  if (text !== undefined) return decodeHeaderText(text)
  if (query.onlySignature) return undefined
  let hoistedValue: string | undefined
  for (const pair of query.pairs) {
    if (isOfSignature(pair) || pair.name.toLowerCase() !== name) continue
    if (query.pairs.find(other => other.name === pair.name) === pair) hoistedValue = pair.value
  }
  return hoistedValue
}

/**
 * An operation's input from everything but the body.
 * @throws S3Error InvalidArgument for a value that is not of its type or one that must be there and is not
 */
export const decode = <O extends AnyOperation>(
  operation: O,
  request: DecodeRequest,
): InputOf<O> => {
  const decoder = decoderOf(operation)
  const { headers, query } = request
  const input: Values = {}
  if (request.bucket !== undefined) input['Bucket'] = request.bucket
  if (request.key !== undefined && decoder.hasKey) input['Key'] = request.key
  for (const name in headers) {
    const text = headerOf(headers, name)
    if (text !== undefined) takeHeader(decoder, input, name, decodeHeaderText(text))
  }
  if (!query.onlySignature) takeQuery(decoder, input, request)
  for (const member of decoder.required) {
    if (input[member.name] === undefined) {
      const name = member.as ?? member.name
      throw invalid(name, '', `The parameter ${name} is missing.`)
    }
  }
  return input as InputOf<O>
}

interface Payload {
  readonly kind: PayloadKind
  readonly read: (document: string | Uint8Array) => object
}

const noPayload: Payload = { kind: 'none', read: () => ({}) }

const utf8 = new TextDecoder('utf-8', { fatal: true })

const readText = (document: string | Uint8Array): string => {
  if (typeof document === 'string') return document
  try {
    return utf8.decode(document)
  } catch {
    throw new S3Error('InvalidRequest', {}, 'The body is no UTF-8.')
  }
}

const xmlPayload = (root: string, shape: string, wrap: (value: unknown) => object): Payload => {
  const read = shapeReader(shape)
  const isParts = shape === 'CompletedMultipartUpload'
  const most = isParts ? limits.xml_complete_elements_max : limits.xml_elements_max
  return {
    kind: 'xml',
    read(document) {
      const element = parseXml(document, most)
      if (element.name !== root) throw new S3Error('MalformedXML')
      return wrap(read(element))
    },
  }
}

const orEmpty = (payload: Payload, required: boolean): Payload => ({
  kind: payload.kind,
  read(document) {
    if (document.length > 0) return payload.read(document)
    if (required) throw new S3Error('MissingRequestBodyError')
    return {}
  },
})

const compilePayload = (operation: AnyOperation): Payload => {
  const { input } = operations[operation]
  const shape = shapeOf(input)
  const member = shape.members.find(({ in: binding }) => binding === 'payload')
  if (member === undefined) {
    const inBody = shape.members.filter(({ in: binding }) => binding === undefined)
    if (inBody.length === 0) return noPayload
    return orEmpty(
      xmlPayload(shape.root, input, value => value as object),
      true,
    )
  }
  const { name, kind } = member
  if (kind === 'stream') return { kind: 'stream', read: () => ({}) }
  const required = member.required === true
  if (typeof kind !== 'object') {
    return orEmpty({ kind: 'text', read: document => ({ [name]: readText(document) }) }, required)
  }
  const root = member.as ?? shapeOf(kind.shape).root
  return orEmpty(
    xmlPayload(root, kind.shape, value => ({ [name]: value })),
    required,
  )
}

const payloads = new Map<AnyOperation, Payload>()

const payloadOf = (operation: AnyOperation): Payload => {
  const known = payloads.get(operation)
  if (known !== undefined) return known
  const payload =
    operation === 'PostObject'
      ? { ...noPayload, kind: 'stream' as const }
      : compilePayload(operation)
  payloads.set(operation, payload)
  return payload
}

/** What the operation expects as its body. */
export const payloadKind = (operation: AnyOperation): PayloadKind => payloadOf(operation).kind

/**
 * The members of the operation's input that stand in its body, to be laid over what `decode` gave. The caller has
 * bounded the body's length.
 * @throws S3Error MalformedXML; MissingRequestBodyError where the body is empty and must not be
 */
export const decodeBody = <O extends AnyOperation>(
  operation: O,
  document: string | Uint8Array,
): Partial<InputOf<O>> => payloadOf(operation).read(document) as Partial<InputOf<O>>
