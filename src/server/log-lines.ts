/** Lines of the access and audit logs, written by hand: they are made for each request and must cost next to nothing. */

import { routes } from '../admin/routes/index.ts'
import type { RequestRecord } from '../gateway/message.ts'
import type { ErrorCode } from '../model/errors.ts'
import { operations } from '../model/operations.ts'
import { queryOperationNames } from '../model/query-services.ts'

/** What the server knows of a request beside its record. */
export interface RequestFacts {
  readonly remote: string
  readonly method: string
  readonly target: string
  readonly status: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly milliseconds: number
  readonly userAgent: string | undefined
  readonly referer: string | undefined
  /** What broke the answer off, if something did. */
  readonly failure: unknown
}

/** What JSON takes as it is: all but quotes, backslashes, controls and halves of surrogate pairs. */
const plainText = /^[ !#-[\]-~\u00a0-\u2027\u202a-\ud7ff\ue000-\uffff]*$/

const quoted = (text: string): string => (plainText.test(text) ? `"${text}"` : JSON.stringify(text))

/** Without its query, in which a presigned URL has its signature. */
function withoutQuery(url: string): string {
  const mark = url.search(/[?#]/)
  return mark < 0 ? url : url.slice(0, mark)
}

let lastMs = 0
let lastTime = ''
function timestamp(): string {
  const now = Date.now()
  if (now !== lastMs) {
    lastMs = now
    lastTime = new Date(now).toISOString()
  }
  return lastTime
}

const field = (name: string, value: string): string =>
  value === '' ? '' : `,"${name}":${quoted(value)}`

/** Who did what where, but for the key. */
type Deed = Pick<RequestFacts, 'remote' | 'method'> &
  Pick<
    RequestRecord,
    'accessKeyId' | 'account' | 'identity' | 'subject' | 'operation' | 'volume' | 'bucket'
  >

const deedText = (deed: Deed, path: string): string =>
  `,"remote":${quoted(deed.remote)}` +
  `${field('accessKeyId', deed.accessKeyId)}${field('account', deed.account)}` +
  `${field('identity', deed.identity)}${field('subject', deed.subject)}` +
  `,"method":${quoted(deed.method)},"operation":"${deed.operation}"` +
  `${field('path', path)}${field('volume', deed.volume)}${field('bucket', deed.bucket)}`

// A client mostly does again what was done last, with another key. Of requests without a bucket the path is told, which changes.
let last: Deed | undefined
let lastText = ''

const isLast = ({ remote, method }: RequestFacts, record: RequestRecord): boolean =>
  last !== undefined &&
  last.operation === record.operation &&
  last.bucket === record.bucket &&
  last.accessKeyId === record.accessKeyId &&
  last.remote === remote &&
  last.method === method &&
  last.account === record.account &&
  last.identity === record.identity &&
  last.subject === record.subject &&
  last.volume === record.volume

function deed(record: RequestRecord, facts: RequestFacts): string {
  const { accessKeyId, account, identity, subject, operation, volume, bucket } = record
  if (bucket !== '' && isLast(facts, record)) return lastText
  const { remote, method, target } = facts
  const done = {
    remote,
    accessKeyId,
    account,
    identity,
    subject,
    method,
    operation,
    volume,
    bucket,
  }
  if (bucket === '') return deedText(done, withoutQuery(target))
  last = done
  lastText = deedText(done, '')
  return lastText
}

/** Who did what: the fields that both logs have. */
function core(record: RequestRecord, facts: RequestFacts): string {
  const { requestId, key, versionId, error } = record
  return (
    `{"time":"${timestamp()}","requestId":"${requestId}"${deed(record, facts)}` +
    `${field('key', key)}${field('versionId', versionId)},"status":${facts.status}${field('error', error)}`
  )
}

const thousandths = Array.from({ length: 1000 }, (_, i) => `.${String(i).padStart(3, '0')}`)

/** With three digits behind the point; `toFixed` takes several times as long. */
function milliseconds(duration: number): string {
  const micros = Math.round(duration * 1000)
  return `${Math.floor(micros / 1000)}${thousandths[micros % 1000]}`
}

/** One line of JSON with its line feed. */
export function accessLine(record: RequestRecord, facts: RequestFacts): string {
  const { userAgent, referer, failure } = facts
  return (
    `${core(record, facts)},"bytesIn":${facts.bytesIn},"bytesOut":${facts.bytesOut}` +
    `,"ms":${milliseconds(facts.milliseconds)}` +
    (userAgent === undefined ? '' : field('userAgent', userAgent)) +
    (referer === undefined ? '' : field('referer', withoutQuery(referer))) +
    (failure === undefined ? '' : ',"brokenOff":true') +
    '}\n'
  )
}

/** Operations of S3 and of the admin API that change buckets and their settings, or who may do what with an object; objects' own writes are not. */
const audited: ReadonlySet<string> = new Set(
  Object.entries(operations)
    .filter(([name, { method, level }]) => {
      if (method === 'GET' || method === 'HEAD') return false
      if (level === 'object') return /(?:Acl|Retention|LegalHold)$/.test(name)
      return !/^(?:DeleteObjects|PostObject|WriteGetObjectResponse)$/.test(name)
    })
    .map(([name]) => name)
    .concat(
      routes
        .filter(({ method, changes }) => method !== 'GET' && changes !== false)
        .map(({ name }) => `admin:${name}`),
    )
    .concat(
      queryOperationNames.filter(
        name => !/^\w+:(?:Get(?!.*Token)|List|Simulate|GenerateCredentialReport)/.test(name),
      ),
    ),
)

/** Refusals for who asked whose status is not 401 or 403. */
const refusals: ReadonlySet<string> = new Set<ErrorCode>([
  'AuthorizationHeaderMalformed',
  'AuthorizationQueryParametersError',
  'ExpiredToken',
  'InvalidToken',
])

/**
 * Whether a request belongs into the audit log: a change, or a refusal for who asked. That of a request without
 * credentials is in the access log only: anybody can have so many of them that nothing else is found among them.
 */
export function isAudited(record: RequestRecord, status: number): boolean {
  const { operation, accessKeyId, error } = record
  if (audited.has(operation)) return true
  if (accessKeyId === '' && (error === 'AccessDenied' || error === 'Unauthorized')) return false
  return status === 403 || status === 401 || refusals.has(error)
}

export function auditLine(record: RequestRecord, facts: RequestFacts): string {
  const result = facts.status < 400 ? 'done' : 'refused'
  return `${core(record, facts)},"result":"${result}"}\n`
}
