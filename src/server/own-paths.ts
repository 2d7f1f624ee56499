/** The paths under `/-/` that are the server's own, before the gateway. No bucket can have that name. */
import { answerHealth, type Health } from '../endpoints/health/health.ts'
import { mayReadMetrics } from '../endpoints/metrics/metrics.ts'
import { type Handler, type Incoming, newRecord, type Outgoing } from '../gateway/message.ts'
import { newRequestId, refusal } from './http-refusal.ts'

export interface OwnPaths {
  readonly health: Health
  readonly metricsToken: string | undefined
  printMetrics(): Promise<{ readonly text: string; readonly contentType: string }>
}

const paths = ['/-/health/live', '/-/health/ready', '/-/metrics']

/** A signed request is always meant for S3, where `-/metrics` may be a key in a bucket that the host names. */
const isSigned = ({ target, headers }: Incoming): boolean =>
  headers['authorization']?.startsWith('AWS') === true || /[?&](?:X-Amz-|AWSAccess)/i.test(target)

function plain(status: number, contentType: string, text: string): Outgoing {
  const requestId = newRequestId()
  const headers = ['Content-Type', contentType, 'Cache-Control', 'no-store']
  headers.push('x-amz-request-id', requestId)
  return { status, headers, body: text, record: newRecord(requestId) }
}

async function answerOwn(path: string, incoming: Incoming, own: OwnPaths): Promise<Outgoing> {
  const health = answerHealth(path, own.health)
  if (health !== undefined) return plain(health.status, health.contentType, health.text)
  if (!mayReadMetrics(incoming, own.metricsToken)) return refusal('AccessDenied')
  const { text, contentType } = await own.printMetrics()
  return plain(200, contentType, text)
}

/** Answers the server's own paths and leaves everything else to the gateway. */
export function withOwnPaths(gateway: Handler, own: OwnPaths): Handler {
  return incoming => {
    const { target, method } = incoming
    if (!target.startsWith('/-/') || (method !== 'GET' && method !== 'HEAD'))
      return gateway(incoming)
    const mark = target.indexOf('?')
    const path = mark < 0 ? target : target.slice(0, mark)
    if (!paths.includes(path) || isSigned(incoming)) return gateway(incoming)
    return answerOwn(path, incoming, own)
  }
}
