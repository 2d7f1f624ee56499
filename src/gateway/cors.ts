/** Web pages of other origins: preflights, and what every answer tells a browser. Rules per bucket will take its place. */
import { S3Error } from '../model/errors.ts'
import type { Incoming } from './message.ts'

const preflightSeconds = '3600'
/**
 * Exposed in every answer, there or not: a browser that answers a range from its cache goes by what the whole object
 * came with. `x-amz-*` are exposed as they occur.
 */
const exposed = [
  'ETag',
  'Content-Range',
  'Accept-Ranges',
  'Last-Modified',
  'Content-Length',
  'Content-Encoding',
  'Content-Disposition',
  'Date',
  'Location',
].join(', ')

export class Cors {
  readonly #origins: ReadonlySet<string>
  readonly #any: boolean

  /** No origins: no page may call. */
  constructor(origins: readonly string[]) {
    this.#origins = new Set(origins)
    this.#any = this.#origins.has('*')
  }

  #allowed(origin: string): boolean {
    return this.#any || this.#origins.has(origin)
  }

  /**
   * Headers of the answer to a preflight. The allowed origin is not among them: {@link expose} adds it to every answer,
   * and a browser refuses one that has it twice. Throws AccessForbidden as S3 does.
   */
  preflight(incoming: Incoming): string[] {
    const { headers } = incoming
    const origin = headers['origin']
    const method = headers['access-control-request-method']
    if (origin === undefined) {
      throw new S3Error('BadRequest', {}, 'Insufficient information. Origin request header needed.')
    }
    if (method === undefined) {
      throw new S3Error('BadRequest', {}, 'Invalid Access-Control-Request-Method: null')
    }
    if (!this.#allowed(origin) || !methods.has(method)) {
      throw new S3Error(
        'AccessForbidden',
        { Method: method, ResourceType: 'BUCKET' },
        'CORSResponse: This CORS request is not allowed.',
      )
    }
    const answer = ['Access-Control-Allow-Methods', [...methods].join(', ')]
    const wanted = headers['access-control-request-headers']
    if (wanted !== undefined) answer.push('Access-Control-Allow-Headers', wanted)
    answer.push('Access-Control-Max-Age', preflightSeconds)
    return answer
  }

  /** Adds to an answer's headers what lets the page read it. Never with credentials. */
  expose(incoming: Incoming, answer: string[]): void {
    const origin = incoming.headers['origin']
    if (origin === undefined || !this.#allowed(origin)) return
    let names = exposed
    for (let i = 0; i < answer.length; i += 2) {
      const name = answer[i] ?? ''
      if (name.startsWith('x-amz-')) names += `, ${name}`
    }
    answer.push(...this.#origin(origin), 'Access-Control-Expose-Headers', names)
  }

  #origin(origin: string): string[] {
    const vary = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'
    if (this.#any) return ['Access-Control-Allow-Origin', '*', 'Vary', vary]
    return ['Access-Control-Allow-Origin', origin, 'Vary', vary]
  }
}

const methods: ReadonlySet<string> = new Set(['GET', 'PUT', 'POST', 'DELETE', 'HEAD'])
