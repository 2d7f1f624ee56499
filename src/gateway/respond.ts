/** Answers: what an operation says, or what went wrong, as status, headers and body. */
import { S3Error } from '../model/errors.ts'
import type { AnyOperation } from '../model/operations.ts'
import type { Reply } from '../operations/operation.ts'
import { Conflict } from '../ports/meta-store.ts'
import { StoreFull, StoreUnavailable } from '../ports/store-unavailable.ts'
import { encode, encodeError } from '../wire/encode.ts'
import type { Incoming, Outgoing, RequestRecord } from './message.ts'

/** The answer to an operation that went well. */
export function answer(
  operation: AnyOperation,
  reply: Reply<object>,
  record: RequestRecord,
): Outgoing {
  const encoded = encode(operation, reply.output)
  const { headers } = encoded
  if (reply.headers !== undefined) headers.push(...reply.headers)
  const status = reply.status ?? encoded.status
  if (reply.body === undefined) return withText({ status, headers, body: encoded.body, record })
  const length = typeof reply.body === 'string' ? reply.body.length : lengthOf(reply)
  if (length !== undefined) addLength(headers, length)
  return { status, headers, body: reply.body, record }
}

const lengthOf = ({ body, length }: Reply<object>): number | undefined =>
  body instanceof Uint8Array ? body.byteLength : length

const beyondAscii = /[^\0-\x7f]/

/** The bytes of text: XML is nearly always ASCII, which is its own bytes. */
const utf8Of = (text: string): string | Uint8Array =>
  beyondAscii.test(text) ? Buffer.from(text, 'utf8') : text

function withText(outgoing: Outgoing & { body: string | undefined }): Outgoing {
  const { status, headers, body, record } = outgoing
  if (body === undefined) {
    if (status !== 204 && status !== 304) addLength(headers, 0)
    return outgoing
  }
  const bytes = utf8Of(body)
  addLength(headers, bytes.length)
  return { status, headers, body: bytes, record }
}

/**
 * Sees to it that the length is the last header: node takes bytes outside ASCII in a Content-Disposition for
 * characters, and refuses them, once it has seen a length. HeadObject tells the object's length without a body.
 */
function addLength(headers: string[], length: number): void {
  let at = 0
  while (at < headers.length && headers[at] !== 'Content-Length') at += 2
  if (at === headers.length) {
    headers.push('Content-Length', String(length))
    return
  }
  const told = headers[at + 1] ?? ''
  headers.copyWithin(at, at + 2)
  headers[headers.length - 2] = 'Content-Length'
  headers[headers.length - 1] = told
}

/** The answer to what was thrown. What is no S3 error is a bug, or a store that fails: told as such, and logged. */
export function answerError(
  thrown: unknown,
  incoming: Incoming,
  context: { readonly record: RequestRecord; readonly hostId: string; readonly resource: string },
): Outgoing {
  const { record, hostId, resource } = context
  const error = toS3Error(thrown)
  record.error = error.code
  if (error !== thrown) record.cause = thrown
  const headers = [...error.headers]
  const { status } = error
  if (status === 304) return { status, headers, body: undefined, record }
  headers.push('Content-Type', 'application/xml')
  if (incoming.method === 'HEAD') return { status, headers, body: undefined, record }
  const { requestId } = record
  const body = utf8Of(encodeError(error, { resource, requestId, hostId }))
  headers.push('Content-Length', String(body.length))
  return { status, headers, body, record }
}

function toS3Error(thrown: unknown): S3Error {
  if (thrown instanceof S3Error) return thrown
  if (thrown instanceof StoreFull) return new S3Error('InsufficientStorage')
  if (thrown instanceof StoreUnavailable) return new S3Error('ServiceUnavailable')
  if (thrown instanceof Conflict) return new S3Error('SlowDown')
  return new S3Error('InternalError')
}
