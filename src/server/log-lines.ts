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

/** Who did what: the fields that both logs have. */
function core(record: RequestRecord, facts: RequestFacts): string {
  const { requestId, operation, volume, bucket, key, versionId, error } = record
  return (
    `{"time":"${timestamp()}","requestId":"${requestId}","remote":${quoted(facts.remote)}` +
    `${field('accessKeyId', record.accessKeyId)}${field('account', record.account)}` +
    `${field('identity', record.identity)}${field('subject', record.subject)}` +
    `,"method":${quoted(facts.method)},"operation":"${operation}"` +
    (bucket === '' ? field('path', withoutQuery(facts.target)) : '') +
    `${field('volume', volume)}${field('bucket', bucket)}${field('key', key)}` +
    `${field('versionId', versionId)},"status":${facts.status}${field('error', error)}`
  )
}

/** One line of JSON with its line feed. */
export function accessLine(record: RequestRecord, facts: RequestFacts): string {
  const { userAgent, referer, failure } = facts
  return (
    `${core(record, facts)},"bytesIn":${facts.bytesIn},"bytesOut":${facts.bytesOut}` +
    `,"ms":${facts.milliseconds.toFixed(3)}` +
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
