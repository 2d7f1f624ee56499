/** What goes wrong in the admin API, in its own words; S3's and IAM's errors are told as they are. */
import { S3Error } from '../model/errors.ts'
import { QueryError } from '../model/query-errors.ts'
import { StoreFull } from '../ports/store-unavailable.ts'

const statuses = {
  AccessDenied: 403,
  InvalidInput: 400,
  MethodNotAllowed: 405,
  NoSuchRoute: 404,
  ServiceUnavailable: 503,
  SignInFailed: 401,
  TooManyAttempts: 429,
  Unauthorized: 401,
  UnsupportedMediaType: 415,
} as const

export type AdminErrorCode = keyof typeof statuses

export class AdminError extends Error {
  override readonly name = 'AdminError'
  readonly code: AdminErrorCode
  readonly status: number
  /** Of the answer: name, value, name, value … */
  readonly headers: readonly string[]

  constructor(
    code: AdminErrorCode,
    message: string,
    {
      headers = [],
      cause,
    }: { readonly headers?: readonly string[]; readonly cause?: unknown } = {},
  ) {
    super(message, { cause })
    this.code = code
    this.status = statuses[code]
    this.headers = headers
  }
}

/** One text, whoever asks and whether the thing is there or not. */
export const accessDenied = (): AdminError => new AdminError('AccessDenied', 'Access Denied')

export interface Told {
  readonly status: number
  readonly code: string
  readonly message: string
  readonly headers: readonly string[]
  /** For the log alone. */
  readonly cause?: unknown
}

/** An error as the client is told of it. Anything that nobody foresaw is an InternalError, and only the log says which. */
export function told(thrown: unknown): Told {
  if (thrown instanceof AdminError) {
    const { status, code, message, headers, cause } = thrown
    return { status, code, message, headers, cause }
  }
  if (thrown instanceof S3Error || thrown instanceof QueryError) {
    const { status, code, message } = thrown
    // A refusal says the same in whichever room it came about.
    return {
      status,
      code,
      message: code === 'AccessDenied' ? 'Access Denied' : message,
      headers: [],
    }
  }
  if (thrown instanceof StoreFull)
    return { ...told(new QueryError('InsufficientStorage')), cause: thrown }
  const message = 'We encountered an internal error. Please try again.'
  return { status: 500, code: 'InternalError', message, headers: [], cause: thrown }
}
