/** Policies in the language of IAM: parsed and validated as AWS does, compiled once. */
import { PolicyError } from './errors.ts'
import { type Json, parseJson } from './json.ts'
import type { PrincipalIds } from './principals.ts'
import { type PolicyKind, parseStatement, type Statement } from './statements.ts'

export { PolicyError } from './errors.ts'
export type { PrincipalIds } from './principals.ts'
export { isPublicPolicy } from './public.ts'
export type { PolicyKind, Statement } from './statements.ts'

export interface Policy {
  readonly id: string | undefined
  readonly statements: readonly Statement[]
  /** The statements about an action, found anew or as found before. */
  readonly about: (action: string) => readonly Statement[]
}

/** Bytes. */
const bucketPolicyMax = 20 * 1024
/** Characters that IAM takes in any call; the quotas below that are its operations' to keep. */
const documentMax = 128 * 1024

const versions: ReadonlySet<Json> = new Set(['2012-10-17', '2008-10-17'])
const elements: ReadonlySet<string> = new Set(['Version', 'Id', 'Statement'])

export interface PolicyScope {
  /** Whose resources they must be. */
  readonly bucket?: string
  /** Whom it named when it was put; what is not there is meant by name. */
  readonly ids?: PrincipalIds | undefined
}

/** Throws PolicyError, whose message is AWS's. */
export function parsePolicy(text: string, kind: PolicyKind, scope?: PolicyScope): Policy {
  requireSize(text, kind)
  const document = parseJson(text)
  for (const name of Object.keys(document)) {
    if (!elements.has(name)) throw new PolicyError(`Unknown field ${name}`)
  }
  const { Version: version = '2008-10-17', Id: id, Statement: written } = document
  if (!versions.has(version)) {
    throw new PolicyError('The policy must contain a valid version string')
  }
  if (id !== undefined && typeof id !== 'string') throw new PolicyError('Id must be a string')
  if (written === undefined) throw new PolicyError('Missing required field Statement')
  const list = Array.isArray(written) ? (written as readonly Json[]) : [written]
  if (list.length === 0) throw new PolicyError('Could not parse the policy: Statement is empty!')
  const common = {
    kind,
    variables: version === '2012-10-17',
    bucket: scope?.bucket,
    ids: scope?.ids,
  }
  const statements = list.map((value, index) => parseStatement(value, { ...common, index }))
  requireUniqueSids(statements)
  return { id, statements, about: remember(statements) }
}

function requireSize(text: string, kind: PolicyKind): void {
  if (kind === 'bucket' ? Buffer.byteLength(text) > bucketPolicyMax : text.length > documentMax) {
    throw new PolicyError(
      kind === 'bucket'
        ? 'Policies are limited to 20 KB in size'
        : 'Policy document exceeds the maximum size',
    )
  }
}

function requireUniqueSids(statements: readonly Statement[]): void {
  const seen = new Set<string>()
  for (const { sid } of statements) {
    if (sid === undefined || sid === '') continue
    if (seen.has(sid)) {
      throw new PolicyError('Statement IDs (SID) in a single policy must be unique.')
    }
    seen.add(sid)
  }
}

/** Actions come from tables of ours, so they are few; the limit is for callers that ask for whatever they like. */
const rememberedMax = 1000

function remember(statements: readonly Statement[]): Policy['about'] {
  const found = new Map<string, readonly Statement[]>()
  return action => {
    let about = found.get(action)
    if (about === undefined) {
      const lower = action.toLowerCase()
      about = statements.filter(({ coversAction }) => coversAction(lower))
      if (found.size < rememberedMax) found.set(action, about)
    }
    return about
  }
}

/** Whether a condition or a variable asks for a key that begins so, in lower case. */
export const mentionsCondition = (policy: Policy, keyPrefix: string): boolean =>
  policy.statements.some(({ keys }) => [...keys].some(key => key.startsWith(keyPrefix)))
