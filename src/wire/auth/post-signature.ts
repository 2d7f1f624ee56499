// The signature of a POST form: of its policy, by SigV4 or SigV2. Source: Amazon S3 API reference, "Authenticating
// requests in browser-based uploads using POST (AWS SigV4)".

import { S3Error } from '../../model/errors.ts'
import { missingField } from '../form.ts'
import { unsupported } from './authenticate.ts'
import type { AuthOptions } from './claim.ts'
import { sameSecret } from './compare.ts'
import { parseAmzDate } from './dates.ts'
import { hmacHex, signingKey } from './keys.ts'
import { checkScope, splitCredential } from './scope.ts'
import { signV2 } from './sigv2.ts'
import { hmacAlgorithm } from './sigv4-read.ts'
import { hexBytes, nobody, unknownKey } from './sigv4-verify.ts'

/** Fields of a form by their names in lower case. */
export type Fields = ReadonlyMap<string, string>

/** Who a form says it is from. */
export interface PostClaim {
  readonly kind: 'post-v4' | 'post-v2'
  readonly accessKeyId: string
  /** Base64, as sent: what is signed. */
  readonly policy: string
  readonly signature: string
  /** SigV4: the scope. */
  readonly date: string
  readonly region: string
  readonly service: string
  readonly sessionToken?: string
}

const required = (fields: Fields, name: string): string => {
  const value = fields.get(name)
  if (value === undefined || value === '') throw missingField(name)
  return value
}

const badCredential = (why: string, more: Record<string, string> = {}): S3Error =>
  new S3Error(
    'AuthorizationQueryParametersError',
    more,
    `Error parsing the X-Amz-Credential parameter; ${why}`,
  )

const readV4 = (fields: Fields, options: AuthOptions): PostClaim => {
  const policy = required(fields, 'policy')
  if (required(fields, 'x-amz-algorithm') !== hmacAlgorithm) throw unsupported()
  const text = required(fields, 'x-amz-credential')
  const timestamp = required(fields, 'x-amz-date')
  const signature = required(fields, 'x-amz-signature')
  const credential = splitCredential(text, false)
  if (credential === undefined || credential.accessKeyId === '') {
    throw badCredential(
      'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    )
  }
  if (Number.isNaN(parseAmzDate(timestamp))) {
    throw new S3Error(
      'InvalidArgument',
      { ArgumentName: 'x-amz-date', ArgumentValue: timestamp },
      "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
    )
  }
  checkScope({ ...credential, timestamp }, options, badCredential)
  const { accessKeyId, date, region, service } = credential
  const sessionToken = fields.get('x-amz-security-token')
  const token = sessionToken === undefined ? undefined : { sessionToken }
  return { kind: 'post-v4', accessKeyId, policy, signature, date, region, service, ...token }
}

const readV2 = (fields: Fields, options: AuthOptions): PostClaim => {
  if (options.sigv2 !== true) throw unsupported()
  const accessKeyId = required(fields, 'awsaccesskeyid')
  const policy = required(fields, 'policy')
  const signature = required(fields, 'signature')
  const sessionToken = fields.get('x-amz-security-token')
  const token = sessionToken === undefined ? undefined : { sessionToken }
  const noScope = { date: '', region: '', service: '' }
  return { kind: 'post-v2', accessKeyId, policy, signature, ...noScope, ...token }
}

/**
 * Reads who a form is from; undefined where it says nothing of that (no policy, no key, no signature).
 * @throws S3Error InvalidArgument (a field is missing), InvalidRequest (SigV2 is off), AuthorizationQueryParametersError
 */
export const readPostClaim = (fields: Fields, options: AuthOptions): PostClaim | undefined => {
  const v4 = ['x-amz-algorithm', 'x-amz-credential', 'x-amz-signature']
  if (v4.some(name => fields.has(name))) return readV4(fields, options)
  if (fields.has('awsaccesskeyid') || fields.has('signature')) return readV2(fields, options)
  // A policy that nobody signed restricts nothing; whoever sends one means it to.
  if (fields.has('policy')) throw missingField('AWSAccessKeyId')
  return undefined
}

/**
 * Verifies a form's signature against the secret of its key; `undefined` where no such key exists, which costs as much.
 * @throws S3Error InvalidAccessKeyId, SignatureDoesNotMatch
 */
export const verifyPost = (claim: PostClaim, secret: string | undefined): void => {
  const { accessKeyId, policy, signature, date, region, service } = claim
  const owner = secret === undefined ? nobody : { accessKeyId, secret }
  const expected =
    claim.kind === 'post-v4'
      ? hmacHex(signingKey({ ...owner, date, region, service }), policy)
      : signV2(owner.secret, policy)
  const same = sameSecret(expected, signature)
  if (secret === undefined) throw unknownKey(accessKeyId)
  if (same) return
  throw new S3Error('SignatureDoesNotMatch', {
    AWSAccessKeyId: accessKeyId,
    StringToSign: policy,
    SignatureProvided: signature,
    StringToSignBytes: hexBytes(Buffer.from(policy, 'utf8').toString('latin1')),
  })
}
