/** Who a request comes from: the signature checked against the secret of the key that it names. */
import { defaultVolume } from '../access/accounts.ts'
import type { Credential } from '../access/credential.ts'
import { anonymousIn, type Principal } from '../access/principal.ts'
import { S3Error } from '../model/errors.ts'
import { readAuth, verify } from '../wire/auth/authenticate.ts'
import type { AuthRequest, Payload, SignedClaim } from '../wire/auth/claim.ts'
import type { ChunkSigner } from '../wire/auth/verified.ts'
import { noteUse } from './key-use.ts'
import type { GatewayParts } from './parts.ts'

export interface Authenticated {
  readonly principal: Principal
  readonly payload: Payload
  /** Continues the signature in a body of signed chunks. */
  readonly signer: ChunkSigner | undefined
  /** The scope says `s3express`. */
  readonly directory: boolean
}

/**
 * At once where the credential is at hand, as it mostly is: then a request waits for nothing before its operation.
 * Throws (or rejects with) the S3 error of whatever is wrong with the credentials.
 */
export function authenticate(
  parts: GatewayParts,
  request: AuthRequest,
): Authenticated | Promise<Authenticated> {
  const { options } = parts
  if (options.insecure) return insecurely(parts, request)
  const claim = readAuth(request, options)
  if (claim.kind === 'anonymous') {
    const { payload } = claim
    return { principal: anonymousIn(defaultVolume), payload, signer: undefined, directory: false }
  }
  const { sessionToken } = claim
  if (sessionToken !== undefined && sessionToken !== '')
    return inSession(parts, request, claim, sessionToken)
  const credential = parts.access.cached(claim.accessKeyId)
  if (credential !== undefined) return authenticated(parts, request, claim, credential)
  return lookedUp(parts, request, claim)
}

/** A temporary key: its token has its secret and who it stands for. */
async function inSession(
  parts: GatewayParts,
  request: AuthRequest,
  claim: SignedClaim,
  token: string,
): Promise<Authenticated> {
  const credential = await parts.access.session(claim.accessKeyId, token)
  return authenticated(parts, request, claim, credential)
}

async function lookedUp(
  parts: GatewayParts,
  request: AuthRequest,
  claim: SignedClaim,
): Promise<Authenticated> {
  const credential = await parts.access.secretOf(claim.accessKeyId)
  return authenticated(parts, request, claim, credential)
}

function authenticated(
  parts: GatewayParts,
  request: AuthRequest,
  claim: SignedClaim,
  credential: Credential | undefined,
): Authenticated {
  const { clock, options } = parts
  const { payload } = claim
  const signer = verify(claim, request, credential?.secret, { now: clock.now(), options })
  if (credential === undefined) throw new S3Error('InvalidAccessKeyId')
  noteUse(parts, claim)
  const directory = 'service' in claim && claim.service === 's3express'
  return { principal: credential.principal, payload, signer, directory }
}

/** Ozone's insecure mode: any key is taken for the root, and so is none. */
async function insecurely(parts: GatewayParts, request: AuthRequest): Promise<Authenticated> {
  const { region } = parts.options
  const claim = readAuth(request, { region, sigv2: true, anyRegion: true })
  const accessKeyId = claim.kind === 'anonymous' ? '' : claim.accessKeyId
  const principal = await parts.access.rootPrincipal(accessKeyId)
  return { principal, payload: claim.payload, signer: undefined, directory: false }
}
