// Outputs of operations into responses: status, headers and XML; and errors into theirs.

import type { S3Error } from '../model/errors.ts'
import { type AnyOperation, operations, shapeOf } from '../model/operations.ts'
import type { Member, OperationEntry, Shape } from '../model/schema.ts'
import type { Outputs } from '../model/shapes.gen.ts'
import { formatHttpDate, formatIso } from './dates.ts'
import { encodeHeaderText, encodeMetadata } from './metadata.ts'
import { declaration, documentAppender, escapeXml, shapeAppender } from './xml/write.ts'

/** An operation's output; PostObject answers by itself. */
export type OutputOf<O extends AnyOperation> = O extends keyof Outputs ? Outputs[O] : object

export interface Encoded {
  readonly status: number
  /** Name, value, name, value …, as `writeHead` takes them. Without content-length. */
  readonly headers: string[]
  /** Absent if there is none or if it streams beside the output. */
  readonly body?: string
}

type Values = Readonly<Record<string, unknown>>
type AppendHeader = (headers: string[], value: unknown) => void
type WriteBody = (output: Values) => string | undefined

/** `content-type` → `Content-Type`; S3's own stay in lower case, as S3 sends them. */
const headerCase = (name: string): string => {
  if (name.startsWith('x-amz-')) return name
  if (name === 'etag') return 'ETag'
  return name.replace(/\b[a-z]/g, letter => letter.toUpperCase())
}

const headerText = (member: Member): ((value: unknown) => string) => {
  if (member.kind === 'timestamp') {
    if (member.format === 'iso') return value => formatIso(value as Date)
    return value => formatHttpDate(value as Date)
  }
  if (member.kind === 'integer' || member.kind === 'boolean') return value => `${value as number}`
  return value => encodeHeaderText(value as string)
}

const headerAppender = (member: Member): AppendHeader => {
  const name = headerCase(member.as ?? member.name)
  if (member.in === 'prefix') {
    const prefix = member.as ?? ''
    return (headers, value) => {
      const metadata = value as Readonly<Record<string, string>>
      for (const key in metadata) headers.push(prefix + key, encodeMetadata(metadata[key] ?? ''))
    }
  }
  const text = headerText(member)
  if (member.list !== undefined) {
    return (headers, value) => {
      headers.push(name, (value as readonly unknown[]).map(text).join(','))
    }
  }
  return (headers, value) => {
    headers.push(name, text(value))
  }
}

const payloadWriter = (member: Member): WriteBody => {
  const { name, kind } = member
  if (kind === 'stream') return () => undefined
  if (typeof kind !== 'object') return output => output[name] as string | undefined
  const write = documentAppender(member.as ?? shapeOf(kind.shape).root, shapeAppender(kind.shape))
  return output => (output[name] === undefined ? undefined : write(output[name]))
}

/** GetBucketLocation: the member is the root's text; us-east-1 is none. */
const unwrappedWriter = (shape: Shape): WriteBody => {
  const member = shape.members[0]?.name ?? ''
  const append = (xml: string, value: unknown) => xml + escapeXml((value ?? '') as string)
  const write = documentAppender(shape.root, append)
  return output => write(output[member])
}

const bodyWriter = (entry: OperationEntry): WriteBody => {
  const shape = shapeOf(entry.output)
  if (entry.unwrapped) return unwrappedWriter(shape)
  const payload = shape.members.find(member => member.in === 'payload')
  if (payload !== undefined) return payloadWriter(payload)
  if (entry.output === undefined || shape.members.every(member => member.in !== undefined)) {
    return () => undefined
  }
  return documentAppender(shape.root, shapeAppender(entry.output))
}

type Encode = (output: Values) => Encoded

const compile = (operation: AnyOperation): Encode => {
  const entry = operations[operation]
  const { status } = entry
  const steps = shapeOf(entry.output)
    .members.filter(member => member.in === 'header' || member.in === 'prefix')
    .map(member => ({ name: member.name, append: headerAppender(member) }))
  const writeBody = bodyWriter(entry)
  const contentType = operation === 'GetBucketPolicy' ? 'application/json' : 'application/xml'
  return output => {
    const headers: string[] = []
    for (const step of steps) {
      const value = output[step.name]
      if (value !== undefined && value !== null) step.append(headers, value)
    }
    const body = writeBody(output)
    if (body === undefined) return { status, headers }
    headers.push('Content-Type', contentType)
    return { status, headers, body }
  }
}

const compiled = new Map<AnyOperation, Encode>()

/** The response that an operation's output means. Its status is that of the model: 206 and the like are the caller's. */
export const encode = <O extends AnyOperation>(operation: O, output: OutputOf<O>): Encoded => {
  let encoder = compiled.get(operation)
  if (encoder === undefined) {
    encoder = compile(operation)
    compiled.set(operation, encoder)
  }
  return encoder(output as Values)
}

export interface ErrorContext {
  /** The path that was asked for. */
  readonly resource?: string
  readonly requestId: string
  readonly hostId: string
}

const errorElement = (name: string, value: string | number): string =>
  `<${name}>${escapeXml(`${value}`)}</${name}>`

const errorElements = (error: S3Error): string => {
  let xml = errorElement('Code', error.code) + errorElement('Message', error.message)
  for (const name in error.fields) xml += errorElement(name, error.fields[name] ?? '')
  return xml
}

/** The document of an error. It has no name space, as S3 has it. */
export const encodeError = (error: S3Error, context: ErrorContext): string => {
  const resource = context.resource === undefined ? '' : errorElement('Resource', context.resource)
  const ids = errorElement('RequestId', context.requestId) + errorElement('HostId', context.hostId)
  return `${declaration}<Error>${errorElements(error)}${resource}${ids}</Error>`
}
