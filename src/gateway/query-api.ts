/** IAM and STS: calls of AWS's query protocol, which come as forms to the root of the endpoint. */
import { createHash } from 'node:crypto'
import { defaultVolume } from '../access/accounts.ts'
import { anonymousIn, type Principal } from '../access/principal.ts'
import { isSessionKey } from '../access/sessions.ts'
import { type ErrorCode, S3Error } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import { QueryError, type QueryErrorCode } from '../model/query-errors.ts'
import { type QueryService, queryServices } from '../model/query-services.ts'
import { authorizeQuery, type QueryContext } from '../operations/query-operation.ts'
import { queryOperations } from '../operations/query-operations.ts'
import { Conflict } from '../ports/meta-store.ts'
import { StoreFull, StoreUnavailable } from '../ports/store-unavailable.ts'
import type { Address } from '../wire/address.ts'
import { readAuth, verify } from '../wire/auth/authenticate.ts'
import type { AuthOptions, AuthRequest } from '../wire/auth/claim.ts'
import { clientAddress } from '../wire/forwarded.ts'
import { emptyQuery } from '../wire/query.ts'
import { decodeQuery, type QueryCall } from '../wire/query-protocol/decode.ts'
import { encodeQuery, encodeQueryError } from '../wire/query-protocol/encode.ts'
import { conditionsOf } from './conditions.ts'
import { noteUse } from './key-use.ts'
import { clientTls, type Incoming, type Outgoing, type RequestRecord } from './message.ts'
import type { GatewayParts } from './parts.ts'

const formType = /^application\/x-www-form-urlencoded\s*(?:;|$)/i

/** Whether a request is such a call; S3 has nothing that is a form to the root. */
export const isQueryCall = (incoming: Incoming, place: Address): boolean =>
  incoming.method === 'POST' &&
  place.level === 'service' &&
  formType.test(incoming.headers['content-type'] ?? '')

/** Answers such a call, errors included. */
export async function runQuery(
  parts: GatewayParts,
  {
    incoming,
    place,
    record,
  }: {
    readonly incoming: Incoming
    readonly place: Address
    readonly record: RequestRecord
  },
): Promise<Outgoing> {
  let service: QueryService = queryServices.iam
  try {
    const body = await readBody(incoming)
    const call = decodeQuery(body.toString('latin1'))
    service = call.service
    record.operation = `${service.name}:${call.action}`
    record.subject = subjectOf(call.input)
    const principal = await senderOf(parts, { incoming, place, body, service })
    record.accessKeyId = principal.accessKeyId
    record.account = principal.canonicalId
    if (principal.identity.kind !== 'root') record.identity = principal.identity.arn
    record.volume = principal.volume
    const output = await run(parts, { incoming, place, call, principal })
    const text = encodeQuery(service, call.action, output, record.requestId)
    return answer(200, text, record)
  } catch (thrown) {
    const error = toQueryError(thrown)
    record.error = error.code
    if (error.status >= 500 && error.code !== 'NotImplemented') record.cause = thrown
    return answer(error.status, encodeQueryError(error, service, record.requestId), record)
  }
}

/** Members that name what a call is about, the likeliest first. */
const subjects = [
  'UserName',
  'GroupName',
  'RoleName',
  'PolicyArn',
  'PolicyName',
  'OpenIDConnectProviderArn',
  'Url',
  'RoleArn',
  'Name',
] as const

function subjectOf(input: object): string {
  const members = input as Readonly<Record<string, unknown>>
  for (const name of subjects) {
    const value = members[name]
    if (typeof value === 'string') return value.slice(0, subjectMax)
  }
  return ''
}

const subjectMax = 256

function answer(status: number, text: string, record: RequestRecord): Outgoing {
  const body = Buffer.from(text)
  const headers = ['x-amzn-RequestId', record.requestId, 'Content-Type', 'text/xml']
  headers.push('Content-Length', String(body.length))
  return { status, headers, body, record }
}

const tooLarge = (): QueryError =>
  new QueryError('ValidationError', `A request has at most ${limits.query_bytes_max} bytes.`)

/** Who sends it is signed over the body's hash, so that the body is read first; it is small. */
async function readBody(incoming: Incoming): Promise<Buffer> {
  const length = Number(incoming.headers['content-length'] ?? 0)
  if (length > limits.query_bytes_max) throw tooLarge()
  incoming.proceed()
  const whole = incoming.whole?.()
  if (whole !== undefined) return Buffer.from(whole)
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of incoming.body) {
    size += chunk.length
    if (size > limits.query_bytes_max) throw tooLarge()
    chunks.push(Buffer.from(chunk))
  }
  return Buffer.concat(chunks)
}

interface Sent {
  readonly incoming: Incoming
  readonly place: Address
  readonly body: Buffer
  readonly service: QueryService
}

const wrongScope = (service: string): QueryError =>
  new QueryError(
    'SignatureDoesNotMatch',
    `Credential should be scoped to correct service: '${service}'.`,
  )

