/** Speaks to the admin API of a running server: what remote commands use. */
import { hash } from 'node:crypto'
import { sign } from '../wire/auth/sign.ts'
import { adminPrefix } from './paths.ts'
import type { Method } from './route.ts'

/** An access key, which signs. */
export interface SigningKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string | undefined
}

export interface AdminAccess {
  /** Where S3 is; of a URL with a path, the admin API is beside that path. */
  readonly endpoint: string
  readonly region: string
  /** Or the header that shows a token or a password. */
  readonly by: SigningKey | { readonly authorization: string }
}

export interface Call {
  readonly method: Method
  /** Below the prefix, from {@link adminPath}. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly body?: object
}

/** What the server says of a request that it did not do. */
export class AdminRefusal extends Error {
  override readonly name = 'AdminRefusal'
  readonly status: number
  readonly code: string
  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** A path of these segments, each encoded. */
export const adminPath = (...segments: readonly string[]): string =>
  segments.map(segment => `/${encodeSegment(segment)}`).join('')

/** As SigV4 wants it: only unreserved characters as they are. */
const encodeSegment = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )

function targetOf({ path, query = {} }: Call): string {
  const parts = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${encodeSegment(name)}=${encodeSegment(String(value))}`],
  )
  return `${adminPrefix}${path}${parts.length === 0 ? '' : `?${parts.join('&')}`}`
}

function headersOf({ by, region }: AdminAccess, request: Signed): Readonly<Record<string, string>> {
  const { text, ...rest } = request
  const typed: Record<string, string> = text === '' ? {} : { 'content-type': 'application/json' }
  if ('authorization' in by) return { ...typed, authorization: by.authorization }
  const { accessKeyId, secretAccessKey: secret, sessionToken } = by
  const { host: _, ...headers } = sign({
    ...rest,
    accessKeyId,
    secret,
    region,
    now: Date.now(),
    headers: typed,
    payload: hash('sha256', text, 'hex'),
    ...(sessionToken === undefined ? {} : { sessionToken }),
  })
  return headers
}

interface Signed {
  readonly method: Method
  readonly target: string
  readonly host: string
  readonly text: string
}

/** Resolves with what the server answered. Rejects with {@link AdminRefusal}, or as `fetch` does. */
export async function callAdmin(access: AdminAccess, call: Call): Promise<unknown> {
  const url = new URL(access.endpoint)
  const target = targetOf(call)
  const text = call.body === undefined ? '' : JSON.stringify(call.body)
  const { method } = call
  const response = await fetch(new URL(target, url.origin), {
    method,
    headers: headersOf(access, { method, target, host: url.host, text }),
    redirect: 'error',
    ...(text === '' ? {} : { body: text }),
  })
  return read(response.status, await response.text())
}

interface Refused {
  readonly error?: { readonly code?: string; readonly message?: string }
}

function read(status: number, text: string): unknown {
  if (status === 204) return undefined
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch {
    throw new AdminRefusal(status, 'NoAdminApi', `no admin API answered there (status ${status})`)
  }
  if (status < 300) return data
  const { code, message } = (data as Refused | null)?.error ?? {}
  throw new AdminRefusal(status, code ?? 'Error', message ?? `status ${status}`)
}
