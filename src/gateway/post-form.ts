/** PostObject's way in: who sends it, what it says and what it brings all stand in the body, a form. */
import { defaultVolume } from '../access/accounts.ts'
import { anonymousIn, type Principal } from '../access/principal.ts'
import { S3Error } from '../model/errors.ts'
import type { PostObjectRequest } from '../operations/operation.ts'
import { fieldTags } from '../operations/s3/object/post-object.ts'
import { urlEncode } from '../rules/listing.ts'
import type { Address } from '../wire/address.ts'
import { anyLength, checkPolicy, readPolicy, withinRange } from '../wire/auth/post-policy.ts'
import { type PostClaim, readPostClaim, verifyPost } from '../wire/auth/post-signature.ts'
import { checksumHeader } from '../wire/checksums/algorithms.ts'
import { type Form, formKey, readForm } from '../wire/form.ts'
import { RequestBody } from './body.ts'
import { noteUse } from './key-use.ts'
import type { Incoming } from './message.ts'
import type { GatewayParts } from './parts.ts'

export interface ReceivedForm {
  readonly principal: Principal
  readonly input: PostObjectRequest
  /** The file, within the length that the policy allows. */
  readonly body: RequestBody
}

/** Reads the form up to its file and checks its signature and policy. Throws the S3 error of whatever is wrong. */
export async function receiveForm(
  parts: GatewayParts,
  incoming: Incoming,
  { bucket = '' }: Address,
): Promise<ReceivedForm> {
  // Who may send the body stands in the body; up to its file it is bounded.
  incoming.proceed()
  const form = await readForm(incoming.body, incoming.headers['content-type'])
  const key = formKey(form)
  const { region, sigv2, insecure } = parts.options
  const claim = readPostClaim(form.fields, { region, sigv2: sigv2 || insecure })
  const principal = await senderOf(parts, claim)
  const range =
    claim === undefined
      ? anyLength
      : checkPolicy(
          readPolicy(claim.policy),
          { fields: form.fields, bucket, key },
          parts.clock.now(),
        )
  const file = { ...fileAsBody(incoming, form), body: withinRange(form.file.bytes, range) }
  const sender = { payload: { kind: 'unsigned' }, signer: undefined } as const
  const body = new RequestBody(file, sender, 'of body')
  return { principal, input: { Bucket: bucket, Key: key, Fields: form.fields }, body }
}

async function senderOf(parts: GatewayParts, claim: PostClaim | undefined): Promise<Principal> {
  const { access, options } = parts
  if (options.insecure) return access.rootPrincipal(claim?.accessKeyId ?? '')
  if (claim === undefined) return anonymousIn(defaultVolume)
  const { accessKeyId, sessionToken } = claim
  const credential =
    sessionToken !== undefined && sessionToken !== ''
      ? await access.session(accessKeyId, sessionToken)
      : (access.cached(accessKeyId) ?? (await access.secretOf(accessKeyId)))
  verifyPost(claim, credential?.secret)
  if (credential === undefined) throw new S3Error('InvalidAccessKeyId')
  noteUse(parts, claim)
  return credential.principal
}

/** What a form says in the place of a header whose name begins with `x-amz-`: by its lower-case name. */
export function headerOfForm(
  fields: ReadonlyMap<string, string>,
  name: string,
): string | undefined {
  if (name === 'x-amz-acl') return fields.get('acl') ?? fields.get(name)
  if (name !== 'x-amz-tagging') return fields.get(name)
  const tags = fieldTags(fields.get('tagging'))
  return tags.map(({ Key, Value }) => `${urlEncode(Key)}=${urlEncode(Value)}`).join('&')
}

/** The file as a body of its own: the fields say what headers say of other uploads. */
function fileAsBody(incoming: Incoming, { fields }: Form): Omit<Incoming, 'body'> {
  const headers: Record<string, string> = { 'transfer-encoding': 'chunked' }
  for (const name of ['content-md5', ...Object.values(checksumHeader)]) {
    const value = fields.get(name)
    if (value !== undefined) headers[name] = value
  }
  const { method, target, rawHeaders, remoteAddress, secure } = incoming
  return {
    method,
    target,
    headers,
    rawHeaders,
    remoteAddress,
    secure,
    proceed() {},
  }
}
