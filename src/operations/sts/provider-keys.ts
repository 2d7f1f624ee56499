/** Keys of OpenID Connect providers: found by discovery, kept for a while, and asked for again when one is unknown. */
import { createHash, X509Certificate } from 'node:crypto'
import type { JSONWebKeySet, JWK } from 'jose'
import type { EntityDocument } from '../../access/identities/tables.ts'
import { type Fetcher, FetchFailed } from '../../ports/fetcher.ts'

const documentMax = 256 * 1024
const timeoutMs = 5000
const keptMs = 10 * 60_000
/** A token with a key that nobody knows makes the keys be fetched again, but not at each such token. */
const againMs = 10_000
const providersMax = 1000

/** A host that says by itself where it is. */
const literal = /^(?:(?:.*\.)?localhost|[\d.]+|\[.*\])$/

interface Kept {
  readonly keys: Promise<JSONWebKeySet>
  readonly fetched: number
}

/** By the provider's URL. */
const kept = new Map<string, Kept>()

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A provider, by what its keys depend on. */
export interface KeyProvider {
  readonly document: Pick<EntityDocument, 'url' | 'thumbprints'>
  /** The configuration names it, which stands for its keys whatever brings them here. */
  readonly isTrusted?: boolean
}

export interface KeySource {
  readonly fetcher: Fetcher
  readonly provider: KeyProvider
}

async function json({ fetcher, provider }: KeySource, url: string) {
  const issuer = new URL(provider.document.url ?? '')
  const target = new URL(url)
  if (target.protocol !== 'https:' && target.protocol !== issuer.protocol) {
    throw new FetchFailed(`${target.protocol} is not used for keys of ${issuer.protocol}`)
  }
  const bytes = await fetcher.fetch({
    url,
    // Who registered an address of this machine meant it; neither a name nor a document leads there by itself.
    anyAddress: target.host === issuer.host && literal.test(issuer.hostname),
    bytesMax: documentMax,
    timeoutMs,
  })
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString())
    if (isObject(value)) return value
  } catch {
    // Told below.
  }
  throw new FetchFailed('the provider answered no JSON object')
}

async function fetchKeys(source: KeySource): Promise<JSONWebKeySet> {
  const url = source.provider.document.url ?? ''
  const base = url.replace(/\/+$/, '')
  const { jwks_uri: uri } = await json(source, `${base}/.well-known/openid-configuration`)
  if (typeof uri !== 'string' || !URL.canParse(uri)) throw new FetchFailed('no jwks_uri')
  const { keys } = await json(source, uri)
  if (!Array.isArray(keys)) throw new FetchFailed('no keys')
  return { keys: keys.filter(isObject).flatMap(key => trustedKey(source.provider, key)) }
}

/**
 * Over TLS the provider's certificate was checked. Without it only a certificate that was registered by its thumbprint is
 * known to be the provider's: then its key counts, and not what stands beside it.
 */
function trustedKey(
  { document, isTrusted }: KeyProvider,
  key: Readonly<Record<string, unknown>>,
): readonly JWK[] {
  if (isTrusted === true || document.url?.startsWith('https://') === true) return [key as JWK]
  const chain = key['x5c']
  const first: unknown = Array.isArray(chain) ? chain[0] : undefined
  if (typeof first !== 'string') return []
  const bytes = Buffer.from(first, 'base64')
  const thumbprint = createHash('sha1').update(bytes).digest('hex')
  if (!(document.thumbprints ?? []).some(known => known.toLowerCase() === thumbprint)) return []
  const own = keyOfCertificate(bytes)
  if (own === undefined) return []
  const { kid, alg } = key
  return [
    {
      ...own,
      ...(typeof kid === 'string' ? { kid } : {}),
      ...(typeof alg === 'string' ? { alg } : {}),
    },
  ]
}

function keyOfCertificate(bytes: Buffer): JWK | undefined {
  try {
    return new X509Certificate(bytes).publicKey.export({ format: 'jwk' }) as JWK
  } catch {
    return undefined
  }
}

/** The provider's keys; `unknown`: the ones at hand did not do. Rejects with FetchFailed. */
export function providerKeys(
  source: KeySource,
  now: number,
  unknown: boolean,
): Promise<JSONWebKeySet> {
  const { document, isTrusted: trusted } = source.provider
  const name = JSON.stringify([document.url, document.thumbprints, trusted])
  const known = kept.get(name)
  const age = known === undefined ? Number.POSITIVE_INFINITY : now - known.fetched
  if (known !== undefined && age >= 0 && age < (unknown ? againMs : keptMs)) return known.keys
  const keys = fetchKeys(source)
  kept.delete(name)
  if (kept.size >= providersMax) kept.clear()
  kept.set(name, { keys, fetched: now })
  keys.catch(() => {
    if (kept.get(name)?.keys === keys) kept.delete(name)
  })
  return keys
}
