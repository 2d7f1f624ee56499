// The scope of a SigV4 credential: day, region, service. A signature is good for nothing else.

import type { S3Error } from '../../model/errors.ts'
import type { AuthOptions } from './claim.ts'
import { regionSetHas } from './sigv4a.ts'

/** A credential as the client wrote it. */
export interface Credential {
  readonly accessKeyId: string
  /** `YYYYMMDD`. */
  readonly date: string
  /** `''` in SigV4A, whose scope has none. */
  readonly region: string
  readonly service: string
  readonly terminal: string
  /** All but the access key id, as sent. */
  readonly scope: string
}

// The credential is the same in all that a client signs on one day.
let lastText = ''
let lastEcdsa = false
let lastCredential: Credential | undefined

/**
 * Splits `AKID/date/region/service/aws4_request` (SigV4A: without the region) from its end, as an access key id may
 * contain slashes. @returns undefined where parts are missing
 */
export const splitCredential = (text: string, ecdsa: boolean): Credential | undefined => {
  if (text !== lastText || ecdsa !== lastEcdsa) {
    lastCredential = split(text, ecdsa)
    lastText = text
    lastEcdsa = ecdsa
  }
  return lastCredential
}

const split = (text: string, ecdsa: boolean): Credential | undefined => {
  const parts = text.split('/')
  const count = ecdsa ? 3 : 4
  if (parts.length <= count) return undefined
  const [date = '', ...rest] = parts.slice(-count)
  const [region = '', service = '', terminal = ''] = ecdsa ? ['', ...rest] : rest
  const accessKeyId = parts.slice(0, -count).join('/')
  return { accessKeyId, date, region, service, terminal, scope: parts.slice(-count).join('/') }
}

export interface Scoped extends Omit<Credential, 'accessKeyId'> {
  /** `YYYYMMDDTHHMMSSZ` of the request. */
  readonly timestamp: string
  /** SigV4A only. */
  readonly regionSet?: string | undefined
}

/** Directory buckets' requests name a service of their own. */
const ofS3: readonly string[] = ['s3', 's3express']

/** An answer to HEAD has no body to tell the region in, and SDKs that were given none look for this header. */
const told = (error: S3Error, region: string): S3Error => {
  error.headers.push('x-amz-bucket-region', region)
  return error
}

/**
 * Checks terminal, service, date and region, in AWS's order.
 * @param fail makes the error from AWS's words for what is wrong
 */
export const checkScope = (
  claim: Scoped,
  options: AuthOptions,
  fail: (why: string, fields?: Record<string, string>) => S3Error,
): void => {
  const { terminal, service, date, region, regionSet, timestamp } = claim
  if (terminal !== 'aws4_request') {
    throw fail(`incorrect terminal "${terminal}". This endpoint uses "aws4_request".`)
  }
  const { services = ofS3 } = options
  if (!services.includes(service)) {
    throw fail(`incorrect service "${service}". This endpoint belongs to "${services[0]}".`)
  }
  if (!/^\d{8}$/.test(date)) {
    throw fail(
      `incorrect date format "${date}". This date in the credential must be in the format "yyyyMMdd".`,
    )
  }
  if (!timestamp.startsWith(date)) {
    throw fail(
      `Invalid credential date "${date}". This date is not the same as X-Amz-Date: "${timestamp.slice(0, 8)}".`,
    )
  }
  if (options.anyRegion === true) return
  const Region = options.region
  if (regionSet !== undefined) {
    if (regionSetHas(regionSet, Region)) return
    throw told(
      fail(`the region set '${regionSet}' is wrong; expecting '${Region}'`, { Region }),
      Region,
    )
  }
  if (region !== Region)
    throw told(fail(`the region '${region}' is wrong; expecting '${Region}'`, { Region }), Region)
}
