/** Tokens of OpenID Connect providers: whose they are, whether they hold, and what they say. */
import { decodeJwt, errors, type JWTPayload } from 'jose'
import { arnOf } from '../../access/identities/names.ts'
import { providerName } from '../../access/identities/providers.ts'
import type { EntityRecord } from '../../access/identities/tables.ts'
import type { AccountRecord } from '../../access/tables.ts'
import { QueryError } from '../../model/query-errors.ts'
import { FetchFailed } from '../../ports/fetcher.ts'
import type { Facts, QueryContext } from '../query-operation.ts'
import { verifyToken } from './signed-tokens.ts'

/** AWS's limit. */
const tokenMax = 20_000
const requiredClaims = ['exp', 'iss', 'sub', 'aud']
const tagsClaim = 'https://aws.amazon.com/tags'

export interface WebIdentity {
  readonly providerArn: string
  /** Its URL without the scheme: what its condition keys begin with. */
  readonly provider: string
  readonly subject: string
  readonly audience: string
  /** Condition keys of the token's claims. */
  readonly facts: Facts
  readonly tags: Readonly<Record<string, readonly string[]>>
}

const invalid = (message: string): QueryError => new QueryError('InvalidIdentityToken', message)

/** What a token says of itself, before anything is verified. Throws InvalidIdentityToken, ValidationError. */
export function issuerOf(token: string): string {
  if (token.length > tokenMax) {
    throw new QueryError(
      'ValidationError',
      `webIdentityToken must have at most ${tokenMax} characters.`,
    )
  }
  let claims: JWTPayload
  try {
    claims = decodeJwt(token)
  } catch {
    throw invalid(
      'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)',
    )
  }
  if (typeof claims.iss === 'string' && claims.iss !== '') return claims.iss
  throw invalid('Missing a required claim: iss')
}

/** Throws InvalidIdentityToken where the account trusts no such provider. */
export async function providerOf(
  { store }: QueryContext,
  account: AccountRecord,
  issuer: string,
): Promise<EntityRecord> {
  const record = await store.records.find(account.id, 'provider', providerName(issuer))
  const url = record?.document.url?.replace(/\/+$/, '')
  if (record !== undefined && url === issuer.replace(/\/+$/, '')) return record
  throw invalid(`No OpenIDConnect provider found in your account for ${issuer.slice(0, 255)}`)
}

function refusal(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) {
    return new QueryError(
      'ExpiredTokenException',
      'Token expired: the current time is after its expiration.',
    )
  }
  if (error instanceof FetchFailed) {
    return invalid(
      "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements",
    )
  }
  if (error instanceof errors.JOSEError || error instanceof TypeError) {
    return invalid('The ID Token provided could not be verified.')
  }
  return error
}

/** Throws InvalidIdentityToken, ExpiredTokenException. */
export async function readWebIdentity(
  context: QueryContext,
  {
    account,
    provider,
    token,
  }: {
    readonly account: AccountRecord
    readonly provider: EntityRecord
    readonly token: string
  },
): Promise<WebIdentity> {
  const { fetcher, now } = context
  let claims: JWTPayload
  try {
    claims = await verifyToken(token, { fetcher, provider }, { now, requiredClaims })
  } catch (error) {
    throw refusal(error)
  }
  const audiences = [claims.aud ?? []].flat()
  const azp = claims['azp']
  const party = typeof azp === 'string' ? azp : undefined
  requireAudience(provider, party === undefined ? audiences : [...audiences, party])
  return {
    providerArn: arnOf(account, provider),
    provider: provider.name,
    subject: claims.sub ?? '',
    audience: audiences[0] ?? '',
    facts: claimFacts(provider.key, claims, audiences),
    tags: principalTags(claims[tagsClaim]),
  }
}

/** One that has registered no client takes every audience: its trust policies tell them apart. */
function requireAudience({ document }: EntityRecord, audiences: readonly string[]): void {
  const { clientIds = [] } = document
  if (clientIds.length === 0 || audiences.some(audience => clientIds.includes(audience))) return
  throw invalid('Incorrect token audience')
}

/**
 * `aud` is the client that the token was made for: the authorized party, where it names one (then `oaud` has the
 * audience). `app_id` is what Ceph calls the audience.
 */
function claimFacts(prefix: string, claims: JWTPayload, audiences: readonly string[]): Facts {
  const facts: Record<string, string | readonly string[]> = {}
  const put = (name: string, value: unknown) => {
    if (typeof value === 'string') facts[`${prefix}:${name}`] = value
    else if (Array.isArray(value) && value.every(item => typeof item === 'string')) {
      facts[`${prefix}:${name}`] = value
    }
  }
  put('sub', claims.sub)
  put('azp', claims['azp'])
  put('amr', claims['amr'])
  put('aud', claims['azp'] ?? audiences)
  put('oaud', audiences)
  put('app_id', audiences)
  return facts
}

/** `{"principal_tags": {"Department": ["Engineering"]}}`, as AWS has it. Throws InvalidIdentityToken. */
function principalTags(claim: unknown): Readonly<Record<string, readonly string[]>> {
  const tags: Record<string, readonly string[]> = {}
  if (claim === undefined) return tags
  const given: unknown = (claim as { principal_tags?: unknown } | null)?.principal_tags ?? {}
  if (typeof given !== 'object' || given === null)
    throw invalid(`The claim ${tagsClaim} is malformed.`)
  for (const [key, value] of Object.entries(given)) {
    const values: unknown[] = Array.isArray(value) ? value : [value]
    if (key === '' || key.length > 128 || !values.every(isTagValue)) {
      throw invalid(`The claim ${tagsClaim} is malformed.`)
    }
    tags[key] = values
  }
  return tags
}

const isTagValue = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= 256
