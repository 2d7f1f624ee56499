/** Who a request comes from: the signature checked against the secret of the key that it names. */
import { defaultVolume } from '../access/accounts.ts'
import { anonymousIn, type Principal } from '../access/principal.ts'
import { S3Error } from '../model/errors.ts'
import { readAuth, verify } from '../wire/auth/authenticate.ts'
import type { AuthOptions, AuthRequest, Payload } from '../wire/auth/claim.ts'
import type { ChunkSigner } from '../wire/auth/verified.ts'
import type { GatewayParts } from './parts.ts'

export interface Authenticated {
  readonly principal: Principal
  readonly payload: Payload
  /** Continues the signature in a body of signed chunks. */
  readonly signer: ChunkSigner | undefined
  /** The scope says `s3express`. */
  readonly directory: boolean
}

/** Throws the S3 error of whatever is wrong with the credentials. */
export async function authenticate(
  parts: GatewayParts,
  request: AuthRequest,
): Promise<Authenticated> {
  const { access, options, clock } = parts
  const authOptions: AuthOptions = { region: options.region, sigv2: options.sigv2 }
  if (options.insecure) return insecurely(parts, request, authOptions)
  const claim = readAuth(request, authOptions)
  const { payload } = claim
  if (claim.kind === 'anonymous') {
    return { principal: anonymousIn(defaultVolume), payload, signer: undefined, directory: false }
  }
  const { accessKeyId } = claim
  const credential = access.cached(accessKeyId) ?? (await access.secretOf(accessKeyId))
  const signer = verify(claim, request, credential?.secret, {
    now: clock.now(),
    options: authOptions,
  })
  if (credential === undefined) throw new S3Error('InvalidAccessKeyId')
  // No key of ours comes with a session; a token that nobody checked must not be taken.
  if (claim.sessionToken !== undefined && claim.sessionToken !== '')
    throw new S3Error('InvalidToken')
  const directory = 'service' in claim && claim.service === 's3express'
  return { principal: credential.principal, payload, signer, directory }
}

/** Ozone's insecure mode: any key is taken for the root, and so is none. */
async function insecurely(
  parts: GatewayParts,
  request: AuthRequest,
  options: AuthOptions,
): Promise<Authenticated> {
  const claim = readAuth(request, { ...options, sigv2: true, anyRegion: true })
  const accessKeyId = claim.kind === 'anonymous' ? '' : claim.accessKeyId
  const principal = await parts.access.rootPrincipal(accessKeyId)
  return { principal, payload: claim.payload, signer: undefined, directory: false }
}
