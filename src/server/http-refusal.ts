/** Answers that the server gives itself, to what never became a request of S3: broken HTTP, other expectations. */
import { randomBytes } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import { newRecord, type Outgoing, type RequestRecord } from '../gateway/message.ts'
import type { ErrorCode } from '../model/errors.ts'
import { errorTable } from '../model/errors.ts'

export const newRequestId = (): string => randomBytes(8).toString('hex').toUpperCase()

function errorXml(code: string, message: string, requestId: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message><RequestId>${requestId}</RequestId></Error>`
}

/** An error in the shape of S3's. */
export function refusal(
  code: ErrorCode,
  { status, cause }: { readonly status?: number; readonly cause?: unknown } = {},
): Outgoing {
  const [standard, message] = errorTable[code]
  const requestId = newRequestId()
  const record = { ...newRecord(requestId), error: code, cause }
  return {
    status: status ?? standard,
    headers: ['Content-Type', 'application/xml', 'x-amz-request-id', requestId],
    body: errorXml(code, message, requestId),
    record,
  }
}

/** What the parser of HTTP complained of, as an answer. */
export function refusalOf(parserError: string | undefined): Outgoing {
  if (parserError === 'HPE_HEADER_OVERFLOW')
    return refusal('RequestHeaderSectionTooLarge', { status: 431 })
  if (parserError === 'ERR_HTTP_REQUEST_TIMEOUT') return refusal('RequestTimeout', { status: 408 })
  return refusal('BadRequest', { status: 400 })
}

/** What a handler that reads a body is told when the parser of HTTP, or the connection, gave up within it. */
export function codeOfBreak(parserError: string | undefined): ErrorCode {
  if (parserError === 'ECONNRESET') return 'ConnectionClosedByRequester'
  return parserError === 'HPE_INVALID_TRANSFER_ENCODING' ? 'NotImplemented' : 'IncompleteBody'
}

/** In place of an answer whose headers cannot be written. */
export function instead(record: RequestRecord, cause: unknown): Outgoing {
  record.error = 'InternalError'
  record.cause = cause
  const { requestId } = record
  const [status, message] = errorTable.InternalError
  const headers = ['Content-Type', 'application/xml', 'x-amz-request-id', requestId]
  return { status, headers, body: errorXml('InternalError', message, requestId), record }
}

/** The bytes of an answer after which the connection is closed, for a socket that has no response object. */
export function rawAnswer({ status, headers, body }: Outgoing): string {
  const text = typeof body === 'string' ? body : ''
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    `Date: ${new Date().toUTCString()}`,
    'Server: Moongate',
    'Connection: close',
    `Content-Length: ${text.length}`,
  ]
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`)
  return `${lines.join('\r\n')}\r\n\r\n${text}`
}
