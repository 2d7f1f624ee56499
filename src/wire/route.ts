// Which operation a request means, from the table of operations. Nothing falls through: what nobody knows is refused.

import { S3Error } from '../model/errors.ts'
import { type AnyOperation, operationNames, operations, shapeOf } from '../model/operations.ts'
import type { Level } from '../model/schema.ts'
import type { RequestHeaders } from './headers.ts'
import type { Query } from './query.ts'

export interface RouteRequest {
  readonly method: string
  readonly level: Level
  readonly query: Query
  readonly headers: RequestHeaders
  /** The path, where it may be one that belongs to no bucket (`/WriteGetObjectResponse`). */
  readonly path?: string
  /** The signature's scope says `s3express`: the list of buckets is that of directory buckets. */
  readonly directory?: boolean
}

/** An operation with what the request must have for it. */
interface Candidate {
  readonly name: AnyOperation
  readonly literals: readonly (readonly [name: string, value?: string])[]
  /** Query parameters without which the operation makes no sense. */
  readonly required: readonly string[]
  /** Needs `x-amz-copy-source`. */
  readonly copies: boolean
  /** How much it asks: of several that fit, the one that asks most is meant. */
  readonly weight: number
  /** All names of query parameters that it knows. */
  readonly accepts: ReadonlySet<string>
}

interface Candidates {
  /** Those that ask most first. */
  readonly all: readonly Candidate[]
  /** What is meant without any query. */
  readonly plain: Candidate | undefined
  readonly plainCopy: Candidate | undefined
}

const copySource = 'x-amz-copy-source'

/** Told apart by what the query cannot say: the form's content type, the scope of the signature, a path of its own. */
const special: ReadonlySet<AnyOperation> = new Set([
  'PostObject',
  'ListDirectoryBuckets',
  'WriteGetObjectResponse',
])

const candidateOf = (name: AnyOperation): Candidate => {
  const entry = operations[name]
  const literals = entry.query ?? []
  const members = shapeOf(entry.input).members
  const inQuery = members.filter(member => member.in === 'query')
  const required = inQuery.filter(member => member.required).map(member => member.as ?? member.name)
  const copies = members.some(member => member.required && member.as === copySource)
  const accepts = new Set([
    ...literals.map(([literal]) => literal),
    ...inQuery.map(member => member.as ?? member.name),
  ])
  const weight = literals.length + required.length + (copies ? 1 : 0)
  return { name, literals, required, copies, weight, accepts }
}

const gather = (candidates: readonly Candidate[]): Candidates => {
  const plain = candidates.filter(
    ({ literals, required }) => literals.length + required.length === 0,
  )
  return {
    all: candidates.toSorted((a, b) => b.weight - a.weight),
    plain: plain.find(({ copies }) => !copies),
    plainCopy: plain.find(({ copies }) => copies),
  }
}

const compile = (level: Level): ReadonlyMap<string, Candidates> => {
  const ours = operationNames.filter(name => operations[name].level === level && !special.has(name))
  const byMethod = Map.groupBy(ours, name => operations[name].method as string)
  return new Map([...byMethod].map(([method, names]) => [method, gather(names.map(candidateOf))]))
}

const tables: Readonly<Record<Level, ReadonlyMap<string, Candidates>>> = {
  service: compile('service'),
  bucket: compile('bucket'),
  object: compile('object'),
}

/** Sub-resource words of the model, each with the levels where some method has it. */
const words: ReadonlyMap<string, ReadonlySet<Level>> = (() => {
  const found = new Map<string, Set<Level>>()
  for (const name of operationNames) {
    const { level, query } = operations[name]
    for (const [word] of query ?? []) found.set(word, (found.get(word) ?? new Set()).add(level))
  }
  return found
})()

/** Sub-resources that AWS has or had, or that other servers know, and that AWS's present model does not name. */
const foreignWords: ReadonlySet<string> = new Set([
  'append',
  'events',
  'fetch',
  'inventory-table',
  'mirror',
  'notificationConfiguration',
  'objectLambda',
  'policy-status',
  'position',
  'quota',
  'rename',
  'requestpayment',
  'resourcePolicy',
  'storageClass',
  'storageInfo',
  'usage',
])

/** These choose another thing than the plain request does, so they are never ignored. */
const selectors: ReadonlySet<string> = new Set(['uploadId', 'partNumber', 'versionId'])

/** Parameters that belong to the SDK or the signature, not to the operation. */
const isTransport = (name: string): boolean =>
  name === 'x-id' ||
  name === 'AWSAccessKeyId' ||
  name === 'Signature' ||
  name === 'Expires' ||
  amzName.test(name)

