/** The pipeline from request to answer. Each step is a named call; nothing else knows their order. */
import type { Principal } from '../access/principal.ts'
import { S3Error } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import type { AnyOperation } from '../model/operations.ts'
import type { Context, PostObjectRequest } from '../operations/operation.ts'
import { requireExpectedOwner } from '../operations/s3/owners.ts'
import { volumeOf } from '../operations/s3/volumes.ts'
import type { BucketInfo, Resolved } from '../ports/keyspace.ts'
import { knownTo } from '../ports/quota-exceeded.ts'
import { requireKey } from '../rules/names.ts'
import {
  type Address,
  address,
  bucketOfPath,
  firstSegment,
  prepareDomains,
  preparePrefix,
} from '../wire/address.ts'
import { amzHeader, decode, decodeBody, payloadKind } from '../wire/decode.ts'
import { hasForwarded } from '../wire/forwarded.ts'
import { emptyQuery, parseQuery, type Query } from '../wire/query.ts'
import { route } from '../wire/route.ts'
import { type Authenticated, authenticate } from './authenticate.ts'
import { RequestBody } from './body.ts'
import { isControlCall, refuseControl } from './control-api.ts'
import { Cors } from './cors.ts'
import {
  type Handler,
  type Incoming,
  newRecord,
  type Outgoing,
  type RequestRecord,
} from './message.ts'
import type { Declared, GatewayParts } from './parts.ts'
import { receiveForm } from './post-form.ts'
import { isQueryCall, runQuery } from './query-api.ts'
import { RequestContext } from './request.ts'
import { newHostId, requestIds } from './request-ids.ts'
import { actionOf, mayHaveKeys, resourceOf } from './resource.ts'
import { answer, answerError } from './respond.ts'

/** Puts the pipeline together. */
export function createGateway(parts: GatewayParts): Handler {
  const pipeline = new Pipeline(parts)
  return incoming => pipeline.handle(incoming)
}

/** What is known of a request before its bucket is looked up. */
interface Request {
  readonly operation: AnyOperation
  readonly principal: Principal
  readonly input: object
  readonly body: RequestBody
}

/** The bucket that a request addresses, if it does, and the links that lead there. */
type Way = Resolved | { readonly bucket: undefined; readonly via: readonly BucketInfo[] }
const nowhere: Way = { bucket: undefined, via: [] }

class Pipeline {
  readonly #parts: GatewayParts
  readonly #operations: ReadonlyMap<string, Declared>
  readonly #domains: string[]
  readonly #prefix: string
  readonly #cors: Cors
  readonly #nextId = requestIds()
  readonly #hostId = newHostId()

  constructor(parts: GatewayParts) {
    const { options } = parts
    this.#parts = parts
    this.#operations = new Map(Object.entries(parts.operations))
    this.#domains = prepareDomains(options.domains)
    this.#prefix = preparePrefix(options.prefix)
    // Whoever takes any key must not be open to every web page that a browser shows.
    this.#cors = new Cors(options.insecure ? [] : options.corsOrigins)
  }

