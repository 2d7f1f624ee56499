// A body of AWS's query protocol, `Action=CreateUser&Tags.member.1.Key=a`, as a tree of its names.

import { QueryError } from '../../model/query-errors.ts'

/** Names within names; a text where a name has a value. */
export type Branch = Map<string, Branch | string>

/** Ours: AWS's longest lists have a hundred members of two parameters each. */
const parametersMax = 2000
const depthMax = 12

const malformed = (): QueryError => new QueryError('MalformedInput')

const decodeText = (text: string): string => {
  try {
    return decodeURIComponent(text.includes('+') ? text.replaceAll('+', ' ') : text)
  } catch {
    throw malformed()
  }
}

const put = (root: Branch, name: string, value: string): void => {
  const path = name.split('.')
  const last = path.pop() ?? ''
  if (path.length > depthMax) throw malformed()
  let branch = root
  for (const part of path) {
    const known = branch.get(part)
    if (typeof known === 'string') throw malformed()
    const next: Branch = known ?? new Map()
    if (known === undefined) branch.set(part, next)
    branch = next
  }
  // Which of two values is meant, nobody could say.
  if (branch.has(last)) throw malformed()
  branch.set(last, value)
}

/**
 * Reads a form. The caller has bounded its bytes.
 * @throws QueryError MalformedInput: wrong escapes, a name twice, or too many or too deep ones
 */
export const parseQueryForm = (body: string): Branch => {
  const root: Branch = new Map()
  const pairs = body.split('&').filter(pair => pair !== '')
  if (pairs.length > parametersMax) throw malformed()
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    const name = at < 0 ? pair : pair.slice(0, at)
    put(root, decodeText(name), at < 0 ? '' : decodeText(pair.slice(at + 1)))
  }
  return root
}
