/**
 * S3 Control, a service of AWS beside S3 that is not built. It is told apart from S3, whose buckets its paths seem to name,
 * and answered in its own form: Terraform's provider asks it for a bucket's tags first and takes this answer as the word to
 * ask S3.
 */
import { S3Error } from '../model/errors.ts'
import type { Incoming, Outgoing, RequestRecord } from './message.ts'

/** Every call of it names an account, and no call of S3 does so. */
export const isControlCall = ({ target, headers }: Incoming): boolean =>
  headers['x-amz-account-id'] !== undefined && target.startsWith('/v20180820/')

export function refuseControl(record: RequestRecord): Outgoing {
  const { code, status, message } = new S3Error('MethodNotAllowed')
  record.operation = 'S3Control'
  record.error = code
  const body = Buffer.from(
    `<?xml version="1.0" encoding="UTF-8"?>\n<ErrorResponse><Error><Code>${code}</Code><Message>${message}</Message></Error><RequestId>${record.requestId}</RequestId></ErrorResponse>`,
  )
  const headers = ['Content-Type', 'application/xml', 'Content-Length', String(body.length)]
  return { status, headers, body, record }
}