  async handle(incoming: Incoming): Promise<Outgoing> {
    const record = newRecord(this.#nextId())
    let outgoing: Outgoing
    try {
      outgoing =
        incoming.method === 'OPTIONS'
          ? this.#preflight(incoming, record)
          : await this.#run(incoming, record)
    } catch (thrown) {
      const resource = pathOf(incoming.target)
      const hostId = `${this.#hostId}${record.requestId}`
      outgoing = answerError(thrown, incoming, { record, hostId, resource })
    }
    const { headers } = outgoing
    headers.push('x-amz-request-id', record.requestId)
    headers.push('x-amz-id-2', `${this.#hostId}${record.requestId}`)
    this.#cors.expose(incoming, headers)
    return outgoing
  }

  #preflight(incoming: Incoming, record: RequestRecord): Outgoing {
    record.operation = 'Preflight'
    const headers = ['Content-Length', '0']
    for (const part of this.#cors.preflight(incoming)) headers.push(part)
    return { status: 200, headers, body: undefined, record }
  }

  async #run(incoming: Incoming, record: RequestRecord): Promise<Outgoing> {
    const place = this.#address(incoming)
    if (isQueryCall(incoming, place)) return runQuery(this.#parts, { incoming, place, record })
    if (isControlCall(incoming)) return refuseControl(record)
    const query = place.rawQuery === '' ? emptyQuery : parseQuery(place.rawQuery)
    note(record, place, query)
    const meant = this.#route(incoming, place, query, false)
    record.operation = meant
    const reading =
      meant === 'PostObject'
        ? this.#readForm(incoming, place, record)
        : this.#read(incoming, place, query, meant)
    const request = reading instanceof Promise ? await reading : reading
    const { operation, principal, input, body } = request
    record.operation = operation
    record.accessKeyId = principal.accessKeyId
    record.account = principal.canonicalId
    if (principal.identity.kind !== 'root') record.identity = principal.identity.arn
    const declared = this.#declared(operation)
    const volume = volumeOf(place.volume, principal)
    record.volume = volume
    const found = this.#bucket(declared, place, volume)
    const { bucket, via } = found instanceof Promise ? await found : found
    const form = operation === 'PostObject' ? (input as PostObjectRequest) : undefined
    // A form is sent to its bucket and says itself which key it is for.
    const key = form === undefined ? place.key : form.Key
    const context = new RequestContext(this.#parts, {
      incoming,
      address: place,
      query,
      fields: form?.Fields,
      principal,
      volume,
      bucket,
      via,
      body,
    })
    if (declared.perKey !== true || !mayHaveKeys(principal, [...via, bucket])) {
      const allowed = context.authorize(
        actionOf(declared, query),
        resourceOf(declared, { name: place.bucket, key, query, bucket, via }),
      )
      if (allowed !== undefined) await allowed
    }
    const expected = amzHeader({ headers: incoming.headers, query }, 'x-amz-expected-bucket-owner')
    if (expected !== undefined) await requireOwner(expected, bucket, context)
    this.#requireRoom(declared, incoming, body)
    const kind = payloadKind(operation)
    if (kind === 'stream') requireLength(incoming)
    const isDocument = kind !== 'none' && kind !== 'stream'
    const whole = isDocument ? await withDocument(operation, input, body) : input
    try {
      return answer(operation, await declared.run(whole, context), record)
    } catch (thrown) {
      if (readMethods.has(incoming.method)) hideAbsence(thrown, context, place.key)
      throw knownTo(principal, thrown)
    }
  }

  /** Who sends it and what it asks for; the body is not read. At once where nothing must be looked up. */
  #read(
    incoming: Incoming,
    place: Address,
    query: Query,
    meant: AnyOperation,
  ): Request | Promise<Request> {
    const identity = this.#authenticate(incoming, place, query, place.paths)
    if (identity instanceof Promise || place.claimedPrefix !== undefined)
      return this.#readLater(incoming, place, query, { meant, identity })
    return this.#readAs(incoming, place, query, { meant, identity })
  }

  async #readLater(
    incoming: Incoming,
    place: Address,
    query: Query,
    { meant, ...rest }: { meant: AnyOperation; identity: Authenticated | Promise<Authenticated> },
  ): Promise<Request> {
    const identity = await rest.identity
    if (place.claimedPrefix !== undefined) {
      await this.#distrustPrefix(incoming, place, query, identity.principal)
    }
    return this.#readAs(incoming, place, query, { meant, identity })
  }

  #readAs(
    incoming: Incoming,
    place: Address,
    query: Query,
    { meant, identity }: { meant: AnyOperation; identity: Authenticated },
  ): Request {
    const operation = identity.directory ? this.#route(incoming, place, query, true) : meant
    this.#declared(operation)
    const { bucket, key } = place
    if (key !== undefined) requireKey(key)
    const input = decode(operation, { bucket, key, query, headers: incoming.headers })
    const body = new RequestBody(incoming, identity, checksumsOf(operation))
    return { operation, principal: identity.principal, input, body }
  }

  async #readForm(incoming: Incoming, place: Address, record: RequestRecord): Promise<Request> {
    const form = await receiveForm(this.#parts, incoming, place)
    record.key = form.input.Key
    return { operation: 'PostObject', ...form }
  }

  #address(incoming: Incoming): Address {
    return address({
      host: incoming.headers['host'] ?? '',
      target: incoming.target,
      headers: incoming.headers,
      // Who asks matters only where something was forwarded.
      peerTrusted:
        hasForwarded(incoming.headers) && this.#parts.options.trusts(incoming.remoteAddress),
      encrypted: incoming.secure,
      domains: this.#domains,
      prefix: this.#prefix,
    })
  }

  #route(incoming: Incoming, place: Address, query: Query, directory: boolean): AnyOperation {
    return route({
      method: incoming.method,
      level: place.level,
      query,
      headers: incoming.headers,
      path: place.rawPath,
      directory,
    })
  }

  /** A signature that holds only with a prefix that is a bucket's name may be one over another path: refused. */
  async #distrustPrefix(
    incoming: Incoming,
    place: Address,
    query: Query,
    principal: Principal,
  ): Promise<void> {
    const { bucket, volume } = bucketOfPath(firstSegment(place.claimedPrefix ?? ''))
    if (!(await this.#exists(volumeOf(volume, principal), bucket))) return
    const paths = place.paths.filter(path => !path.startsWith(`${place.claimedPrefix}/`))
    await this.#authenticate(incoming, place, query, [place.rawPath, ...paths])
  }

  async #exists(volume: string, name: string): Promise<boolean> {
    try {
      await this.#parts.buckets.find(volume, name)
      return true
    } catch (error) {
      if (error instanceof S3Error && error.code === 'NoSuchBucket') return false
      throw error
    }
  }

  #authenticate(
    incoming: Incoming,
    place: Address,
    query: Query,
    paths: readonly string[],
  ): Authenticated | Promise<Authenticated> {
    return authenticate(this.#parts, {
      method: incoming.method,
      headers: incoming.headers,
      rawHeaders: incoming.rawHeaders,
      query,
      paths,
      hosts: place.hosts,
      virtualBucket: place.virtualBucket,
    })
  }

  /** An operation that nobody declared answers by its name. */
  #declared(operation: AnyOperation): Declared {
    const declared = this.#operations.get(operation)
    if (declared !== undefined) return declared
    throw new S3Error(
      'NotImplemented',
      { Operation: operation },
      `${operation} is not implemented.`,
    )
  }

  #bucket(declared: Declared, place: Address, volume: string): Way | Promise<Way> {
    if (place.bucket === undefined || declared.createsBucket === true) return nowhere
    // What no bucket can be called is never asked of the store.
    if (place.bucket.includes('\0') || volume.includes('\0'))
      throw new S3Error('NoSuchBucket', { BucketName: place.bucket })
    const { buckets } = this.#parts
    const known = buckets.resolved(volume, place.bucket)
    if (known !== undefined) return known
    if (declared.ofLink !== true) return buckets.resolve(volume, place.bucket)
    return buckets.find(volume, place.bucket).then(bucket => ({ bucket, via: [] }))
  }

  /** While the disk is full, objects are read and deleted; everything else is refused before its body is read. */
  #requireRoom({ makesRoom }: Declared, { method }: Incoming, { length }: RequestBody): void {
    const { lacksRoom } = this.#parts
    if (lacksRoom === undefined || makesRoom === true || roomless.has(method)) return
    if (lacksRoom(length)) throw new S3Error('InsufficientStorage')
  }
}

