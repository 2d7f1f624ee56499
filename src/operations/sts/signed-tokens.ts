/** Signed tokens of OpenID Connect providers: verified with the keys that discovery leads to. */
import { createLocalJWKSet, errors, type JWTPayload, jwtVerify } from 'jose'
import { type KeySource, providerKeys } from './provider-keys.ts'

/** Signatures by a key that only the provider has: none, and none that its public key would verify as a secret. */
const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
]
const skewSeconds = 60

export interface Demands {
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly requiredClaims: string[]
  /** One of these. */
  readonly issuer?: string[]
  readonly audience?: string
}

/**
 * What a token claims. Keys are fetched anew where none is known that signed it. Throws jose's errors, FetchFailed, and
 * TypeError where the key is none or not of the algorithm that the token names.
 */
export async function verifyToken(
  token: string,
  source: KeySource,
  { now, ...demands }: Demands,
): Promise<JWTPayload> {
  const attempt = async (anew: boolean) => {
    const keys = createLocalJWKSet(await providerKeys(source, now, anew))
    const options = {
      ...demands,
      algorithms,
      clockTolerance: skewSeconds,
      currentDate: new Date(now),
    }
    return (await jwtVerify(token, keys, options)).payload
  }
  try {
    return await attempt(false)
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return attempt(true)
    throw error
  }
}
