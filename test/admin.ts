// Requests to the admin API as tests make them.

import { adminPrefix } from '../src/admin/paths.ts'
import type { Method } from '../src/admin/route.ts'
import type { Answer, Client } from './client.ts'

const json = { 'content-type': 'application/json' }

/** Signed by the client's key. */
export function admin(
  client: Client,
  method: Method,
  path: string,
  body?: object,
): Promise<Answer> {
  const target = `${adminPrefix}${path}`
  if (body === undefined) return client.send({ method, target })
  return client.send({ method, target, headers: json, body: JSON.stringify(body) })
}

/** By nobody. */
export function anonymously(
  client: Client,
  method: Method,
  path: string,
  body?: object,
): Promise<Answer> {
  const target = `${adminPrefix}${path}`
  if (body === undefined) return client.plain({ method, target })
  return client.plain({ method, target, headers: json, body: JSON.stringify(body) })
}

/** What the answer says of an error. */
export const errorOf = ({ text }: Answer): { code: string; message: string } =>
  (JSON.parse(text) as { error: { code: string; message: string } }).error
