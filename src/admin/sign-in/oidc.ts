/** Tokens of an OpenID Connect provider: verified with the keys that its discovery document leads to. */
import { errors, type JWTPayload } from 'jose'
import { verifyToken } from '../../operations/sts/signed-tokens.ts'
import { type Fetcher, FetchFailed } from '../../ports/fetcher.ts'
import { type OidcSettings, type Outsider, SignInFailed } from './settings.ts'

const tokenMax = 20_000

export interface Verifying {
  readonly fetcher: Fetcher
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** Throws {@link SignInFailed}. */
export async function readToken(
  token: string,
  { issuer, clientId, claim }: OidcSettings,
  { fetcher, now }: Verifying,
): Promise<Outsider> {
  if (token.length > tokenMax) throw new SignInFailed('the token is too long')
  const demands = {
    now,
    requiredClaims: ['exp', 'sub'],
    issuer: [issuer, issuer.replace(/\/$/, '')],
    audience: clientId,
  }
  let claims: JWTPayload
  try {
    const provider = { document: { url: issuer }, isTrusted: true }
    claims = await verifyToken(token, { fetcher, provider }, demands)
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof FetchFailed) {
      throw new SignInFailed(error.message, { cause: error })
    }
    // What is no key, or not of the algorithm that the token names.
    if (error instanceof TypeError) throw new SignInFailed('the token is none', { cause: error })
    throw error
  }
  const { sub = '' } = claims
  const said = claims[claim]
  const groups = (Array.isArray(said) ? said : [said]).filter(group => typeof group === 'string')
  return { name: sub, groups }
}
