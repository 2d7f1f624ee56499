/** What a route takes, as data: from these declarations input is read and refused, and OpenAPI printed. */
import { AdminError } from './errors.ts'

interface Types {
  readonly text: string
  readonly whole: number
  readonly flag: boolean
  readonly texts: readonly string[]
  readonly record: Readonly<Record<string, unknown>>
}

export interface Field {
  readonly is: keyof Types
  readonly in: 'path' | 'query' | 'body'
  readonly doc: string
  /** Without it the field may be left out. */
  readonly required?: true
  /** The form of a text. */
  readonly form?: RegExp
  readonly least?: number
  readonly most?: number
}

export type Fields = Readonly<Record<string, Field>>

type Required<F extends Fields> = {
  [N in keyof F]: F[N] extends { readonly required: true } ? N : never
}[keyof F]

/** The values of the fields; null in a body is as if a field were left out. */
export type InputOf<F extends Fields> = {
  readonly [N in Required<F>]: Types[F[N]['is']]
} & { readonly [N in Exclude<keyof F, Required<F>>]?: Types[F[N]['is']] | undefined }

/** What a request brought, before anybody looked at it. */
export interface RawInput {
  readonly path: Readonly<Record<string, string>>
  readonly query: ReadonlyMap<string, string>
  /** Undefined: there was none. */
  readonly body: unknown
}

const textMax = 256 * 1024

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const invalid = (name: string, expectation: string): AdminError =>
  new AdminError('InvalidInput', `${name} must be ${expectation}.`)

/** Reads and checks every field. Throws InvalidInput, also for what nobody declared. */
export function readInput(fields: Fields, raw: RawInput): Readonly<Record<string, unknown>> {
  const body = raw.body === undefined ? {} : raw.body
  if (!isRecord(body)) throw new AdminError('InvalidInput', 'The body must be a JSON object.')
  refuseUnknown(fields, raw.query.keys(), 'query')
  refuseUnknown(fields, Object.keys(body), 'body')
  const input: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(fields)) {
    const given = valueOf(name, field, raw, body)
    if (given === undefined || given === null) {
      if (field.required === true) throw new AdminError('InvalidInput', `${name} is missing.`)
    } else input[name] = checked(name, field, given)
  }
  return input
}

function refuseUnknown(fields: Fields, names: Iterable<string>, where: Field['in']): void {
  for (const name of names) {
    if (Object.hasOwn(fields, name) && fields[name]?.in === where) continue
    throw new AdminError('InvalidInput', `${JSON.stringify(name)} is not known in the ${where}.`)
  }
}

function valueOf(
  name: string,
  field: Field,
  raw: RawInput,
  body: Readonly<Record<string, unknown>>,
): unknown {
  if (field.in === 'body') return Object.hasOwn(body, name) ? body[name] : undefined
  const text = field.in === 'path' ? raw.path[name] : raw.query.get(name)
  if (text === undefined || field.is === 'text') return text
  if (field.is === 'whole') return /^-?\d{1,16}$/.test(text) ? Number(text) : text
  if (field.is === 'flag') return text === 'true' ? true : text === 'false' ? false : text
  return text
}

function checked(name: string, field: Field, value: unknown): unknown {
  const { is, form, least = 0, most = Number.MAX_SAFE_INTEGER } = field
  if (is === 'text') {
    if (typeof value !== 'string' || value.length > textMax || value.includes('\0'))
      throw invalid(name, 'text')
    if (form !== undefined && !form.test(value)) throw invalid(name, `text like ${form.source}`)
  } else if (is === 'whole') {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most)
      throw invalid(name, `a whole number from ${least} to ${most}`)
  } else if (is === 'flag') {
    if (typeof value !== 'boolean') throw invalid(name, 'true or false')
  } else if (is === 'texts') {
    if (!Array.isArray(value) || !value.every(item => typeof item === 'string'))
      throw invalid(name, 'a list of texts')
  } else if (!isRecord(value)) throw invalid(name, 'an object')
  return value
}