async function senderOf(parts: GatewayParts, sent: Sent): Promise<Principal> {
  const { incoming, place, body, service } = sent
  const { access, options, clock } = parts
  if (options.insecure) return access.rootPrincipal('')
  const bodySha256 = createHash('sha256').update(body).digest('hex')
  const request: AuthRequest = {
    method: incoming.method,
    headers: incoming.headers,
    rawHeaders: incoming.rawHeaders,
    query: emptyQuery,
    paths: place.paths,
    hosts: place.hosts,
    bodySha256,
  }
  // IAM has one scope for all regions, and STS had.
  const accepted: AuthOptions = {
    region: options.region,
    anyRegion: true,
    services: [service.name],
  }
  const claim = readAuth(request, accepted)
  if (claim.kind === 'anonymous') return anonymousIn(defaultVolume)
  if (!('service' in claim) || claim.service !== service.name) throw wrongScope(service.name)
  const { accessKeyId, sessionToken } = claim
  const credential =
    sessionToken === undefined || sessionToken === ''
      ? (access.cached(accessKeyId) ?? (await access.secretOf(accessKeyId)))
      : await access.session(accessKeyId, sessionToken)
  verify(claim, request, credential?.secret, { now: clock.now(), options: accepted })
  if (credential === undefined) throw new QueryError('InvalidClientTokenId')
  // What was signed is what was read, and nothing else.
  if (claim.payloadText.toLowerCase() !== bodySha256) throw new QueryError('SignatureDoesNotMatch')
  noteUse(parts, claim)
  return credential.principal
}

interface Called {
  readonly incoming: Incoming
  readonly place: Address
  readonly call: QueryCall
  readonly principal: Principal
}

/** What stands for a user for a while must not make itself something that lasts; a role may what its policies allow. */
function sessionMay({ action }: QueryCall, { accessKeyId, identity }: Principal): boolean {
  if (!isSessionKey(accessKeyId) || identity.kind === 'assumed-role') return true
  return action === 'GetCallerIdentity' || (action === 'AssumeRole' && identity.kind === 'user')
}

async function run(parts: GatewayParts, called: Called): Promise<object> {
  const { call, principal } = called
  const operation = queryOperations[call.action]
  if (operation === undefined) throw new QueryError('NotImplemented')
  if (!sessionMay(call, principal)) {
    throw new QueryError('AccessDenied', 'Cannot call this operation with session credentials')
  }
  const isNobody = principal.kind === 'anonymous'
  if (isNobody && operation.anonymous !== true) throw new QueryError('MissingAuthenticationToken')
  const context = await contextOf(parts, called)
  const { input } = call
  if (operation.action !== undefined) {
    const target = (await operation.target?.(input, context)) ?? { resource: '*' }
    authorizeQuery(context, operation.action, target)
  }
  return operation.run(input, context)
}

async function contextOf(
  { access, buckets, fetcher, clock, options }: GatewayParts,
  { incoming, place, principal }: Called,
): Promise<QueryContext> {
  const { iam } = access
  const account =
    principal.kind === 'anonymous' ? undefined : await iam.records.account(principal.canonicalId)
  const now = clock.now()
  const { headers, remoteAddress } = incoming
  return {
    principal,
    get account() {
      if (account === undefined) throw new QueryError('MissingAuthenticationToken')
      return account
    },
    store: iam,
    owners: buckets.owners,
    fetcher,
    now,
    condition: conditionsOf({
      principal,
      bucket: undefined,
      // What IAM has is asked of the caller's own account.
      resourceAccount: account?.number,
      key: undefined,
      query: emptyQuery,
      header: name => headers[name],
      sourceIp: clientAddress(headers, remoteAddress, options.trusts),
      encrypted: place.scheme === 'https',
      tlsVersion: () => clientTls(incoming, options.trusts),
      now,
      region: options.region,
    }),
    issueSession: grant => access.issue(grant),
  }
}

/** What went wrong with a signature, in the words of these services. */
const translated: Readonly<Partial<Record<ErrorCode, QueryErrorCode>>> = {
  AccessDenied: 'AccessDenied',
  AuthorizationHeaderMalformed: 'IncompleteSignature',
  AuthorizationQueryParametersError: 'IncompleteSignature',
  ExpiredToken: 'ExpiredToken',
  InvalidAccessKeyId: 'InvalidClientTokenId',
  InvalidArgument: 'IncompleteSignature',
  InvalidRequest: 'IncompleteSignature',
  InvalidToken: 'InvalidClientTokenId',
  RequestTimeTooSkewed: 'SignatureDoesNotMatch',
  SignatureDoesNotMatch: 'SignatureDoesNotMatch',
}

function toQueryError(thrown: unknown): QueryError {
  if (thrown instanceof QueryError) return thrown
  if (thrown instanceof S3Error) {
    const code = translated[thrown.code]
    if (code === 'InvalidClientTokenId') return new QueryError(code)
    if (code !== undefined) return new QueryError(code, thrown.message)
  }
  if (thrown instanceof StoreFull) return new QueryError('InsufficientStorage')
  const isBusy = thrown instanceof StoreUnavailable || thrown instanceof Conflict
  return new QueryError(isBusy ? 'ServiceUnavailable' : 'InternalFailure')
}
