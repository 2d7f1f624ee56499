// Forms of the query protocol into the inputs of operations, by the model.

import { QueryError } from '../../model/query-errors.ts'
import { type QueryService, queryServices } from '../../model/query-services.ts'
import type { Member, QueryEntry } from '../../model/schema.ts'
import { parseIso } from '../dates.ts'
import { parseBoolean, parseInteger } from '../xml/read.ts'
import { type Branch, parseQueryForm } from './form.ts'

/** What a form asks for. */
export interface QueryCall {
  readonly service: QueryService
  readonly action: string
  readonly input: object
}

const services: readonly QueryService[] = Object.values(queryServices)

/** AWS spells parameters with a small letter in this sentence. */
const missing = (name: string): QueryError => {
  const spelt = `${name.charAt(0).toLowerCase()}${name.slice(1)}`
  return new QueryError(
    'ValidationError',
    `1 validation error detected: Value null at '${spelt}' failed to satisfy constraint: Member must not be null`,
  )
}

const wrong = (name: string, kind: string): QueryError =>
  new QueryError('MalformedInput', `The value of ${name} is no ${kind}.`)

const readScalar = (member: Member, text: string): unknown => {
  const { kind, name } = member
  const value =
    kind === 'integer'
      ? parseInteger(text)
      : kind === 'boolean'
        ? parseBoolean(text)
        : kind === 'timestamp'
          ? parseIso(text)
          : text
  if (value === undefined) throw wrong(name, typeof kind === 'string' ? kind : 'structure')
  return value
}

const readItem = (service: QueryService, member: Member, value: Branch | string): unknown => {
  if (typeof member.kind !== 'object') {
    if (typeof value !== 'string') throw wrong(member.name, member.kind)
    return readScalar(member, value)
  }
  if (typeof value === 'string') throw wrong(member.name, 'structure')
  return readShape(service, member.kind.shape, value)
}

/** `Tags.member.1`, `Tags.member.2` …, in the order of the numbers; `Tags=` is an empty list. */
const readList = (
  service: QueryService,
  member: Member,
  value: Branch | string,
): readonly unknown[] => {
  if (value === '') return []
  const items = typeof value === 'string' ? undefined : value.get(member.list ?? 'member')
  if (items === '') return []
  if (items === undefined || typeof items === 'string') throw wrong(member.name, 'list')
  return [...items]
    .map(([number, item]) => ({ number: parseInteger(number), item }))
    .sort((a, b) => (a.number ?? 0) - (b.number ?? 0))
    .map(({ number, item }) => {
      if (number === undefined) throw wrong(member.name, 'list')
      return readItem(service, member, item)
    })
}

const readShape = (service: QueryService, name: string, branch: Branch): object => {
  const values: Record<string, unknown> = {}
  for (const member of service.shapes[name]?.members ?? []) {
    const value = branch.get(member.as ?? member.name)
    if (value !== undefined) {
      values[member.name] =
        member.list === undefined
          ? readItem(service, member, value)
          : readList(service, member, value)
    } else if (member.required === true) throw missing(member.name)
  }
  return values
}

const textIn = (form: Branch, name: string): string => {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}

/**
 * Reads which operation a form asks for, and its input.
 * @throws QueryError MissingAction, InvalidAction, MalformedInput, ValidationError
 */
export const decodeQuery = (body: string): QueryCall => {
  const form = parseQueryForm(body)
  const action = textIn(form, 'Action')
  if (action === '') throw new QueryError('MissingAction')
  const service = services.find(({ operations }) => Object.hasOwn(operations, action))
  const version = textIn(form, 'Version')
  if (service === undefined || (version !== '' && version !== service.version)) {
    throw new QueryError(
      'InvalidAction',
      `Could not find operation ${action} for version ${version === '' ? 'NO_VERSION_SPECIFIED' : version}`,
    )
  }
  const entry: QueryEntry | undefined = service.operations[action]
  const input = entry?.input === undefined ? {} : readShape(service, entry.input, form)
  return { service, action, input }
}
