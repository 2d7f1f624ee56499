/** The admin API on the listener: what comes below its prefix, signed as any request is, with JSON in both directions. */
import type { AdminApi, AdminReply, AdminRequest } from '../admin/api.ts'
import { AdminError } from '../admin/errors.ts'
import { adminPrefix } from '../admin/paths.ts'
import type { AdminContext } from '../admin/route.ts'
import { type SignIn, signsIn } from '../admin/sign-in/sign-in.ts'
import { type Authenticated, authenticate } from '../gateway/authenticate.ts'
import { RequestBody } from '../gateway/body.ts'
import { conditionsOf } from '../gateway/conditions.ts'
import {
  clientTls,
  type Handler,
  type Incoming,
  newRecord,
  type Outgoing,
} from '../gateway/message.ts'
import type { GatewayParts } from '../gateway/parts.ts'
import { type Address, address, prepareDomains, preparePrefix } from '../wire/address.ts'
import { clientAddress, hasForwarded } from '../wire/forwarded.ts'
import { emptyQuery, parseQuery, type Query } from '../wire/query.ts'
import { newRequestId } from './http-refusal.ts'

const bodyMax = 2 ** 20
const isBelow = new RegExp(`^${adminPrefix}(?:[/?]|$)`)

/** From this machine itself, and through no proxy on it. */
function isFromHere({ remoteAddress, headers }: Incoming): boolean {
  const forwarded = headers['x-forwarded-for'] ?? headers['forwarded'] ?? headers['via']
  return forwarded === undefined && /^(?:::1$|(?:::ffff:)?127\.)/.test(remoteAddress)
}

/** For the simulator: who asks and what for is known, and nothing of a request but what is given. */
export const imagine =
  (region: string, now: () => number): AdminContext['imagine'] =>
  (principal, { bucket, key, resourceAccount }, given) => {
    const values = conditionsOf({
      principal,
      bucket,
      resourceAccount,
      key,
      query: emptyQuery,
      header: () => undefined,
      sourceIp: '',
      encrypted: false,
      tlsVersion: () => undefined,
      now: now(),
      region,
    })
    return name => given.get(name) ?? values(name)
  }

interface AdminRooms {
  readonly api: AdminApi
  readonly signIn: SignIn
}

interface AskedParts extends GatewayParts {
  readonly signIn: SignIn
}

/** Answers what is below the prefix and leaves everything else to the gateway. */
export function withAdmin(gateway: Handler, rooms: AdminRooms, parts: GatewayParts): Handler {
  const domains = prepareDomains(parts.options.domains)
  const prefix = preparePrefix(parts.options.prefix)
  const { api, signIn } = rooms
  return incoming => {
    if (!isBelow.test(incoming.target)) return gateway(incoming)
    const place = addressOf(incoming, parts, { domains, prefix })
    // A host may name a bucket in which this is a key.
    if (place === undefined || place.style === 'virtual-host') return gateway(incoming)
    return answer(new Asked(incoming, { ...parts, signIn }, place), api)
  }
}

function addressOf(
  { headers, target, remoteAddress, secure }: Incoming,
  { options }: GatewayParts,
  prepared: { readonly domains: readonly string[]; readonly prefix: string },
): Address | undefined {
  try {
    return address({
      host: headers['host'] ?? '',
      target,
      headers,
      peerTrusted: hasForwarded(headers) && options.trusts(remoteAddress),
      encrypted: secure,
      ...prepared,
    })
  } catch {
    // The gateway says what is wrong with it.
    return undefined
  }
}

/** One request, whose signature and body are looked at when they are asked for. */
class Asked implements AdminRequest {
  readonly method: string
  readonly path: string
  readonly #incoming: Incoming
  readonly #parts: AskedParts
  readonly #place: Address
  #authenticated: Authenticated | undefined
  #isSignedIn = false

  constructor(incoming: Incoming, parts: AskedParts, place: Address) {
    this.#incoming = incoming
    this.#parts = parts
    this.#place = place
    this.method = incoming.method
    this.path = place.rawPath.slice(adminPrefix.length)
  }

