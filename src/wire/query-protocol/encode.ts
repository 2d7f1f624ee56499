// Outputs and errors of the query protocol as XML.

import type { QueryError } from '../../model/query-errors.ts'
import type { QueryService } from '../../model/query-services.ts'
import type { Member } from '../../model/schema.ts'
import { formatIso } from '../dates.ts'
import { escapeXml } from '../xml/write.ts'

const element = (name: string, content: string): string => `<${name}>${content}</${name}>`

const writeMap = (value: unknown): string => {
  const entries = Object.entries(value as Readonly<Record<string, unknown>>)
  return entries
    .map(([key, item]) =>
      element('entry', element('key', escapeXml(key)) + element('value', escapeXml(String(item)))),
    )
    .join('')
}

const writeItem = (service: QueryService, member: Member, value: unknown): string => {
  const { kind } = member
  if (typeof kind === 'object') return writeShape(service, kind.shape, value as object)
  if (kind === 'timestamp') return formatIso(value as Date)
  if (kind === 'blob') return Buffer.from(value as Uint8Array).toString('base64')
  if (kind === 'map') return writeMap(value)
  return escapeXml(String(value))
}

const writeMember = (service: QueryService, member: Member, value: unknown): string => {
  const { list, name, as = name } = member
  if (list === undefined) return element(as, writeItem(service, member, value))
  const items = (value as readonly unknown[]).map(item =>
    element(list, writeItem(service, member, item)),
  )
  return element(as, items.join(''))
}

const writeShape = (service: QueryService, name: string, value: object): string => {
  const values = value as Readonly<Record<string, unknown>>
  let xml = ''
  for (const member of service.shapes[name]?.members ?? []) {
    const given = values[member.name]
    if (given !== undefined && given !== null) xml += writeMember(service, member, given)
  }
  return xml
}

/** The document that answers an operation. */
export const encodeQuery = (
  service: QueryService,
  action: string,
  output: object,
  requestId: string,
): string => {
  const shape = service.operations[action]?.output
  const result =
    shape === undefined ? '' : element(`${action}Result`, writeShape(service, shape, output))
  const metadata = element('ResponseMetadata', element('RequestId', requestId))
  return `<${action}Response xmlns="${service.namespace}">${result}${metadata}</${action}Response>`
}

/** The document of an error. */
export const encodeQueryError = (
  error: QueryError,
  { namespace }: Pick<QueryService, 'namespace'>,
  requestId: string,
): string => {
  const type = error.status >= 500 ? 'Receiver' : 'Sender'
  const parts =
    element('Type', type) +
    element('Code', error.code) +
    element('Message', escapeXml(error.message))
  return `<ErrorResponse xmlns="${namespace}">${element('Error', parts)}${element('RequestId', requestId)}</ErrorResponse>`
}
