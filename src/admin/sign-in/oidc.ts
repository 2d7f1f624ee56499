/** Tokens of an OpenID Connect provider: verified with the keys that its discovery document leads to. */
import { createLocalJWKSet, errors, type JWTPayload, jwtVerify } from 'jose'
import { providerKeys } from '../../operations/sts/provider-keys.ts'
import { tokenAlgorithms } from '../../operations/sts/web-identity.ts'
import { type Fetcher, FetchFailed } from '../../ports/fetcher.ts'
import { type OidcSettings, type Outsider, SignInFailed } from './settings.ts'

const tokenMax = 20_000
const skewSeconds = 60

export interface Verifying {
  readonly fetcher: Fetcher
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** Throws {@link SignInFailed}. */
export async function readToken(
  token: string,
  settings: OidcSettings,
  verifying: Verifying,
): Promise<Outsider> {
  if (token.length > tokenMax) throw new SignInFailed('the token is too long')
  let claims: JWTPayload
  try {
    claims = await verified(token, settings, verifying)
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof FetchFailed) {
      throw new SignInFailed(error.message, { cause: error })
    }
    // What is no key, or not of the algorithm that the token names.
    if (error instanceof TypeError) throw new SignInFailed('the token is none', { cause: error })
    throw error
  }
  const { sub = '' } = claims
  const said = claims[settings.claim]
  const groups = (Array.isArray(said) ? said : [said]).filter(group => typeof group === 'string')
  return { name: sub, groups }
}

async function verified(
  token: string,
  { issuer, clientId }: OidcSettings,
  { fetcher, now }: Verifying,
): Promise<JWTPayload> {
  const provider = { document: { url: issuer }, isTrusted: true }
  const attempt = async (unknown: boolean) => {
    const keys = createLocalJWKSet(await providerKeys({ fetcher, provider }, now, unknown))
    const { payload } = await jwtVerify(token, keys, {
      algorithms: tokenAlgorithms,
      issuer: [issuer, issuer.replace(/\/$/, '')],
      audience: clientId,
      clockTolerance: skewSeconds,
      currentDate: new Date(now),
      requiredClaims: ['exp', 'sub'],
    })
    return payload
  }
  try {
    return await attempt(false)
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return attempt(true)
    throw error
  }
}