/** The input with what stands in the body. It is read only here, after authorization. */
async function withDocument(
  operation: AnyOperation,
  input: object,
  body: RequestBody,
): Promise<object> {
  // The SDKs send a digest with many documents; S3 insists on it where much is lost at once.
  if (operation === 'DeleteObjects' && !body.hasDigest) {
    throw new S3Error('InvalidRequest', {}, 'Missing required header for this request: Content-MD5')
  }
  const document = await body.document(documentMax(operation))
  return { ...input, ...decodeBody(operation, document) }
}

/** Methods that bring nothing in. */
const roomless: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE'])

const readMethods: ReadonlySet<string> = new Set(['GET', 'HEAD'])

/** Who may not list a bucket is not told which keys are not in it. */
function hideAbsence(thrown: unknown, context: RequestContext, key: string | undefined): void {
  if (!(thrown instanceof S3Error) || thrown.code !== 'NoSuchKey') return
  const { bucket, via } = context
  if (!context.mayList({ bucket, via, key })) throw new S3Error('AccessDenied')
}

/** Whether the checksum headers speak of the request's body, and not of the object that it completes. */
const checksumsOf = (operation: AnyOperation): 'of body' | 'of object' =>
  operation === 'CompleteMultipartUpload' ? 'of object' : 'of body'

/** A body that streams must say how long it is, or come in chunks of HTTP's. */
function requireLength({ headers }: Incoming): void {
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) {
    throw new S3Error('MissingContentLength')
  }
}

function documentMax(operation: AnyOperation): number {
  if (operation === 'DeleteObjects') return limits.xml_delete_bytes_max
  if (operation === 'CompleteMultipartUpload') return limits.xml_complete_bytes_max
  return limits.xml_bytes_max
}

async function requireOwner(
  expected: string,
  bucket: BucketInfo | undefined,
  context: Context,
): Promise<void> {
  if (bucket === undefined) return
  await requireExpectedOwner(expected, bucket, id => context.account(id))
}

function note(record: RequestRecord, place: Address, query: Query): void {
  record.bucket = place.bucket ?? ''
  record.key = place.key ?? ''
  if (query !== emptyQuery) record.versionId = query.get('versionId') ?? ''
}

const pathOf = (target: string): string => target.split('?', 1)[0] ?? ''