  get #query(): Query {
    const { rawQuery } = this.#place
    return rawQuery === '' ? emptyQuery : parseQuery(rawQuery)
  }

  get query(): ReadonlyMap<string, string> {
    return new Map(this.#query.pairs.map(({ name, value }) => [name, value]))
  }

  async identify(): Promise<Pick<AdminContext, 'principal' | 'condition'>> {
    const { method, headers, rawHeaders, remoteAddress } = this.#incoming
    const { paths, hosts, scheme } = this.#place
    const { options, clock } = this.#parts
    const query = this.#query
    // A URL that is a right by itself is for objects: this one would end up in histories and logs.
    if (query.has('X-Amz-Signature') || query.has('Signature'))
      throw new AdminError('Unauthorized', 'Sign the request in its Authorization header.')
    const authorization = headers['authorization']
    const request = { method, headers, rawHeaders, query, paths, hosts, virtualBucket: undefined }
    this.#authenticated =
      authorization !== undefined && !options.insecure && signsIn(authorization)
        ? await this.#signedIn(authorization)
        : await authenticate(this.#parts, request)
    const { principal } = this.#authenticated
    const condition = conditionsOf({
      principal,
      bucket: undefined,
      resourceAccount: undefined,
      key: undefined,
      query,
      header: name => headers[name],
      sourceIp: clientAddress(headers, remoteAddress, options.trusts),
      encrypted: scheme === 'https',
      tlsVersion: () => clientTls(this.#incoming, options.trusts),
      now: clock.now(),
      region: options.region,
    })
    return { principal, condition }
  }

  /** With a token or a password, which say nothing of the body: nobody between may be able to change it. */
  async #signedIn(authorization: string): Promise<Authenticated> {
    const { headers, remoteAddress } = this.#incoming
    const { signIn, options } = this.#parts
    const principal = await signIn.principal({
      authorization,
      address: clientAddress(headers, remoteAddress, options.trusts),
      isPrivate: this.#place.scheme === 'https' || isFromHere(this.#incoming),
    })
    this.#isSignedIn = true
    return { principal, payload: { kind: 'unsigned' }, signer: undefined, directory: false }
  }

  async body(): Promise<unknown> {
    const { headers } = this.#incoming
    const authenticated = this.#authenticated
    if (authenticated === undefined) throw new Error('a body is read of whom one knows')
    const isEmpty = headers['content-length'] === undefined || headers['content-length'] === '0'
    // A page in a browser can send a POST of other types, or of nothing, to anybody without asking first; where nobody
    // has to sign, that would do.
    const isSimple = this.method === 'POST' && this.#parts.options.insecure
    if (isEmpty && headers['transfer-encoding'] === undefined && !isSimple) return undefined
    if (!/^application\/json\s*(?:;|$)/i.test(headers['content-type'] ?? ''))
      throw new AdminError('UnsupportedMediaType', 'The body must be application/json.')
    const isCovered = this.#isSignedIn || authenticated.payload.kind === 'hash'
    if (!this.#parts.options.insecure && !isCovered)
      throw new AdminError('Unauthorized', 'The signature must cover the body.')
    const document = new RequestBody(this.#incoming, authenticated, 'of body')
    const text = Buffer.from(await document.document(bodyMax)).toString()
    try {
      return JSON.parse(text)
    } catch {
      throw new AdminError('InvalidInput', 'The body is not JSON.')
    }
  }
}

async function answer(asked: Asked, api: AdminApi): Promise<Outgoing> {
  return outgoingOf(await api.handle(asked))
}

function outgoingOf(reply: AdminReply): Outgoing {
  const { status, data, action, volume, bucket, subject, principal, error, cause } = reply
  const requestId = newRequestId()
  const record = {
    ...newRecord(requestId),
    operation: action,
    volume,
    bucket,
    subject,
    accessKeyId: principal?.accessKeyId ?? '',
    account: principal?.canonicalId ?? '',
    identity: principal?.identity.kind === 'root' ? '' : (principal?.identity.arn ?? ''),
    error,
    cause,
  }
  const headers = ['x-amz-request-id', requestId, 'Cache-Control', 'no-store', ...reply.headers]
  if (data === undefined) return { status, headers, body: undefined, record }
  headers.push('Content-Type', 'application/json', 'X-Content-Type-Options', 'nosniff')
  return { status, headers, body: Buffer.from(`${JSON.stringify(data)}\n`), record }
}
