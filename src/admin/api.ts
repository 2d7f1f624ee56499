/** The admin API: from a request to its answer. What speaks HTTP and who signs is the server's. */
import type { Principal } from '../access/principal.ts'
import { knownTo } from '../ports/quota-exceeded.ts'
import { AdminError, told } from './errors.ts'
import { type RawInput, readInput } from './fields.ts'
import { adminPrefix, ownVolume, router } from './paths.ts'
import { requireRight } from './rights.ts'
import type { AdminContext, AdminParts, Route, Scope } from './route.ts'
import { requireAccount } from './routes/accounts.ts'
import { requireExactNames } from './routes/identities.ts'
import { routes } from './routes/index.ts'

export interface AdminRequest {
  readonly method: string
  /** Below the prefix, as received. */
  readonly path: string
  readonly query: ReadonlyMap<string, string>
  /** Who asks, and the condition keys of the request. Rejects when that is not proven. */
  identify(): Promise<Pick<AdminContext, 'principal' | 'condition'>>
  /** The body as JSON; undefined: there is none. */
  body(): Promise<unknown>
}

export interface AdminReply {
  readonly status: number
  /** Undefined: no body. */
  readonly data: unknown
  readonly headers: readonly string[]
  /** For the logs: `admin:CreateVolume`, or '-' for no route. */
  readonly action: string
  readonly volume: string
  readonly bucket: string
  /** Name of what it is about: a user, a key, a policy … */
  readonly subject: string
  readonly principal: Principal | undefined
  /** Code of the error, '' without one. */
  readonly error: string
  readonly cause: unknown
}

/** What is known of a request for the logs, as far as it came. */
interface Trace {
  action: string
  principal: Principal | undefined
  path: RawInput['path']
  subject: string
}

export class AdminApi {
  readonly #parts: AdminParts
  readonly #find = router(routes)

  constructor(parts: AdminParts) {
    this.#parts = parts
  }

  async handle(request: AdminRequest): Promise<AdminReply> {
    const trace: Trace = { action: '-', principal: undefined, path: {}, subject: '' }
    const facts = () => ({
      action: trace.action,
      principal: trace.principal,
      volume: volumeOf(trace),
      bucket: trace.path['bucket'] ?? '',
      subject: trace.subject,
    })
    try {
      const { status = 200, data } = await this.#run(request, trace)
      return { ...facts(), status, data, headers: [], error: '', cause: undefined }
    } catch (thrown) {
      const { status, code, message, headers, cause } = told(
        trace.principal === undefined ? thrown : knownTo(trace.principal, thrown),
      )
      const data = { error: { code, message: `${message}${rightOf(code, trace)}` } }
      return { ...facts(), status, data, headers, error: code, cause }
    }
  }

  async #run(request: AdminRequest, trace: Trace) {
    // Who asks comes first: what routes there are is nothing for those who have no key.
    const context = { ...this.#parts, ...(await request.identify()) }
    trace.principal = context.principal
    if (context.principal.kind === 'anonymous') throw unauthorized()
    const { route, path } = this.#route(request)
    trace.action = `admin:${route.name}`
    trace.path = path
    const body = route.method === 'GET' ? undefined : await request.body()
    const input = readInput(route.fields, { path, query: request.query, body })
    const scope = await route.scope(input, context)
    const resource = await route.resource(input, context)
    trace.subject = subjectOf(path, resource)
    await requireRight(context, trace.action, { scope, resource })
    await requireScope(scope, context)
    await requireExactNames(route.entities(input), context)
    return route.run(input, context)
  }

  #route({ method, path }: AdminRequest): { route: Route; path: RawInput['path'] } {
    const found = this.#find(method === 'HEAD' ? 'GET' : method, path)
    if ('route' in found) return found
    if (found.length === 0)
      throw new AdminError(
        'NoSuchRoute',
        `There is no such route: ${adminPrefix}/openapi.json lists them.`,
      )
    const allow = [...new Set(found)].join(', ')
    throw new AdminError('MethodNotAllowed', `This path has ${allow}.`, {
      headers: ['Allow', allow],
    })
  }
}

/** What to ask an administrator for; of the route alone, so that it says nothing about what is there. */
const rightOf = (code: string, { action }: Trace): string =>
  code === 'AccessDenied' && action !== '-' ? `: this takes the right ${action}` : ''

const subjectMax = 256

/** A key's id, else the name in what the right is asked on: `user/ann`, `bucket/vol1/photos`, `root`. */
function subjectOf({ key }: RawInput['path'], resource: string): string {
  const name = key ?? resource.slice(resource.lastIndexOf('/') + 1)
  return name === '*' || name === ownVolume ? '' : name.slice(0, subjectMax)
}

/** An account that is not there has no users rather than none of them. After the right was asked: only who may name any learns it. */
async function requireScope(scope: Scope, { principal, access }: AdminContext): Promise<void> {
  if (scope.of !== 'account' || scope.account === undefined) return
  if (scope.account !== principal.canonicalId) await requireAccount(scope.account, access)
}

const unauthorized = (): AdminError =>
  new AdminError('Unauthorized', 'Sign the request with an access key.')

const volumeOf = ({ path, principal }: Trace): string => {
  const { volume } = path
  return volume === undefined || volume === ownVolume ? (principal?.volume ?? '') : volume
}