const amzName = /^x-amz-/i

/** Whether the query says nothing of the operation, as that of a presigned URL. */
const isPlain = (query: Query): boolean => {
  if (query.onlySignature) return true
  for (const { name } of query.pairs) if (!isTransport(name)) return false
  return true
}

const matches = (candidate: Candidate, query: Query, copies: boolean): boolean => {
  if (candidate.copies && !copies) return false
  for (const name of candidate.required) if (!query.has(name)) return false
  for (const [name, value] of candidate.literals) {
    const given = query.get(name)
    if (given === undefined || (value !== undefined && given !== value)) return false
  }
  return true
}

const where: Readonly<Record<Level, string>> = {
  service: 'the service',
  bucket: 'a bucket',
  object: 'an object',
}

const notAllowed = (method: string, level: Level): S3Error =>
  new S3Error('MethodNotAllowed', { Method: method, ResourceType: level.toUpperCase() })

const notImplemented = (method: string, level: Level, word: string): S3Error =>
  new S3Error(
    'NotImplemented',
    { Query: word },
    `The sub-resource "${word}" is not implemented for ${method} of ${where[level]}.`,
  )

const invalidArgument = (name: string, value: string, message: string): S3Error =>
  new S3Error('InvalidArgument', { ArgumentName: name, ArgumentValue: value }, message)

/** Why a query parameter that the operation does not know must not be ignored; `undefined` if it may be. */
const objection = (
  request: RouteRequest,
  chosen: Candidate,
  name: string,
  value: string,
): S3Error | undefined => {
  const { method, level } = request
  const levels = words.get(name)
  if (levels !== undefined) {
    const other = chosen.literals[0]?.[0]
    if (other !== undefined) {
      const both = `Conflicting query string parameters: ${other}, ${name}`
      return invalidArgument('ResourceType', name, both)
    }
    if (name === 'list-type') return invalidArgument(name, value, 'Invalid List Type')
    return levels.has(level) ? notAllowed(method, level) : notImplemented(method, level, name)
  }
  if (selectors.has(name)) {
    return invalidArgument(name, value, `This operation does not accept the parameter ${name}.`)
  }
  // A word without a value may be a sub-resource of tomorrow: harmless in a read, not in a write.
  const bare = value === '' && name !== '' && method !== 'GET' && method !== 'HEAD'
  return bare || foreignWords.has(name) ? notImplemented(method, level, name) : undefined
}

const isCopy = ({ headers, query }: RouteRequest): boolean =>
  headers[copySource] !== undefined || query.has(copySource)

const routeQuery = (request: RouteRequest, candidates: Candidates): Candidate => {
  const { query } = request
  const copies = isCopy(request)
  const chosen = candidates.all.find(candidate => matches(candidate, query, copies))
  if (chosen === undefined) {
    for (const { name } of query.pairs) {
      if (foreignWords.has(name)) throw notImplemented(request.method, request.level, name)
    }
    throw notAllowed(request.method, request.level)
  }
  for (const { name, value } of query.pairs) {
    if (chosen.accepts.has(name) || isTransport(name)) continue
    const refusal = objection(request, chosen, name, value)
    if (refusal !== undefined) throw refusal
  }
  return chosen
}

const isForm = (headers: RequestHeaders): boolean => {
  const type = headers['content-type']
  return typeof type === 'string' && type.slice(0, 19).toLowerCase() === 'multipart/form-data'
}

const knowsWord = (query: Query): boolean => query.pairs.some(({ name }) => words.has(name))

/**
 * The operation that a request means.
 * @throws S3Error MethodNotAllowed where the resource has no such method, NotImplemented for a sub-resource that nobody
 * knows (named in the message), InvalidArgument for parameters that contradict each other
 */
export const route = (request: RouteRequest): AnyOperation => {
  const { method, level, query, headers } = request
  if (request.path === '/WriteGetObjectResponse' && method === 'POST')
    return 'WriteGetObjectResponse'
  if (level === 'bucket' && method === 'POST' && isForm(headers) && !knowsWord(query)) {
    return 'PostObject'
  }
  const candidates = tables[level].get(method)
  if (candidates === undefined) throw notAllowed(method, level)
  if (isPlain(query)) {
    const copies = candidates.plainCopy !== undefined && isCopy(request)
    const plain = copies ? candidates.plainCopy : candidates.plain
    if (plain === undefined) throw notAllowed(method, level)
    if (plain.name === 'ListBuckets' && request.directory === true) return 'ListDirectoryBuckets'
    return plain.name
  }
  const { name } = routeQuery(request, candidates)
  return name === 'ListBuckets' && request.directory === true ? 'ListDirectoryBuckets' : name
}
